/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * infer*.c: what is told when the header is lost, and what is not. All chunk
 * sizes and large stores are tests/infer's business.
 */
#include "io_fault.h"
#include "io_image.h"
#include "random.h"
#include "test.h"

#include <errno.h>
#include <psnap/infer.h>

struct answer {
	struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
	size_t count;
	bool decided;
	int rc;
};

static void infer(struct psnap_io *io, struct psnap_io *origin,
		  struct answer *a)
{
	memset(a, 0xff, sizeof(*a));
	a->rc = psnap_infer_geometry(io, origin, NULL, a->list, &a->count,
				     &a->decided, NULL);
}

/* A store of @count exceptions with something in each chunk of data. */
static void make(struct io_image *m, uint64_t chunk_bytes, uint64_t chunks,
		 uint64_t count)
{
	uint64_t per_area = chunk_bytes / 16;
	uint64_t n;

	image_init(m, chunk_bytes, chunks);
	image_alloc(m, 500, count);
	for (n = 0; n < count; n++)
		image_put64(m,
			    (2 + n / per_area * (per_area + 1) + n % per_area) *
				    chunk_bytes,
			    UINT64_MAX - n);
	image_header(m, 0, 0, 0, 0);
}

static void clear(struct io_image *m, uint64_t offset_bytes, uint64_t len_bytes)
{
	uint64_t i;

	for (i = 0; i < len_bytes; i += 8)
		image_put64(m, offset_bytes + i, 0);
}

/* The best candidate is listed first, and it is not believed. */
static void expect_asks(struct io_image *m, uint64_t chunk_bytes)
{
	struct answer a;

	infer(&m->io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(!a.decided, "nobody can know");
	if (T_OK(a.count > 0, "there is a candidate"))
		T_EQ_U64(a.list[0].chunk_bytes, chunk_bytes);
}

static void expect_decides(struct psnap_io *io, uint64_t chunk_bytes,
			   uint64_t areas, uint64_t exceptions,
			   uint64_t impossible, uint64_t first_area)
{
	struct answer a;

	infer(io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(a.decided, "beyond doubt");
	T_EQ_U64(a.list[0].chunk_bytes, chunk_bytes);
	T_EQ_U64(a.list[0].areas, areas);
	T_EQ_U64(a.list[0].exceptions, exceptions);
	T_EQ_U64(a.list[0].impossible, impossible);
	T_EQ_U64(a.list[0].first_area, first_area);
	T_OK(a.list[0].score > 0 && strlen(a.list[0].text) > 20,
	     "it says why: %s", a.list[0].text);
}

static void test_nothing(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 33, 1000 };
	struct io_image m;
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		image_init(&m, 512, sizes[i]);
		infer(&m.io, NULL, &a);
		T_EQ_I64(a.rc, 0);
		T_EQ_U64(a.count, 0);
		T_OK(!a.decided, "%d chunks of nothing", (int)sizes[i]);
		image_release(&m);
	}
	image_init(&m, 512, 4);
	m.io.size_bytes = 1500;
	image_exc(&m, 1, 2, 1);
	infer(&m.io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	image_release(&m);
}

static void test_plain(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	expect_decides(&m.io, 4096, 2, 300, 0, 0);
	clear(&m, 4096, 4096);
	expect_decides(&m.io, 4096, 1, 44, 0, 1);
	image_release(&m);
	make(&m, 512, 4000, 10);
	expect_decides(&m.io, 512, 1, 10, 0, 0);
	image_release(&m);
	make(&m, 65536, 300, 30);
	expect_decides(&m.io, 65536, 1, 30, 0, 0);
	image_release(&m);
}

/* Whatever the header says, it is not asked. */
static void test_header_is_not_asked(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	image_header(&m, 0x70416e53, 1, 1, 128);
	expect_decides(&m.io, 4096, 2, 300, 0, 0);
	image_release(&m);
}

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

static void test_damage(void)
{
	struct io_image m;

	make(&m, 4096, 4000, 700);
	image_set(&m, 0, 7, 5, UINT64_MAX);
	image_set(&m, 1, 70, 5, 1);
	clear(&m, 4096 + 512, 512);
	expect_decides(&m.io, 4096, 3, 700 - 32 - 2, 2, 0);
	image_release(&m);
}

/* The device was cut: most of what entries name is gone. */
static void test_truncated_device(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	m.io.size_bytes = 20 * 4096;
	expect_decides(&m.io, 4096, 1, 256, 0, 0);
	image_release(&m);
}

static void test_unreadable(void)
{
	struct io_fault fault;
	struct io_image m;

	make(&m, 4096, 4000, 700);
	io_fault_init(&fault, &m.io, 512);
	fault.bad_start = 4096;
	fault.bad_end = 4097;
	expect_decides(&fault.io, 4096, 2, 700 - 256, 0, 1);
	fault.bad_start = 0;
	fault.bad_end = m.io.size_bytes;
	{
		struct answer a;

		infer(&fault.io, NULL, &a);
		T_EQ_I64(a.rc, 0);
		T_EQ_U64(a.count, 0);
		T_OK(!a.decided, "a dead device");
	}
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

static void test_origin(void)
{
	struct psnap_io origin = { .size_bytes = 500 * 4096 };
	struct io_image m;
	struct answer a;

	make(&m, 4096, 2000, 300);
	infer(&m.io, &origin, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(!a.decided, "old chunks do not fit the origin");
	origin.size_bytes = 799 * 4096 + 1;
	infer(&m.io, &origin, &a);
	T_OK(a.decided, "they fit, the last one in part");
	T_EQ_U64(a.list[0].chunk_bytes, 4096);
	T_EQ_U64(a.list[0].impossible, 0);
	image_release(&m);
}

static int stop_at_third(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)ctx >= 3;
}

static void test_interrupt(void)
{
	int ticks = 0;
	const struct psnap_progress progress = { stop_at_third, &ticks };
	struct io_image m;
	struct answer a;

	make(&m, 4096, 2000, 300);
	a.rc = psnap_infer_geometry(&m.io, NULL, &progress, a.list, &a.count,
				    &a.decided, NULL);
	T_EQ_I64(a.rc, PSNAP_E_INTERRUPTED);
	T_EQ_U64(a.count, 0);
	T_OK(!a.decided, "nothing is decided");
	T_EQ_I64(ticks, 3);
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
	test_nothing();
	test_plain();
	test_header_is_not_asked();
	test_too_little();
	test_damage();
	test_truncated_device();
	test_unreadable();
	test_two_tables();
	test_misplaced();
	test_as_many_as_a_smaller_one();
	test_something_behind();
	test_other_tables();
	test_unreadable_head();
	test_origin();
	test_interrupt();
	test_small_numbers();
	return T_DONE();
}
