/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands where an area would be? Its slots are counted by what they could
 * be; from the counts follows whether it is a table, and one of this place.
 */
#include "infer_internal.h"

#include "checked.h"
#include "chunkset.h"

#include <string.h>

/* Enough to tell a table from other data. */
#define FIRST_PIECE_BYTES ((size_t)4 << 10)
/* Holes that any table may begin with. */
#define SLACK_CHUNKS 64u

/* @slot: the next one; @previous_new: of the slot before, 0: none */
struct judge {
	struct infer_scan *scan;
	const struct infer_size *size;
	struct infer_area *area;
	uint64_t slot;
	uint64_t previous_new;
	bool gap;
};

int psnap_infer_read(struct infer_scan *scan, uint64_t offset_bytes, void *buf,
		     size_t len_bytes, bool *zero, struct psnap_error *err)
{
	const uint8_t *bytes = buf;
	int rc;

	*zero = true;
	if (psnap_io_next_data(scan->io, offset_bytes) >=
	    offset_bytes + len_bytes)
		return 1;
	rc = psnap_io_read(scan->io, offset_bytes, buf, len_bytes, err);
	if (rc)
		return rc == PSNAP_E_NOMEM ? rc : 0;
	scan->read_bytes += len_bytes;
	*zero = bytes[0] == 0 && memcmp(bytes, bytes + 1, len_bytes - 1) == 0;
	return 1;
}

uint64_t psnap_infer_expected(const struct psnap_geometry *geo,
			      uint64_t area_index, uint64_t slot)
{
	return 2 + area_index * geo->stride_chunks + slot;
}

/* The least new chunk that is too high for this place: half of all chunks may
 * be holes. A table of half the chunk size has twice the numbers. */
static uint64_t too_high(const struct judge *j, uint64_t slot)
{
	uint64_t expected =
		psnap_infer_expected(&j->size->geo, j->area->index, slot);

	return expected + expected / 2 + SLACK_CHUNKS;
}

/* A device that was cut has entries behind its end, but not far off. */
static bool possible(const struct judge *j, uint64_t old_chunk,
		     uint64_t new_chunk)
{
	const struct psnap_geometry *geo = &j->size->geo;

	return new_chunk != 0 && old_chunk < j->size->old_limit &&
	       !psnap_geometry_is_metadata(geo, new_chunk) &&
	       (new_chunk < geo->chunk_count ||
		new_chunk < too_high(j, j->slot));
}

static void count_entry(struct judge *j, uint64_t new_chunk)
{
	struct infer_area *a = j->area;
	uint64_t expected =
		psnap_infer_expected(&j->size->geo, a->index, j->slot);

	if (a->used++ == 0) {
		a->first_new = new_chunk;
		a->min_new = new_chunk;
	}
	if (new_chunk < a->min_new)
		a->min_new = new_chunk;
	if (new_chunk > a->max_new)
		a->max_new = new_chunk;
	if (j->previous_new && new_chunk == j->previous_new + 1)
		a->steps++;
	if (new_chunk == expected)
		a->exact++;
	else if (j->gap)
		a->stray++;
	if (new_chunk == expected || !j->gap)
		a->good_end = j->slot + 1;
	if (a->max_new < expected)
		a->low++;
	if (j->scan->number_count < PSNAP_INFER_SLOTS)
		j->scan->numbers[j->scan->number_count++] = new_chunk;
}

static void judge_piece(struct judge *j, size_t len_bytes)
{
	const struct disk_exception *e = (const void *)j->scan->piece;
	size_t count = len_bytes / PSNAP_EXCEPTION_BYTES;
	size_t i;

	for (i = 0; i < count; i++, j->slot++) {
		uint64_t old_chunk = le64_get(e[i].old_chunk);
		uint64_t new_chunk = le64_get(e[i].new_chunk);

		if ((old_chunk | new_chunk) == 0) {
			j->gap = true;
			j->previous_new = 0;
			continue;
		}
		j->area->end_slot = j->slot + 1;
		if (possible(j, old_chunk, new_chunk))
			count_entry(j, new_chunk);
		else
			j->area->impossible++;
		j->previous_new = new_chunk;
	}
}

/* Return: 1, or negative. What cannot be read is passed over. */
static int read_piece(struct judge *j, uint64_t from_bytes, size_t len_bytes,
		      struct psnap_error *err)
{
	uint64_t area_bytes =
		psnap_geometry_entry_offset(&j->size->geo, j->area->index, 0);
	bool zero;
	int rc;

	j->slot = from_bytes / PSNAP_EXCEPTION_BYTES;
	rc = psnap_infer_read(j->scan, area_bytes + from_bytes, j->scan->piece,
			      len_bytes, &zero, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || zero)
		j->previous_new = 0;
	if (rc == 1 && zero)
		j->gap = true;
	if (rc == 1 && !zero)
		judge_piece(j, len_bytes);
	return 1;
}

static bool mostly_junk(const struct infer_area *a)
{
	return a->impossible + a->stray > a->used / 2;
}

/*
 * Of what follows the head, where chunks of a smaller size would begin, and the
 * end: an area that is made of such chunks shows it there.
 */
