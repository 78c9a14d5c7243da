/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a merge announces before it writes: several batches at once, all that it
 * will overwrite, and no more.
 */
#include "merge_scene.h"

#include <errno.h>

/*
 * An origin that notes what is announced and refuses what is not.
 * @now:    the last announcement; @all: every one
 * @calls:  how many there were
 */
static struct {
	const struct psnap_io_ops *good;
	struct psnap_io_ops ops;
	struct psnap_extents *now;
	struct psnap_extents *all;
	unsigned int calls;
	unsigned int fail_call;
	uint64_t writes_before;
} noted;

static uint64_t writes;

static int prepare(struct psnap_io *io, const struct psnap_extent *extents,
		   size_t count, struct psnap_error *err)
{
	size_t i;

	(void)io, (void)err;
	if (++noted.calls == noted.fail_call) {
		noted.writes_before = writes;
		return PSNAP_E_INTERRUPTED;
	}
	psnap_extents_free(noted.now);
	if (psnap_extents_new(&noted.now, NULL))
		abort();
	for (i = 0; i < count; i++) {
		uint64_t start = extents[i].offset_bytes;
		uint64_t end = start + extents[i].len_bytes;

		if (psnap_extents_add(noted.now, start, end, NULL) ||
		    psnap_extents_add(noted.all, start, end, NULL))
			abort();
	}
	return 0;
}

static int64_t write_some(struct psnap_io *io, uint64_t offset_bytes,
			  const void *buf, size_t len_bytes)
{
	writes++;
	if (!noted.now || !psnap_extents_contain(noted.now, offset_bytes,
						 offset_bytes + len_bytes))
		return -EIO;
	return noted.good->write_some(io, offset_bytes, buf, len_bytes);
}

static void begin(struct scene *s, uint64_t seed)
{
	set_up(s, seed);
	memset(&noted, 0, sizeof(noted));
	writes = 0;
	if (psnap_extents_new(&noted.all, NULL))
		abort();
	noted.good = s->origin->ops;
	noted.ops = *s->origin->ops;
	noted.ops.prepare = prepare;
	noted.ops.write_some = write_some;
	s->origin->ops = &noted.ops;
}

static void end(struct scene *s)
{
	s->origin->ops = noted.good;
	psnap_extents_free(noted.now);
	psnap_extents_free(noted.all);
	tear_down(s);
}

static uint64_t announced_bytes(const struct scene *s)
{
	return psnap_extents_common_bytes(noted.all, 0, s->bytes);
}

/* 150 exceptions. */
static void test_together(uint64_t batch, unsigned int calls)
{
	struct scene s;

	begin(&s, 5);
	s.options.batch_bytes = batch * pair_chunk_bytes;
	T_EQ_I64(merge(&s), 0);
	T_EQ_U64(noted.calls, calls);
	T_EQ_U64(announced_bytes(&s), s.plan.copy_bytes);
	T_OK(origin_is_view(&s), "merged");
	end(&s);
}

static void test_part(void)
{
	struct scene s;

	begin(&s, 6);
	add_range(&s, 7 * pair_chunk_bytes, 90 * pair_chunk_bytes);
	s.options.only = s.range;
	s.options.batch_bytes = 9 * pair_chunk_bytes;
	T_EQ_I64(merge(&s), 0);
	T_OK(s.result.exceptions > 10 && s.result.exceptions_left > 10,
	     "some stay");
	T_EQ_U64(announced_bytes(&s), s.plan.copy_bytes);
	T_OK(shows_view(&s), "the view is the same");
	T_EQ_U64(s.result.left[PSNAP_LEFT_NOT_ASKED] +
			 s.result.left[PSNAP_LEFT_PARTLY],
		 s.result.exceptions_left);
	end(&s);
}

/* The second announcement: what came before is merged, and can be gone on with. */
static void test_stopped(void)
{
	struct scene s;

	begin(&s, 7);
	s.options.batch_bytes = 10 * pair_chunk_bytes;
	noted.fail_call = 2;
	T_EQ_I64(merge(&s), PSNAP_E_INTERRUPTED);
	T_EQ_U64(s.result.exceptions, 80);
	T_EQ_U64(writes, noted.writes_before);
	T_OK(s.result.failed == s.origin, "on the origin");
	T_OK(shows_view(&s), "the view is the same");
	noted.fail_call = 0;
	T_EQ_I64(merge(&s), 0);
	T_OK(origin_is_view(&s), "merged");
	end(&s);
}

static int stop(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t *total = ctx;

	(void)done_bytes;
	*total = total_bytes;
	return 1;
}

/* While the table is read: nothing is announced yet. */
static void test_stopped_early(void)
{
	uint64_t total_bytes = 0;
	struct scene s;

	begin(&s, 9);
	s.options.batch_bytes = 10 * pair_chunk_bytes;
	T_EQ_I64(plan(&s), 0);
	s.options.progress = (struct psnap_progress){ stop, &total_bytes };
	T_EQ_I64(psnap_merge(s.store, s.origin, &s.options, &s.plan, &s.result,
			     &s.err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(noted.calls + writes, 0);
	T_EQ_U64(total_bytes, s.plan.copy_bytes);
	end(&s);
}

static void test_need(void)
{
	struct psnap_undo_need need = { 0 };
	struct psnap_undo *undo = NULL;
	uint64_t total_bytes = 0;
	struct scene s;

	set_up(&s, 10);
	add_range(&s, 7 * pair_chunk_bytes, 90 * pair_chunk_bytes);
	s.options.only = s.range;
	T_EQ_I64(plan(&s), 0);
	s.ram.devices[2].grows = true;
	s.ram.devices[2].len_bytes = 0;
	T_EQ_I64(psnap_undo_open(s.target,
				 (struct psnap_io *[]){ s.store, s.origin },
				 &undo, NULL),
		 0);
	T_EQ_I64(psnap_merge_need(s.store, s.origin, &s.options, &s.plan, undo,
				  &need, &s.err),
		 0);
	T_OK(need.bytes > 0, "something is to be saved");
	T_EQ_U64(need.bytes, s.plan.copy_bytes);
	T_OK(need.ranges > 0 && need.ranges <= s.plan.runs, "in ranges");
	s.options.progress = (struct psnap_progress){ stop, &total_bytes };
	T_EQ_I64(psnap_merge_need(s.store, s.origin, &s.options, &s.plan, undo,
				  &need, &s.err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(total_bytes, scene_exceptions * 16);
	psnap_undo_close(undo);
	tear_down(&s);
}

static void test_unreadable_table(void)
{
	struct scene s;

	begin(&s, 8);
	s.options.batch_bytes = 10 * pair_chunk_bytes;
	T_EQ_I64(plan(&s), 0);
	s.plan.check.exceptions++;
	T_EQ_I64(psnap_merge(s.store, s.origin, &s.options, &s.plan, &s.result,
			     &s.err),
		 PSNAP_E_CORRUPT);
	T_EQ_U64(noted.calls + writes, 0);
	end(&s);
}

int main(void)
{
	test_together(1000, 1);
	test_together(75, 1);
	test_together(19, 1);
	test_together(10, 2);
	test_together(1, 19);
	test_part();
	test_stopped();
	test_stopped_early();
	test_need();
	test_unreadable_table();
	return T_DONE();
}
