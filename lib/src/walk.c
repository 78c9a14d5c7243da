/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk: which slice comes next, where the live table ends, and what state
 * an entry is in. Source: read_exceptions(), insert_exceptions() of
 * dm-snap-persistent.c; psnap-store(5) "Areas", "Terminator".
 */
#include <psnap/io.h>
#include <psnap/walk.h>

#include "checked.h"
#include "fail.h"
#include "walk_internal.h"

#include <stdlib.h>

int psnap_walk_open(struct psnap_store *store,
		    const struct psnap_walk_options *options,
		    struct psnap_walk **walk, struct psnap_error *err)
{
	struct psnap_walk *w;
	int rc;

	*walk = NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return psnap_fail_nomem(err, "walking the table");
	if (options)
		w->options = *options;
	w->geo = psnap_store_geometry(store);
	rc = psnap_slice_init(&w->slice, psnap_store_io(store), w->geo, err);
	if (rc) {
		free(w);
		return rc;
	}
	/* Chunk 0 is the header and chunk 1 area 0, so data starts at 2. */
	w->totals.next_free_chunk = 2;
	psnap_slice_seek(&w->slice, 0);
	*walk = w;
	return 0;
}

void psnap_walk_close(struct psnap_walk *walk)
{
	if (!walk)
		return;
	psnap_slice_release(&walk->slice);
	free(walk);
}

const struct psnap_walk_totals *psnap_walk_totals(const struct psnap_walk *walk)
{
	return &walk->totals;
}

enum psnap_entry_state psnap_walk_fault(const struct psnap_walk *walk,
					uint64_t *offset_bytes,
					uint64_t *len_bytes)
{
	*offset_bytes = walk->slice.fault_offset_bytes;
	*len_bytes = walk->slice.fault_len_bytes;
	return walk->state;
}

/* Leave the live part; @area_index is the last area that was read. */
static void begin_stale(struct psnap_walk *w, uint64_t area_index)
{
	uint64_t left = w->geo->area_count - 1 - area_index;

	w->phase = w->options.stale_areas_max > 0 && left > 0 ? STALE : DONE;
	w->state = PSNAP_ENTRY_STALE;
	w->stale_end_area =
		area_index + 1 + min_u64(left, w->options.stale_areas_max);
	/* advance() moves on from an area that counts as read. */
	w->slice.area_index = area_index;
	w->slice.done_bytes = w->geo->chunk_bytes;
	w->slice.count = 0;
	w->slice.next = 0;
}

static void end_live(struct psnap_walk *w, enum psnap_walk_end why,
		     uint32_t entries)
{
	w->totals.end = why;
	w->totals.last_area_index = w->slice.area_index;
	w->totals.last_area_entries = entries;
	if (why == PSNAP_WALK_END_TERMINATOR && w->options.past_terminator) {
		w->phase = TAIL;
		w->state = PSNAP_ENTRY_AFTER_TERMINATOR;
		return;
	}
	begin_stale(w, w->slice.area_index);
}

static int tick(struct psnap_walk *w, struct psnap_error *err)
{
	const struct psnap_progress *p = &w->options.progress;

	if (p->tick &&
	    p->tick(p->ctx,
		    psnap_geometry_entry_offset(w->geo, w->slice.area_index, 0),
		    w->geo->store_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/*
 * Jump over areas that are known to be holes; a sparse store of 2^63 bytes has
 * 2^43 areas. False when no area with data is left.
 */
static bool seek_stale(struct psnap_walk *w, uint64_t area_index)
{
	uint64_t area_bytes_apart = w->geo->stride_chunks * w->geo->chunk_bytes;

	while (area_index < w->stale_end_area) {
		uint64_t start =
			psnap_geometry_entry_offset(w->geo, area_index, 0);
		uint64_t data = psnap_io_next_data(w->slice.io, start);

		if (data < start + w->geo->chunk_bytes) {
			psnap_slice_seek(&w->slice, area_index);
			return true;
		}
		/* Area i ends at start(i) + chunk: the first one that does not
		 * end before the data. */
		area_index += (data - start - w->geo->chunk_bytes) /
				      area_bytes_apart +
			      1;
	}
	return false;
}

/*
 * The first slice of an area that the table need not have reached: one behind
 * the last, or behind a part that cannot be read. Only a plausible table
 * counts.
 */
static void judge_area(struct psnap_walk *w)
{
	if (psnap_slice_plausible(&w->slice))
		return;
	if (w->phase == STALE) {
		w->slice.count = 0;
		w->slice.done_bytes = w->geo->chunk_bytes;
	} else if (le64_get(w->slice.entries[0].new_chunk) != 0) {
		end_live(w, PSNAP_WALK_END_UNREADABLE, 0);
	}
}

static int load(struct psnap_walk *w, struct psnap_error *err)
{
	bool new_area = w->slice.done_bytes == 0;
	int rc = tick(w, err);

	if (rc)
		return rc;
	if (w->phase == STALE && new_area)
		w->totals.stale_areas_seen =
			w->slice.area_index - w->totals.last_area_index;
	rc = psnap_slice_load(&w->slice, err);
	if (rc == 0) {
		if (new_area && w->state != PSNAP_ENTRY_LIVE)
			judge_area(w);
		return 1;
	}
	if (w->phase != STALE)
		w->totals.unreadable_bytes += w->slice.fault_len_bytes;
	/* The skipped part may have held the terminator: what follows is
	 * doubtful. */
	if (w->phase == LIVE)
		w->state = PSNAP_ENTRY_UNCERTAIN;
	return rc;
}

/* The loaded slice is used up. 1: there may be more; 0: the end. */
static int advance(struct psnap_walk *w, struct psnap_error *err)
{
	uint64_t next_area = w->slice.area_index + 1;

	if (w->phase == DONE)
		return 0;
	if (!psnap_slice_area_done(&w->slice))
		return load(w, err);
	if (w->phase == TAIL) {
		begin_stale(w, w->slice.area_index);
		return 1;
	}
	psnap_slice_widen(&w->slice);
	if (w->phase == STALE) {
		if (seek_stale(w, next_area))
			return load(w, err);
		w->totals.stale_areas_seen =
			w->stale_end_area - 1 - w->totals.last_area_index;
		w->phase = DONE;
		return 0;
	}
	if (next_area >= w->geo->area_count) {
		end_live(w, PSNAP_WALK_END_DEVICE, w->geo->exceptions_per_area);
		return 1;
	}
	psnap_slice_seek(&w->slice, next_area);
	return load(w, err);
}

static void meet_terminator(struct psnap_walk *w)
{
	struct slice_reader *s = &w->slice;

	if (w->phase == LIVE) {
		end_live(w, PSNAP_WALK_END_TERMINATOR,
			 s->first_entry + s->next - 1);
	} else if (w->phase == STALE) {
		s->next = s->count;
		s->done_bytes = w->geo->chunk_bytes;
	}
}

int psnap_walk_next(struct psnap_walk *walk, struct psnap_run *exception,
		    struct psnap_error *err)
{
	struct slice_reader *s = &walk->slice;

	while (!psnap_walk_take_loaded(walk, exception)) {
		if (s->next < s->count) {
			s->next++;
			meet_terminator(walk);
		} else {
			int rc = advance(walk, err);

			if (rc <= 0)
				return rc;
		}
	}
	return 1;
}
