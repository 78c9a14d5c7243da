/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the table ends. An empty slot ends it for the kernel; it is a gap and no
 * end when something shows that it was not empty once.
 */
#include "repair_area.h"

#include "checked.h"

/* Of the next area so many entries are looked at. */
#define NEXT_ENTRIES 256u

/* Does an area hold entries, most of them possible? */
static int look_at_next(struct area_scan *a, struct psnap_error *err)
{
	struct disk_exception sample[NEXT_ENTRIES];
	const struct psnap_geometry *geo = a->s->geo;
	uint64_t len = min_u64(sizeof(sample), geo->chunk_bytes);
	uint64_t good = 0;
	uint64_t bad = 0;
	uint64_t i;
	int rc;

	if (a->next >= 0)
		return 0;
	a->next = 0;
	if (a->area_index + 1 >= geo->area_count)
		return 0;
	rc = psnap_io_read(
		a->s->io,
		psnap_geometry_entry_offset(geo, a->area_index + 1, 0), sample,
		(size_t)len, err);
	if (rc)
		return rc;
	for (i = 0; i < len / sizeof(*sample); i++) {
		enum psnap_finding_id ids[REASONS_MAX];

		if (le64_get(sample[i].new_chunk) == 0)
			continue;
		if (psnap_area_reasons(a, &sample[i], ids) > 0)
			bad++;
		else
			good++;
	}
	a->next = good > 0 && bad * 4 <= good;
	return 0;
}

/* The first empty slot of the area is met. */
static void look_behind(struct area_scan *a, uint64_t empty)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;

	a->behind = psnap_slots_count(&a->s->keep, a->base + empty,
				      a->base + per_area);
	a->sound = psnap_slots_count(&a->bad, empty, per_area) * 2 < a->behind;
	if (a->s->kernel_end == UINT64_MAX)
		a->s->kernel_end = a->base + empty;
}

/* Leftovers of an earlier store behind the end of a table stand scattered; of an
 * area that was full, three of four slots at least are. */
static bool was_full(const struct area_scan *a, uint64_t next_used)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;

	return psnap_area_used(a, per_area - 1) && a->sound &&
	       a->behind * 4 >= (per_area - next_used) * 3;
}

/*
 * Is [empty, next_used) a gap in the table? A torn write cannot leave a part of
 * an entry, and it cannot fill an area whose successor is not zero: that one is
 * zeroed first. Where every slot has an old chunk it does not matter what comes
 * next: repair_table.c marks gaps so.
 */
static int is_gap(struct area_scan *a, uint64_t empty, uint64_t next_used,
		  bool *gap, struct psnap_error *err)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;
	uint64_t dead = psnap_slots_count(&a->dead, empty, next_used);
	int rc;

	*gap = false;
	if (next_used < per_area && dead > 0 &&
	    (dead == next_used - empty ||
	     !psnap_slots_get(&a->bad, next_used))) {
		*gap = true;
		return 0;
	}
	if (next_used == per_area ? dead < per_area - empty
				  : !was_full(a, next_used))
		return 0;
	rc = look_at_next(a, err);
	*gap = rc == 0 && a->next > 0;
	return rc;
}

int psnap_area_find_end(struct area_scan *a, uint64_t *end,
			struct psnap_error *err)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;
	bool first = true;
	uint64_t at = 0;

	for (;; first = false) {
		uint64_t start = at;
		bool gap;
		int rc;

		while (at < per_area && psnap_area_used(a, at))
			at++;
		*end = at;
		if (at == per_area)
			return 0;
		if (first)
			look_behind(a, at);
		else
			a->behind -= at - start;
		while (at < per_area && !psnap_area_used(a, at))
			at++;
		rc = is_gap(a, *end, at, &gap, err);
		if (rc || !gap ||
		    !a->s->chosen[PSNAP_F_ENTRIES_AFTER_TERMINATOR])
			return rc;
	}
}
