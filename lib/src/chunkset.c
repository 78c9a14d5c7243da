/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set behind the search for duplicates. A key holds a run of up to 1024
 * chunks: 54 bits of start, 10 bits of length - 1.
 */
#include "chunkset.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define BITMAP_BITS_MAX (UINT64_C(1) << 28)
#define KEY_LENGTH_BITS 10
#define KEY_CHUNKS_MAX	(UINT64_C(1) << KEY_LENGTH_BITS)

int psnap_chunkset_init(struct chunkset *set, uint64_t limit,
			uint64_t noted_max, struct psnap_error *err)
{
	memset(set, 0, sizeof(*set));
	set->noted_max = (size_t)min_u64(noted_max, CHUNKSET_NOTED_MAX);
	set->bit_count = min_u64(limit, BITMAP_BITS_MAX);
	/* Fresh pages cost nothing until a bit in them is set. */
	set->bits = calloc(set->bit_count / 64 + 1, sizeof(*set->bits));
	if (!set->bits)
		return psnap_fail_nomem(err, "looking for duplicates");
	return 0;
}

void psnap_chunkset_release(struct chunkset *set)
{
	free(set->bits);
	free(set->keys);
	set->bits = NULL;
	set->keys = NULL;
}

static void note(struct chunkset *set, uint64_t chunk)
{
	set->duplicates++;
	if (set->noted_count < set->noted_max &&
	    (set->noted_count == 0 ||
	     set->noted[set->noted_count - 1] != chunk))
		set->noted[set->noted_count++] = chunk;
}

static void note_bits(struct chunkset *set, uint64_t base, uint64_t bits)
{
	for (; bits; bits &= bits - 1)
		note(set, base + (uint64_t)__builtin_ctzll(bits));
}

static void add_bits(struct chunkset *set, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t *word = &set->bits[start / 64];
		uint64_t base = start - start % 64;
		uint64_t stop = min_u64(end, base + 64);
		uint64_t mask = UINT64_MAX >> (64 - (stop - start))
						      << (start % 64);

		note_bits(set, base, *word & mask);
		*word |= mask;
		start = stop;
	}
}

void psnap_chunkset_drain(struct chunkset *set)
{
	unsigned int i;

	for (i = 0; i < set->queued; i++) {
		uint64_t chunk = set->queue[i];
		uint64_t *word = &set->bits[chunk / 64];
		uint64_t bit = UINT64_C(1) << (chunk % 64);

		if (*word & bit)
			note(set, chunk);
		*word |= bit;
	}
	set->queued = 0;
}

static int add_key(struct chunkset *set, uint64_t key, struct psnap_error *err)
{
	if (set->key_count == set->key_capacity) {
		size_t capacity =
			set->key_capacity ? set->key_capacity * 2 : 4096;
		void *bigger =
			reallocarray(set->keys, capacity, sizeof(*set->keys));

		if (!bigger)
			return psnap_fail_nomem(err, "looking for duplicates");
		set->keys = bigger;
		set->key_capacity = capacity;
	}
	set->keys[set->key_count++] = key;
	return 0;
}

int psnap_chunkset_add_run(struct chunkset *set, uint64_t start,
			   uint64_t chunks, struct psnap_error *err)
{
	uint64_t end = start + chunks;
	int rc = 0;

	if (start < set->bit_count) {
		uint64_t bits_end = min_u64(end, set->bit_count);

		add_bits(set, start, bits_end);
		start = bits_end;
	}
	while (start < end && rc == 0) {
		uint64_t n = min_u64(end - start, KEY_CHUNKS_MAX);

		rc = add_key(set, start << KEY_LENGTH_BITS | (n - 1), err);
		start += n;
	}
	return rc;
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* A chunk three times in the table is noted once. */
static void sort_noted(struct chunkset *set)
{
	size_t used = 0;
	size_t i;

	qsort(set->noted, set->noted_count, sizeof(set->noted[0]), compare_u64);
	for (i = 0; i < set->noted_count; i++)
		if (used == 0 || set->noted[used - 1] != set->noted[i])
			set->noted[used++] = set->noted[i];
	set->noted_count = used;
}

void psnap_chunkset_finish(struct chunkset *set)
{
	uint64_t reached = 0;
	size_t i;

	psnap_chunkset_drain(set);
	psnap_sort_u64(set->keys, set->key_count);
	for (i = 0; i < set->key_count; i++) {
		uint64_t start = set->keys[i] >> KEY_LENGTH_BITS;
		uint64_t end =
			start + (set->keys[i] & (KEY_CHUNKS_MAX - 1)) + 1;
		uint64_t chunk;

		for (chunk = start; chunk < min_u64(end, reached); chunk++)
			note(set, chunk);
		if (end > reached)
			reached = end;
	}
	sort_noted(set);
}
