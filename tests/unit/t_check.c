/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check*.c in memory: what golden cases cannot make (devices that fail reads,
 * devices with large sectors) and how findings are counted and cut short. One
 * image per finding id is in tests/golden.
 */
#include "io_fault.h"
#include "io_image.h"
#include "test.h"

#include <psnap/check.h>

struct seen {
	struct psnap_finding items[64];
	unsigned int count;
	int answer;
};

static int collect(void *ctx, const struct psnap_finding *finding)
{
	struct seen *seen = ctx;

	if (seen->count < 64)
		seen->items[seen->count] = *finding;
	seen->count++;
	return seen->answer;
}

static int check(struct psnap_io *io, struct psnap_io *origin,
		 const struct psnap_check_options *options, struct seen *seen,
		 struct psnap_check_result *result)
{
	struct psnap_check_options defaults;

	psnap_check_defaults(&defaults);
	memset(seen, 0, sizeof(*seen));
	return psnap_check(io, origin, options ? options : &defaults, collect,
			   seen, result, NULL);
}

static void test_sound(void)
{
	struct psnap_check_result r;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 10, 40);
	T_EQ_I64(check(&m.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(seen.count, 0);
	T_EQ_U64(r.state, PSNAP_STATE_ACTIVE);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_LOADS);
	T_OK(r.safe_to_merge, "a sound store can be merged");
	T_EQ_U64(r.exceptions, 40);
	T_EQ_U64(r.runs, 2);
	image_release(&m);
}

static void test_header_only(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	psnap_check_defaults(&options);
	options.header_only = true;
	T_EQ_I64(check(&m.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.state, PSNAP_STATE_EMPTY);
	image_exc(&m, 5, 1, 1); /* damage that only the table shows */
	T_EQ_I64(check(&m.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.state, PSNAP_STATE_ACTIVE);
	T_EQ_U64(seen.count, 0);
	T_OK(!r.table_read && !r.safe_to_merge, "nothing is known of the rest");
	image_release(&m);
}

static void test_unreadable_area(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 80);
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 34 * 512 + 7;
	fault.bad_end = fault.bad_start + 1;
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
static void test_unreadable_stale_area(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 8);
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 34 * 512;
	fault.bad_end = 400 * 512;
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

static void test_unreadable_header(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 8);
	io_fault_init(&fault, &m.io, 1);
	fault.bad_end = 16;
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
static void test_unreadable_header_tail(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 16384, 400);
	image_alloc(&m, 0, 8);
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 9000;
	fault.bad_end = 9001;
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_READ_ERROR], 1);
	T_EQ_U64(seen.items[0].offset_bytes, 8192);
	T_EQ_U64(seen.items[0].len_bytes, 4096);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
	T_OK(!r.safe_to_merge, "the kernel could not load it");
	image_release(&m);
}

/* Scattered chunks lie side by side on the store: each is named. */
static void test_unreadable_neighbours(void)
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
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 2 * 4096;
	fault.bad_end = 6 * 4096;
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
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 5 << 20;
	fault.bad_end = fault.bad_start + 1;
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

	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 5 * 4096 + 512;
	fault.bad_end = 7 * 4096 + 1;
	io_fault_init(&origin_fault, &origin.io, 1);
	origin_fault.bad_start = 20 * 4096;
	origin_fault.bad_end = origin_fault.bad_start + 1;
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

/* The kernel wants the chunk size to be a multiple of the sector size. */
static void test_large_sectors(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 10, 40);
	io_fault_init(&fault, &m.io, 4096);
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(fault.misaligned, 0);
	T_EQ_U64(r.counts[PSNAP_F_CHUNK_SIZE_BAD], 1);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
	T_EQ_U64(r.exceptions, 40);
	image_release(&m);
}

/* So with the origin's sectors. */
static void test_large_sectors_of_origin(void)
{
	struct psnap_check_result r;
	struct io_fault fault;
	struct io_image origin;
	struct io_image m;
	struct seen seen;

	image_init(&m, 512, 400);
	image_alloc(&m, 10, 40);
	image_init(&origin, 4096, 60);
	io_fault_init(&fault, &origin.io, 4096);
	T_EQ_I64(check(&m.io, &fault.io, NULL, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_CHUNK_SIZE_BAD], 1);
	T_EQ_U64(r.kernel, PSNAP_KERNEL_REFUSES);
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
	io_fault_init(&fault, &m.io, 1);
	fault.bad_start = 34 * 512;
	fault.bad_end = fault.bad_start + 1;
	T_EQ_I64(check(&fault.io, NULL, NULL, &seen, &r), 0);
	T_EQ_U64(r.exceptions, 32);
	T_EQ_U64(r.unreadable_bytes, 512);
	T_EQ_U64(r.counts[PSNAP_F_CVE_2013_4299_IMMINENT], 0);
	T_EQ_U64(r.counts[PSNAP_F_STORE_FULL], 0);
	image_release(&m);
}

