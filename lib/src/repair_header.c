/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a repair: which chunk size it is, and writing it. It is written
 * last, in one sector: until then the kernel takes a store that it refused for
 * what it was.
 */
#include "repair_internal.h"

#include "checked.h"
#include "fail.h"

#include <psnap/infer.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)128 << 10)
/* Entries of area 0 that tell whether it is one. */
#define AREA_LOOKED_AT 256u
/* The header was damaged, although its other fields look right. */
#define HEADER_LOST                                         \
	(PSNAP_HEADER_MAGIC_ZERO | PSNAP_HEADER_MAGIC_BAD | \
	 PSNAP_HEADER_VERSION)

bool psnap_repair_is_header(enum psnap_finding_id id)
{
	return id == PSNAP_F_MAGIC_ZERO || id == PSNAP_F_MAGIC_BAD ||
	       id == PSNAP_F_VERSION_UNKNOWN || id == PSNAP_F_CHUNK_SIZE_BAD;
}

/* Is area 0, by a chunk size, full of what no kernel writes? */
static int is_no_area(struct psnap_io *store, uint64_t chunk_bytes, bool *no,
		      struct psnap_error *err)
{
	struct disk_exception entries[AREA_LOOKED_AT];
	struct psnap_geometry geo;
	uint64_t used = 0;
	uint64_t bad = 0;
	size_t i;
	int rc;

	*no = false;
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
	*no = bad >= REPAIR_IMPLAUSIBLE_MIN && bad * 2 >= used;
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
	bool no_area;
	int rc = is_no_area(store, *chunk_bytes, &no_area, err);

	if (rc || !no_area)
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

/* Two witnesses that agree: a field of a header that is damaged otherwise, and
 * the table. */
static bool header_agrees(const struct psnap_header *header,
			  const struct psnap_repair_plan *plan)
{
	return plan->candidate_count > 0 &&
	       !(header->problems &
		 (PSNAP_HEADER_SHORT | PSNAP_HEADER_CHUNK_SIZE)) &&
	       (uint64_t)header->chunk_sectors * PSNAP_SECTOR_BYTES ==
		       plan->candidates[0].chunk_bytes;
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
	if (decided || header_agrees(header, plan)) {
		plan->inferred = true;
		*chunk_bytes = plan->candidates[0].chunk_bytes;
	} else {
		plan->needs_chunk_size = plan->candidate_count > 0;
	}
	return 0;
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
		return header.problems & HEADER_LOST
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

/* Zero [start, end) where it is not. */
static int zero(struct psnap_io *io, uint64_t start, uint64_t end,
		struct psnap_error *err)
{
	static const uint8_t zeros[STEP_BYTES];
	uint8_t *buf = malloc(STEP_BYTES);
	int rc = 0;

	if (!buf)
		return psnap_fail_nomem(err, "clearing the header");
	while (start < end && rc == 0) {
		size_t n = (size_t)min_u64(STEP_BYTES, end - start);
		const struct psnap_extent e = { start, n };

		rc = psnap_io_read(io, start, buf, n, err);
		if (rc == 0 && memcmp(buf, zeros, n) != 0) {
			rc = psnap_io_prepare(io, &e, 1, err);
			if (rc == 0)
				rc = psnap_io_write(io, start, zeros, n, err);
		}
		start += n;
	}
	free(buf);
	return rc;
}

static bool takes(const struct psnap_repair_plan *plan, const bool *chosen,
		  enum psnap_finding_id id)
{
	return plan->steps[id].needed && chosen[id] &&
	       plan->steps[id].cost != PSNAP_REPAIR_IMPOSSIBLE;
}

/* Is the header to be written, because it is wrong? */
static bool takes_header(const struct psnap_repair_plan *plan,
			 const bool *chosen)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (psnap_repair_is_header((enum psnap_finding_id)i) &&
		    takes(plan, chosen, (enum psnap_finding_id)i))
			return true;
	return false;
}

/* The fields that follow from what is there and what was chosen. */
static struct disk_header fields(const struct psnap_repair_plan *plan,
				 const bool *chosen)
{
	const struct psnap_header *h = &plan->before.header;
	bool believable = psnap_header_believable(h);
	uint32_t valid = believable ? h->valid : 1;

	if (chosen[PSNAP_F_SNAPSHOT_INVALID] && valid == 0)
		valid = 1;
	return (struct disk_header){
		.magic = le32_put(PSNAP_MAGIC),
		.valid = le32_put(valid),
		.version = le32_put(PSNAP_VERSION_KNOWN),
		.chunk_sectors = le32_put(plan->before.geometry.chunk_sectors),
	};
}

int psnap_repair_header(struct psnap_io *io,
			const struct psnap_repair_plan *plan,
			const bool *chosen, struct psnap_error *err)
{
	const struct psnap_extent e = { 0, PSNAP_HEADER_BYTES };
	uint64_t end =
		min_u64(plan->before.geometry.chunk_bytes, io->size_bytes);
	bool rewrite = takes_header(plan, chosen);
	struct disk_header header;
	int rc = 0;

	/* What is behind a header that was lost nobody has looked at. */
	if (takes(plan, chosen, PSNAP_F_HEADER_TAIL_NONZERO) ||
	    (rewrite && chosen[PSNAP_F_HEADER_TAIL_NONZERO])) {
		rc = zero(io, PSNAP_HEADER_BYTES, end, err);
		if (rc == 0)
			rc = psnap_io_sync(io, err);
	}
	if (rc || (!rewrite && !takes(plan, chosen, PSNAP_F_SNAPSHOT_INVALID)))
		return rc;
	header = fields(plan, chosen);
	rc = psnap_io_prepare(io, &e, 1, err);
	if (rc == 0)
		rc = psnap_io_write(io, 0, &header, sizeof(header), err);
	return rc ? rc : psnap_io_sync(io, err);
}
