/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crash_repair [STATES] : cut the power during a repair of damaged stores,
 * STATES times, and during the repair of that, a tenth as often; a fifth of it
 * while saving for undo.
 *
 * Repairing again has to come to the same store: the same header, the same
 * exceptions, nothing else. Their order may differ, since it means nothing:
 * entries that had been moved up when the power went are not moved again. Until
 * the table is the one that the uncut repair makes, a header that kept the
 * kernel from loading it has to stay. And what was saved leads back.
 */
#include "repair_trial.h"
#include "states.h"
#include "test.h"
#include "workers.h"

#include <malloc.h>
#include <stdlib.h>

static bool visit_second(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	return trial_judge(t, state) || !t->stop_at_loss;
}

/* Cut again while going on from @state. */
static void cut_again(struct trial *t, struct ram *state)
{
	struct states s = { .random_per_point = 2,
			    .limit = 400,
			    .seed = t->visited + 1 };
	struct ram log;

	ram_init_like(&log, state);
	ram_copy_bytes(&log, state);
	log.recording = true;
	(void)trial_repair(&log, t);
	states_each(&s, state, &log, &t->deeper, visit_second, t);
	t->second_done += s.states;
	t->second_left -= s.states < t->second_left ? s.states : t->second_left;
	ram_release(&log);
}

static bool visit(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	if (++t->visited % 97 == 0 && t->second_left)
		cut_again(t, state);
	return trial_judge(t, state) || !t->stop_at_loss;
}

/* Try one image; how many states were tried. */
static uint64_t run(struct trial *t, uint64_t seed, uint64_t limit)
{
	struct states s = { .random_per_point = 40,
			    .limit = limit,
			    .seed = seed * 77 + 1 };
	struct ram before;
	struct ram log;
	struct ram state;

	trial_make(t, seed);
	{
		/* Of the origin only the size counts. */
		const uint64_t sizes[] = { t->damaged.size_bytes,
					   t->damaged.has_origin
						   ? t->damaged.origin_bytes
						   : 1,
					   UNDO_BYTES };

		ram_init(&before, sizes, t->saving ? 3 : 2);
	}
	ram_init_like(&log, &before);
	ram_init_like(&state, &before);
	ram_init_like(&t->deeper, &before);
	ram_init_like(&t->scratch, &before);
	memcpy(before.devices[0].bytes, t->damaged.bytes,
	       t->damaged.size_bytes);
	ram_copy_bytes(&log, &before);
	log.recording = true;
	trial_tell_size(t, &before);
	if (trial_repair(&log, t))
		t->lost++;
	memcpy(t->want.bytes, log.devices[0].bytes, t->want.size_bytes);
	states_each(&s, &before, &log, &state, visit, t);
	ram_release(&before);
	ram_release(&log);
	ram_release(&state);
	ram_release(&t->deeper);
	ram_release(&t->scratch);
	sample_release(&t->damaged);
	sample_release(&t->want);
	return s.states;
}

static void expect_caught(const char *name, struct trial *t)
{
	uint64_t states = 0;
	uint64_t seed;

	t->stop_at_loss = true;
	t->seen = calloc(SEEN_SLOTS, sizeof(*t->seen));
	if (!t->seen)
		abort();
	for (seed = 1; seed < 200 && trial_bad(t) == 0; seed++)
		states += run(t, seed, 2000);
	free(t->seen);
	T_OK(trial_bad(t) > 0, "%s: caught after %" PRIu64 " states", name,
	     states);
}

static void expect_all_caught(void)
{
	struct trial lying = { .lying_store = true };
	struct trial unsaved = { .saving = true };

	expect_caught("moving and clearing in one flush", &lying);
	expect_caught("undo file never flushed", &unsaved);
}

/* Images that came to another end once, each for a reason of its own. */
static void expect_none_again(void)
{
	static const uint64_t seeds[] = { 1291, 2555, 3416, 3602, 3623 };
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(*seeds); i++) {
		struct trial t = { .flush_undo = true,
				   .saving = seeds[i] % 5 == 0 };

		t.seen = calloc(SEEN_SLOTS, sizeof(*t.seen));
		if (!t.seen)
			abort();
		(void)run(&t, seeds[i], UINT64_MAX);
		free(t.seen);
		T_EQ_U64(trial_bad(&t), 0);
	}
}

/* One worker's share: every so manieth seed. */
static void work(const struct workers *w, unsigned int worker, uint64_t *sums)
{
	const uint64_t want = w->want[0] / w->count + 1;
	struct trial t = { .flush_undo = true,
			   .second_left = w->want[1] / w->count + 1 };
	uint64_t states = 0;
	uint64_t seed;

	t.seen = calloc(SEEN_SLOTS, sizeof(*t.seen));
	if (!t.seen)
		abort();
	for (seed = 1 + worker; states < want || t.second_left;
	     seed += w->count) {
		t.saving = seed % 5 == 0;
		states += run(&t, seed, want > states ? want - states : 2000);
	}
	free(t.seen);
	sums[0] = states;
	sums[1] = t.second_done;
	sums[2] = trial_bad(&t);
	sums[3] = t.distinct;
}

int main(int argc, char **argv)
{
	struct workers w = { .want = { 100000 } };

	/* Clearing the check's bitmaps of 32 MiB would be most of the time: those
	 * from mmap, the rest not. */
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	if (argc > 1)
		w.want[0] = strtoull(argv[1], NULL, 10);
	w.want[1] = w.want[0] / 10;
	expect_all_caught();
	expect_none_again();
	workers_run(&w, work);
	T_OK(w.sums[0] >= w.want[0], "%" PRIu64 " crash states", w.sums[0]);
	T_OK(w.sums[1] >= w.want[1], "%" PRIu64 " states of a second crash",
	     w.sums[1]);
	T_OK(w.sums[3] * 50 > w.sums[0],
	     "%" PRIu64 " of them differ from those before", w.sums[3]);
	T_EQ_U64(w.failed, 0);
	T_EQ_U64(w.sums[2], 0);
	return T_DONE();
}
