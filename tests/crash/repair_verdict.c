/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a state that a cut has left: going on has to come to the same store,
 * the header must not have come too early, and undoing has to lead back.
 */
#include "repair_trial.h"

#include <inttypes.h>
#include <psnap/undo.h>
#include <stdio.h>
#include <string.h>

uint64_t trial_bad(const struct trial *t)
{
	return t->lost + t->early + t->stuck;
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
	return fix_check(&ram->devices[0].io, trial_origin(t, ram), 0, result,
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
	wanted = trial_go_on(ram, t) == 0 && is_wanted(t, ram);
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

bool trial_judge(struct trial *t, struct ram *state)
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
	if (trial_go_on(state, t) != 0 || !is_wanted_when_told(t, state)) {
		t->lost++;
		good = false;
	}
	if (t->saving && t->visited % 8 == 0 && !leads_back(t, state)) {
		t->stuck++;
		good = false;
	}
	if (!good && !t->stop_at_loss && trial_bad(t) == 1)
		fprintf(stderr, "# image %" PRIu64 ": %s\n", t->seed,
			t->lost	   ? "comes to another end"
			: t->early ? "the header comes too early"
				   : "undoing does not lead back");
	return good;
}
