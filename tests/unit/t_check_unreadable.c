/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check*.c on devices that fail reads: what is told of header, areas and
 * data, and what it means for a kernel and a merge.
 */
#include "check_scene.h"
#include "test.h"

static void test_area(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 80);
	io_fault_init_bad(&fault, &m.io, 34 * 512 + 7, 34 * 512 + 8);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 1);
	T_EQ_U64(seen.items[0].id, PSNAP_F_READ_ERROR);
	T_EQ_U64(seen.items[0].offset_bytes, 34 * 512);
	T_EQ_U64(seen.items[0].len_bytes, 512);
	T_EQ_U64(seen.items[0].area_index, 1);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
	T_EQ_U64(r.state, PSNAP_STATE_DAMAGED);
	T_OK(!r.safe_to_merge, "not with exceptions missing");
	image_release(&m);
}

/* Areas that the kernel never reads may be unreadable. */
static void test_stale_area(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 8);
	io_fault_init_bad(&fault, &m.io, 34 * 512, 400 * 512);
	/* A hole would be skipped. */
	image_put32(&m, 34 * 512, 1);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(seen.items[0].id, PSNAP_F_READ_ERROR);
	T_EQ_U64(seen.items[0].severity, PSNAP_NOTE);
	T_EQ_U64(seen.items[0].offset_bytes, 34 * 512);
	T_EQ_U64(r.worst, PSNAP_NOTE);
	T_EQ_U64(r.state, PSNAP_STATE_ACTIVE);
	T_OK(r.safe_to_merge, "nothing of the snapshot is missing");
	image_release(&m);
}

static void test_header(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 8);
	io_fault_init_bad(&fault, &m.io, 0, 16);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(seen.items[0].id, PSNAP_F_READ_ERROR);
	T_EQ_U64(seen.items[0].offset_bytes, 0);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
	T_OK(!r.table_read, "no geometry, no table");
	psnap_check_defaults(&options);
	options.chunk_bytes = 512;
	T_EQ_I64(check(&fault.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.exceptions, 8);
	T_EQ_U64(r.state, PSNAP_STATE_DAMAGED);
	image_release(&m);
}

/* The kernel reads chunk 0 whole. */
static void test_header_tail(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 16384, 400);
	image_alloc(&m, 0, 8);
	io_fault_init_bad(&fault, &m.io, 9000, 9001);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 1);
	T_EQ_U64(seen.items[0].offset_bytes, 8192);
	T_EQ_U64(seen.items[0].len_bytes, 4096);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
	T_OK(!r.safe_to_merge, "the kernel could not load it");
	image_release(&m);
}

/* Scattered chunks lie side by side on the store: each is named. */
static void test_neighbours(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 4096, 400);
	image_exc(&m, 100, 2, 1);
	image_exc(&m, 7, 3, 1);
	image_exc(&m, 50, 4, 3);
	io_fault_init_bad(&fault, &m.io, 2 * 4096, 6 * 4096);
	psnap_check_defaults(&options);
	options.data = true;
	T_EQ_I64(check(&fault.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 3);
	T_EQ_U64(seen.items[0].old_chunk, 100);
	T_EQ_U64(seen.items[1].old_chunk, 7);
	T_EQ_U64(seen.items[2].old_chunk, 50);
	T_EQ_STR(seen.items[2].text, "8192 bytes cannot be read: data of "
				     "origin chunks 50 to 51");
	image_release(&m);
}

/* One bad block costs its own megabyte in small reads, not all the rest. */
static void test_reads_after_a_bad_block(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 65536, 4000);
	image_exc(&m, 0, 2, 2000);
	io_fault_init_bad(&fault, &m.io, 5 << 20, (5 << 20) + 1);
	psnap_check_defaults(&options);
	options.data = true;
	T_EQ_I64(check(&fault.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 1);
	T_EQ_U64(seen.items[0].len_bytes, 4096);
	T_EQ_U64(r.data_bytes_read, UINT64_C(2000) * 65536 - 4096);
	image_release(&m);
}

static void test_data(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_fault origin_fault;
	struct io_image m;
	struct io_image origin;
	struct seen seen;

	image_init(&m, 4096, 400);
	image_alloc(&m, 10, 40);
	image_init(&origin, 4096, 60);
	psnap_check_defaults(&options);
	options.data = true;
	T_EQ_I64(check(&m.io, &origin.io, &options, &seen, &r), 0);
	T_EQ_U64(seen.count, 0);
	T_EQ_U64(r.data_bytes_read, 2 * 40 * 4096);
	/* The origin ends in the middle of a mapped chunk. */
	origin.io.size_bytes = 49 * 4096 + 1000;
	T_EQ_I64(check(&m.io, &origin.io, &options, &seen, &r), 0);
	T_EQ_U64(seen.count, 0);
	T_EQ_U64(r.data_bytes_read, (40 + 39) * 4096 + 1000);

	io_fault_init_bad(&fault, &m.io, 5 * 4096 + 512, 7 * 4096 + 1);
	io_fault_init_bad(&origin_fault, &origin.io, 20 * 4096, 20 * 4096 + 1);
	T_EQ_I64(check(&fault.io, &origin_fault.io, &options, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 2);
	T_EQ_U64(seen.items[0].offset_bytes, 5 * 4096);
	T_EQ_U64(seen.items[0].len_bytes, 3 * 4096);
	T_EQ_U64(seen.items[0].old_chunk, 13);
	T_OK(!seen.items[0].on_origin, "store first");
	T_OK(seen.items[1].on_origin, "then the origin");
	T_EQ_U64(seen.items[1].offset_bytes, 20 * 4096);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_LOADS);
	T_EQ_U64(r.state, PSNAP_STATE_DAMAGED);
	image_release(&m);
	image_release(&origin);
}

/* Where a table with a gap ends, and so what comes next, nobody knows. */
static void test_no_guess_behind_a_gap(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 40);
	io_fault_init_bad(&fault, &m.io, 34 * 512, 34 * 512 + 1);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(r.exceptions, 32);
	T_EQ_U64(r.unreadable_bytes, 512);
	T_EQ_U64(r.counts[PSNAP_F_CVE_2013_4299_IMMINENT], 0);
	T_EQ_U64(r.counts[PSNAP_F_STORE_FULL], 0);
	image_release(&m);
}

int main(void)
{
	test_area();
	test_stale_area();
	test_header();
	test_header_tail();
	test_neighbours();
	test_reads_after_a_bad_block();
	test_data();
	test_no_guess_behind_a_gap();
	return T_DONE();
}
