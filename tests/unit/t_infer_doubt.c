/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * infer*.c: tables that are too small, that could be another one or data,
 * and what raises no doubt.
 */
#include "infer_scene.h"
#include "io_fault.h"
#include "random.h"

static void test_too_little(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 1);
	expect_asks(&m, 4096);
	image_release(&m);
	/* Nothing in any chunk: this may be a copy of a table. */
	image_init(&m, 4096, 2000);
	image_alloc(&m, 5, 30);
	image_header(&m, 0, 0, 0, 0);
	expect_asks(&m, 4096);
	image_release(&m);
	/* Chunks of 512 have no smaller ones whose data it could be. */
	image_init(&m, 512, 2000);
	image_alloc(&m, 5, 30);
	image_header(&m, 0, 0, 0, 0);
	expect_decides(&m.io, 512, 1, 30, 0, 0);
	image_release(&m);
}

/* Two tables, both where they belong: one is stale, or data. Which? */
static void test_two_tables(void)
{
	struct answer a;
	struct io_image m;
	uint64_t i;

	make(&m, 4096, 3000, 600);
	for (i = 0; i < 20; i++) {
		image_put64(&m, 65536 + 16 * i, 77 + i);
		image_put64(&m, 65536 + 16 * i + 8, 2 + i);
	}
	clear(&m, 65536 + 16 * i, 65536 - 16 * i);
	infer(&m.io, NULL, &a);
	T_OK(!a.decided && a.count == 2, "two candidates, none of them sure");
	T_EQ_U64(a.list[0].chunk_bytes, 4096);
	T_EQ_U64(a.list[1].chunk_bytes, 65536);
	T_OK(a.list[0].score > a.list[1].score, "the better one first");
	image_release(&m);

	/* A store of 8 KiB chunks, as data, right before where area 0 of
	 * 16 KiB would be; and nothing is left of the store itself. */
	make(&m, 4096, 3000, 0);
	image_put32(&m, 8192, 0x70416e53);
	for (i = 0; i < 9; i++)
		image_set(&m, 0, 768 + i, 500 + i, 2 + i);
	for (i = 2; i < 12; i++)
		image_put64(&m, i * 16384, i);
	expect_asks(&m, 16384);
	image_put32(&m, 8192, 0);
	infer(&m.io, NULL, &a);
	T_OK(a.decided, "without that header it would be a store");
	image_release(&m);
}

/* The same table as far from its place as a copy of it would be. */
static void test_misplaced(void)
{
	struct io_image m;
	struct answer a;
	uint64_t k, i;

	for (k = 1; k <= 3; k += 2) {
		image_init(&m, 4096, 3000);
		image_header(&m, 0, 0, 0, 0);
		/* Areas 4 and 5 with the numbers of 4 - k and 5 - k. */
		for (i = 0; i < 512; i++)
			image_set(&m, 4 + i / 256, i % 256, i,
				  2 + (4 - k + i / 256) * 257 + i % 256);
		infer(&m.io, NULL, &a);
		T_EQ_I64(a.rc, 0);
		T_OK(!a.decided, "%d areas too low", (int)k);
		image_release(&m);
	}
	image_init(&m, 4096, 3000);
	image_header(&m, 0, 0, 0, 0);
	for (i = 0; i < 512; i++)
		image_set(&m, 4 + i / 256, i % 256, i,
			  2 + (5 + i / 256) * 257 + i % 256);
	infer(&m.io, NULL, &a);
	T_OK(!a.decided, "an area too high");
	image_release(&m);
	/* Twice the numbers are those of a smaller chunk size. */
	image_init(&m, 4096, 5000);
	image_header(&m, 0, 0, 0, 0);
	for (i = 0; i < 512; i++)
		image_set(&m, 4 + i / 256, i % 256, i,
			  2300 + i / 256 * 257 + i % 256);
	infer(&m.io, NULL, &a);
	T_OK(!a.decided, "numbers twice as high");
	image_release(&m);
}

/* A full area of smaller chunks with zeros behind it looks like this. */
static void test_as_many_as_a_smaller_one(void)
{
	struct io_image m;
	struct answer a;

	make(&m, 65536, 500, 256);
	infer(&m.io, NULL, &a);
	T_EQ_U64(a.count, 1);
	T_OK(!a.decided, "256 entries in 64 KiB");
	image_release(&m);
	make(&m, 65536, 500, 255);
	expect_decides(&m.io, 65536, 1, 255, 0, 0);
	image_release(&m);
}

/* So does one whose chunk of data behind it is nearly all zero. */
static void test_something_behind(void)
{
	struct io_image m;
	struct answer a;

	make(&m, 65536, 500, 100);
	expect_decides(&m.io, 65536, 1, 100, 0, 0);
	image_set(&m, 0, 1000, 7, 3);
	infer(&m.io, NULL, &a);
	T_EQ_U64(a.count, 1);
	T_OK(!a.decided, "an entry far behind the table");
	image_release(&m);
}

/* Entries of another kind, one number again and again, raise no doubt. */
static void test_other_tables(void)
{
	struct io_image m;
	uint64_t i;

	make(&m, 4096, 3000, 600);
	for (i = 0; i < 20; i++) {
		image_put64(&m, 65536 + 16 * i, 77 + i);
		image_put64(&m, 65536 + 16 * i + 8, 7);
	}
	clear(&m, 65536 + 16 * i, 65536 - 16 * i);
	expect_decides(&m.io, 4096, 3, 600, 0, 0);
	image_release(&m);
}

/* What cannot be read in front of area 0 may have been anything. */
static void test_unreadable_head(void)
{
	struct io_fault fault;
	struct io_image m;
	struct answer a;

	make(&m, 4096, 2000, 5);
	expect_decides(&m.io, 4096, 1, 5, 0, 0);
	io_fault_init(&fault, &m.io, 512);
	fault.bad_start = 1024;
	fault.bad_end = 1536;
	infer(&fault.io, NULL, &a);
	T_EQ_U64(a.count, 1);
	T_OK(!a.decided, "five entries are too few then");
	image_release(&m);
}

/* Small numbers, as in many tables of other kinds, are no exceptions. */
static void test_small_numbers(void)
{
	static uint64_t words[1 << 15];
	unsigned int decided = 0;
	unsigned int trial;

	for (trial = 0; trial < 300; trial++) {
		uint64_t limit = 2 + next_random() % 5000;
		struct psnap_io *io;
		struct answer a;
		size_t i;

		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			words[i] = trial % 3 == 0   ? next_random() % limit
				   : trial % 3 == 1 ? i % limit
						    : i / 2 % limit;
		if (psnap_io_open_memory(words, sizeof(words), 1, &io, NULL))
			break;
		infer(io, NULL, &a);
		if (a.rc || a.decided)
			decided++;
		psnap_io_close(io, NULL);
	}
	T_EQ_U64(trial, 300);
	T_EQ_U64(decided, 0);
}

int main(void)
{
	test_too_little();
	test_two_tables();
	test_misplaced();
	test_as_many_as_a_smaller_one();
	test_something_behind();
	test_other_tables();
	test_unreadable_head();
	test_small_numbers();
	return T_DONE();
}
