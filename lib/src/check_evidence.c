/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A header that gives no geometry: is there an exception table all the same?
 * For every chunk size there is, look where its first two areas would be. The
 * second one matters because a reset that wipes the first 64 KiB leaves it.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_BYTES ((size_t)PSNAP_EVIDENCE_MAX * PSNAP_EXCEPTION_BYTES)
#define ZERO_BYTES   ((size_t)1 << 20)
#define AREAS_TRIED  2u

/*
 * Entries of a healthy table use the chunks from 2 on with few holes, so a
 * number beyond a device that was cut is still one that a table could have.
 */
static bool entry_possible(const struct psnap_geometry *geo, uint32_t index,
			   uint64_t old_chunk, uint64_t new_chunk)
{
	return psnap_entry_plausible(geo, old_chunk, new_chunk) ||
	       (new_chunk <= 2 * ((uint64_t)index + 2) + 2 &&
		!psnap_geometry_is_metadata(geo, new_chunk) &&
		old_chunk < psnap_old_chunk_limit(geo));
}

/* Possible entries up to the terminator; 0 when too many are impossible: one
 * in four may be damaged in a table, none in a guess of a few entries. */
static uint32_t count_entries(const struct psnap_geometry *geo,
			      const struct disk_exception *entries,
			      uint32_t count)
{
	uint32_t impossible = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		uint64_t new_chunk = le64_get(entries[i].new_chunk);

		if (new_chunk == 0)
			break;
		if (!entry_possible(geo, i, le64_get(entries[i].old_chunk),
				    new_chunk))
			impossible++;
	}
	return impossible * 4 > i ? 0 : i - impossible;
}

static int try_area(struct checker *c, const struct psnap_geometry *geo,
		    uint64_t area_index, struct evidence *best,
		    struct psnap_error *err)
{
	struct disk_exception sample[SAMPLE_BYTES / PSNAP_EXCEPTION_BYTES];
	uint64_t len = min_u64(geo->chunk_bytes, SAMPLE_BYTES);
	uint32_t entries;
	int rc;

	if (area_index >= geo->area_count)
		return 0;
	rc = psnap_io_read(c->io,
			   psnap_geometry_entry_offset(geo, area_index, 0),
			   sample, (size_t)len, err);
	if (rc == PSNAP_E_NOMEM)
		return rc;
	if (rc)
		return 0; /* what cannot be read is no evidence */
	entries = count_entries(geo, sample,
				(uint32_t)(len / PSNAP_EXCEPTION_BYTES));
	if (entries > best->entries) {
		best->chunk_bytes = geo->chunk_bytes;
		best->area_index = area_index;
		best->entries = entries;
	}
	return 0;
}

/* Is the start of area 0, by the header's own chunk size, all zero? */
static int find_area0_empty(struct checker *c, struct evidence *e,
			    struct psnap_error *err)
{
	uint8_t sample[SAMPLE_BYTES];
	uint64_t chunk_bytes =
		(uint64_t)c->result->header.chunk_sectors * PSNAP_SECTOR_BYTES;
	uint64_t len = min_u64(chunk_bytes, SAMPLE_BYTES);
	int rc;

	if (!psnap_chunk_bytes_valid(chunk_bytes) ||
	    c->io->size_bytes < 2 * chunk_bytes)
		return 0;
	rc = psnap_io_read(c->io, chunk_bytes, sample, (size_t)len, err);
	if (rc == 0)
		e->area0_empty = sample[0] == 0 &&
				 memcmp(sample, sample + 1, len - 1) == 0;
	return rc == PSNAP_E_NOMEM ? rc : 0;
}

static int find_all_zero(struct checker *c, struct evidence *e,
			 struct psnap_error *err)
{
	uint64_t end = min_u64(c->io->size_bytes, ZERO_BYTES);
	uint64_t at;
	uint8_t *buf;
	int rc = 0;

	buf = malloc(SAMPLE_BYTES);
	if (!buf)
		return psnap_fail_nomem(err, "looking for a table");
	e->all_zero = true;
	for (at = 0; at < end && e->all_zero && rc == 0; at += SAMPLE_BYTES) {
		size_t len = (size_t)min_u64(SAMPLE_BYTES, end - at);

		rc = psnap_io_read(c->io, at, buf, len, err);
		if (rc == 0)
			e->all_zero = buf[0] == 0 &&
				      memcmp(buf, buf + 1, len - 1) == 0;
	}
	free(buf);
	if (rc && rc != PSNAP_E_NOMEM) {
		e->all_zero = false;
		rc = 0;
	}
	return rc;
}

int psnap_check_evidence(struct checker *c, struct evidence *e,
			 struct psnap_error *err)
{
	uint64_t chunk_bytes;
	int rc;

	memset(e, 0, sizeof(*e));
	for (chunk_bytes = PSNAP_CHUNK_BYTES_MIN;
	     chunk_bytes <= PSNAP_CHUNK_BYTES_MAX; chunk_bytes *= 2) {
		struct psnap_geometry geo;
		uint64_t area;

		rc = psnap_geometry_init(&geo, c->io->size_bytes, chunk_bytes,
					 err);
		for (area = 0; area < AREAS_TRIED && rc == 0; area++)
			rc = try_area(c, &geo, area, e, err);
		if (rc)
			return rc;
	}
	rc = find_area0_empty(c, e, err);
	return rc ? rc : find_all_zero(c, e, err);
}
