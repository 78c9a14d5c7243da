/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge_select.c, merge_salvage.c: what was not rescued or cannot be read stays
 * in the store, is told, and nothing else changes.
 */
#include "io_fault.h"
#include "merge_scene.h"

#include <errno.h>

static void test_unrescued_data(uint64_t number)
{
	uint64_t old_chunk;
	uint64_t new_chunk;
	struct scene s;

	set_up(&s, 6);
	pair_entry(&s.ram, number, &old_chunk, &new_chunk);
	add_range(&s, new_chunk * pair_chunk_bytes + 5,
		  new_chunk * pair_chunk_bytes + 6);
	s.options.store_unrescued = s.range;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.result.left[PSNAP_LEFT_UNRESCUED], 1);
	T_EQ_U64(s.told[PSNAP_LEFT_UNRESCUED], 1);
	T_EQ_U64(pair_count(&s.ram), 1);
	T_OK(shows_view(&s), "the view is the same");
	tear_down(&s);
}

static void test_unrescued_table(void)
{
	struct scene s;

	set_up(&s, 6);
	add_range(&s, pair_chunk_bytes + 100, pair_chunk_bytes + 101);
	s.options.store_unrescued = s.range;
	T_EQ_I64(plan(&s), 0);
	T_OK(s.plan.refused, "refused");
	T_EQ_U64(s.plan.check.counts[PSNAP_F_READ_ERROR], 1);
	T_EQ_I64(psnap_merge(s.store, s.origin, &s.options, &s.plan, &s.result,
			     &s.err),
		 PSNAP_E_API);
	tear_down(&s);
}

static void test_unrescued_origin(void)
{
	uint64_t start;
	uint64_t end;
	uint64_t i;
	uint64_t left;
	struct scene s;

	set_up(&s, 8);
	add_range(&s, 0, s.bytes);
	left = s.bytes;
	for (i = 0; i < scene_exceptions; i++) {
		chunk_of(&s, i, &start, &end);
		left -= end - start;
	}
	s.options.origin_unrescued = s.range;
	T_EQ_I64(merge(&s), 0);
	T_OK(left > 0, "not all of the origin is merged to");
	T_EQ_U64(s.result.origin_unrescued_bytes, left);
	tear_down(&s);
}

static void test_unreadable(uint64_t number, bool salvage)
{
	struct io_fault fault;
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t bad;
	struct scene s;
	int rc;

	set_up(&s, 9);
	pair_entry(&s.ram, number, &old_chunk, &new_chunk);
	io_fault_init(&fault, s.store, 1);
	bad = new_chunk * pair_chunk_bytes + 17;
	fault.bad_start = bad;
	fault.bad_end = bad + 1;
	s.store = &fault.io;
	s.options.salvage = salvage;
	s.options.verify = true;
	rc = merge(&s);
	T_OK(shows_view(&s), "the view is the same");
	if (salvage) {
		T_EQ_I64(rc, 0);
		T_EQ_U64(s.result.left[PSNAP_LEFT_UNREADABLE], 1);
		T_EQ_U64(s.told[PSNAP_LEFT_UNREADABLE], 1);
		T_EQ_U64(s.result.exceptions, scene_exceptions - 1);
		T_EQ_U64(s.result.exceptions_left, 1);
		T_EQ_U64(pair_count(&s.ram), 1);
		T_OK(s.why.has_offset, "where: %s", s.why.message);
	} else {
		T_EQ_I64(rc, PSNAP_E_IO);
		T_OK(s.result.failed == s.store, "it was the store");
		T_OK(pair_count(&s.ram) > number, "it is still there");
	}
	tear_down(&s);
}

static void test_target_salvage(uint64_t number)
{
	struct io_fault fault;
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t start;
	uint64_t end;
	struct scene s;

	set_up(&s, 12);
	pair_entry(&s.ram, number, &old_chunk, &new_chunk);
	chunk_of(&s, number, &start, &end);
	io_fault_init(&fault, s.store, 1);
	fault.bad_start = new_chunk * pair_chunk_bytes;
	fault.bad_end = fault.bad_start + 1;
	s.store = &fault.io;
	s.options.salvage = true;
	T_EQ_I64(plan(&s), 0);
	T_EQ_I64(psnap_merge_to(s.store, s.origin, s.target, &s.options,
				&s.plan, &s.result, &s.err),
		 0);
	T_EQ_U64(s.result.left[PSNAP_LEFT_UNREADABLE], 1);
	memcpy(s.view + start, s.ram.devices[1].bytes + start, end - start);
	T_OK(memcmp(s.ram.devices[2].bytes, s.view, s.bytes) == 0,
	     "the view, but for one chunk");
	tear_down(&s);
}

int main(void)
{
	test_unrescued_data(77);
	test_unrescued_table();
	test_unrescued_origin();
	test_unreadable(20, true);
	test_unreadable(20, false);
	test_unreadable(scene_exceptions - 1, true);
	test_target_salvage(30);
	/* Chunks that are read in pieces. */
	pair_chunk_bytes = 2 << 20;
	scene_exceptions = 4;
	test_unrescued_data(1);
	test_unreadable(2, true);
	test_unreadable(2, false);
	test_target_salvage(1);
	return T_DONE();
}
