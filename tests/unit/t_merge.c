/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge*.c on sound devices: what is planned, what is merged, and what the
 * numbers say. Power cuts are the crash tests' business.
 */
#include "merge_scene.h"

static void test_whole(void)
{
	struct scene s;
	uint64_t want = 0;
	uint64_t i;

	set_up(&s, 3);
	for (i = 0; i < scene_exceptions; i++) {
		uint64_t start;
		uint64_t end;

		chunk_of(&s, i, &start, &end);
		want += end - start;
	}
	s.options.verify = true;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.plan.exceptions, scene_exceptions);
	T_EQ_U64(s.plan.copy_bytes, want);
	T_EQ_U64(s.plan.batches, 4);
	T_EQ_U64(s.result.exceptions, scene_exceptions);
	T_EQ_U64(s.result.copied_bytes, want);
	T_EQ_U64(s.result.batches, 4);
	T_EQ_U64(s.result.exceptions_left, 0);
	T_EQ_U64(pair_count(&s.ram), 0);
	T_OK(origin_is_view(&s), "the origin is what the snapshot showed");
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.result.exceptions + s.result.copied_bytes, 0);
	tear_down(&s);
}

static void test_keep_and_skip(void)
{
	struct scene s;

	set_up(&s, 4);
	s.options.keep_store = true;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.result.exceptions, scene_exceptions);
	T_EQ_U64(s.result.exceptions_left, scene_exceptions);
	T_EQ_U64(pair_count(&s.ram), scene_exceptions);
	s.options.skip_equal = true;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.result.copied_bytes, 0);
	T_EQ_U64(s.result.equal_bytes, s.plan.copy_bytes);
	tear_down(&s);
}

/* Half a chunk more than whole ones, at both ends. */
static void test_range(uint64_t seed, bool except)
{
	uint64_t start = 7 * pair_chunk_bytes + pair_chunk_bytes / 2;
	uint64_t end = 90 * pair_chunk_bytes + pair_chunk_bytes / 2;
	uint64_t want[PSNAP_LEFT_REASONS] = { 0 };
	uint64_t merged = 0;
	struct scene s;
	uint64_t i;

	set_up(&s, seed);
	add_range(&s, start, end);
	if (except)
		s.options.except = s.range;
	else
		s.options.only = s.range;
	for (i = 0; i < scene_exceptions; i++) {
		uint64_t from;
		uint64_t to;
		bool inside;
		bool outside;

		chunk_of(&s, i, &from, &to);
		inside = from >= start && to <= end;
		outside = to <= start || from >= end;
		if (except ? outside : inside)
			merged++;
		else if (inside || outside)
			want[PSNAP_LEFT_NOT_ASKED]++;
		else
			want[PSNAP_LEFT_PARTLY]++;
	}
	T_EQ_I64(merge(&s), 0);
	T_OK(merged > 20 && merged < scene_exceptions - 20, "a part is merged");
	T_EQ_U64(s.plan.exceptions, merged);
	T_EQ_U64(s.result.exceptions, merged);
	T_EQ_U64(s.result.copied_bytes, s.plan.copy_bytes);
	T_EQ_U64(s.result.exceptions_left, scene_exceptions - merged);
	T_EQ_U64(pair_count(&s.ram), scene_exceptions - merged);
	for (i = 0; i < PSNAP_LEFT_REASONS; i++) {
		T_EQ_U64(s.plan.left[i], want[i]);
		T_EQ_U64(s.result.left[i], want[i]);
		T_EQ_U64(s.told[i], 0);
	}
	T_OK(shows_view(&s), "the view is the same");
	T_EQ_I64(plan(&s), 0);
	T_EQ_U64(s.plan.exceptions, 0);
	T_OK(!s.plan.refused, "the store is still fit");
	tear_down(&s);
}

