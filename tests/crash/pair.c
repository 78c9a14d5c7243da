/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model behind the crash test.
 */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 16u

uint64_t pair_chunk_bytes = PAIR_CHUNK_BYTES;

static uint64_t per_area(void)
{
	return pair_chunk_bytes / ENTRY_BYTES;
}

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
	uint64_t area = number / per_area();
	uint64_t chunk = 1 + area * (per_area() + 1);

	return ram->devices[0].bytes + chunk * pair_chunk_bytes +
	       number % per_area() * ENTRY_BYTES;
}

/* Half as many holes as chunks in use, and room for the areas. */
static uint64_t store_chunks(uint64_t exceptions)
{
	return 2 + exceptions + exceptions / 2 +
	       (exceptions + exceptions / 2) / per_area() + 3;
}

uint64_t pair_store_bytes(uint64_t exceptions)
{
	/* The terminator's; a full area has it in the next. */
	uint64_t last_area = exceptions / per_area();
	uint64_t chunks = store_chunks(exceptions);
	uint64_t least = 2 + last_area * (per_area() + 1);

	return (chunks > least ? chunks : least) * pair_chunk_bytes;
}

uint64_t pair_origin_bytes(uint64_t exceptions)
{
	return (exceptions + exceptions / 4 + 2) * pair_chunk_bytes - 100;
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
	uint64_t chunks = ram->devices[0].io.size_bytes / pair_chunk_bytes;
	uint64_t origin_bytes = ram->devices[1].io.size_bytes;
	uint64_t olds =
		(origin_bytes + pair_chunk_bytes - 1) / pair_chunk_bytes;
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
	put(store + 12, pair_chunk_bytes / 512, 4);
	for (i = 0; i < olds; i++)
		old[i] = i;
	for (i = 2; i < chunks; i++) {
		if (i % (per_area() + 1) == 1)
			continue;
		new_chunk[news++] = i;
		memset(store + i * pair_chunk_bytes, (int)next_random(&seed),
		       pair_chunk_bytes);
		put(store + i * pair_chunk_bytes, next_random(&seed), 8);
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

void pair_entry(const struct ram *ram, uint64_t number, uint64_t *old_chunk,
		uint64_t *new_chunk)
{
	*old_chunk = get64(entry(ram, number));
	*new_chunk = get64(entry(ram, number) + 8);
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
		uint64_t to = get64(entry(ram, i)) * pair_chunk_bytes;
		uint64_t from = get64(entry(ram, i) + 8) * pair_chunk_bytes;
		uint64_t len = pair_chunk_bytes;

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
		p + (per_area() - count % per_area()) * ENTRY_BYTES;

	for (; p < end; p++)
		if (*p)
			return false;
	return true;
}

uint64_t pair_count_outside(const struct ram *ram, uint64_t start_bytes,
			    uint64_t end_bytes)
{
	uint64_t size = ram->devices[1].io.size_bytes;
	uint64_t count = pair_count(ram);
	uint64_t outside = 0;
	uint64_t i;

	for (i = 0; i < count; i++) {
		uint64_t start = get64(entry(ram, i)) * pair_chunk_bytes;
		uint64_t end = start + pair_chunk_bytes;

		if (end > size)
			end = size;
		outside += start < start_bytes || end > end_bytes;
	}
	return outside;
}

uint64_t pair_count_again(const struct ram *ram)
{
	uint64_t count = pair_count(ram);
	uint64_t again = 0;
	uint64_t i;
	uint64_t j;

	for (i = 1; i < count; i++) {
		for (j = 0; j < i; j++)
			if (memcmp(entry(ram, i), entry(ram, j), ENTRY_BYTES) ==
			    0)
				break;
		again += j < i;
	}
	return again;
}

void pair_plan(const struct ram *ram, struct psnap_merge_plan *plan)
{
	struct psnap_error err;

	memset(plan, 0, sizeof(*plan));
	if (psnap_geometry_init(&plan->check.geometry,
				ram->devices[0].io.size_bytes, pair_chunk_bytes,
				&err))
		abort();
	plan->exceptions = pair_count(ram);
	plan->check.exceptions = plan->exceptions;
	plan->check.counts[PSNAP_F_DUPLICATE_SAME] = pair_count_again(ram);
	plan->copy_bytes = plan->exceptions * pair_chunk_bytes;
}
