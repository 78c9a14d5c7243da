/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey as a whole: area by area as long as the table goes on, then what
 * was asked for by name, then duplicates, then the end of the device.
 */
#include "repair_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

int psnap_survey_entry(const struct survey *s, uint64_t slot,
		       struct disk_exception *entry, struct psnap_error *err)
{
	uint64_t per_area = s->geo->exceptions_per_area;

	return psnap_io_read(
		s->io,
		psnap_geometry_entry_offset(s->geo, slot / per_area,
					    (uint32_t)(slot % per_area)),
		entry, sizeof(*entry), err);
}

int psnap_survey_drop(struct survey *s, uint64_t slot,
		      const struct disk_exception *entry,
		      enum psnap_finding_id id)
{
	uint64_t per_area = s->geo->exceptions_per_area;
	const struct psnap_run run = {
		.old_chunk = le64_get(entry->old_chunk),
		.new_chunk = le64_get(entry->new_chunk),
		.chunks = 1,
		.area_index = slot / per_area,
		.entry_index = (uint32_t)(slot % per_area),
	};

	s->facts[id]++;
	if (!s->chosen[id])
		return 0;
	s->dropped[id]++;
	psnap_slots_drop(&s->keep, slot);
	return s->told ? s->told(s->options->dropped_ctx, id, &run) : 0;
}

static int survey_areas(struct survey *s, struct area_scan *scan,
			struct psnap_error *err)
{
	const struct psnap_progress *p = &s->options->progress;
	uint64_t area = 0;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		if (p->tick &&
		    p->tick(p->ctx,
			    psnap_geometry_entry_offset(s->geo, area, 0),
			    s->geo->store_bytes))
			return psnap_fail(err, PSNAP_E_INTERRUPTED,
					  "interrupted");
		rc = psnap_area_scan_run(scan, area++, &more, err);
		if (rc == 0 && more && area == s->geo->area_count) {
			s->no_successor = true;
			s->facts[PSNAP_F_AREA_MISSING_SUCCESSOR] = 1;
			more = false;
		}
	}
	if (rc == 0 && s->kernel_end == UINT64_MAX)
		s->kernel_end = s->end;
	return rc;
}

static int carve(struct survey *s, struct area_scan *scan,
		 struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->options->carve_count && rc == 0; i++)
		rc = psnap_area_scan_take(scan, &s->options->carve[i], err);
	return rc;
}

/* The last entry has to go so that the table can end. */
static int drop_last(struct survey *s, struct psnap_error *err)
{
	uint64_t room = s->geo->area_count * s->geo->exceptions_per_area;
	struct disk_exception entry;
	uint64_t slot = s->end;
	int rc;

	if (!s->chosen[PSNAP_F_AREA_MISSING_SUCCESSOR] ||
	    psnap_slots_count(&s->keep, 0, s->end) < room)
		return 0;
	while (slot > 0 && !psnap_slots_get(&s->keep, slot - 1))
		slot--;
	rc = psnap_survey_entry(s, slot - 1, &entry, err);
	if (rc)
		return rc;
	s->facts[PSNAP_F_AREA_MISSING_SUCCESSOR] = 0;
	return psnap_survey_drop(s, slot - 1, &entry,
				 PSNAP_F_AREA_MISSING_SUCCESSOR);
}

int psnap_survey_run(struct survey *s, struct psnap_error *err)
{
	struct area_scan *scan;
	uint64_t live_end;
	int rc;

	s->kernel_end = UINT64_MAX;
	rc = psnap_area_scan_new(s, &scan, err);
	if (rc == 0)
		rc = survey_areas(s, scan, err);
	s->facts[PSNAP_F_ENTRIES_AFTER_TERMINATOR] = s->tail_used;
	if (rc == 0)
		rc = carve(s, scan, err);
	psnap_area_scan_free(scan);
	/* What the kernel does not read was not compared yet. */
	if (rc == 0 && (s->duplicates || s->end > s->kernel_end))
		rc = psnap_survey_duplicates(s, err);
	if (rc == 0)
		rc = drop_last(s, err);
	if (rc)
		return rc;
	live_end = min_u64(s->carved_from, s->end);
	s->regained = psnap_slots_count(&s->keep, s->kernel_end, live_end);
	s->carved = psnap_slots_count(&s->keep, live_end, s->end);
	return 0;
}

void psnap_survey_release(struct survey *s)
{
	psnap_slots_release(&s->keep);
	*s = (struct survey){ 0 };
}
