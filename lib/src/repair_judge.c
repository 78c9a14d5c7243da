/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an area is worth: which of its entries are impossible, and whether so
 * many are that it is none.
 */
#include "repair_area.h"

#include "check_beyond.h"

/* Beyond the device, but not farther than the table may have come. */
static bool is_near(const struct area_scan *a, uint64_t new_chunk)
{
	return new_chunk >= a->s->geo->chunk_count &&
	       psnap_beyond_is_near(new_chunk,
				    a->entries + a->s->geo->exceptions_per_area,
				    a->areas + 1);
}

/* Of a store that was cut, or astray? */
static enum psnap_finding_id beyond(const struct area_scan *a, uint64_t chunk)
{
	return a->s->truncated && is_near(a, chunk)
		       ? PSNAP_F_STORE_TRUNCATED
		       : PSNAP_F_NEW_CHUNK_OUT_OF_RANGE;
}

/* What is impossible about an entry; how many reasons there are. */
unsigned int psnap_area_reasons(const struct area_scan *a,
				const struct disk_exception *entry,
				enum psnap_finding_id ids[REASONS_MAX])
{
	const struct psnap_geometry *geo = a->s->geo;
	uint64_t new_chunk = le64_get(entry->new_chunk);
	unsigned int count = 0;

	if (new_chunk >= PSNAP_NEW_CHUNK_HUGE)
		ids[count++] = PSNAP_F_NEW_CHUNK_HUGE;
	else if (new_chunk >= geo->chunk_count)
		ids[count++] = beyond(a, new_chunk);
	else if (psnap_geometry_is_metadata(geo, new_chunk))
		ids[count++] = PSNAP_F_NEW_CHUNK_IN_METADATA;
	if (le64_get(entry->old_chunk) >= a->s->old_limit)
		ids[count++] = PSNAP_F_OLD_CHUNK_OUT_OF_RANGE;
	return count;
}

/* Count those entries before @end that are no fault of a device that was cut. */
static int count_against(struct area_scan *a, uint64_t end, uint64_t *against,
			 struct psnap_error *err)
{
	uint64_t limit = psnap_old_chunk_limit(a->s->geo);
	uint64_t i;

	*against = 0;
	for (i = 0; i < end; i++) {
		struct disk_exception entry;
		enum psnap_finding_id ids[REASONS_MAX];
		int rc;

		if (!psnap_slots_get(&a->bad, i))
			continue;
		rc = psnap_survey_entry(a->s, a->base + i, &entry, err);
		if (rc)
			return rc;
		/* Beyond this origin says as much about the origin. */
		if (psnap_area_reasons(a, &entry, ids) > 0 &&
		    !is_near(a, le64_get(entry.new_chunk)) &&
		    (ids[0] != PSNAP_F_OLD_CHUNK_OUT_OF_RANGE ||
		     le64_get(entry.old_chunk) >= limit))
			++*against;
	}
	return 0;
}

static int drop_bad(struct area_scan *a, uint64_t end, struct psnap_error *err)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < end && rc == 0; i++) {
		struct disk_exception entry;
		enum psnap_finding_id ids[REASONS_MAX];
		unsigned int count;
		unsigned int n;

		if (!psnap_slots_get(&a->bad, i))
			continue;
		rc = psnap_survey_entry(a->s, a->base + i, &entry, err);
		count = rc == 0 ? psnap_area_reasons(a, &entry, ids) : 0;
		for (n = 0; n < count && rc == 0; n++) {
			/* One entry goes once. */
			if (!psnap_slots_get(&a->s->keep, a->base + i))
				a->s->facts[ids[n]]++;
			else
				rc = psnap_survey_drop(a->s, a->base + i,
						       &entry, ids[n]);
		}
	}
	return rc;
}

/* None of its entries is one. */
static void drop_area(struct area_scan *a, uint64_t end)
{
	struct survey *s = a->s;

	s->facts[PSNAP_F_AREA_IMPLAUSIBLE]++;
	if (!s->chosen[PSNAP_F_AREA_IMPLAUSIBLE])
		return;
	s->dropped[PSNAP_F_AREA_IMPLAUSIBLE] +=
		psnap_slots_count(&s->keep, a->base, a->base + end);
	psnap_slots_clear(&s->keep, a->base, a->base + end);
}

int psnap_area_judge(struct area_scan *a, uint64_t end, struct psnap_error *err)
{
	uint64_t entries =
		psnap_slots_count(&a->s->keep, a->base, a->base + end);
	uint64_t against = 0;
	int rc = 0;

	a->entries += entries;
	a->areas++;
	if (psnap_slots_count(&a->bad, 0, end) == 0)
		return 0;
	a->entries -= entries;
	a->areas--;
	rc = count_against(a, end, &against, err);
	if (rc)
		return rc;
	if (against < REPAIR_IMPLAUSIBLE_MIN || against * 2 < entries) {
		rc = drop_bad(a, end, err);
	} else {
		drop_area(a, end);
	}
	a->entries += entries;
	a->areas++;
	return rc;
}
