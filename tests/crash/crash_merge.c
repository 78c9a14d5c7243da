/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crash_merge [STATES [SECOND]] : cut the power during a merge, STATES times,
 * and during the recovery from that, SECOND times. Each state has to show the
 * same view, to be mergeable to the same end, and to leave nothing behind the
 * terminator. Wrong protocols prove that the test notices: each must be caught.
 */
#include "pair.h"
#include "states.h"
#include "test.h"

#include <malloc.h>
#include <stdlib.h>

/*
 * @want:    the origin as it has to be in the end
 * @view:    scratch of that size
 * @lost:    states in which something was lost
 * @second:  states to be tried during recovery, over all
 */
struct trial {
	uint8_t *want;
	uint8_t *view;
	uint64_t origin_bytes;
	uint64_t batch_bytes;
	uint64_t lost;
	uint64_t dirty;
	uint64_t second_left;
	uint64_t second_done;
	uint64_t visited;
	struct ram before;
	struct ram deeper;
	bool stop_at_loss;
};

static int merge_with(struct ram *ram, struct psnap_io *store,
		      struct psnap_io *origin, uint64_t batch_bytes)
{
	struct psnap_merge_options options = { .batch_bytes = batch_bytes };
	struct psnap_merge_result result;
	struct psnap_merge_plan plan;

	pair_plan(ram, &plan);
	return psnap_merge(store, origin, &options, &plan, &result, NULL);
}

static int merge(struct ram *ram, uint64_t batch_bytes)
{
	return merge_with(ram, &ram->devices[0].io, &ram->devices[1].io,
			  batch_bytes);
}

static bool judge(struct trial *t, struct ram *state)
{
	bool good;

	pair_view(state, t->view);
	good = memcmp(t->view, t->want, t->origin_bytes) == 0;
	good = merge(state, t->batch_bytes) == 0 && good;
	good = good && pair_count(state) == 0 &&
	       memcmp(state->devices[1].bytes, t->want, t->origin_bytes) == 0;
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

	t->second_done++;
	return judge(t, state) || !t->stop_at_loss;
}

/* Cut again while recovering from @state. */
static void cut_again(struct trial *t, struct ram *state)
{
	struct states s = { .random_per_point = 2,
			    .limit = 400,
			    .seed = t->visited + 1 };
	struct ram log;

	ram_copy_bytes(&t->before, state);
	ram_init_like(&log, state);
	ram_copy_bytes(&log, state);
	log.recording = true;
	(void)merge(&log, t->batch_bytes);
	states_each(&s, &t->before, &log, &t->deeper, visit_second, t);
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
typedef int protocol(struct ram *ram, uint64_t batch_bytes);

static int right(struct ram *ram, uint64_t batch_bytes)
{
	return merge(ram, batch_bytes);
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
	ram_init_like(&t->before, &before);
	ram_init_like(&t->deeper, &before);
	t->want = calloc(1, origin_bytes);
	t->view = calloc(1, origin_bytes);
	if (!t->want || !t->view)
		abort();
	t->origin_bytes = origin_bytes;
	t->batch_bytes = batch_bytes;
	pair_make(&before, exceptions, seed);
	pair_view(&before, t->want);
	ram_copy_bytes(&log, &before);
	log.recording = true;
	if (how(&log, batch_bytes))
		t->lost++;
	states_each(&s, &before, &log, &state, visit, t);
	ram_release(&before);
	ram_release(&log);
	ram_release(&state);
	ram_release(&t->before);
	ram_release(&t->deeper);
	free(t->want);
	free(t->view);
	return s.states;
}

/* An origin whose flush does nothing, or waits for the store's. */
struct lazy {
	struct psnap_io io;
	struct psnap_io_ops ops;
	struct psnap_io *inner;
	struct psnap_io *also;
};

static int64_t lazy_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			 size_t len_bytes)
{
	struct lazy *l = (struct lazy *)(void *)io;

	return l->inner->ops->read_some(l->inner, offset_bytes, buf, len_bytes);
}

static int64_t lazy_write(struct psnap_io *io, uint64_t offset_bytes,
			  const void *buf, size_t len_bytes)
{
	struct lazy *l = (struct lazy *)(void *)io;

	return l->inner->ops->write_some(l->inner, offset_bytes, buf,
					 len_bytes);
}

