/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a store: its header, and the geometry that follows from it. Reading
 * the areas is walk.c's business.
 */
#include <psnap/io.h>
#include <psnap/store.h>

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct psnap_store {
	struct psnap_io *io;
	struct psnap_header header;
	struct psnap_geometry geo;
};

int psnap_header_read(struct psnap_io *io, struct psnap_header *header,
		      struct psnap_error *err)
{
	struct disk_header disk;
	int rc;

	memset(header, 0, sizeof(*header));
	memset(&disk, 0, sizeof(disk));
	if (io->size_bytes < sizeof(disk)) {
		header->problems = PSNAP_HEADER_SHORT;
		return 0;
	}
	rc = psnap_io_read(io, 0, &disk, sizeof(disk), err);
	if (rc)
		return rc;
	psnap_header_decode(&disk, header);
	return 0;
}

int psnap_geometry_init(struct psnap_geometry *geo, uint64_t store_bytes,
			uint64_t chunk_bytes, struct psnap_error *err)
{
	memset(geo, 0, sizeof(*geo));
	if (!psnap_chunk_bytes_valid(chunk_bytes))
		return psnap_fail(err, PSNAP_E_RANGE,
				  "a chunk size of %" PRIu64 " bytes is not a "
				  "power of two from 512 to 1073741824",
				  chunk_bytes);
	if (store_bytes > (uint64_t)INT64_MAX)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "a store cannot be larger than 2^63 bytes");
	geo->store_bytes = store_bytes;
	geo->store_sectors = store_bytes / PSNAP_SECTOR_BYTES;
	geo->chunk_bytes = chunk_bytes;
	geo->chunk_sectors = (uint32_t)(chunk_bytes / PSNAP_SECTOR_BYTES);
	geo->exceptions_per_area =
		(uint32_t)(chunk_bytes / PSNAP_EXCEPTION_BYTES);
	geo->stride_chunks = (uint64_t)geo->exceptions_per_area + 1;
	geo->chunk_count = store_bytes / chunk_bytes;
	/* Area k is chunk 1 + k * stride and has to be < chunk_count. */
	if (geo->chunk_count >= 2)
		geo->area_count =
			(geo->chunk_count - 2) / geo->stride_chunks + 1;
	return 0;
}

int psnap_geometry_area_chunk(const struct psnap_geometry *geo,
			      uint64_t area_index, uint64_t *chunk,
			      struct psnap_error *err)
{
	*chunk = 0;
	if (area_index >= geo->area_count)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "area %" PRIu64 " is not on the device, "
				  "which has room for %" PRIu64,
				  area_index, geo->area_count);
	*chunk = 1 + area_index * geo->stride_chunks;
	return 0;
}

bool psnap_geometry_is_metadata(const struct psnap_geometry *geo,
				uint64_t chunk)
{
	return chunk == 0 || chunk % geo->stride_chunks == 1;
}

uint64_t psnap_geometry_entry_offset(const struct psnap_geometry *geo,
				     uint64_t area_index, uint32_t entry_index)
{
	return (1 + area_index * geo->stride_chunks) * geo->chunk_bytes +
	       (uint64_t)entry_index * PSNAP_EXCEPTION_BYTES;
}

static int judge_header(const struct psnap_header *header,
			struct psnap_error *err)
{
	uint32_t problems = header->problems;

	if (problems & PSNAP_HEADER_SHORT)
		return psnap_fail_at(err, PSNAP_E_NOT_STORE, 0,
				     "too short for the 16 bytes of a header");
	if (problems & PSNAP_HEADER_MAGIC_ZERO)
		return psnap_fail_at(
			err, PSNAP_E_NOT_STORE, 0,
			"the magic is zero: blank, or a store that "
			"lost its header (give --chunk-size)");
	if (problems & PSNAP_HEADER_MAGIC_BAD)
		return psnap_fail_at(err, PSNAP_E_NOT_STORE, 0,
				     "magic 0x%08" PRIx32
				     " is not that of a snapshot store, "
				     "0x%08" PRIx32,
				     header->magic, PSNAP_MAGIC);
	if (problems & PSNAP_HEADER_VERSION)
		return psnap_fail_at(err, PSNAP_E_VERSION, 8,
				     "version %" PRIu32 " is not 1, the only "
				     "one there is (--chunk-size reads on)",
				     header->version);
	if (problems & PSNAP_HEADER_CHUNK_SIZE)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 12,
				     "chunk size %" PRIu32 " sectors is not a "
				     "power of two from 1 to 2097152 (give "
				     "the right one with --chunk-size)",
				     header->chunk_sectors);
	return 0;
}

int psnap_store_open(struct psnap_io *io, uint64_t chunk_bytes,
		     struct psnap_store **store, struct psnap_error *err)
{
	struct psnap_store *s;
	int rc;

	*store = NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return psnap_fail_nomem(err, "opening a store");
	s->io = io;
	rc = psnap_header_read(io, &s->header, err);
	/* A lost header may well be one that cannot be read. */
	if (rc == PSNAP_E_IO && chunk_bytes != 0)
		s->header.problems = PSNAP_HEADER_SHORT;
	else if (rc)
		goto fail;
	if (chunk_bytes == 0) {
		rc = judge_header(&s->header, err);
		if (rc)
			goto fail;
		chunk_bytes =
			(uint64_t)s->header.chunk_sectors * PSNAP_SECTOR_BYTES;
	}
	rc = psnap_geometry_init(&s->geo, io->size_bytes, chunk_bytes, err);
	if (rc)
		goto fail;
	if (s->geo.area_count == 0) {
		rc = psnap_fail_at(err, PSNAP_E_TRUNCATED, io->size_bytes,
				   "ends before the first area of exceptions, "
				   "which ends at byte %" PRIu64,
				   2 * chunk_bytes);
		goto fail;
	}
	*store = s;
	return 0;

fail:
	free(s);
	return rc;
}

struct psnap_io *psnap_store_io(const struct psnap_store *store)
{
	return store->io;
}

const struct psnap_header *psnap_store_header(const struct psnap_store *store)
{
	return &store->header;
}

const struct psnap_geometry *
psnap_store_geometry(const struct psnap_store *store)
{
	return &store->geo;
}

void psnap_store_close(struct psnap_store *store)
{
	free(store);
}
