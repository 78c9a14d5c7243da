/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which chunk size a store that is to be repaired has: by its header, by its
 * table, by both together; or somebody has to be asked.
 */
#include "repair_internal.h"

#include "checked.h"

#include <psnap/infer.h>

/* Entries of area 0 that tell whether it is one. */
#define AREA_LOOKED_AT 256u

/* What area 0 reads like by a chunk size. */
enum area_look {
	AREA_UNKNOWN,
	AREA_NONE, /* full of what no kernel writes */
	AREA_TABLE,
};

static enum area_look look_of(uint64_t used, uint64_t bad)
{
	if (bad >= REPAIR_IMPLAUSIBLE_MIN && bad * 2 >= used)
		return AREA_NONE;
	return used >= REPAIR_IMPLAUSIBLE_MIN && bad * 4 <= used ? AREA_TABLE
								 : AREA_UNKNOWN;
}

static int look_at_area(struct psnap_io *store, uint64_t chunk_bytes,
			enum area_look *look, struct psnap_error *err)
{
	struct disk_exception entries[AREA_LOOKED_AT];
	struct psnap_geometry geo;
	uint64_t used = 0;
	uint64_t bad = 0;
	size_t i;
	int rc;

	*look = AREA_UNKNOWN;
	rc = psnap_geometry_init(&geo, store->size_bytes, chunk_bytes, err);
	if (rc || geo.area_count == 0)
		return rc;
	rc = psnap_io_read(store, chunk_bytes, entries,
			   (size_t)min_u64(sizeof(entries), chunk_bytes), err);
	if (rc)
		return rc == PSNAP_E_NOMEM ? rc : 0;
	for (i = 0; i < min_u64(AREA_LOOKED_AT, geo.exceptions_per_area); i++) {
		uint64_t new_chunk = le64_get(entries[i].new_chunk);

		if (new_chunk == 0)
			break;
		used++;
		bad += !psnap_entry_plausible(
			&geo, le64_get(entries[i].old_chunk), new_chunk);
	}
	*look = look_of(used, bad);
	return 0;
}

/*
 * Is a header that looks right wrong about the chunk size? Its first area is no
 * area, and the table stands where another size puts it beyond doubt.
 */
static int doubt_header(struct psnap_io *store, struct psnap_io *origin,
			const struct psnap_repair_options *options,
			struct psnap_repair_plan *plan, uint64_t *chunk_bytes,
			struct psnap_error *err)
{
	size_t count;
	bool decided;
	enum area_look look;
	int rc = look_at_area(store, *chunk_bytes, &look, err);

	if (rc || look != AREA_NONE)
		return rc;
	rc = psnap_infer_geometry(store, origin, &options->progress,
				  plan->candidates, &count, &decided, err);
	if (rc || !decided || plan->candidates[0].chunk_bytes == *chunk_bytes)
		return rc;
	plan->candidate_count = count;
	plan->inferred = true;
	*chunk_bytes = plan->candidates[0].chunk_bytes;
	return 0;
}

/*
 * A header of which one field is wrong and the others look right: if the table
 * says something else than they do, the table is asked, or somebody.
 */
static int confirm_header(struct psnap_io *store, struct psnap_io *origin,
			  const struct psnap_repair_options *options,
			  struct psnap_repair_plan *plan, uint64_t *chunk_bytes,
			  struct psnap_error *err)
{
	size_t count;
	bool decided;
	int rc;

	rc = psnap_infer_geometry(store, origin, &options->progress,
				  plan->candidates, &count, &decided, err);
	if (rc || count == 0 || plan->candidates[0].chunk_bytes == *chunk_bytes)
		return rc;
	plan->candidate_count = count;
	plan->inferred = decided;
	plan->needs_chunk_size = !decided;
	*chunk_bytes = decided ? plan->candidates[0].chunk_bytes : 0;
	return 0;
}

/*
 * Two witnesses that agree: a field of a header that is damaged otherwise, and
 * the table. If no table can be told from chance, one where the field says.
 */
static int ask_header(struct psnap_io *store, const struct psnap_header *header,
		      const struct psnap_repair_plan *plan,
		      uint64_t *chunk_bytes, struct psnap_error *err)
{
	uint64_t field = (uint64_t)header->chunk_sectors * PSNAP_SECTOR_BYTES;
	enum area_look look = AREA_UNKNOWN;
	int rc;

	if (header->problems & (PSNAP_HEADER_SHORT | PSNAP_HEADER_CHUNK_SIZE))
		return 0;
	if (plan->candidate_count > 0) {
		if (field == plan->candidates[0].chunk_bytes)
			*chunk_bytes = field;
		return 0;
	}
	rc = look_at_area(store, field, &look, err);
	if (rc == 0 && look == AREA_TABLE)
		*chunk_bytes = field;
	return rc;
}

static int infer(struct psnap_io *store, struct psnap_io *origin,
		 const struct psnap_repair_options *options,
		 const struct psnap_header *header,
		 struct psnap_repair_plan *plan, uint64_t *chunk_bytes,
		 struct psnap_error *err)
{
	bool decided;
	int rc;

	rc = psnap_infer_geometry(store, origin, &options->progress,
				  plan->candidates, &plan->candidate_count,
				  &decided, err);
	if (rc)
		return rc;
	if (decided)
		*chunk_bytes = plan->candidates[0].chunk_bytes;
	else
		rc = ask_header(store, header, plan, chunk_bytes, err);
	plan->inferred = *chunk_bytes && plan->candidate_count > 0;
	plan->needs_chunk_size = !*chunk_bytes && plan->candidate_count > 0;
	return rc;
}

int psnap_repair_geometry(struct psnap_io *store, struct psnap_io *origin,
			  const struct psnap_repair_options *options,
			  struct psnap_repair_plan *plan, uint64_t *chunk_bytes,
			  struct psnap_error *err)
{
	struct psnap_header header;
	int rc;

	*chunk_bytes = options->chunk_bytes;
	if (*chunk_bytes)
		return 0;
	rc = psnap_header_read(store, &header, err);
	/* What cannot be read, the check reports. */
	if (rc)
		return rc == PSNAP_E_NOMEM ? rc : 0;
	if (psnap_header_believable(&header) &&
	    !(header.problems & PSNAP_HEADER_CHUNK_SIZE)) {
		*chunk_bytes =
			(uint64_t)header.chunk_sectors * PSNAP_SECTOR_BYTES;
		return header.problems & REPAIR_HEADER_LOST
			       ? confirm_header(store, origin, options, plan,
						chunk_bytes, err)
			       : doubt_header(store, origin, options, plan,
					      chunk_bytes, err);
	}
	return infer(store, origin, options, &header, plan, chunk_bytes, err);
}

/* Of a table that lies within the header's own chunk that header is wrong. */
int psnap_repair_look_behind_header(struct psnap_io *store,
				    struct psnap_io *origin,
				    const struct psnap_repair_options *options,
				    struct psnap_repair_plan *plan,
				    struct psnap_error *err)
{
	struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
	size_t count;
	size_t i;
	bool decided;
	int rc;

	if (!plan->before.counts[PSNAP_F_HEADER_TAIL_NONZERO])
		return 0;
	rc = psnap_infer_geometry(store, origin, &options->progress, list,
				  &count, &decided, err);
	for (i = 0; rc == 0 && i < count; i++)
		if (list[i].chunk_bytes < plan->before.geometry.chunk_bytes &&
		    list[i].first_area == 0) {
			plan->tail_chunk_bytes = list[i].chunk_bytes;
			break;
		}
	return rc;
}
