/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map.c: both directions, against a naive search of the same table; duplicates
 * and overlapping runs; gaps that make a map useless.
 */
#include "io_fault.h"
#include "io_image.h"
#include "test.h"

#include <psnap/map.h>
#include <stdlib.h>

static struct psnap_map *load(struct psnap_io *io)
{
	struct psnap_store *store = NULL;
	struct psnap_map *map = NULL;

	T_EQ_I64(psnap_store_open(io, 0, &store, NULL), 0);
	T_EQ_I64(psnap_map_load(store, NULL, &map, NULL), 0);
	psnap_store_close(store);
	return map;
}

static void test_empty(void)
{
	struct psnap_run found;
	struct psnap_map *map;
	struct io_image m;
	uint64_t count;

	image_init(&m, 512, 100);
	map = load(&m.io);
	T_EQ_U64(psnap_map_find_old(map, 0, &found, 1), 0);
	T_EQ_U64(psnap_map_find_new(map, UINT64_MAX, &found, 1), 0);
	psnap_map_runs(map, &count);
	T_EQ_U64(count, 0);
	psnap_map_free(map);
	psnap_map_free(NULL);
	image_release(&m);
}

static void test_both_ways(void)
{
	struct psnap_run found;
	struct psnap_map *map;
	struct io_image m;
	uint64_t count;

	image_init(&m, 512, 4000);
	image_exc(&m, 100, 50, 40); /* entries 0..39, crosses into area 1 */
	image_exc(&m, 7, 200, 1);
	map = load(&m.io);
	T_EQ_U64(psnap_map_find_old(map, 135, &found, 1), 1);
	T_EQ_U64(found.new_chunk, 85);
	T_EQ_U64(found.area_index, 1);
	T_EQ_U64(found.entry_index, 3);
	T_EQ_U64(psnap_map_find_old(map, 99, &found, 1), 0);
	T_EQ_U64(psnap_map_find_old(map, 140, &found, 1), 0);
	T_EQ_U64(psnap_map_find_new(map, 50, &found, 1), 1);
	T_EQ_U64(found.old_chunk, 100);
	T_EQ_U64(psnap_map_find_new(map, 200, &found, 1), 1);
	T_EQ_U64(found.old_chunk, 7);
	T_EQ_U64(psnap_map_find_new(map, 90, &found, 1), 0);
	T_EQ_U64(psnap_map_runs(map, &count)[0].old_chunk, 7);
	T_EQ_U64(count, 2);
	psnap_map_free(map);
	image_release(&m);
}

/* All that claim a chunk, in table order, whatever order the runs have. */
static void test_overlaps(void)
{
	struct psnap_run found[4];
	struct psnap_map *map;
	struct io_image m;

	image_init(&m, 512, 4000);
	image_exc(&m, 30, 40, 1);
	image_exc(&m, 28, 20, 3); /* 28, 29, 30 */
	image_exc(&m, 5, 60, 20);
	image_exc(&m, 30, 41, 1);
	map = load(&m.io);
	T_EQ_U64(psnap_map_find_old(map, 30, found, 4), 3);
	T_EQ_U64(found[0].new_chunk, 40);
	T_EQ_U64(found[1].new_chunk, 22);
	T_EQ_U64(found[2].new_chunk, 41);
	T_EQ_U64(psnap_map_find_old(map, 30, found, 2), 3);
	T_EQ_U64(found[0].new_chunk, 40);
	T_EQ_U64(found[1].new_chunk, 22);
	T_EQ_U64(psnap_map_find_old(map, 30, NULL, 0), 3);
	psnap_map_free(map);
	image_release(&m);
}

/* A small random table, every chunk looked up, against counting by hand. */
static void test_against_naive(uint32_t seed)
{
	struct psnap_map *map;
	struct io_image m;
	uint64_t old[300];
	uint64_t new_chunk[300];
	unsigned int wrong = 0;
	unsigned int n = 0;
	uint64_t chunk;

	image_init(&m, 512, 4000);
	srand(seed);
	while (n < 300) {
		uint64_t run = (uint64_t)rand() % 5 + 1;
		uint64_t o = (uint64_t)rand() % 200;
		uint64_t c = (uint64_t)rand() % 200 + 2;

		for (; run > 0 && n < 300; run--, n++) {
			old[n] = o;
			new_chunk[n] = c;
			image_exc(&m, o++, c++, 1);
		}
	}
	map = load(&m.io);
	for (chunk = 0; chunk < 210; chunk++) {
		struct psnap_run found;
		uint64_t olds = 0;
		uint64_t news = 0;
		unsigned int first_old = 300;
		unsigned int i;

		for (i = 0; i < 300; i++) {
			if (old[i] == chunk && olds++ == 0)
				first_old = i;
			news += new_chunk[i] == chunk;
		}
		if (psnap_map_find_old(map, chunk, &found, 1) != olds)
			wrong++;
		else if (olds && (found.new_chunk != new_chunk[first_old] ||
				  found.area_index * 32 + found.entry_index !=
					  first_old))
			wrong++;
		if (psnap_map_find_new(map, chunk, &found, 1) != news)
			wrong++;
	}
	T_EQ_U64(wrong, 0);
	psnap_map_free(map);
	image_release(&m);
}

static void test_unreadable(void)
{
	struct psnap_store *store;
	struct psnap_map *map;
	struct io_fault fault;
	struct io_image m;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 80);
	io_fault_init_bad(&fault, &m.io, 34 * 512, 35 * 512);
	T_EQ_I64(psnap_store_open(&fault.io, 0, &store, NULL), 0);
	T_EQ_I64(psnap_map_load(store, NULL, &map, NULL), 0);
	T_EQ_U64(psnap_map_totals(map)->unreadable_bytes, 512);
	T_EQ_U64(psnap_map_find_old(map, 31, NULL, 0), 1);
	T_EQ_U64(psnap_map_find_old(map, 32, NULL, 0), 0);
	T_EQ_U64(psnap_map_find_old(map, 64, NULL, 0), 1);
	psnap_map_free(map);
	psnap_store_close(store);
	image_release(&m);
}

int main(void)
{
	uint32_t seed;

	test_empty();
	test_both_ways();
	test_overlaps();
	for (seed = 1; seed <= 20; seed++)
		test_against_naive(seed);
	test_unreadable();
	return T_DONE();
}
