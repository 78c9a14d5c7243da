/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crash_undo [STATES] : cut the power during a merge that saves for undo, on
 * three devices at once (store, origin, undo file), then undo; and cut the undo
 * too. Every state has to come back to the original bytes. A wrong protocol,
 * an undo file that is never flushed, has to be caught.
 */
#include "again.h"
#include "follow.h"
#include "pair.h"
#include "states.h"
#include "test.h"
#include "workers.h"

#include <malloc.h>
#include <psnap/undo.h>
#include <stdlib.h>

#define UNDO_BYTES (1u << 20)

struct trial {
	const struct ram *original;
	struct ram deeper;
	struct again *again;
	uint64_t batch_bytes;
	struct psnap_extents *only;
	uint64_t lost;
	uint64_t visited;
	uint64_t second_done;
	uint64_t second_want;
	bool flush_undo;
	bool stop_at_loss;
};

static int merge_saving(struct ram *ram, const struct trial *t)
{
	struct psnap_io *const devices[] = { &ram->devices[0].io,
					     &ram->devices[1].io };
	struct psnap_merge_options options = { .batch_bytes = t->batch_bytes,
					       .only = t->only };
	struct psnap_merge_result result;
	struct psnap_merge_plan plan;
	struct psnap_undo *undo;
	int rc;

	pair_plan(ram, &plan);
	ram->devices[2].ignore_sync = !t->flush_undo;
	rc = psnap_undo_open(&ram->devices[2].io, devices, &undo, NULL);
	if (rc)
		return rc;
	rc = psnap_merge(psnap_undo_io(undo, PSNAP_UNDO_STORE),
			 psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), &options,
			 &plan, &result, NULL);
	psnap_undo_close(undo);
	return rc;
}

/* Of one in a hundred all bytes are compared, so that it shows if there were
 * writes that nobody noted. */
static bool same_pair(const struct ram *a, const struct ram *b)
{
	static unsigned int calls;
	bool all = ++calls % 100 == 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct ram_device *d = &a->devices[i];
		bool same = follow_same(a, b, i);

		if (all && same != (memcmp(d->bytes, b->devices[i].bytes,
					   d->io.size_bytes) == 0))
			abort();
		if (!same)
			return false;
	}
	return true;
}

/*
 * When not even the header is there, nothing was overwritten. Mostly the undo
 * file is as psnap undo opens it, of the length that it has; a command that
 * goes on saving learns only from reading where it ends.
 */
static bool put_back(struct ram *ram)
{
	struct psnap_io *const devices[] = { &ram->devices[0].io,
					     &ram->devices[1].io };
	struct psnap_io *file = &ram->devices[2].io;
	const uint64_t room_bytes = file->size_bytes;
	static unsigned int calls;
	struct psnap_undo_info info;
	int rc;

	if (++calls % 8)
		file->size_bytes = ram->devices[2].len_bytes;
	rc = psnap_undo_apply(file, devices, NULL, &info, NULL);
	file->size_bytes = room_bytes;
	return rc == 0 || rc == PSNAP_E_CORRUPT;
}

static int recover(struct ram *state, const void *ctx)
{
	(void)ctx;
	return put_back(state) ? 0 : -1;
}

static bool undo(struct trial *t, struct ram *state)
{
	return again_recover(t->again, state, recover, NULL) == 0 &&
	       same_pair(state, t->original);
}

static bool visit_second(void *ctx, struct ram *state)
{
	struct trial *t = ctx;
	bool good = undo(t, state);

	t->lost += !good;
	return good || !t->stop_at_loss;
}

/* Merge on with the same undo file, or undo: both may be cut again. */
static void cut_again(struct trial *t, const struct ram *state, bool merge_on)
{
	struct states s = { .random_per_point = 2,
			    .limit = 200,
			    .seed = t->visited + 7 };
	struct ram log;

	ram_init_like(&log, state);
	ram_copy_bytes(&log, state);
	log.recording = true;
	if (merge_on)
		(void)merge_saving(&log, t);
	else
		(void)put_back(&log);
	states_each(&s, state, &log, &t->deeper, visit_second, t);
	t->second_done += s.states;
	ram_release(&log);
}

