/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said about one impossible entry. Whether it is one, and whether its
 * area is to blame, is decided in check_area.c.
 */
#include "check_internal.h"

#include <inttypes.h>
#include <stdio.h>

static void say_in_metadata(const struct checker *c, struct psnap_finding *f,
			    const struct psnap_run *e)
{
	uint64_t area = (e->new_chunk - 1) / c->geo->stride_chunks;
	const char *cause = "";
	char where[64] = "";

	/* next_free starts at 2, so chunk 1 was never handed out; a store with
	 * holes leaves the entry in the area before. */
	if (area > 0 && e->area_index == area)
		cause = ", the mark of CVE-2013-4299";
	else if (area > 0 && e->area_index + 1 == area)
		cause = ", as CVE-2013-4299 leaves it in a table with holes";
	if (e->old_chunk < c->old_limit)
		(void)snprintf(where, sizeof(where), " (from byte %" PRIu64 ")",
			       e->old_chunk * c->geo->chunk_bytes);
	psnap_finding_say(f,
			  "new chunk %" PRIu64 " is area %" PRIu64 "%s: the "
			  "data of origin chunk %" PRIu64 "%s is lost",
			  e->new_chunk, area, cause, e->old_chunk, where);
}

static void say_entry(const struct checker *c, struct psnap_finding *f,
		      const struct psnap_run *e)
{
	switch ((int)f->id) {
	case PSNAP_F_NEW_CHUNK_HUGE:
		psnap_finding_say(f,
				  "new chunk %" PRIu64 " is 2^56 or more, "
				  "which the kernel takes for a run of %" PRIu64
				  " chunks from %" PRIu64,
				  e->new_chunk, (e->new_chunk >> 56) + 1,
				  e->new_chunk & (PSNAP_NEW_CHUNK_HUGE - 1));
		break;
	case PSNAP_F_NEW_CHUNK_IN_METADATA:
		say_in_metadata(c, f, e);
		break;
	case PSNAP_F_NEW_CHUNK_OUT_OF_RANGE:
		psnap_finding_say(f,
				  "new chunk %" PRIu64 " of origin chunk "
				  "%" PRIu64 " lies beyond the device, which "
				  "has %" PRIu64 " chunks",
				  e->new_chunk, e->old_chunk,
				  c->geo->chunk_count);
		break;
	default:
		psnap_finding_say(f,
				  "old chunk %" PRIu64 " lies beyond the %s, "
				  "which has %" PRIu64 " chunks",
				  e->old_chunk,
				  c->origin ? "origin" : "largest device",
				  c->old_limit);
		break;
	}
}

int psnap_check_emit_entry(struct checker *c, enum psnap_finding_id id,
			   const struct psnap_run *e)
{
	struct psnap_finding f;

	if (!psnap_check_shows(c, id)) {
		psnap_check_count(c, id, 1);
		return 0;
	}
	psnap_finding_init(&f, id);
	psnap_finding_at_entry(&f, c->geo, e->area_index, e->entry_index);
	psnap_finding_chunks(&f, e->old_chunk, e->new_chunk);
	say_entry(c, &f, e);
	return psnap_check_emit(c, &f);
}
