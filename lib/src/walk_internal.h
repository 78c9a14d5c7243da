/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a walk, and the path that millions of entries take. Phases are
 * walk.c's business, joining entries to runs is walk_run.c's.
 */
#ifndef PSNAP_WALK_INTERNAL_H
#define PSNAP_WALK_INTERNAL_H

#include "slice.h"

#include <psnap/walk.h>

/*
 * LIVE  what the kernel reads
 * TAIL  the rest of the last area, behind the terminator
 * STALE areas that the kernel never reads
 */
enum walk_phase {
	LIVE,
	TAIL,
	STALE,
	DONE
};

struct psnap_walk {
	struct slice_reader slice;
	const struct psnap_geometry *geo;
	struct psnap_walk_options options;
	struct psnap_walk_totals totals;
	enum walk_phase phase;
	enum psnap_entry_state state;
	uint64_t stale_end_area;
	/* next_run() has to look one entry ahead at the end of a slice. */
	bool has_held;
	struct psnap_run held;
	int held_rc;
	struct psnap_error held_err;
};

static inline void psnap_walk_count_live(struct psnap_walk_totals *t,
					 uint64_t new_chunk)
{
	t->exceptions++;
	/* In 64 bits and in this order, as the kernel: 2^64 - 1 wraps to 0. */
	if (t->next_free_chunk <= new_chunk)
		t->next_free_chunk = new_chunk + 1;
}

/*
 * The next entry of the loaded slice, if there is one that is no terminator.
 * The path that millions of entries take, so it calls nothing.
 */
static inline bool psnap_walk_take_loaded(struct psnap_walk *w,
					  struct psnap_run *exception)
{
	struct slice_reader *s = &w->slice;
	const struct disk_exception *e = &s->entries[s->next];
	uint64_t new_chunk;

	if (s->next == s->count)
		return false;
	new_chunk = le64_get(e->new_chunk);
	if (new_chunk == 0)
		return false;
	exception->old_chunk = le64_get(e->old_chunk);
	exception->new_chunk = new_chunk;
	exception->chunks = 1;
	exception->area_index = s->area_index;
	exception->entry_index = s->first_entry + s->next;
	exception->state = w->state;
	s->next++;
	if (w->phase == LIVE)
		psnap_walk_count_live(&w->totals, new_chunk);
	return true;
}

#endif
