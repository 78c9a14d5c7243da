/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What speaks for an entry when another one claims the same new chunk: new
 * chunks are handed out in order, and mostly for origin chunks in order, so its
 * neighbours in the table go on where it stands, or end there.
 */
#include "repair_claims.h"

/* The next chunk that can hold data. */
static uint64_t after(const struct psnap_geometry *geo, uint64_t new_chunk)
{
	return new_chunk + 1 + psnap_geometry_is_metadata(geo, new_chunk + 1);
}

static enum support follows(const struct psnap_geometry *geo,
			    const struct disk_exception *first,
			    const struct disk_exception *second)
{
	uint64_t new_chunk = le64_get(first->new_chunk);

	if (new_chunk == 0 ||
	    le64_get(second->new_chunk) != after(geo, new_chunk))
		return SUPPORT_NONE;
	return le64_get(second->old_chunk) == le64_get(first->old_chunk) + 1
		       ? SUPPORT_BOTH
		       : SUPPORT_NEW;
}

int psnap_claim_support(const struct survey *s, uint64_t slot,
			enum support *support, struct psnap_error *err)
{
	struct disk_exception entry;
	struct disk_exception beside;
	enum support other = SUPPORT_NONE;
	int rc = psnap_survey_entry(s, slot, &entry, err);

	*support = SUPPORT_NONE;
	if (rc == 0 && slot > 0) {
		rc = psnap_survey_entry(s, slot - 1, &beside, err);
		if (rc == 0)
			*support = follows(s->geo, &beside, &entry);
	}
	if (rc == 0 && slot + 1 < s->end) {
		rc = psnap_survey_entry(s, slot + 1, &beside, err);
		if (rc == 0)
			other = follows(s->geo, &entry, &beside);
	}
	if (other > *support)
		*support = other;
	return rc;
}
