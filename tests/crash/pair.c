/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model behind the crash test.
 */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 16u

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static void put(uint8_t *p, uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		*p++ = (uint8_t)v;
}

static uint8_t *entry(const struct ram *ram, uint64_t number)
{
	uint64_t area = number / PAIR_PER_AREA;
	uint64_t chunk = 1 + area * (PAIR_PER_AREA + 1);

	return ram->devices[0].bytes + chunk * PAIR_CHUNK_BYTES +
	       number % PAIR_PER_AREA * ENTRY_BYTES;
}

/* Half as many holes as chunks in use, and room for the areas. */
static uint64_t store_chunks(uint64_t exceptions)
{
	return 2 + exceptions + exceptions / 2 +
	       (exceptions + exceptions / 2) / PAIR_PER_AREA + 3;
}

uint64_t pair_store_bytes(uint64_t exceptions)
{
	uint64_t areas = exceptions / PAIR_PER_AREA + 1;
	uint64_t chunks = store_chunks(exceptions);
	uint64_t last_area = 1 + areas * (PAIR_PER_AREA + 1) + 1;

	return (chunks > last_area ? chunks : last_area) * PAIR_CHUNK_BYTES;
}

uint64_t pair_origin_bytes(uint64_t exceptions)
{
	return (exceptions + exceptions / 4 + 2) * PAIR_CHUNK_BYTES - 100;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void shuffle(uint64_t *numbers, uint64_t count, uint64_t *seed)
{
	uint64_t i;

	/* Mostly in order, as kernels leave it, with some disorder. */
	for (i = 1; i < count; i++) {
		uint64_t j = next_random(seed) % (i + 1);
		uint64_t swapped = numbers[i];

		if (next_random(seed) % 4)
			continue;
		numbers[i] = numbers[j];
		numbers[j] = swapped;
	}
}

void pair_make(struct ram *ram, uint64_t exceptions, uint64_t seed)
{
	uint64_t chunks = ram->devices[0].io.size_bytes / PAIR_CHUNK_BYTES;
	uint64_t origin_bytes = ram->devices[1].io.size_bytes;
	uint64_t olds =
		(origin_bytes + PAIR_CHUNK_BYTES - 1) / PAIR_CHUNK_BYTES;
	uint64_t *old = calloc(olds, sizeof(*old));
	uint64_t *new_chunk = calloc(chunks, sizeof(*new_chunk));
	uint8_t *store = ram->devices[0].bytes;
	uint64_t news = 0;
	uint64_t i;

	if (!old || !new_chunk)
		abort();
	seed = seed * 2654435761u + 88172645463325252u;
	memset(store, 0, ram->devices[0].io.size_bytes);
	put(store, 0x70416e53, 4);
	put(store + 4, 1, 4);
	put(store + 8, 1, 4);
	put(store + 12, PAIR_CHUNK_BYTES / 512, 4);
	for (i = 0; i < olds; i++)
		old[i] = i;
	for (i = 2; i < chunks; i++) {
		if (i % (PAIR_PER_AREA + 1) == 1)
			continue;
		new_chunk[news++] = i;
		memset(store + i * PAIR_CHUNK_BYTES, (int)next_random(&seed),
		       PAIR_CHUNK_BYTES);
		put(store + i * PAIR_CHUNK_BYTES, next_random(&seed), 8);
	}
	for (i = 0; i + 8 <= origin_bytes; i += 8)
		put(ram->devices[1].bytes + i, next_random(&seed), 8);
	shuffle(old, olds, &seed);
	shuffle(new_chunk, news, &seed);
	for (i = 0; i < exceptions; i++) {
		put(entry(ram, i), old[i], 8);
		put(entry(ram, i) + 8, new_chunk[i], 8);
	}
	free(old);
	free(new_chunk);
}

uint64_t pair_count(const struct ram *ram)
{
	uint64_t n = 0;

	while (get64(entry(ram, n) + 8) != 0)
		n++;
	return n;
}

void pair_view(const struct ram *ram, uint8_t *view)
{
	uint64_t size = ram->devices[1].io.size_bytes;
	uint64_t count = pair_count(ram);
	uint64_t i;

	memcpy(view, ram->devices[1].bytes, size);
	for (i = 0; i < count; i++) {
		uint64_t to = get64(entry(ram, i)) * PAIR_CHUNK_BYTES;
		uint64_t from = get64(entry(ram, i) + 8) * PAIR_CHUNK_BYTES;
		uint64_t len = PAIR_CHUNK_BYTES;

		if (to + len > size)
			len = size - to;
		memcpy(view + to, ram->devices[0].bytes + from, len);
	}
}

bool pair_tail_clean(const struct ram *ram)
{
	uint64_t count = pair_count(ram);
	const uint8_t *p = entry(ram, count);
	const uint8_t *end =
		p + (PAIR_PER_AREA - count % PAIR_PER_AREA) * ENTRY_BYTES;

	for (; p < end; p++)
		if (*p)
			return false;
	return true;
}

void pair_plan(const struct ram *ram, struct psnap_merge_plan *plan)
{
	struct psnap_error err;

	memset(plan, 0, sizeof(*plan));
	if (psnap_geometry_init(&plan->check.geometry,
				ram->devices[0].io.size_bytes, PAIR_CHUNK_BYTES,
				&err))
		abort();
	plan->exceptions = pair_count(ram);
	plan->copy_bytes = plan->exceptions * PAIR_CHUNK_BYTES;
}
