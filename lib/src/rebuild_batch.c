/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of areas, gathered so that the store is asked for them together, an
 * undo io saves them with one flush, and memory does not follow the table.
 */
#include "rebuild_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES_MAX ((size_t)128 << 10)
#define BATCH_BYTES	((size_t)1 << 20)

int psnap_rebuild_batch_init(struct rebuilder *r, struct psnap_error *err)
{
	r->piece_bytes = (size_t)min_u64(r->geo.chunk_bytes, PIECE_BYTES_MAX);
	r->piece_max = BATCH_BYTES / r->piece_bytes;
	r->batch = malloc(BATCH_BYTES);
	r->extents = calloc(r->piece_max, sizeof(*r->extents));
	r->differing = calloc(r->piece_max, sizeof(*r->differing));
	r->old_piece = malloc(r->piece_bytes);
	if (!r->batch || !r->extents || !r->differing || !r->old_piece)
		return psnap_fail_nomem(err, "rebuilding a table");
	return 0;
}

void psnap_rebuild_batch_release(struct rebuilder *r)
{
	free(r->old_piece);
	free(r->differing);
	free(r->extents);
	free(r->batch);
}

int psnap_rebuild_batch_add(struct rebuilder *r, uint64_t offset_bytes,
			    struct psnap_error *err)
{
	int rc = 0;

	if (r->piece_count == r->piece_max)
		rc = psnap_rebuild_batch_flush(r, err);
	if (rc)
		return rc;
	psnap_io_prefetch(r->store, offset_bytes, r->piece_bytes);
	memset(r->batch + r->piece_count * r->piece_bytes, 0, r->piece_bytes);
	r->extents[r->piece_count++] =
		(struct psnap_extent){ offset_bytes, r->piece_bytes };
	return 0;
}

/* Entries that a kernel could have written, and that are going to be gone. */
static void count_replaced(struct rebuilder *r, const uint8_t *new_piece)
{
	const struct disk_exception *old_entries =
		(const struct disk_exception *)r->old_piece;

	for (size_t i = 0; i < r->piece_bytes / sizeof(*old_entries); i++) {
		const struct disk_exception *e = &old_entries[i];
		uint64_t new_chunk = le64_get(e->new_chunk);

		if (new_chunk == 0)
			r->old_ended = true;
		if (r->old_ended)
			return;
		if (memcmp(e, new_piece + i * sizeof(*e), sizeof(*e)) != 0 &&
		    psnap_entry_plausible(&r->geo, le64_get(e->old_chunk),
					  new_chunk))
			r->result->replaced++;
	}
}

/* 1: it is not what it is to be, 0, or a failure. What cannot be read is to be
 * written: that may well make it readable. */
static int differs(struct rebuilder *r, const uint8_t *new_piece,
		   uint64_t offset_bytes, struct psnap_error *err)
{
	int rc = psnap_io_read(r->store, offset_bytes, r->old_piece,
			       r->piece_bytes, err);

	if (rc == PSNAP_E_NOMEM)
		return rc;
	if (rc)
		return 1;
	if (!r->old_ended)
		count_replaced(r, new_piece);
	return memcmp(r->old_piece, new_piece, r->piece_bytes) != 0;
}

static int write_pieces(struct rebuilder *r, size_t count,
			struct psnap_error *err)
{
	size_t piece = 0;
	int rc;

	rc = psnap_rebuild_header_refuse(r, err);
	if (rc == 0)
		rc = psnap_io_prepare(r->store, r->differing, count, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		while (r->extents[piece].offset_bytes !=
		       r->differing[i].offset_bytes)
			piece++;
		rc = psnap_io_write(r->store, r->differing[i].offset_bytes,
				    r->batch + piece * r->piece_bytes,
				    r->piece_bytes, err);
	}
	return rc;
}

int psnap_rebuild_batch_flush(struct rebuilder *r, struct psnap_error *err)
{
	size_t count = 0;
	int rc = psnap_rebuild_tick(r, err);

	for (size_t i = 0; i < r->piece_count && rc == 0; i++) {
		rc = differs(r, r->batch + i * r->piece_bytes,
			     r->extents[i].offset_bytes, err);
		if (rc < 0)
			return rc;
		if (rc > 0)
			r->differing[count++] = r->extents[i];
		rc = 0;
	}
	if (rc)
		return rc;
	r->result->write_bytes += count * r->piece_bytes;
	if (r->write && count > 0)
		rc = write_pieces(r, count, err);
	r->piece_count = 0;
	return rc;
}
