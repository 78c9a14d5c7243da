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
int psnap_area_look_at_next(struct area_scan *a, struct psnap_error *err)
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

/* Most of what stands from @first on is possible. Asked once an area. */
static bool is_sound_rest(struct area_scan *a, uint64_t first)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;

	if (a->sound_rest < 0)
		a->sound_rest =
			psnap_slots_count(&a->bad, first, per_area) * 2 <
			psnap_slots_count(&a->s->keep, a->base + first,
					  a->base + per_area);
	return a->sound_rest;
}

/*
 * Is [empty, next_used) a gap in the table? A torn write cannot leave a part of
 * an entry, and it cannot fill an area whose successor is not zero: that one is
 * zeroed first.
 */
static int is_gap(struct area_scan *a, uint64_t empty, uint64_t next_used,
		  bool *gap, struct psnap_error *err)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;
	uint64_t dead = psnap_slots_count(&a->dead, empty, next_used);
	int rc;

	*gap = false;
	if (next_used < per_area && dead > 0 &&
	    !psnap_slots_get(&a->bad, next_used)) {
		*gap = true;
		return 0;
	}
	if (next_used == per_area ? dead < per_area - empty
				  : !psnap_area_used(a, per_area - 1) ||
					    !is_sound_rest(a, empty))
		return 0;
	rc = psnap_area_look_at_next(a, err);
	*gap = rc == 0 && a->next > 0;
	return rc;
}

/* The entry at which the table ends; per_area: it goes on. */
int psnap_area_find_end(struct area_scan *a, uint64_t *end,
			struct psnap_error *err)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;
	uint64_t at = 0;

	for (;;) {
		uint64_t empty;
		bool gap;
		int rc;

		while (at < per_area && psnap_area_used(a, at))
			at++;
		empty = at;
		*end = empty;
		if (empty == per_area)
			return 0;
		if (a->s->kernel_end == UINT64_MAX)
			a->s->kernel_end = a->base + empty;
		while (at < per_area && !psnap_area_used(a, at))
			at++;
		rc = is_gap(a, empty, at, &gap, err);
		if (rc || !gap ||
		    !a->s->chosen[PSNAP_F_ENTRIES_AFTER_TERMINATOR])
			return rc;
	}
}
