/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chunkset.c, sort_u64.c: duplicates in the bitmap, among the keys and across
 * the border between them, against counting by hand.
 */
#include "chunkset.h"
#include "random.h"
#include "test.h"

#include <stdlib.h>

/* From here on numbers become keys. */
#define BORDER (UINT64_C(1) << 28)

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_sort(size_t count, uint64_t mask)
{
	uint64_t *keys = calloc(count + 1, sizeof(*keys));
	uint64_t *want = calloc(count + 1, sizeof(*want));
	size_t i;

	if (!keys || !want)
		abort();
	for (i = 0; i < count; i++)
		keys[i] = want[i] = next_random() & mask;
	psnap_sort_u64(keys, count);
	if (count)
		qsort(want, count, sizeof(*want), compare);
	T_OK(memcmp(keys, want, count * sizeof(*keys)) == 0,
	     "%zu keys of %" PRIx64 " sorted", count, mask);
	free(keys);
	free(want);
}

static void test_sort_shapes(void)
{
	static const size_t counts[] = { 0, 1, 2, 31, 32, 33, 1000, 70000 };
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		test_sort(counts[i], UINT64_MAX);
		test_sort(counts[i], 0);
		test_sort(counts[i], 0xff);
		test_sort(counts[i], UINT64_C(0xff000000000000ff));
	}
}

static void test_around(uint64_t base)
{
	struct chunkset set;

	T_EQ_I64(psnap_chunkset_init(&set, UINT64_MAX, 2000, NULL), 0);
	psnap_chunkset_add(&set, base + 10, 10, NULL);
	psnap_chunkset_add(&set, base + 100, 1, NULL);
	psnap_chunkset_add(&set, base + 19, 3, NULL);
	psnap_chunkset_add(&set, base + 100, 1, NULL);
	psnap_chunkset_add(&set, base + 100, 1, NULL);
	psnap_chunkset_add(&set, base + 20, 1, NULL);
	psnap_chunkset_finish(&set);
	T_EQ_U64(set.duplicates, 4);
	T_EQ_U64(set.noted_count, 3);
	T_EQ_U64(set.noted[0], base + 19);
	T_EQ_U64(set.noted[1], base + 20);
	T_EQ_U64(set.noted[2], base + 100);
	psnap_chunkset_release(&set);
}

/* Longer than one key holds, and no duplicate of itself. */
static void test_long_runs(uint64_t base)
{
	struct chunkset set;

	T_EQ_I64(psnap_chunkset_init(&set, UINT64_MAX, 2000, NULL), 0);
	psnap_chunkset_add(&set, base, 5000, NULL);
	psnap_chunkset_add(&set, base + 5000, 5000, NULL);
	psnap_chunkset_finish(&set);
	T_EQ_U64(set.duplicates, 0);
	psnap_chunkset_release(&set);
	T_EQ_I64(psnap_chunkset_init(&set, UINT64_MAX, 2000, NULL), 0);
	psnap_chunkset_add(&set, base, 5000, NULL);
	psnap_chunkset_add(&set, base + 2000, 4000, NULL);
	psnap_chunkset_finish(&set);
	T_EQ_U64(set.duplicates, 3000);
	T_EQ_U64(set.noted_count, CHUNKSET_NOTED_MAX);
	T_EQ_U64(set.noted[0], base + 2000);
	psnap_chunkset_release(&set);
}

/* Random runs in a window that crosses @base, counted by hand. */
static void test_random(uint64_t base)
{
	unsigned int seen[4000] = { 0 };
	struct chunkset set;
	uint64_t duplicates = 0;
	int i;

	T_EQ_I64(psnap_chunkset_init(&set, UINT64_MAX, 2000, NULL), 0);
	for (i = 0; i < 400; i++) {
		uint64_t start = next_random() % 3900;
		uint64_t chunks = next_random() % 20 + 1;
		uint64_t c;

		for (c = start; c < start + chunks; c++)
			duplicates += seen[c]++ > 0;
		psnap_chunkset_add(&set, base + start, chunks, NULL);
	}
	psnap_chunkset_finish(&set);
	T_EQ_U64(set.duplicates, duplicates);
	psnap_chunkset_release(&set);
}

int main(void)
{
	test_sort_shapes();
	test_around(0);
	test_around(BORDER - 20);
	test_around(BORDER);
	test_around(CHUNKSET_LIMIT - 200);
	test_long_runs(3);
	test_long_runs(BORDER - 2500);
	test_long_runs(CHUNKSET_LIMIT - 10000);
	test_random(0);
	test_random(BORDER - 2000);
	test_random(CHUNKSET_LIMIT - 4000);
	return T_DONE();
}
