/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.c, slice.c: order, ends, runs, looking further, unreadable parts,
 * memory.
 */
#include "io_fault.h"
#include "io_image.h"
#include "walked.h"

static void test_order_and_position(void)
{
	struct io_image m;
	struct walked w;
	uint64_t i;

	image_init(&m, 512, 400);
	for (i = 0; i < 70; i++)
		image_alloc(&m, 1000 - 7 * i, 1);
	walk(&m.io, NULL, false, &w);
	T_EQ_U64(w.count, 70);
	T_EQ_U64(w.items[0].old_chunk, 1000);
	T_EQ_U64(w.items[31].new_chunk, 33);
	T_EQ_U64(w.items[32].new_chunk, 35);
	T_EQ_U64(w.items[69].area_index, 2);
	T_EQ_U64(w.items[69].entry_index, 5);
	T_EQ_U64(w.items[69].old_chunk, 1000 - 7 * 69);
	T_EQ_U64(w.totals.last_area_index, 2);
	T_EQ_U64(w.totals.last_area_entries, 6);
	T_EQ_U64(w.totals.exceptions, 70);
	image_release(&m);
}

static void test_runs(void)
{
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 4000);
	image_exc(&m, 10, 2, 5);
	image_exc(&m, 15, 8, 1);    /* old goes on, new does not */
	image_exc(&m, 20, 9, 1);    /* new goes on, old does not */
	image_exc(&m, 100, 50, 40); /* crosses into area 1 */
	walk(&m.io, NULL, true, &w);
	T_EQ_U64(w.count, 4);
	T_EQ_U64(w.items[0].chunks, 5);
	T_EQ_U64(w.items[1].chunks, 1);
	T_EQ_U64(w.items[2].chunks, 1);
	T_EQ_U64(w.items[3].chunks, 40);
	T_EQ_U64(w.items[3].area_index, 0);
	T_EQ_U64(w.items[3].entry_index, 7);
	T_EQ_U64(w.totals.exceptions, 47);
	image_release(&m);
}

/* Numbers at the top of 64 bits neither join nor overflow. */
static void test_runs_do_not_wrap(void)
{
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 400);
	image_exc(&m, UINT64_MAX, 7, 1);
	image_exc(&m, 0, 8, 1);
	image_exc(&m, 5, UINT64_MAX, 1);
	walk(&m.io, NULL, true, &w);
	T_EQ_U64(w.count, 3);
	image_release(&m);
}

static void test_terminator(void)
{
	static const struct psnap_walk_options tail = { .past_terminator =
								true };
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 400);
	image_exc(&m, 5, 2, 1);
	image_set(&m, 0, 1, 77, 0); /* old is ignored in a terminator */
	image_set(&m, 0, 4, 7, 4);
	image_set(&m, 0, 31, 8, 5);
	image_set(&m, 1, 0, 9, 6); /* never read */
	walk(&m.io, NULL, false, &w);
	T_EQ_U64(w.count, 1);
	T_EQ_U64(w.totals.last_area_entries, 1);
	walk(&m.io, &tail, false, &w);
	T_EQ_U64(w.count, 3);
	T_EQ_U64(w.items[1].state, PSNAP_ENTRY_AFTER_TERMINATOR);
	T_EQ_U64(w.items[1].entry_index, 4);
	T_EQ_U64(w.items[2].entry_index, 31);
	T_EQ_U64(w.totals.exceptions, 1);
	T_EQ_U64(w.totals.next_free_chunk, 3);
	image_release(&m);
}

/* Entries that are neighbours in number but not in the table are no run. */
static void test_tail_runs(void)
{
	static const struct psnap_walk_options tail = { .past_terminator =
								true };
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 400);
	image_set(&m, 0, 4, 7, 4);
	image_set(&m, 0, 5, 8, 5);
	image_set(&m, 0, 7, 9, 6);
	walk(&m.io, &tail, true, &w);
	T_EQ_U64(w.count, 2);
	T_EQ_U64(w.items[0].chunks, 2);
	image_release(&m);
}

static void test_stale(void)
{
	struct psnap_walk_options options = { .stale_areas_max = 2 };
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 4000);
	image_exc(&m, 5, 2, 1);
	image_set(&m, 1, 0, 40, 41);
	image_set(&m, 1, 1, 41, 42);
	image_set(&m, 1, 3, 41, 42);	 /* behind its terminator */
	image_set(&m, 2, 0, 40, 100000); /* impossible: no table */
	image_set(&m, 50, 0, 60, 61);
	walk(&m.io, &options, true, &w);
	T_EQ_U64(w.count, 2);
	T_EQ_U64(w.items[1].state, PSNAP_ENTRY_STALE);
	T_EQ_U64(w.items[1].chunks, 2);
	T_EQ_U64(w.totals.stale_areas_seen, 2);
	T_EQ_U64(w.totals.exceptions, 1);
	options.stale_areas_max = PSNAP_ALL_AREAS;
	walk(&m.io, &options, true, &w);
	T_EQ_U64(w.count, 3);
	T_EQ_U64(w.items[2].area_index, 50);
	T_EQ_U64(w.totals.stale_areas_seen, (4000 - 2) / 33);
	image_release(&m);
}

