/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes <-> host structs: the only place that knows the layout on disk
 * (psnap-store(5) "Header", "Exceptions"), and the only place that judges a
 * header. No I/O.
 */
#ifndef PSNAP_ONDISK_H
#define PSNAP_ONDISK_H

#include "le.h"

#include <assert.h>
#include <psnap/store.h>
#include <stddef.h>

struct disk_header {
	struct le32 magic;
	struct le32 valid;
	struct le32 version;
	struct le32 chunk_sectors;
};

struct disk_exception {
	struct le64 old_chunk;
	struct le64 new_chunk;
};

static_assert(sizeof(struct disk_header) == PSNAP_HEADER_BYTES, "header size");
static_assert(offsetof(struct disk_header, magic) == 0, "magic");
static_assert(offsetof(struct disk_header, valid) == 4, "valid");
static_assert(offsetof(struct disk_header, version) == 8, "version");
static_assert(offsetof(struct disk_header, chunk_sectors) == 12, "chunk size");
static_assert(sizeof(struct disk_exception) == PSNAP_EXCEPTION_BYTES,
	      "exception size");
static_assert(offsetof(struct disk_exception, old_chunk) == 0, "old");
static_assert(offsetof(struct disk_exception, new_chunk) == 8, "new");

/* Decode and judge; @header->problems says what was found. */
void psnap_header_decode(const struct disk_header *disk,
			 struct psnap_header *header);

/* Is this a chunk size, in bytes, that a kernel could ever accept? */
bool psnap_chunk_bytes_valid(uint64_t chunk_bytes);

/*
 * Could a kernel have written this entry? new_chunk inside the store and not
 * metadata, old_chunk inside what a device can hold.
 */
bool psnap_entry_plausible(const struct psnap_geometry *geo, uint64_t old_chunk,
			   uint64_t new_chunk);

/* No origin has a chunk with this number or a higher one: 2^63 bytes is the
 * largest block device Linux can have. */
uint64_t psnap_old_chunk_limit(const struct psnap_geometry *geo);

#endif