static bool visit(void *ctx, struct ram *state)
{
	struct trial *t = ctx;
	bool good;

	if (t->second_done < t->second_want && ++t->visited % 53 == 0)
		cut_again(t, state, t->visited % 2 == 0);
	good = undo(t, state);
	t->lost += !good;
	return good || !t->stop_at_loss;
}

/* Of half of the pairs a range, so that entries are moved. */
static void choose_range(struct trial *t, uint64_t seed)
{
	uint64_t bytes = t->original->devices[1].io.size_bytes;

	t->only = NULL;
	if (seed / 2 % 2 == 1 &&
	    (psnap_extents_new(&t->only, NULL) ||
	     psnap_extents_add(t->only, bytes / (2 + seed % 7),
			       bytes - bytes / (3 + seed % 5), NULL)))
		abort();
}

static uint64_t run(uint64_t exceptions, uint64_t seed, struct trial *t,
		    uint64_t limit)
{
	const uint64_t sizes[] = { pair_store_bytes(exceptions),
				   pair_origin_bytes(exceptions), UNDO_BYTES };
	struct states s = { .random_per_point = 8,
			    .limit = limit,
			    .seed = seed * 31 + 5 };
	struct ram before;
	struct ram log;
	struct ram state;

	ram_init(&before, sizes, 3);
	pair_make(&before, exceptions, seed);
	ram_init_like(&log, &before);
	ram_init_like(&state, &before);
	ram_init_like(&t->deeper, &before);
	t->again = again_new();
	ram_copy_bytes(&log, &before);
	log.recording = true;
	t->original = &before;
	choose_range(t, seed);
	if (merge_saving(&log, t))
		t->lost++;
	states_each(&s, &before, &log, &state, visit, t);
	ram_release(&before);
	ram_release(&log);
	ram_release(&state);
	ram_release(&t->deeper);
	again_free(t->again);
	psnap_extents_free(t->only);
	return s.states;
}

/* One worker's share: every so manieth seed. */
static void work(const struct workers *w, unsigned int worker, uint64_t *sums)
{
	static const uint64_t counts[] = { 40, 1, 33, 70, 10, 150 };
	static const uint64_t batches[] = { 16, 7, 1000, 33 };
	const uint64_t want = w->want[0] / w->count + 1;
	struct trial t = { .flush_undo = true,
			   .second_want = w->want[1] / w->count + 1 };
	uint64_t states = 0;
	uint64_t seed;

	for (seed = 1 + worker; states < want; seed += w->count) {
		pair_chunk_bytes = seed % 3 == 2 ? 1024 : 512;
		t.batch_bytes = batches[seed % 4] * pair_chunk_bytes;
		states += run(counts[seed % 6], seed, &t, want - states);
	}
	sums[0] = states;
	sums[1] = t.second_done;
	sums[2] = t.lost;
}

int main(int argc, char **argv)
{
	struct trial wrong = { .stop_at_loss = true,
			       .batch_bytes = 16 * pair_chunk_bytes };
	struct workers w = { .want = { 20000 } };
	uint64_t states;

	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	if (argc > 1)
		w.want[0] = strtoull(argv[1], NULL, 10);
	w.want[1] = w.want[0] / 10;
	states = run(40, 1, &wrong, 0);
	T_OK(wrong.lost > 0,
	     "undo file never flushed: caught after %" PRIu64 " states",
	     states);
	workers_run(&w, work);
	T_OK(w.sums[0] >= w.want[0], "%" PRIu64 " crash states", w.sums[0]);
	T_OK(w.sums[1] >= w.want[1], "%" PRIu64 " states of a second crash",
	     w.sums[1]);
	T_EQ_U64(w.failed, 0);
	T_EQ_U64(w.sums[2], 0);
	return T_DONE();
}