static void test_full_last_area(void)
{
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 34);
	image_alloc(&m, 0, 32);
	walk(&m.io, NULL, true, &w);
	T_EQ_U64(w.totals.exceptions, 32);
	T_EQ_U64(w.totals.end, PSNAP_WALK_END_DEVICE);
	T_EQ_U64(w.totals.last_area_index, 0);
	image_release(&m);
	image_init(&m, 512, 35);
	image_alloc(&m, 0, 32);
	walk(&m.io, NULL, true, &w);
	T_EQ_U64(w.totals.end, PSNAP_WALK_END_TERMINATOR);
	T_EQ_U64(w.totals.last_area_index, 1);
	T_EQ_U64(w.totals.last_area_entries, 0);
	image_release(&m);
}

static void test_unreadable(void)
{
	struct io_fault fault;
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 80);
	io_fault_init_bad(&fault, &m.io, (1 + 33) * 512, (1 + 33) * 512 + 1);
	walk(&fault.io, NULL, false, &w);
	T_EQ_U64(w.faults, 1);
	T_EQ_U64(w.count, 80 - 32);
	T_EQ_U64(w.items[31].state, PSNAP_ENTRY_LIVE);
	T_EQ_U64(w.items[32].state, PSNAP_ENTRY_UNCERTAIN);
	T_EQ_U64(w.items[32].area_index, 2);
	T_EQ_U64(w.totals.unreadable_bytes, 512);
	T_EQ_U64(w.totals.end, PSNAP_WALK_END_TERMINATOR);
	walk(&fault.io, NULL, true, &w);
	T_EQ_U64(w.faults, 1);
	T_EQ_U64(w.chunks, 80 - 32);
	/* What follows the unreadable area has to look like a table. */
	image_put64(&m, (1 + 2 * 33) * 512 + 8, UINT64_MAX);
	walk(&fault.io, NULL, false, &w);
	T_EQ_U64(w.count, 32);
	T_EQ_U64(w.totals.end, PSNAP_WALK_END_UNREADABLE);
	image_release(&m);
}

/* In a large area one bad sector costs 256 entries, not thousands. */
static void test_unreadable_in_large_area(void)
{
	struct io_fault fault;
	struct io_image m;
	struct walked w;

	image_init(&m, 1 << 20, 4);
	image_exc(&m, 0, 2, 9000);
	io_fault_init_bad(&fault, &m.io, (1 << 20) + 8192,
			  (1 << 20) + 8192 + 512);
	walk(&fault.io, NULL, false, &w);
	T_EQ_U64(w.count, 9000 - 256);
	T_EQ_U64(w.totals.unreadable_bytes, 4096);
	image_release(&m);
}

/* The largest store there can be, with a last area and one far away. */
static void test_largest_store(void)
{
	static const struct psnap_walk_options all = {
		.past_terminator = true,
		.stale_areas_max = PSNAP_ALL_AREAS,
	};
	struct psnap_geometry geo;
	struct io_image m;
	struct walked w;

	image_init(&m, 512, (UINT64_C(1) << 54) - 1);
	T_EQ_I64(psnap_geometry_init(&geo, m.io.size_bytes, 512, NULL), 0);
	image_exc(&m, 0, 2, 1);
	image_set(&m, geo.area_count - 1, 0, 5, 70);
	walk(&m.io, &all, true, &w);
	T_EQ_U64(w.count, 2);
	T_EQ_U64(w.items[1].area_index, geo.area_count - 1);
	T_EQ_U64(w.totals.stale_areas_seen, geo.area_count - 1);
	image_release(&m);
}

static void test_prefetch_grows(void)
{
	struct io_fault fault;
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 33 * 600 + 2);
	io_fault_init(&fault, &m.io, 1);
	image_alloc(&m, 0, 3);
	walk(&fault.io, NULL, true, &w);
	T_OK(fault.prefetches <= 4, "%" PRIu64 " areas ahead of a short table",
	     fault.prefetches);
	image_alloc(&m, 3, 32 * 200);
	fault.prefetches = 0;
	walk(&fault.io, NULL, true, &w);
	T_OK(fault.prefetches > 400 && fault.prefetches <= 201 + 256,
	     "%" PRIu64 " areas ahead of a long one", fault.prefetches);
	image_release(&m);
}

static int stop_at_once(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)ctx >= 3;
}

static void test_interrupt(void)
{
	int ticks = 0;
	struct psnap_walk_options options = {
		.progress = { stop_at_once, &ticks },
	};
	struct io_image m;
	struct walked w;

	image_init(&m, 512, 4000);
	image_alloc(&m, 0, 320);
	walk(&m.io, &options, false, &w);
	T_EQ_I64(w.rc, PSNAP_E_INTERRUPTED);
	T_EQ_U64(w.count, 64);
	image_release(&m);
}

int main(void)
{
	test_order_and_position();
	test_runs();
	test_runs_do_not_wrap();
	test_terminator();
	test_tail_runs();
	test_stale();
	test_full_last_area();
	test_unreadable();
	test_unreadable_in_large_area();
	test_largest_store();
	test_prefetch_grows();
	test_interrupt();
	return T_DONE();
}