/* The data of an exception is there whatever its old chunk is. */
static void test_data_of_impossible_old(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_image origin;
	struct io_image m;
	struct seen seen;

	image_init(&m, 4096, 400);
	image_exc(&m, 5000, 2, 3);
	image_init(&origin, 4096, 60);
	psnap_check_defaults(&options);
	options.data = true;
	T_EQ_I64(check(&m.io, &origin.io, &options, &seen, &r), 0);
	T_EQ_U64(r.data_bytes_read, 3 * 4096);
	T_EQ_U64(r.counts[PSNAP_F_OLD_CHUNK_OUT_OF_RANGE], 3);
	image_release(&m);
	image_release(&origin);
}

static void test_limits_and_stop(void)
{
	struct psnap_check_options options;
	struct psnap_check_result r;
	struct io_image m;
	struct seen seen;
	uint64_t i;

	image_init(&m, 4096, 2000);
	for (i = 0; i < 100; i++)
		image_exc(&m, 50, 2 + i, 1);
	psnap_check_defaults(&options);
	options.instances_max = 3;
	T_EQ_I64(check(&m.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_DUPLICATE_OLD], 99);
	T_EQ_U64(seen.count, 3);
	T_EQ_U64(seen.items[0].area_index, 0);
	T_EQ_U64(seen.items[0].entry_index, 1);
	options.instances_max = 0;
	T_EQ_I64(check(&m.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(r.counts[PSNAP_F_DUPLICATE_OLD], 99);
	T_EQ_U64(seen.count, 0);
	options.instances_max = UINT64_MAX;
	T_EQ_I64(check(&m.io, NULL, &options, &seen, &r), 0);
	T_EQ_U64(seen.count, 99);
	memset(&seen, 0, sizeof(seen));
	seen.answer = PSNAP_E_INTERRUPTED;
	options.instances_max = 9;
	T_EQ_I64(psnap_check(&m.io, NULL, &options, collect, &seen, &r, NULL),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(seen.count, 1);
	image_release(&m);
}

/* Each power of two and its neighbours as new_chunk and as old_chunk: the
 * judgement follows from the number alone. */
static void test_power_of_two_borders(void)
{
	unsigned int wrong = 0;
	unsigned int bit;
	int step;

	for (bit = 1; bit < 64; bit++) {
		for (step = -1; step <= 1; step++) {
			uint64_t chunk = (UINT64_C(1) << bit) + (uint64_t)step;
			enum psnap_finding_id id = PSNAP_FINDING_COUNT;
			struct psnap_check_result r;
			struct io_image m;
			struct seen seen;

			if (chunk >= UINT64_C(1) << 56)
				id = PSNAP_F_NEW_CHUNK_HUGE;
			else if (chunk >= 1000 && chunk > 8)
				id = PSNAP_F_NEW_CHUNK_OUT_OF_RANGE;
			else if (chunk % 257 == 1)
				id = PSNAP_F_NEW_CHUNK_IN_METADATA;
			image_init(&m, 4096, 1000);
			image_exc(&m, 3, chunk, 1);
			if (check(&m.io, NULL, NULL, &seen, &r) ||
			    (id != PSNAP_FINDING_COUNT && r.counts[id] != 1))
				wrong++;
			image_set(&m, 0, 0, chunk, 2);
			if (check(&m.io, NULL, NULL, &seen, &r) ||
			    r.counts[PSNAP_F_OLD_CHUNK_OUT_OF_RANGE] !=
				    (chunk >= UINT64_C(1) << 51))
				wrong++;
			image_release(&m);
		}
	}
	T_EQ_U64(wrong, 0);
}

int main(void)
{
	test_sound();
	test_header_only();
	test_unreadable_area();
	test_unreadable_stale_area();
	test_unreadable_header();
	test_unreadable_header_tail();
	test_unreadable_neighbours();
	test_reads_after_a_bad_block();
	test_data();
	test_large_sectors();
	test_large_sectors_of_origin();
	test_no_guess_behind_a_gap();
	test_data_of_impossible_old();
	test_limits_and_stop();
	test_power_of_two_borders();
	return T_DONE();
}
