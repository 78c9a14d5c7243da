/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crash_merge [STATES] : cut the power during a merge, STATES times, and during
 * the recovery from that, a tenth as often; of everything, and of a
 * range only. Each state has to show the same view, to be mergeable to the same
 * end, and to leave nothing behind the terminator. Wrong protocols prove that
 * the test notices: each must be caught.
 */
#include "again.h"
#include "lazy.h"
#include "pair.h"
#include "states.h"
#include "test.h"
#include "workers.h"

#include <malloc.h>
#include <stdlib.h>

/*
 * @want:    the origin as it has to be in the end
 * @start_bytes, @end_bytes:  of the origin, what is merged; @only is the same,
 *           NULL: everything
 * @kept:    exceptions that have to be left
 * @lost:    states in which something was lost
 * @second:  states to be tried during recovery, over all
 */
struct trial {
	uint8_t *want;
	uint64_t origin_bytes;
	uint64_t batch_bytes;
	uint64_t start_bytes;
	uint64_t end_bytes;
	struct psnap_extents *only;
	uint64_t kept;
	uint64_t lost;
	uint64_t dirty;
	uint64_t second_left;
	uint64_t second_done;
	uint64_t visited;
	struct ram deeper;
	struct again *again;
	bool stop_at_loss;
};

static int merge_with(struct ram *ram, struct psnap_io *store,
		      struct psnap_io *origin, const struct trial *t)
{
	struct psnap_merge_options options = { .batch_bytes = t->batch_bytes,
					       .only = t->only };
	struct psnap_merge_result result;
	struct psnap_merge_plan plan;

	pair_plan(ram, &plan);
	return psnap_merge(store, origin, &options, &plan, &result, NULL);
}

static int merge(struct ram *ram, const struct trial *t)
{
	return merge_with(ram, &ram->devices[0].io, &ram->devices[1].io, t);
}

static int recover(struct ram *ram, const void *ctx)
{
	return merge(ram, ctx);
}

/* Nothing is left of the chunks that lie wholly inside what was asked for, and
 * nothing else is gone. When the view is right, it is on the origin then. */
static bool is_merged(const struct trial *t, const struct ram *state)
{
	return pair_count(state) == t->kept &&
	       pair_count_outside(state, t->start_bytes, t->end_bytes) ==
		       t->kept &&
	       pair_count_again(state) == 0;
}

static bool judge(struct trial *t, struct ram *state)
{
	bool good = pair_shows(state, t->want);

	good = again_recover(t->again, state, recover, t) == 0 && good;
	good = good && pair_shows(state, t->want) && is_merged(t, state);
	if (good && !pair_tail_clean(state)) {
		t->dirty++;
		good = false;
	}
	t->lost += !good;
	return good;
}

static bool visit_second(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	return judge(t, state) || !t->stop_at_loss;
}

/* Cut again while recovering from @state. */
static void cut_again(struct trial *t, struct ram *state)
{
	struct states s = { .random_per_point = 2,
			    .limit = 400,
			    .seed = t->visited + 1 };
	struct ram log;

	ram_init_like(&log, state);
	ram_copy_bytes(&log, state);
	log.recording = true;
	(void)merge(&log, t);
	states_each(&s, state, &log, &t->deeper, visit_second, t);
	t->second_done += s.states;
	t->second_left -= s.states < t->second_left ? s.states : t->second_left;
	ram_release(&log);
}

static bool visit(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	if (t->second_left && ++t->visited % 97 == 0)
		cut_again(t, state);
	return judge(t, state) || !t->stop_at_loss;
}

/* A merge to be recorded; each wrong one forgets one rule. */
typedef int protocol(struct ram *ram, const struct trial *t);

static int right(struct ram *ram, const struct trial *t)
{
	return merge(ram, t);
}

/* Of half of the pairs a range in the middle, which may cut chunks. */
static void choose_range(struct trial *t, const struct ram *before,
			 uint64_t seed)
{
	t->start_bytes = 0;
	t->end_bytes = t->origin_bytes;
	t->only = NULL;
	if (seed / 2 % 2 == 1) {
		t->start_bytes = t->origin_bytes / (2 + seed % 7);
		t->end_bytes -= t->origin_bytes / (3 + seed % 5);
		if (psnap_extents_new(&t->only, NULL) ||
		    psnap_extents_add(t->only, t->start_bytes, t->end_bytes,
				      NULL))
			abort();
	}
	t->kept = pair_count_outside(before, t->start_bytes, t->end_bytes);
}

/* Try one pair; how many states were tried. */
static uint64_t run(protocol *how, uint64_t exceptions, uint64_t seed,
		    uint64_t batch_bytes, struct trial *t, uint64_t limit,
		    uint64_t random_per_point)
{
	const uint64_t sizes_bytes[] = { pair_store_bytes(exceptions),
					 pair_origin_bytes(exceptions) };
	uint64_t origin_bytes = sizes_bytes[1];
	struct states s = { .random_per_point = random_per_point,
			    .limit = limit,
			    .seed = seed * 77 + 1 };
	struct ram before;
	struct ram log;
	struct ram state;

	ram_init(&before, sizes_bytes, 2);
	ram_init_like(&log, &before);
	ram_init_like(&state, &before);
	ram_init_like(&t->deeper, &before);
	t->again = again_new();
	t->want = calloc(1, origin_bytes);
	if (!t->want)
		abort();
	t->origin_bytes = origin_bytes;
	t->batch_bytes = batch_bytes;
	pair_make(&before, exceptions, seed);
	pair_view(&before, t->want);
	choose_range(t, &before, seed);
	ram_copy_bytes(&log, &before);
	log.recording = true;
	if (how(&log, t))
		t->lost++;
	states_each(&s, &before, &log, &state, visit, t);
	ram_release(&before);
	ram_release(&log);
	ram_release(&state);
	ram_release(&t->deeper);
	again_free(t->again);
	psnap_extents_free(t->only);
	free(t->want);
	return s.states;
}

