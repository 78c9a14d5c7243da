/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs: entries that follow each other in both numbers and in the table, joined
 * as far as they go.
 */
#include "walk_internal.h"

void psnap_run_skip(const struct psnap_geometry *geo, struct psnap_run *run,
		    uint64_t distance)
{
	uint64_t slot = run->entry_index + distance;

	run->old_chunk += distance;
	run->new_chunk += distance;
	run->chunks -= distance;
	/* Rarely so, and a division is what a dump of entries would wait for. */
	if (slot >= geo->exceptions_per_area) {
		run->area_index += slot / geo->exceptions_per_area;
		slot %= geo->exceptions_per_area;
	}
	run->entry_index = (uint32_t)slot;
}

static uint64_t position(const struct psnap_walk *w, const struct psnap_run *r)
{
	return r->area_index * w->geo->exceptions_per_area + r->entry_index;
}

/* Neither number may wrap from 2^64 - 1 to 0 within a run. */
static bool continues(const struct psnap_run *run, uint64_t old_chunk,
		      uint64_t new_chunk)
{
	return old_chunk != 0 && old_chunk == run->old_chunk + run->chunks &&
	       new_chunk != 0 && new_chunk == run->new_chunk + run->chunks;
}

/* The fast path: as far as the loaded slice goes. */
static void extend_in_slice(struct psnap_walk *w, struct psnap_run *run)
{
	struct slice_reader *s = &w->slice;

	for (; s->next < s->count; s->next++) {
		const struct disk_exception *e = &s->entries[s->next];
		uint64_t new_chunk = le64_get(e->new_chunk);

		if (!continues(run, le64_get(e->old_chunk), new_chunk))
			return;
		if (w->phase == LIVE)
			psnap_walk_count_live(&w->totals, new_chunk);
		run->chunks++;
	}
}

/* What was met behind a run is handed out by the next call. */
static int take_held(struct psnap_walk *w, struct psnap_run *run,
		     struct psnap_error *err)
{
	int rc = w->held_rc;

	if (w->has_held) {
		*run = w->held;
		w->has_held = false;
		return 1;
	}
	if (rc == 0)
		return psnap_walk_next(w, run, err);
	w->held_rc = 0;
	if (err)
		*err = w->held_err;
	return rc;
}

int psnap_walk_next_run(struct psnap_walk *walk, struct psnap_run *run,
			struct psnap_error *err)
{
	int rc = 1;

	if (walk->has_held || walk->held_rc ||
	    !psnap_walk_take_loaded(walk, run))
		rc = take_held(walk, run, err);
	while (rc == 1) {
		struct psnap_run next;

		extend_in_slice(walk, run);
		if (walk->slice.next < walk->slice.count)
			return 1;
		rc = psnap_walk_next(walk, &next, &walk->held_err);
		if (rc <= 0) {
			walk->held_rc = rc;
			return 1;
		}
		if (continues(run, next.old_chunk, next.new_chunk) &&
		    next.state == run->state &&
		    position(walk, &next) ==
			    position(walk, run) + run->chunks) {
			run->chunks++;
			continue;
		}
		walk->held = next;
		walk->has_held = true;
		return 1;
	}
	return rc;
}
