/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorting 64-bit keys in place: most significant byte first, each element
 * swapped straight into its bucket. No scratch memory, which is what lets
 * check promise 16 bytes an exception.
 */
#include "chunkset.h"

#define INSERTION_MAX 32u

static void insertion_sort(uint64_t *keys, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++) {
		uint64_t key = keys[i];
		size_t j = i;

		for (; j > 0 && keys[j - 1] > key; j--)
			keys[j] = keys[j - 1];
		keys[j] = key;
	}
}

/* Swap every element into the bucket of its byte at @shift. */
static void permute(uint64_t *keys, const size_t end[256], unsigned int shift,
		    size_t next[256])
{
	unsigned int bucket;

	for (bucket = 0; bucket < 256; bucket++) {
		while (next[bucket] < end[bucket]) {
			uint64_t key = keys[next[bucket]];
			unsigned int home = (key >> shift) & 255u;

			while (home != bucket) {
				uint64_t other = keys[next[home]];

				keys[next[home]++] = key;
				key = other;
				home = (key >> shift) & 255u;
			}
			keys[next[bucket]++] = key;
		}
	}
}

static void sort_by_byte(uint64_t *keys, size_t count, unsigned int shift)
{
	size_t next[256];
	size_t end[256] = { 0 };
	size_t start = 0;
	size_t i;

	if (count <= INSERTION_MAX) {
		insertion_sort(keys, count);
		return;
	}
	for (i = 0; i < count; i++)
		end[(keys[i] >> shift) & 255u]++;
	for (i = 0; i < 256; i++) {
		next[i] = start;
		start += end[i];
		end[i] = start;
	}
	permute(keys, end, shift, next);
	if (shift == 0)
		return;
	start = 0;
	for (i = 0; i < 256; i++) {
		if (end[i] - start > 1)
			sort_by_byte(keys + start, end[i] - start, shift - 8);
		start = end[i];
	}
}

void psnap_sort_u64(uint64_t *keys, size_t count)
{
	uint64_t all = 0;
	unsigned int shift = 0;
	size_t i;

	for (i = 1; i < count && keys[i - 1] <= keys[i]; i++)
		;
	if (i >= count)
		return;
	for (i = 0; i < count; i++)
		all |= keys[i];
	while (shift < 56 && all >> (shift + 8) != 0)
		shift += 8;
	sort_by_byte(keys, count, shift);
}
