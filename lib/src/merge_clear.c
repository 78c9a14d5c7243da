/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clearing entries at the end of the table. From the last byte to the first, so
 * that a cut leaves a prefix of the table and the rest merges again; a
 * terminator in the middle would hide exceptions that are not merged yet.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)128 << 10)

/* Zero [start, end), last piece first; what is zero is not written again. */
static int zero_backwards(struct merger *m, uint64_t start, uint64_t end,
			  struct psnap_error *err)
{
	while (start < end) {
		size_t n = (size_t)min_u64(STEP_BYTES, end - start);
		uint64_t at = end - n;
		int rc = psnap_io_read(m->store, at, m->piece, n, err);

		if (rc == 0 && !psnap_merge_is_zero(m->piece, n)) {
			memset(m->piece, 0, n);
			rc = psnap_io_write(m->store, at, m->piece, n, err);
		}
		if (rc)
			return rc;
		end = at;
	}
	return 0;
}

/* Where entries [first, end), which lie in one area, stand. */
static struct psnap_extent extent_of(const struct merger *m, uint64_t first,
				     uint64_t end)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	uint64_t at = psnap_geometry_entry_offset(m->geo, first / per_area,
						  (uint32_t)(first % per_area));

	return (struct psnap_extent){ at,
				      (end - first) * PSNAP_EXCEPTION_BYTES };
}

/* The first entry of the piece of [first, end) that lies in its last area. */
static uint64_t last_piece(const struct merger *m, uint64_t first, uint64_t end)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	uint64_t start = (end - 1) / per_area * per_area;

	return start > first ? start : first;
}

/* An undo io saves all of them with one flush. */
static int prepare_clear(struct merger *m, uint64_t first, uint64_t end,
			 struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	struct psnap_extent *extents;
	size_t count = 0;
	int rc;

	if (!m->store->ops->prepare || first == end)
		return 0;
	extents = calloc((size_t)((end - first) / per_area + 2),
			 sizeof(*extents));
	if (!extents)
		return psnap_fail_nomem(err, "saving for undo");
	while (end > first) {
		uint64_t start = last_piece(m, first, end);

		extents[count++] = extent_of(m, start, end);
		end = start;
	}
	rc = psnap_io_prepare(m->store, extents, count, err);
	free(extents);
	return rc;
}

int psnap_merge_clear(struct merger *m, uint64_t first, uint64_t end,
		      struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	uint64_t area_end = end + (per_area - end % per_area);
	struct psnap_extent e;
	int rc;

	/* They were read before the data, and may be gone from memory again. */
	psnap_merge_announce_table(m, first, end);
	rc = prepare_clear(m, first, end, err);
	/* Behind the terminator. A full last area has its terminator in the
	 * next one, which is there or the store would have been refused. */
	if (rc == 0 && !m->tail_is_zero) {
		e = extent_of(m, end, area_end);
		rc = zero_backwards(m, e.offset_bytes,
				    e.offset_bytes + e.len_bytes, err);
	}
	m->tail_is_zero = rc == 0;
	while (rc == 0 && end > first) {
		uint64_t start = last_piece(m, first, end);

		e = extent_of(m, start, end);
		rc = zero_backwards(m, e.offset_bytes,
				    e.offset_bytes + e.len_bytes, err);
		end = start;
	}
	return rc;
}
