/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making pairs for the crash test.
 */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

static void put(uint8_t *p, uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		*p++ = (uint8_t)v;
}

/* Half as many holes as chunks in use, and room for the areas. */
static uint64_t store_chunks(uint64_t exceptions)
{
	return 2 + exceptions + exceptions / 2 +
	       (exceptions + exceptions / 2) / pair_per_area() + 3;
}

uint64_t pair_store_bytes(uint64_t exceptions)
{
	/* The terminator's; a full area has it in the next. */
	uint64_t last_area = exceptions / pair_per_area();
	uint64_t chunks = store_chunks(exceptions);
	uint64_t least = 2 + last_area * (pair_per_area() + 1);

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
	uint64_t olds = pair_origin_chunks(ram);
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
		if (i % (pair_per_area() + 1) == 1)
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
		put(pair_slot(ram, i), old[i], 8);
		put(pair_slot(ram, i) + 8, new_chunk[i], 8);
	}
	free(old);
	free(new_chunk);
}
