/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laying out entries: one slot after the other, area after area, and at the end
 * a terminator that the kernel finds. A full last area needs an empty one
 * behind it: the kernel would read on (psnap-store(5) "Areas").
 */
#include "rebuild_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>

static int open_piece(struct rebuilder *r, struct psnap_error *err)
{
	uint64_t offset_bytes;

	if (r->area_index >= r->geo.area_count)
		return psnap_fail(err, PSNAP_E_TRUNCATED,
				  "the table with its end needs more areas "
				  "than the %" PRIu64 " that the store has "
				  "room for",
				  r->geo.area_count);
	offset_bytes = psnap_geometry_entry_offset(&r->geo, r->area_index, 0) +
		       r->area_done_bytes;
	r->piece_open = true;
	r->piece_entries = 0;
	return psnap_rebuild_batch_add(r, offset_bytes, err);
}

static void close_piece(struct rebuilder *r)
{
	r->piece_open = false;
	r->area_done_bytes += r->piece_bytes;
	if (r->area_done_bytes == r->geo.chunk_bytes) {
		r->area_done_bytes = 0;
		r->area_index++;
	}
}

static void put_entries(struct rebuilder *r, uint64_t old_chunk,
			uint64_t new_chunk, uint32_t count)
{
	struct disk_exception *entries =
		(struct disk_exception *)(r->batch + (r->piece_count - 1) *
							     r->piece_bytes);

	for (uint32_t i = 0; i < count; i++) {
		entries[r->piece_entries + i] =
			(struct disk_exception){ le64_put(old_chunk + i),
						 le64_put(new_chunk + i) };
	}
	r->piece_entries += count;
}

int psnap_rebuild_table_put(struct rebuilder *r, const struct psnap_run *run,
			    struct psnap_error *err)
{
	uint32_t room = (uint32_t)(r->piece_bytes / PSNAP_EXCEPTION_BYTES);
	uint64_t done = 0;

	while (done < run->chunks) {
		uint32_t n;
		int rc;

		if (!r->piece_open) {
			rc = open_piece(r, err);
			if (rc)
				return rc;
		}
		n = (uint32_t)min_u64(room - r->piece_entries,
				      run->chunks - done);
		put_entries(r, run->old_chunk + done, run->new_chunk + done, n);
		done += n;
		if (r->piece_entries == room)
			close_piece(r);
	}
	r->result->exceptions += run->chunks;
	return 0;
}

int psnap_rebuild_table_end(struct rebuilder *r, struct psnap_error *err)
{
	/* An open piece has a free slot, and that is the terminator. */
	bool ended = r->piece_open;
	int rc = 0;

	if (r->piece_open)
		close_piece(r);
	while (rc == 0 && (!ended || r->area_done_bytes > 0)) {
		rc = open_piece(r, err);
		if (rc)
			return rc;
		close_piece(r);
		ended = true;
	}
	r->result->areas = r->area_index;
	return psnap_rebuild_batch_flush(r, err);
}
