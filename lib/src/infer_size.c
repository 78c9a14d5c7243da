/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all areas of one chunk size say together, and whether that is enough.
 * Whether another chunk size says as much is infer.c's business.
 */
#include "infer_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

/* Of the rest of the header chunk so much is looked at, from both ends. */
#define HEAD_LOOK_BYTES ((uint64_t)256 << 10)
/* Of a chunk of data, at its start, middle and end. */
#define DATA_LOOK_BYTES ((uint64_t)4 << 10)
#define FEW_ENTRIES	8u
#define MANY_ENTRIES	64u

/* @zero: out: nothing that can be read in the range is not zero, and all of it
 * can be read. */
static int look(struct infer_scan *scan, uint64_t start_bytes,
		uint64_t end_bytes, bool *zero, struct psnap_error *err)
{
	*zero = true;
	while (start_bytes < end_bytes && *zero) {
		uint64_t len = min_u64(PSNAP_INFER_PIECE_BYTES,
				       end_bytes - start_bytes);
		int rc = psnap_infer_read(scan, start_bytes, scan->piece,
					  (size_t)len, zero, err);

		if (rc < 0)
			return rc;
		if (rc == 0)
			*zero = false;
		start_bytes += len;
	}
	return 0;
}

/* A kernel leaves nothing between the header and area 0. The first sector is
 * left out: the header is what was lost. */
static int look_at_head(struct infer_scan *scan, struct infer_size *s,
			struct psnap_error *err)
{
	uint64_t end = s->geo.chunk_bytes;
	uint64_t near_end = min_u64(end, HEAD_LOOK_BYTES);
	int rc = look(scan, PSNAP_SECTOR_BYTES, near_end, &s->head_zero, err);

	if (rc || !s->head_zero || end == near_end)
		return rc;
	return look(scan, end - min_u64(HEAD_LOOK_BYTES, end - near_end), end,
		    &s->head_zero, err);
}

/*
 * A store that is a file on the origin has its own chunks copied here. Where
 * its area 0 falls on this size's area 0, its header stands in front, by its
 * own chunk size.
 */
static int look_for_nested(struct infer_scan *scan, struct infer_size *s,
			   struct psnap_error *err)
{
	uint64_t chunk_bytes;

	for (chunk_bytes = PSNAP_CHUNK_BYTES_MIN;
	     chunk_bytes < s->geo.chunk_bytes; chunk_bytes *= 2) {
		struct disk_header disk;
		bool zero;
		int rc =
			psnap_infer_read(scan, s->geo.chunk_bytes - chunk_bytes,
					 &disk, sizeof(disk), &zero, err);

		if (rc < 0)
			return rc;
		if (rc == 1 && !zero && le32_get(disk.magic) == PSNAP_MAGIC)
			s->nested = true;
	}
	return 0;
}

/* @holds: out: something, as far as it is looked at */
static int look_at_chunk(struct infer_scan *scan, const struct infer_size *s,
			 uint64_t chunk, bool *holds, struct psnap_error *err)
{
	uint64_t bytes = s->geo.chunk_bytes;
	uint64_t len = min_u64(bytes, DATA_LOOK_BYTES);
	uint64_t at[3];
	unsigned int i;

	at[0] = chunk * bytes;
	at[1] = at[0] + bytes / 2;
	at[2] = at[0] + bytes - len;
	*holds = false;
	for (i = 0; i < 3 && !*holds; i++) {
		uint64_t rest = at[0] + bytes - at[i];
		bool zero;
		int rc = psnap_infer_read(scan, at[i], scan->piece,
					  (size_t)min_u64(len, rest), &zero,
					  err);

		if (rc < 0)
			return rc;
		*holds = rc == 1 && !zero;
	}
	return 0;
}

/* @blank: out: chunks behind @last hold nothing, and there are some: that is
 * where what was never used begins, or not far behind. */
static int look_behind(struct infer_scan *scan, const struct infer_size *s,
		       uint64_t last, bool *blank, struct psnap_error *err)
{
	uint64_t step;
	bool holds = false;

	*blank = false;
	for (step = 1; last + step < s->geo.chunk_count; step *= 2) {
		int rc = look_at_chunk(scan, s, last + step, &holds, err);

		if (rc)
			return rc;
		*blank = !holds;
		if (holds)
			break;
	}
	return 0;
}

