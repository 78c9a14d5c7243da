/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a store that is rebuilt: one that kernels refuse while areas
 * are being written, and the right one at the end. A disk writes a sector whole
 * or not at all, so the header never is half of each.
 */
#include "rebuild_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

/* What is written in one go: a sector of the store. */
static size_t first_bytes(const struct rebuilder *r)
{
	uint64_t sector_bytes = r->store->align_bytes;

	if (sector_bytes < PSNAP_SECTOR_BYTES)
		sector_bytes = PSNAP_SECTOR_BYTES;
	return (size_t)min_u64(sector_bytes, r->piece_bytes);
}

static int write_first(struct rebuilder *r, uint32_t version,
		       struct psnap_error *err)
{
	const struct disk_header header = {
		.magic = le32_put(PSNAP_MAGIC),
		.valid = le32_put(r->options->valid),
		.version = le32_put(version),
		.chunk_sectors = le32_put(r->geo.chunk_sectors),
	};
	const struct psnap_extent extent = { 0, first_bytes(r) };
	uint8_t *sector = calloc(1, extent.len_bytes);
	int rc;

	if (!sector)
		return psnap_fail_nomem(err, "rebuilding a header");
	memcpy(sector, &header, sizeof(header));
	rc = psnap_io_prepare(r->store, &extent, 1, err);
	if (rc == 0)
		rc = psnap_io_write(r->store, 0, sector, extent.len_bytes, err);
	if (rc == 0)
		rc = psnap_io_sync(r->store, err);
	free(sector);
	return rc;
}

/* Would a kernel do anything but refuse? One that cannot be read may come back
 * at any time. */
static bool is_refused(const struct psnap_header *header)
{
	return (header->problems & PSNAP_HEADER_MAGIC_BAD) ||
	       (!(header->problems & PSNAP_HEADER_MAGIC_ZERO) &&
		(header->problems & PSNAP_HEADER_VERSION));
}

int psnap_rebuild_header_refuse(struct rebuilder *r, struct psnap_error *err)
{
	struct psnap_header header;
	int rc;

	if (r->refused)
		return 0;
	rc = psnap_header_read(r->store, &header, err);
	if (rc == PSNAP_E_NOMEM)
		return rc;
	/* A refusing header that a run before this one wrote may still wait in
	 * a cache, and the areas must not overtake it. */
	if (rc == 0 && is_refused(&header))
		rc = psnap_io_sync(r->store, err);
	else
		rc = write_first(r, 0, err);
	r->refused = rc == 0;
	return rc;
}

int psnap_rebuild_header_rest(struct rebuilder *r, struct psnap_error *err)
{
	uint64_t at = first_bytes(r);
	uint64_t end = r->geo.chunk_bytes;
	int rc = 0;

	while (rc == 0) {
		struct psnap_extent piece;

		at = psnap_io_next_data(r->store, at);
		if (at >= end)
			break;
		/* Pieces end where a multiple of their size does. */
		piece.offset_bytes = at;
		piece.len_bytes =
			min_u64(r->piece_bytes - at % r->piece_bytes, end - at);
		at += piece.len_bytes;
		rc = psnap_rebuild_tick(r, err);
		if (rc == 0)
			rc = psnap_io_read(r->store, piece.offset_bytes,
					   r->old_piece,
					   (size_t)piece.len_bytes, err);
		if (rc == 0 && r->old_piece[0] == 0 &&
		    memcmp(r->old_piece, r->old_piece + 1,
			   (size_t)piece.len_bytes - 1) == 0)
			continue;
		if (rc == PSNAP_E_NOMEM || rc == PSNAP_E_INTERRUPTED)
			break;
		rc = 0;
		r->result->write_bytes += piece.len_bytes;
		if (!r->write)
			continue;
		memset(r->old_piece, 0, (size_t)piece.len_bytes);
		rc = psnap_rebuild_header_refuse(r, err);
		if (rc == 0)
			rc = psnap_io_prepare(r->store, &piece, 1, err);
		if (rc == 0)
			rc = psnap_io_write(r->store, piece.offset_bytes,
					    r->old_piece,
					    (size_t)piece.len_bytes, err);
	}
	return rc;
}

/* Zero behind the 16 bytes, too. */
static bool is_final(const struct rebuilder *r, const uint8_t *sector)
{
	struct disk_header disk;
	struct psnap_header header;

	memcpy(&disk, sector, sizeof(disk));
	psnap_header_decode(&disk, &header);
	if (header.magic != PSNAP_MAGIC ||
	    header.version != PSNAP_VERSION_KNOWN ||
	    header.valid != r->options->valid ||
	    header.chunk_sectors != r->geo.chunk_sectors)
		return false;
	for (size_t i = sizeof(disk); i < first_bytes(r); i++) {
		if (sector[i] != 0)
			return false;
	}
	return true;
}

int psnap_rebuild_header_end(struct rebuilder *r, struct psnap_error *err)
{
	int rc = psnap_io_read(r->store, 0, r->old_piece, first_bytes(r), err);

	if (rc == PSNAP_E_NOMEM)
		return rc;
	if (rc || !is_final(r, r->old_piece)) {
		r->result->write_bytes += first_bytes(r);
	} else {
		/* What a run before this one wrote may not be durable yet. */
		return r->write ? psnap_io_sync(r->store, err) : 0;
	}
	if (!r->write)
		return 0;
	rc = psnap_io_sync(r->store, err);
	return rc ? rc : write_first(r, PSNAP_VERSION_KNOWN, err);
}
