/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage.c: the figures of dmsetup status.
 */
#include "io_image.h"
#include "walked.h"

#include <psnap/usage.h>

static void expect_usage(struct psnap_io *io, uint64_t allocated,
			 uint64_t total, uint64_t metadata)
{
	struct psnap_store *store;
	struct psnap_usage usage;
	struct walked w;

	walk(io, NULL, false, &w);
	T_EQ_I64(psnap_store_open(io, 0, &store, NULL), 0);
	psnap_usage_compute(psnap_store_geometry(store), &w.totals, &usage);
	T_EQ_U64(usage.allocated_sectors, allocated);
	T_EQ_U64(usage.total_sectors, total);
	T_EQ_U64(usage.metadata_sectors, metadata);
	psnap_store_close(store);
}

static void test_empty(void)
{
	struct io_image m;
	struct walked w;

	image_init(&m, 4096, 256);
	walk(&m.io, NULL, true, &w);
	T_EQ_I64(w.rc, 0);
	T_EQ_U64(w.count, 0);
	T_EQ_U64(w.totals.end, PSNAP_WALK_END_TERMINATOR);
	T_EQ_U64(w.totals.next_free_chunk, 2);
	expect_usage(&m.io, 16, 2048, 16);
	image_release(&m);
}

/* 512-byte chunks, 32 entries an area: a kernel printed these figures. */
static void test_at_area_border(void)
{
	struct io_image m;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 31);
	expect_usage(&m.io, 33, 400, 2);
	image_alloc(&m, 31, 1);
	expect_usage(&m.io, 35, 400, 3);
	image_alloc(&m, 32, 1);
	expect_usage(&m.io, 36, 400, 3);
	image_release(&m);
}

/* 2^64 - 1 makes the kernel's counter wrap, and so ours. */
static void test_wraps(void)
{
	struct io_image m;

	image_init(&m, 512, 400);
	image_exc(&m, 1, UINT64_MAX, 1);
	expect_usage(&m.io, 0, 400, 2);
	image_exc(&m, 2, 5, 1);
	expect_usage(&m.io, 6, 400, 2);
	image_exc(&m, 3, UINT64_C(1) << 61, 1);
	expect_usage(&m.io, (UINT64_C(1) << 61) + 1, 400, 2);
	image_release(&m);
}

int main(void)
{
	test_empty();
	test_at_area_border();
	test_wraps();
	return T_DONE();
}