/* Zeros of a hole in the image would end the table. */
/* What is merged to is good again; half of it lies where nothing is. */
static void test_target(bool part)
{
	uint64_t start = 11 * pair_chunk_bytes;
	uint64_t end = 60 * pair_chunk_bytes;
	const uint8_t *origin;
	const uint8_t *target;
	struct scene s;

	set_up(&s, 10);
	origin = s.ram.devices[1].bytes;
	target = s.ram.devices[2].bytes;
	add_range(&s, start, end);
	if (part)
		s.options.only = s.range;
	s.options.verify = true;
	s.ram.recording = true;
	T_EQ_I64(plan(&s), 0);
	T_EQ_I64(psnap_merge_to(s.store, s.origin, s.target, &s.options,
				&s.plan, &s.result, &s.err),
		 0);
	T_EQ_U64(s.result.exceptions, s.plan.exceptions);
	T_EQ_U64(s.result.exceptions_left, scene_exceptions);
	if (part) {
		T_OK(memcmp(target, origin, start) == 0 &&
			     memcmp(target + end, origin + end,
				    s.bytes - end) == 0,
		     "outside it is the origin");
		T_OK(memcmp(target + start, s.view + start, end - start) == 0,
		     "inside it is the view");
	} else {
		T_OK(memcmp(target, s.view, s.bytes) == 0, "it is the view");
	}
	for (size_t i = 0; i < s.ram.event_count; i++)
		if (s.ram.events[i].device != 2)
			T_OK(false, "a write to device %u",
			     s.ram.events[i].device);
	tear_down(&s);
}

/* The copy has what there is: the origin's chunk. */
static void test_target_size(void)
{
	struct scene s;

	set_up(&s, 12);
	T_EQ_I64(plan(&s), 0);
	T_EQ_I64(psnap_merge_to(s.store, s.origin, s.store, &s.options, &s.plan,
				&s.result, &s.err),
		 PSNAP_E_API);
	tear_down(&s);
}

/* A device that drops what is written. */
static int64_t drop_write(struct psnap_io *io, uint64_t offset_bytes,
			  const void *buf, size_t len_bytes)
{
	(void)io;
	(void)offset_bytes;
	(void)buf;
	return (int64_t)len_bytes;
}

static uint64_t forgotten_bytes;

static void count_forget(struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes)
{
	(void)io;
	(void)offset_bytes;
	forgotten_bytes += len_bytes;
}

static void test_verify(void)
{
	struct psnap_io_ops dropping;
	struct scene s;

	set_up(&s, 13);
	dropping = *s.origin->ops;
	dropping.write_some = drop_write;
	dropping.forget = count_forget;
	forgotten_bytes = 0;
	s.origin->ops = &dropping;
	s.options.verify = true;
	T_EQ_I64(merge(&s), PSNAP_E_CORRUPT);
	T_OK(s.err.has_offset, "where: %s", s.err.message);
	T_OK(s.result.failed == s.origin, "it was the origin");
	T_OK(forgotten_bytes > 0, "the cache is not what is compared");
	T_EQ_U64(pair_count(&s.ram), scene_exceptions);
	tear_down(&s);
}

static void test_invalid(void)
{
	struct scene s;

	set_up(&s, 14);
	s.ram.devices[0].bytes[4] = 0;
	T_EQ_I64(plan(&s), 0);
	T_OK(s.plan.refused, "an invalid snapshot is refused");
	s.options.accept_invalid = true;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(s.result.exceptions, scene_exceptions);
	T_OK(origin_is_view(&s), "its exceptions are exact");
	tear_down(&s);
}

static int stop_at_half(void *ctx, uint64_t done, uint64_t total)
{
	(void)ctx;
	return done * 2 > total;
}

static void test_interrupted(void)
{
	struct scene s;

	set_up(&s, 15);
	T_EQ_I64(plan(&s), 0);
	s.options.progress.tick = stop_at_half;
	T_EQ_I64(psnap_merge(s.store, s.origin, &s.options, &s.plan, &s.result,
			     &s.err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(s.result.exceptions_left, pair_count(&s.ram));
	T_EQ_U64(s.result.exceptions, scene_exceptions - pair_count(&s.ram));
	T_OK(s.result.exceptions > 0, "some are merged");
	T_OK(shows_view(&s), "the view is the same");
	s.options.progress.tick = NULL;
	T_EQ_I64(merge(&s), 0);
	T_OK(origin_is_view(&s), "and it goes on");
	tear_down(&s);
}

static void test_all(void)
{
	test_whole();
	test_keep_and_skip();
	test_range(5, false);
	test_range(5, true);
	test_target(false);
	test_target(true);
	test_target_size();
	test_verify();
	test_invalid();
	test_interrupted();
}

int main(void)
{
	test_all();
	/* Pieces of a chunk, and areas of more than one sector. */
	pair_chunk_bytes = 8192;
	test_all();
	return T_DONE();
}