static int read_rest(struct judge *j, uint64_t head, struct psnap_error *err)
{
	uint64_t area_bytes = j->size->geo.chunk_bytes;
	uint64_t at;
	int rc = 1;

	for (at = head; at < area_bytes && rc == 1; at *= 2) {
		j->previous_new = 0;
		rc = read_piece(j, at, FIRST_PIECE_BYTES, err);
	}
	if (rc < 0)
		return rc;
	j->previous_new = 0;
	return read_piece(j, area_bytes - PSNAP_INFER_TAIL_BYTES,
			  PSNAP_INFER_TAIL_BYTES, err);
}

/* Return: 1 when all that is to be read was, 0 when it is junk or empty. */
static int read_area(struct judge *j, struct psnap_error *err)
{
	uint64_t area_bytes = j->size->geo.chunk_bytes;
	uint64_t head = min_u64(area_bytes, PSNAP_INFER_HEAD_BYTES);
	uint64_t at = min_u64(head, FIRST_PIECE_BYTES);
	int rc = read_piece(j, 0, (size_t)at, err);

	if (rc < 0)
		return rc;
	/* Nothing is ever expected behind an empty area but at the start of
	 * the table, which may have lost a piece. */
	if (mostly_junk(j->area) ||
	    (j->area->end_slot == 0 && j->area->index > 0))
		return 0;
	while (at < head) {
		size_t len =
			(size_t)min_u64(PSNAP_INFER_PIECE_BYTES, head - at);

		rc = read_piece(j, at, len, err);
		if (rc < 0)
			return rc;
		at += len;
	}
	if (area_bytes <= head)
		return 1;
	return read_rest(j, head, err);
}

/* Sorts the numbers that were noted. */
static uint64_t count_duplicates(struct infer_scan *scan)
{
	uint64_t duplicates = 0;
	size_t i;

	psnap_sort_u64(scan->numbers, scan->number_count);
	for (i = 1; i < scan->number_count; i++)
		if (scan->numbers[i] == scan->numbers[i - 1])
			duplicates++;
	return duplicates;
}

/* Is there an entry at @offset_bytes that could stand beside one with
 * @new_chunk? */
static int goes_on(struct judge *j, uint64_t offset_bytes, uint64_t new_chunk,
		   bool *result, struct psnap_error *err)
{
	struct disk_exception e;
	uint64_t found;
	bool zero;
	int rc;

	*result = false;
	if (offset_bytes > j->scan->io->size_bytes - sizeof(e))
		return 0;
	rc = psnap_infer_read(j->scan, offset_bytes, &e, sizeof(e), &zero, err);
	if (rc <= 0 || zero)
		return rc < 0 ? rc : 0;
	found = le64_get(e.new_chunk);
	*result = le64_get(e.old_chunk) < j->size->old_limit && found != 0 &&
		  found + SLACK_CHUNKS > new_chunk &&
		  found < new_chunk + SLACK_CHUNKS;
	return 0;
}

/* Does the table go on outside? Then this is a piece of a larger area, seen
 * with a chunk size that is too small. */
static int is_piece(struct judge *j, bool *result, struct psnap_error *err)
{
	const struct infer_area *a = j->area;
	const struct psnap_geometry *geo = &j->size->geo;
	uint64_t start = psnap_geometry_entry_offset(geo, a->index, 0);
	int rc;

	rc = goes_on(j, start - PSNAP_EXCEPTION_BYTES, a->first_new, result,
		     err);
	if (rc || *result || a->end_slot < geo->exceptions_per_area)
		return rc;
	return goes_on(j, start + geo->chunk_bytes, a->max_new, result, err);
}

/*
 * Distinct chunks are handed out upwards: whoever fills slot s has seen s
 * others before, so the highest number so far is never below what s gets
 * without holes. In a copy of a table that stands too far back it is.
 */
static bool belongs_here(const struct judge *j)
{
	const struct infer_area *a = j->area;

	return a->low * 16 <= a->used && a->min_new < too_high(j, 0) &&
	       a->max_new - a->min_new <= 4 * a->end_slot + SLACK_CHUNKS;
}

int psnap_infer_area(struct infer_scan *scan, const struct infer_size *size,
		     uint64_t index, struct infer_area *area,
		     struct psnap_error *err)
{
	struct judge j = { .scan = scan, .size = size, .area = area };
	bool piece = false;
	int rc;

	memset(area, 0, sizeof(*area));
	area->index = index;
	scan->number_count = 0;
	rc = read_area(&j, err);
	if (rc <= 0 || area->used == 0)
		return rc < 0 ? rc : 0;
	if ((area->impossible + area->stray) * 16 >
	    area->used + area->impossible)
		return 0;
	rc = is_piece(&j, &piece, err);
	if (rc || piece)
		return rc;
	area->clean = area->exact == area->used ||
		      count_duplicates(scan) * 16 <= area->used;
	area->placed = area->clean && belongs_here(&j);
	/* A few wrong entries do not count in many; in a few they do. */
	area->in_order = area->placed && area->exact * 4 >= area->used * 3 &&
			 (area->used >= 8 ||
			  area->exact == area->used + area->impossible);
	return 0;
}