static int without_origin_flush(struct ram *ram, const struct trial *t)
{
	struct lazy origin;

	lazy_init(&origin, &ram->devices[1].io, NULL, NULL);
	return merge_with(ram, &ram->devices[0].io, &origin.io, t);
}

/* Entries that stay: their old slots are cleared before the new ones are
 * durable. */
static int without_store_flush(struct ram *ram, const struct trial *t)
{
	struct lazy store;

	lazy_init(&store, &ram->devices[0].io, NULL, NULL);
	return merge_with(ram, &store.io, &ram->devices[1].io, t);
}

static int in_one_flush(struct ram *ram, const struct trial *t)
{
	struct lazy origin;
	struct lazy store;

	lazy_init(&origin, &ram->devices[1].io, NULL, NULL);
	lazy_init(&store, &ram->devices[0].io, &ram->devices[1].io,
		  &ram->devices[0].io);
	return merge_with(ram, &store.io, &origin.io, t);
}

/* Area by area from the front: copy, flush, clear, flush. */
static int front_to_back(struct ram *ram, const struct trial *t)
{
	struct psnap_io *store = &ram->devices[0].io;
	struct psnap_io *origin = &ram->devices[1].io;
	static const uint8_t zeros[512];
	uint64_t count = pair_count(ram);
	uint8_t *view = malloc(origin->size_bytes);
	uint64_t area;
	int rc = 0;

	(void)t;
	if (!view)
		abort();
	pair_view(ram, view);
	for (area = 0; area <= count / (pair_chunk_bytes / 16) && rc == 0;
	     area++) {
		rc = psnap_io_write(origin, 0, view, origin->size_bytes / 2,
				    NULL);
		if (rc == 0)
			rc = psnap_io_sync(origin, NULL);
		if (rc == 0)
			rc = psnap_io_write(
				store,
				(1 + area * ((pair_chunk_bytes / 16) + 1)) *
					pair_chunk_bytes,
				zeros, sizeof(zeros), NULL);
		if (rc == 0)
			rc = psnap_io_sync(store, NULL);
	}
	if (rc == 0)
		rc = psnap_io_write(origin, 0, view, origin->size_bytes, NULL);
	free(view);
	return rc;
}

static void expect_caught(const char *name, protocol *how, uint64_t seed)
{
	struct trial t = { .stop_at_loss = true };
	uint64_t states = run(how, 70, seed, 16 * pair_chunk_bytes, &t, 0, 8);

	T_OK(t.lost > 0, "%s: caught after %" PRIu64 " states", name, states);
}

static void expect_all_caught(void)
{
	expect_caught("no flush of the origin before clearing",
		      without_origin_flush, 1);
	expect_caught("data and table in one flush", in_one_flush, 1);
	expect_caught("clearing from front to back", front_to_back, 1);
	expect_caught("moving and clearing in one flush", without_store_flush,
		      2);
}

/* More entries to be moved than are moved at once. */
static void check_many_moves(void)
{
	struct trial t = { 0 };
	uint64_t states =
		run(right, 2600, 2, 4000 * pair_chunk_bytes, &t, 100, 1);

	T_OK(t.kept > 800 && t.lost == 0,
	     "%" PRIu64 " states of a merge that leaves %" PRIu64 " exceptions",
	     states, t.kept);
}

/* One worker's share: every so manieth seed. */
static void work(const struct workers *w, unsigned int worker, uint64_t *sums)
{
	static const uint64_t counts[] = { 70, 0, 1, 31, 32, 33, 64, 65, 20 };
	static const uint64_t batches[] = { 16, 1, 7, 1000, 32, 33 };
	const uint64_t want = w->want[0] / w->count + 1;
	const uint64_t second = w->want[1] / w->count + 1;
	struct trial t = { .second_left = second };
	uint64_t states = 0;
	uint64_t seed;

	for (seed = 1 + worker; states < want || t.second_left;
	     seed += w->count) {
		pair_chunk_bytes = seed % 3 == 0 ? 2048 : 512;
		states += run(right, counts[seed % 9], seed,
			      batches[seed % 6] * pair_chunk_bytes, &t,
			      want > states ? want - states : 2000, 12);
	}
	sums[0] = states;
	sums[1] = t.second_done;
	sums[2] = t.lost;
	sums[3] = t.dirty;
}

int main(int argc, char **argv)
{
	struct workers w = { .want = { 100000, 10000 } };

	/* A megabyte from mmap for each merge would be most of the time. */
	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	if (argc > 1) {
		w.want[0] = strtoull(argv[1], NULL, 10);
		w.want[1] = w.want[0] / 10;
	}
	expect_all_caught();
	check_many_moves();
	workers_run(&w, work);
	T_OK(w.sums[0] >= w.want[0], "%" PRIu64 " crash states", w.sums[0]);
	T_OK(w.sums[1] >= w.want[1], "%" PRIu64 " states of a second crash",
	     w.sums[1]);
	T_EQ_U64(w.failed, 0);
	T_EQ_U64(w.sums[2], 0);
	T_EQ_U64(w.sums[3], 0);
	return T_DONE();
}