/*
 * A copy of an area names chunks that are not its own. On a blank device those
 * are mostly blank, and at the end they are. The fewer entries, the more of
 * their chunks have to hold something.
 */
static bool fits(const struct infer_area *a, bool blank, unsigned int looked,
		 const unsigned int hold[2])
{
	unsigned int all = hold[0] + hold[1];

	if (a->used >= MANY_ENTRIES)
		return all > 0 || !blank;
	if (a->used >= FEW_ENTRIES && blank)
		return hold[0] > 0 && hold[1] > 0;
	return looked > 0 && all == looked;
}

static int look_at_data(struct infer_scan *scan, struct infer_size *s,
			const struct infer_area *a, struct psnap_error *err)
{
	size_t count = (size_t)min_u64(scan->number_count, PSNAP_INFER_NAMED);
	unsigned int hold[2] = { 0, 0 };
	unsigned int looked = 0;
	bool blank;
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		uint64_t chunk = scan->numbers[i * scan->number_count / count];
		bool holds;

		if (chunk >= s->geo.chunk_count)
			continue;
		rc = look_at_chunk(scan, s, chunk, &holds, err);
		if (rc)
			return rc;
		looked++;
		if (holds)
			hold[i >= count / 2]++;
	}
	rc = look_behind(scan, s, a->max_new, &blank, err);
	s->data_fits = rc == 0 && fits(a, blank, looked, hold);
	return rc;
}

/* What lies around area 0 tells it from a copy of one. */
static int look_around(struct infer_scan *scan, struct infer_size *s,
		       const struct infer_area *a, struct psnap_error *err)
{
	int rc = look_at_head(scan, s, err);

	if (rc == 0)
		rc = look_for_nested(scan, s, err);
	return rc ? rc : look_at_data(scan, s, a, err);
}

/*
 * An area that only seems to be one stands at the wrong place: its numbers are
 * off by whole strides.
 */
static bool shifted(const struct infer_size *s, const struct infer_area *a)
{
	uint64_t expected = psnap_infer_expected(&s->geo, a->index, 0);

	return a->first_new != expected &&
	       (a->first_new - expected) % s->geo.stride_chunks == 0;
}

static bool mostly_steps(const struct infer_area *a)
{
	return a->steps * 2 >= a->used;
}

static bool is_link(const struct infer_size *s, const struct infer_area *a,
		    const struct infer_area *next)
{
	uint64_t slots = s->geo.exceptions_per_area;

	if (!a->placed || !next->placed || next->index != a->index + 1 ||
	    a->end_slot != slots)
		return false;
	if (a->in_order && next->in_order)
		return true;
	return mostly_steps(a) && mostly_steps(next) && !shifted(s, a) &&
	       !shifted(s, next) && next->min_new + slots / 4 > a->max_new &&
	       next->min_new <= a->max_new + slots / 2 + 16;
}

static void add_area(struct infer_size *s, const struct infer_area *a)
{
	if (s->area_count > 0 && is_link(s, &s->areas[s->area_count - 1], a))
		s->links++;
	if (a->clean && a->end_slot == s->geo.exceptions_per_area)
		s->full++;
	s->areas[s->area_count++] = *a;
}

/* No table any more, but it was one, and may be the right one. */
static bool damaged(const struct infer_area *a)
{
	return a->exact >= 8 && a->exact * 2 >= a->used + a->impossible;
}

int psnap_infer_size(struct infer_scan *scan, struct infer_size *s,
		     struct psnap_error *err)
{
	uint64_t limit = min_u64(s->geo.area_count, PSNAP_INFER_AREAS);
	uint64_t i;

	for (i = 0; i < limit; i++) {
		struct infer_area area;
		int rc = psnap_infer_area(scan, s, i, &area, err);

		if (rc == 0 && area.clean && i == 0)
			rc = look_around(scan, s, &area, err);
		if (rc)
			return rc;
		if (area.clean || damaged(&area))
			add_area(s, &area);
		if (scan->progress && scan->progress->tick &&
		    scan->progress->tick(scan->progress->ctx, scan->read_bytes,
					 0))
			return psnap_fail(err, PSNAP_E_INTERRUPTED,
					  "interrupted");
	}
	return 0;
}
