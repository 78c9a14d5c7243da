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
#include "follow.h"
#include "lazy.h"
#include "seen.h"
#include "states.h"
#include "test.h"
#include "workers.h"

#include "../property/damage.h"
#include "../property/fix.h"
#include "../property/table.h"

#include <malloc.h>
#include <psnap/undo.h>
#include <stdlib.h>

#define UNDO_BYTES (192u * 1024u)

/*
 * @damaged:      where the repair begins
 * @want:         where the uncut one ends
 * @refused:      the kernel does not load @damaged, because of its header
 * @told_bytes:   the chunk size, if it has to be told
 * @saving:       with an undo file
 * @seen:         hashes of states that need not be tried once more
 * @lost:         states from which the same end is not reached
 * @early:        states with a header that was made whole too early
 * @stuck:        states from which undoing does not lead back
 */
struct trial {
	struct sample damaged;
	struct sample want;
	bool refused;
	uint64_t told_bytes;
	bool saving;
	bool flush_undo;
	bool lying_store;
	bool stop_at_loss;
	uint64_t *seen;
	uint64_t lost;
	uint64_t early;
	uint64_t stuck;
	uint64_t distinct;
	uint64_t visited;
	uint64_t second_left;
	uint64_t second_done;
	uint64_t seed;
	struct ram deeper;
	struct ram scratch;
};

static uint64_t bad(const struct trial *t)
{
	return t->lost + t->early + t->stuck;
}

static struct psnap_io *origin_of(const struct trial *t, struct ram *ram)
{
	return t->damaged.has_origin ? &ram->devices[1].io : NULL;
}

static int repair_on(struct ram *ram, struct psnap_io *store,
		     const struct trial *t)
{
	struct fix f;
	int rc;

	fix_init(&f);
	f.options.chunk_bytes = t->told_bytes;
	f.options.alone = t->seed % 2;
	rc = fix_plan(&f, store, origin_of(t, ram), t->damaged.chunk_bytes);
	return rc ? rc : fix_apply(&f, store, origin_of(t, ram));
}

static int repair_saving(struct ram *ram, const struct trial *t)
{
	struct psnap_io *const devices[] = { &ram->devices[0].io,
					     &ram->devices[1].io };
	struct psnap_undo *undo;
	int rc;

	ram->devices[2].ignore_sync = !t->flush_undo;
	rc = psnap_undo_open(&ram->devices[2].io, devices, &undo, NULL);
	if (rc)
		return rc;
	rc = repair_on(ram, psnap_undo_io(undo, PSNAP_UNDO_STORE), t);
	psnap_undo_close(undo);
	return rc;
}

static int repair(struct ram *ram, const struct trial *t)
{
	struct lazy lying;

	if (t->saving)
		return repair_saving(ram, t);
	if (!t->lying_store)
		return repair_on(ram, &ram->devices[0].io, t);
	lazy_init(&lying, &ram->devices[0].io, NULL, NULL);
	return repair_on(ram, &lying.io, t);
}

/* An undo file without a whole header is none: nothing was overwritten yet, and
 * one begins anew. */
static int go_on(struct ram *ram, const struct trial *t)
{
	int rc = repair(ram, t);

	if (rc != PSNAP_E_CORRUPT || !t->saving ||
	    memcmp(ram->devices[0].bytes, t->damaged.bytes,
		   t->damaged.size_bytes) != 0)
		return rc;
	memset(ram->devices[2].bytes, 0, ram->devices[2].len_bytes);
	follow_note(&ram->devices[2], 0, ram->devices[2].len_bytes);
	ram->devices[2].len_bytes = 0;
	return repair(ram, t);
}

/* Of a store in @ram. */
static struct sample view_of(const struct trial *t, const struct ram *ram)
{
	struct sample s = t->damaged;

	s.bytes = ram->devices[0].bytes;
	return s;
}

static bool is_clean(struct trial *t, struct ram *ram,
		     struct psnap_check_result *result)
{
	return fix_check(&ram->devices[0].io, origin_of(t, ram), 0, result,
			 NULL) == 0 &&
	       !fix_unclean(result);
}

/* Has a slot of @s the same exception, or one that claims a chunk of it? */
static bool has_claim(const struct sample *s, struct pair_entry e)
{
	uint64_t live = table_live(s);
	uint64_t slot;

	for (slot = 0; slot < live; slot++) {
		struct pair_entry other = table_entry(s, slot);

		if (other.old_chunk == e.old_chunk ||
		    other.new_chunk == e.new_chunk)
			return true;
	}
	return false;
}

/*
 * Which of two exceptions for one new chunk stays depends on their neighbours,
 * and those may have moved before the cut. Then the other one may stay: as many
 * do, and each of them in the place of one that claims the same chunk.
 */
static bool differs_by_rivals(const struct sample *now,
			      const struct sample *want)
{
	uint64_t live = table_live(now);
	uint64_t slot;

	if (live != table_live(want))
		return false;
	for (slot = 0; slot < live; slot++)
		if (!has_claim(want, table_entry(now, slot)))
			return false;
	return true;
}

