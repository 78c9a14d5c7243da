/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of --lookup as text and as JSON. Entries are shown as they stand on
 * disk, so a byte offset that follows from one may be beyond 64 bits.
 */
#include "json.h"
#include "lookup.h"

#include <inttypes.h>

/* Which of its two numbers an entry is asked for. */
enum side {
	SIDE_STORE,
	SIDE_ORIGIN,
};

static uint64_t chunk_on(const struct psnap_run *entry, enum side side)
{
	return side == SIDE_STORE ? entry->new_chunk : entry->old_chunk;
}

/* The byte of @chunk that corresponds to the one asked about. */
static bool byte_in(const struct psnap_geometry *geo,
		    const struct psnap_lookup *answer, uint64_t chunk,
		    uint64_t *byte)
{
	uint64_t inside = answer->offset_bytes % geo->chunk_bytes;

	return !__builtin_mul_overflow(chunk, geo->chunk_bytes, byte) &&
	       !__builtin_add_overflow(*byte, inside, byte);
}

static void text_entry(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer,
		       const struct psnap_run *entry, enum side side)
{
	uint64_t chunk = chunk_on(entry, side);
	uint64_t byte;

	psnap_outbuf_printf(out, "%s chunk %" PRIu64 ", ",
			    side == SIDE_STORE ? "store" : "origin", chunk);
	if (byte_in(geo, answer, chunk, &byte))
		psnap_outbuf_printf(out, "byte %" PRIu64, byte);
	else
		psnap_outbuf_text(out, "beyond any device");
	psnap_outbuf_printf(out, " (area %" PRIu64 ", entry %" PRIu32 ")",
			    entry->area_index, entry->entry_index);
}

static void text_claims(struct psnap_outbuf *out,
			const struct psnap_geometry *geo,
			const struct psnap_lookup *answer,
			const struct psnap_lookup_hits *hits, enum side side)
{
	psnap_outbuf_printf(out,
			    "claimed by %" PRIu64 " entr%s: ", hits->claims,
			    hits->claims == 1 ? "y" : "ies");
	for (uint64_t i = 0; i < hits->count; i++) {
		if (i > 0)
			psnap_outbuf_text(out, "; ");
		text_entry(out, geo, answer, &hits->entries[i], side);
	}
}

static void text_origin(struct psnap_outbuf *out,
			const struct psnap_geometry *geo,
			const struct psnap_lookup *answer)
{
	const struct psnap_lookup_hits *hits = &answer->of_origin;

	if (hits->count == 0) {
		psnap_outbuf_text(out, "not in the store: the snapshot shows "
				       "the origin");
	} else if (hits->count == 1) {
		psnap_outbuf_text(out, "in ");
		text_entry(out, geo, answer, hits->entries, SIDE_STORE);
	} else {
		text_claims(out, geo, answer, hits, SIDE_STORE);
	}
}

static void text_store(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer)
{
	const struct psnap_lookup_hits *hits = &answer->of_store;

	switch (answer->role) {
	case PSNAP_ROLE_HEADER:
		psnap_outbuf_text(out, "the header");
		break;
	case PSNAP_ROLE_AREA:
		psnap_outbuf_printf(out, "area %" PRIu64 ", entry %" PRIu64,
				    answer->area_index, answer->entry_index);
		break;
	case PSNAP_ROLE_FREE:
		psnap_outbuf_text(out, "free: no exception names it");
		break;
	case PSNAP_ROLE_BEYOND_END:
		psnap_outbuf_text(out, "beyond the device");
		break;
	case PSNAP_ROLE_DATA:
		if (hits->count > 1) {
			text_claims(out, geo, answer, hits, SIDE_ORIGIN);
			return;
		}
		psnap_outbuf_text(out, "data of ");
		text_entry(out, geo, answer, hits->entries, SIDE_ORIGIN);
		return;
	}
	/* Only in a damaged table does an entry name such a place. */
	if (hits->count > 0) {
		psnap_outbuf_text(out, "; ");
		text_claims(out, geo, answer, hits, SIDE_ORIGIN);
	}
}

void psnap_lookup_text(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer)
{
	psnap_outbuf_printf(out,
			    "origin byte %" PRIu64 " (chunk %" PRIu64 "): ",
			    answer->offset_bytes, answer->chunk);
	text_origin(out, geo, answer);
	psnap_outbuf_printf(out,
			    "\nstore byte %" PRIu64 " (chunk %" PRIu64 "): ",
			    answer->offset_bytes, answer->chunk);
	text_store(out, geo, answer);
	psnap_outbuf_text(out, "\n");
}

static void json_entries(struct psnap_outbuf *out,
			 const struct psnap_geometry *geo,
			 const struct psnap_lookup *answer,
			 const struct psnap_lookup_hits *hits, enum side side)
{
	const struct psnap_run *entry;
	uint64_t byte;
	bool fits;

	psnap_outbuf_text(out, ",\"entries\":[");
	for (uint64_t i = 0; i < hits->count; i++) {
		entry = &hits->entries[i];
		psnap_outbuf_printf(out, "%s{\"%s\":%" PRIu64, i > 0 ? "," : "",
				    side == SIDE_STORE ? "new_chunk"
						       : "old_chunk",
				    chunk_on(entry, side));
		fits = byte_in(geo, answer, chunk_on(entry, side), &byte);
		psnap_json_member(out,
				  side == SIDE_STORE ? "store_offset_bytes"
						     : "origin_offset_bytes",
				  fits, byte);
		psnap_json_member(out, "area", true, entry->area_index);
		psnap_json_member(out, "entry", true, entry->entry_index);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_text(out, "]}");
}

void psnap_lookup_json(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer)
{
	static const char *const roles[] = {
		[PSNAP_ROLE_HEADER] = "header",
		[PSNAP_ROLE_AREA] = "area",
		[PSNAP_ROLE_DATA] = "data",
		[PSNAP_ROLE_FREE] = "free",
		[PSNAP_ROLE_BEYOND_END] = "beyond-end",
	};
	bool in_area = answer->role == PSNAP_ROLE_AREA;

	psnap_outbuf_printf(out, "\"offset_bytes\":%" PRIu64,
			    answer->offset_bytes);
	psnap_outbuf_printf(out, ",\"as_origin\":{\"old_chunk\":%" PRIu64,
			    answer->chunk);
	json_entries(out, geo, answer, &answer->of_origin, SIDE_STORE);
	psnap_outbuf_printf(
		out, ",\"as_store\":{\"chunk\":%" PRIu64 ",\"role\":\"%s\"",
		answer->chunk, roles[answer->role]);
	psnap_json_member(out, "area", in_area, answer->area_index);
	psnap_json_member(out, "entry", in_area, answer->entry_index);
	json_entries(out, geo, answer, &answer->of_store, SIDE_ORIGIN);
}