static int no_sync(struct psnap_io *io)
{
	(void)io;
	return 0;
}

/* One flush for data and table together. */
static int sync_both(struct psnap_io *io)
{
	struct lazy *l = (struct lazy *)(void *)io;
	int rc = l->also->ops->sync(l->also);

	return rc ? rc : l->inner->ops->sync(l->inner);
}

static void lazy_init(struct lazy *l, struct psnap_io *inner,
		      int (*sync)(struct psnap_io *io), struct psnap_io *also)
{
	l->inner = inner;
	l->also = also;
	l->io = *inner;
	l->ops = (struct psnap_io_ops){ .read_some = lazy_read,
					.write_some = lazy_write,
					.sync = sync };
	l->io.ops = &l->ops;
}

static int without_origin_flush(struct ram *ram, uint64_t batch_bytes)
{
	struct lazy origin;

	lazy_init(&origin, &ram->devices[1].io, no_sync, NULL);
	return merge_with(ram, &ram->devices[0].io, &origin.io, batch_bytes);
}

static int in_one_flush(struct ram *ram, uint64_t batch_bytes)
{
	struct lazy origin;
	struct lazy store;

	lazy_init(&origin, &ram->devices[1].io, no_sync, NULL);
	lazy_init(&store, &ram->devices[0].io, sync_both, &ram->devices[1].io);
	return merge_with(ram, &store.io, &origin.io, batch_bytes);
}

/* Area by area from the front: copy, flush, clear, flush. */
static int front_to_back(struct ram *ram, uint64_t batch_bytes)
{
	struct psnap_io *store = &ram->devices[0].io;
	struct psnap_io *origin = &ram->devices[1].io;
	static const uint8_t zeros[PAIR_CHUNK_BYTES];
	uint64_t count = pair_count(ram);
	uint8_t *view = malloc(origin->size_bytes);
	uint64_t area;
	int rc = 0;

	(void)batch_bytes;
	if (!view)
		abort();
	pair_view(ram, view);
	for (area = 0; area <= count / PAIR_PER_AREA && rc == 0; area++) {
		rc = psnap_io_write(origin, 0, view, origin->size_bytes / 2,
				    NULL);
		if (rc == 0)
			rc = psnap_io_sync(origin, NULL);
		if (rc == 0)
			rc = psnap_io_write(store,
					    (1 + area * (PAIR_PER_AREA + 1)) *
						    PAIR_CHUNK_BYTES,
					    zeros, sizeof(zeros), NULL);
		if (rc == 0)
			rc = psnap_io_sync(store, NULL);
	}
	if (rc == 0)
		rc = psnap_io_write(origin, 0, view, origin->size_bytes, NULL);
	free(view);
	return rc;
}

static void expect_caught(const char *name, protocol *how)
{
	struct trial t = { .stop_at_loss = true };
	uint64_t states = run(how, 70, 1, 16 * PAIR_CHUNK_BYTES, &t, 0, 8);

	T_OK(t.lost > 0, "%s: caught after %" PRIu64 " states", name, states);
}

static uint64_t argument(int argc, char **argv, int i, uint64_t otherwise)
{
	return argc > i ? strtoull(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	static const uint64_t counts[] = { 70, 0, 1, 31, 32, 33, 64, 65, 20 };
	static const uint64_t batches[] = { 16, 1, 7, 1000, 32, 33 };
	const uint64_t want = argument(argc, argv, 1, 100000);
	const uint64_t second = argument(argc, argv, 2, 10000);
	struct trial t = { .second_left = second };
	uint64_t states = 0;
	uint64_t seed;

	/* A megabyte from mmap for each merge would be most of the time. */
	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	expect_caught("no flush of the origin before clearing",
		      without_origin_flush);
	expect_caught("data and table in one flush", in_one_flush);
	expect_caught("clearing from front to back", front_to_back);
	for (seed = 1; states < want || t.second_left; seed++)
		states += run(right, counts[seed % 9], seed,
			      batches[seed % 6] * PAIR_CHUNK_BYTES, &t,
			      want > states ? want - states : 2000, 12);
	T_OK(states >= want, "%" PRIu64 " crash states", states);
	T_OK(t.second_done >= second, "%" PRIu64 " states of a second crash",
	     t.second_done);
	T_EQ_U64(t.lost, 0);
	T_EQ_U64(t.dirty, 0);
	return T_DONE();
}
