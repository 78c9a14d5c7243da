/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clearing merged exceptions. From the last byte to the first, so that a cut
 * leaves a prefix of the table and the rest merges again; a terminator in the
 * middle would hide exceptions that are not merged yet.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)128 << 10)

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* Zero [start, end), last piece first; what is zero is not written again. */
static int zero_backwards(struct merger *m, uint64_t start, uint64_t end,
			  struct psnap_error *err)
{
	while (start < end) {
		size_t n = (size_t)min_u64(STEP_BYTES, end - start);
		uint64_t at = end - n;
		int rc = psnap_io_read(m->store, at, m->piece, n, err);

		if (rc == 0 && !is_zero(m->piece, n)) {
			memset(m->piece, 0, n);
			rc = psnap_io_write(m->store, at, m->piece, n, err);
		}
		if (rc)
			return rc;
		end = at;
	}
	return 0;
}

/* The entries, area by area, so that an undo io saves them with one flush. */
static int prepare_clear(struct merger *m, uint64_t first, uint64_t end,
			 struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	struct psnap_extent *extents;
	size_t count = 0;
	uint64_t at;
	int rc;

	if (!m->store->ops->prepare || first == end)
		return 0;
	extents = calloc((size_t)((end - first) / per_area + 2),
			 sizeof(*extents));
	if (!extents)
		return psnap_fail_nomem(err, "saving for undo");
	for (at = first; at < end;) {
		uint64_t n = min_u64(end - at, per_area - at % per_area);

		extents[count++] = (struct psnap_extent){
			psnap_geometry_entry_offset(m->geo, at / per_area,
						    (uint32_t)(at % per_area)),
			n * PSNAP_EXCEPTION_BYTES
		};
		at += n;
	}
	rc = psnap_io_prepare(m->store, extents, count, err);
	free(extents);
	return rc;
}

int psnap_merge_clear(struct merger *m, uint64_t first, uint64_t end,
		      struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	uint64_t area = end / per_area;
	int rc = prepare_clear(m, first, end, err);

	/* A full last area has its terminator in the next one, which is there
	 * or the store would have been refused. */
	while (rc == 0) {
		uint64_t start = area * per_area;
		uint32_t slot = first > start ? (uint32_t)(first - start) : 0;

		rc = zero_backwards(
			m, psnap_geometry_entry_offset(m->geo, area, slot),
			psnap_geometry_entry_offset(m->geo, area, 0) +
				m->geo->chunk_bytes,
			err);
		if (start <= first)
			break;
		area--;
	}
	return rc;
}
