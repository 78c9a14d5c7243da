/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surveying one area: reading it, slot by slot. Where the table ends is for
 * repair_gap.c to say, what an area is worth for repair_judge.c.
 */
#include "repair_area.h"

#include "checked.h"
#include "fail.h"
#include "slice.h"

#include <stdlib.h>
#include <string.h>

int psnap_area_scan_new(struct survey *s, struct area_scan **scan,
			struct psnap_error *err)
{
	struct area_scan *a = calloc(1, sizeof(*a));

	*scan = a;
	if (!a)
		return psnap_fail_nomem(err, "planning a repair");
	a->s = s;
	a->group_chunk = 1;
	return psnap_slice_init(&a->slice, s->io, s->geo, err);
}

void psnap_area_scan_free(struct area_scan *scan)
{
	if (!scan)
		return;
	psnap_slice_release(&scan->slice);
	psnap_slots_release(&scan->bad);
	psnap_slots_release(&scan->dead);
	free(scan);
}

/* As psnap_area_reasons() finding none; it divides only when the numbers leave
 * the group between two areas. */
static bool is_possible(struct area_scan *a, const struct disk_exception *e)
{
	const struct psnap_geometry *geo = a->s->geo;
	uint64_t new_chunk = le64_get(e->new_chunk);
	uint64_t distance = new_chunk - a->group_chunk;

	if (new_chunk >= geo->chunk_count ||
	    le64_get(e->old_chunk) >= a->s->old_limit)
		return false;
	if (distance >= geo->stride_chunks) {
		distance = (new_chunk - 1) % geo->stride_chunks;
		a->group_chunk = new_chunk - distance;
	}
	return distance > 0;
}

static void take_slice(struct area_scan *a)
{
	const struct slice_reader *r = &a->slice;
	struct slots *keep = &a->s->keep;
	uint64_t slot = a->base + r->first_entry;
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		const struct disk_exception *e = &r->entries[i];

		if (le64_get(e->new_chunk) == 0) {
			if (le64_get(e->old_chunk) != 0)
				psnap_slots_set(&a->dead, r->first_entry + i);
			continue;
		}
		psnap_slots_set(keep, slot + i);
		if (!is_possible(a, e))
			psnap_slots_set(&a->bad, r->first_entry + i);
	}
}

/* The check has read all of it; what cannot be read now must not become a hole
 * that is written over. */
static int read_area(struct area_scan *a, uint64_t area_index,
		     struct psnap_error *err)
{
	int rc = 0;

	psnap_slice_seek(&a->slice, area_index);
	while (rc == 0 && !psnap_slice_area_done(&a->slice)) {
		rc = psnap_slice_load(&a->slice, err);
		if (rc == 0)
			take_slice(a);
	}
	return rc;
}

static int begin_area(struct area_scan *a, uint64_t area_index,
		      struct psnap_error *err)
{
	uint64_t per_area = a->s->geo->exceptions_per_area;
	int rc;

	a->area_index = area_index;
	a->base = area_index * per_area;
	a->next = -1;
	rc = psnap_slots_extend(&a->s->keep, a->base + per_area, err);
	if (rc == 0)
		rc = psnap_slots_extend(&a->bad, per_area, err);
	if (rc == 0)
		rc = psnap_slots_extend(&a->dead, per_area, err);
	if (rc)
		return rc;
	psnap_slots_clear(&a->bad, 0, per_area);
	psnap_slots_clear(&a->dead, 0, per_area);
	return 0;
}

int psnap_area_scan_run(struct area_scan *scan, uint64_t area_index, bool *more,
			struct psnap_error *err)
{
	struct survey *s = scan->s;
	uint64_t per_area = s->geo->exceptions_per_area;
	uint64_t base = area_index * per_area;
	uint64_t end;
	int rc;

	*more = false;
	rc = begin_area(scan, area_index, err);
	if (rc == 0)
		rc = read_area(scan, area_index, err);
	if (rc == 0)
		rc = psnap_area_find_end(scan, &end, err);
	if (rc == 0)
		rc = psnap_area_judge(scan, end, err);
	if (rc)
		return rc;
	if (end < per_area)
		s->tail_used = psnap_slots_count(&s->keep, base + end,
						 base + per_area);
	psnap_slots_clear(&s->keep, base + end, base + per_area);
	s->end = base + end;
	*more = end == per_area;
	psnap_slice_widen(&scan->slice);
	return 0;
}

int psnap_area_scan_take(struct area_scan *scan, const struct psnap_slots *from,
			 struct psnap_error *err)
{
	struct survey *s = scan->s;
	uint64_t per_area = s->geo->exceptions_per_area;
	uint64_t entry;
	uint64_t end;
	int rc;

	if (from->area_index >= s->geo->area_count || from->first >= per_area)
		return 0;
	if (s->carved_from == UINT64_MAX)
		s->carved_from = s->end;
	end = from->first + min_u64(from->count, per_area - from->first);
	rc = begin_area(scan, from->area_index, err);
	for (entry = from->first; entry < end && rc == 0; entry++) {
		uint64_t slot = scan->base + entry;
		enum psnap_finding_id ids[REASONS_MAX];
		struct disk_exception e;

		if (slot < s->end)
			continue;
		rc = psnap_survey_entry(s, slot, &e, err);
		if (rc || le64_get(e.new_chunk) == 0 ||
		    psnap_area_reasons(scan, &e, ids) > 0)
			continue;
		psnap_slots_set(&s->keep, slot);
		s->end = slot + 1;
	}
	return rc;
}
