/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check*.c in memory: what golden cases cannot make (devices with large
 * sectors, origins of any size) and how findings are counted and cut short.
 * Devices that fail reads are in t_check_unreadable.c; one image per finding
 * id is in tests/golden.
 */
#include "check_scene.h"
#include "test.h"

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
	test_large_sectors();
	test_large_sectors_of_origin();
	test_data_of_impossible_old();
	test_limits_and_stop();
	test_power_of_two_borders();
	return T_DONE();
}