static bool is_wanted(struct trial *t, struct ram *ram)
{
	struct psnap_check_result result;
	struct sample now = view_of(t, ram);

	if (memcmp(now.bytes, t->want.bytes, now.size_bytes) == 0)
		return true;
	if (!is_clean(t, ram, &result))
		return false;
	/* A store without exceptions whose magic is lost: nothing to repair, once
	 * what stood behind the end is gone. */
	if (result.state == PSNAP_STATE_BLANK)
		return table_live(&now) == 0 && table_live(&t->want) == 0;
	return table_same_store(&now, &t->want) ||
	       differs_by_rivals(&now, &t->want);
}

/*
 * When no exception stays, a header that is not there yet is all that could tell
 * the chunk size: the second run asks for it, and somebody tells.
 */
static bool is_wanted_when_told(struct trial *t, struct ram *ram)
{
	struct sample now = view_of(t, ram);
	bool wanted;

	if (is_wanted(t, ram))
		return true;
	if (t->told_bytes || table_live(&now) || table_live(&t->want) ||
	    table_header_loads(&now))
		return false;
	t->told_bytes = t->damaged.chunk_bytes;
	wanted = go_on(ram, t) == 0 && is_wanted(t, ram);
	t->told_bytes = 0;
	return wanted;
}

static bool too_early(const struct trial *t, const struct ram *ram)
{
	struct sample now = view_of(t, ram);

	return t->refused && table_header_loads(&now) &&
	       !table_same_store(&now, &t->want);
}

/* When not even its header is there, nothing was overwritten. */
static bool leads_back(struct trial *t, struct ram *ram)
{
	struct psnap_io *const devices[] = { &ram->devices[0].io,
					     &ram->devices[1].io };
	struct psnap_undo_info info;
	int rc = psnap_undo_apply(&ram->devices[2].io, devices, NULL, &info,
				  NULL);

	return (rc == 0 || rc == PSNAP_E_CORRUPT) &&
	       memcmp(ram->devices[0].bytes, t->damaged.bytes,
		      t->damaged.size_bytes) == 0;
}

/* The same bytes come to the same end. */
static bool was_seen(struct trial *t, const struct ram *ram)
{
	bool seen = seen_before(t->seen, ram);

	t->distinct += !seen;
	return seen;
}

static bool judge(struct trial *t, struct ram *state)
{
	bool good;

	if (was_seen(t, state))
		return true;
	good = !too_early(t, state);
	t->early += !good;
	if (t->saving) {
		bool back;

		ram_copy_bytes(&t->scratch, state);
		back = leads_back(t, &t->scratch);
		t->stuck += !back;
		good = good && back;
	}
	if (go_on(state, t) != 0 || !is_wanted_when_told(t, state)) {
		t->lost++;
		good = false;
	}
	if (t->saving && t->visited % 8 == 0 && !leads_back(t, state)) {
		t->stuck++;
		good = false;
	}
	if (!good && !t->stop_at_loss && bad(t) == 1)
		fprintf(stderr, "# image %" PRIu64 ": %s\n", t->seed,
			t->lost	   ? "comes to another end"
			: t->early ? "the header comes too early"
				   : "undoing does not lead back");
	return good;
}

static bool visit_second(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	t->second_done++;
	return judge(t, state) || !t->stop_at_loss;
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
	(void)repair(&log, t);
	states_each(&s, state, &log, &t->deeper, visit_second, t);
	t->second_left -= s.states < t->second_left ? s.states : t->second_left;
	ram_release(&log);
}

static bool visit(void *ctx, struct ram *state)
{
	struct trial *t = ctx;

	if (++t->visited % 97 == 0 && t->second_left)
		cut_again(t, state);
	return judge(t, state) || !t->stop_at_loss;
}

/* A store to repair. */
static void make(struct trial *t, uint64_t seed)
{
	sample_make(&t->damaged, seed, seed % 4 ? 512 : 1024, 3);
	(void)damage_some(&t->damaged);
	t->refused = !table_header_loads(&t->damaged);
	t->told_bytes = 0;
	sample_copy(&t->want, &t->damaged);
	memset(t->seen, 0, SEEN_SLOTS * sizeof(*t->seen));
	t->seed = seed;
}

/* Whoever had to tell the chunk size tells it again. */
static void tell_size(struct trial *t, struct ram *ram)
{
	struct fix f;

	fix_init(&f);
	if (fix_plan(&f, &ram->devices[0].io, origin_of(t, ram),
		     t->damaged.chunk_bytes))
		abort();
	if (f.asked || !f.plan.before.has_geometry)
		t->told_bytes = t->damaged.chunk_bytes;
	fix_end(&f);
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

	make(t, seed);
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
	tell_size(t, &before);
	if (repair(&log, t))
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
	for (seed = 1; seed < 200 && bad(t) == 0; seed++)
		states += run(t, seed, 2000);
	free(t->seen);
	T_OK(bad(t) > 0, "%s: caught after %" PRIu64 " states", name, states);
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
		T_EQ_U64(bad(&t), 0);
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
	sums[2] = bad(&t);
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
