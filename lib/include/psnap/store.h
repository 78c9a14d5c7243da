/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A persistent snapshot store: its header and what follows from it. Source of
 * every rule: psnap-store(5) and Linux drivers/md/dm-snap-persistent.c.
 *
 * Words: store = the COW device; chunk = the unit of copying; old_chunk = a
 * chunk of the origin; new_chunk = a chunk of the store; area = a chunk full
 * of exceptions; exception = one old_chunk -> new_chunk entry; sector = 512 B.
 */
#ifndef PSNAP_STORE_H
#define PSNAP_STORE_H

#include <psnap/error.h>

PSNAP_BEGIN_DECLS

struct psnap_io;
struct psnap_store;

#define PSNAP_SECTOR_BYTES    512u
#define PSNAP_HEADER_BYTES    16u
#define PSNAP_EXCEPTION_BYTES 16u
#define PSNAP_MAGIC	      0x70416e53u /* "SnAp" as le32 */
#define PSNAP_VERSION_KNOWN   1u
#define PSNAP_CHUNK_BYTES_MIN 512u
#define PSNAP_CHUNK_BYTES_MAX (1u << 30)
/* From here up the kernel reads the top byte as a run length. */
#define PSNAP_NEW_CHUNK_HUGE (UINT64_C(1) << 56)

/* What is wrong, or odd, with a header: bits of psnap_header.problems. */
enum psnap_header_problem {
	PSNAP_HEADER_SHORT = 1 << 0,	  /* the io ends inside the header */
	PSNAP_HEADER_MAGIC_ZERO = 1 << 1, /* the kernel would format it */
	PSNAP_HEADER_MAGIC_BAD = 1 << 2,  /* neither zero nor "SnAp" */
	PSNAP_HEADER_VERSION = 1 << 3,	  /* not version 1 */
	PSNAP_HEADER_CHUNK_SIZE = 1 << 4, /* zero, no power of two, too big */
	PSNAP_HEADER_INVALID = 1 << 5,	  /* valid is 0 */
	PSNAP_HEADER_VALID_ODD = 1 << 6,  /* valid is neither 0 nor 1 */
};

/**
 * struct psnap_header - the four fields, as found, and what was judged
 * @problems:  bits of enum psnap_header_problem; 0: nothing to say
 */
struct psnap_header {
	uint32_t magic;
	uint32_t valid;
	uint32_t version;
	uint32_t chunk_sectors;
	uint32_t problems;
};

/**
 * psnap_header_believable() - may the fields behind the magic be believed?
 *
 * Always when the magic is right. Otherwise only when all of them are what a
 * store has: then the magic alone was lost.
 */
PSNAP_API bool psnap_header_believable(const struct psnap_header *header);

/** psnap_header_says_invalid() - valid is 0, in a header that is believable */
PSNAP_API bool psnap_header_says_invalid(const struct psnap_header *header);

/**
 * struct psnap_geometry - what follows from chunk size and device size
 * @store_bytes:          size of the device or file
 * @store_sectors:        whole sectors of it
 * @chunk_bytes:          power of two, [512, 2^30]
 * @chunk_sectors:        the same in sectors
 * @exceptions_per_area:  chunk_bytes / 16
 * @stride_chunks:        exceptions_per_area + 1: from area to area
 * @chunk_count:          whole chunks on the device; a partial one at the end
 *                        is never used
 * @area_count:           areas that lie wholly on the device
 */
struct psnap_geometry {
	uint64_t store_bytes;
	uint64_t store_sectors;
	uint64_t chunk_bytes;
	uint32_t chunk_sectors;
	uint32_t exceptions_per_area;
	uint64_t stride_chunks;
	uint64_t chunk_count;
	uint64_t area_count;
};

/**
 * psnap_header_read() - read and judge a header, whatever it holds
 * @io:      the store
 * @header:  out
 *
 * Succeeds on anything readable; @header->problems says what it is.
 * I/O: reads 16 bytes at 0. Return: 0, PSNAP_E_IO, PSNAP_E_TRUNCATED,
 * PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_header_read(struct psnap_io *io,
					       struct psnap_header *header,
					       struct psnap_error *err);

/**
 * psnap_geometry_init() - derive a geometry
 * @geo:          out
 * @store_bytes:  [0, 2^63)
 * @chunk_bytes:  a chunk size
 *
 * Return: 0, or PSNAP_E_RANGE when either number is outside its range or
 * chunk_bytes is no power of two.
 * Source: dm_exception_store_set_chunk_size() for the limits.
 */
PSNAP_API PSNAP_MUST_USE int psnap_geometry_init(struct psnap_geometry *geo,
						 uint64_t store_bytes,
						 uint64_t chunk_bytes,
						 struct psnap_error *err);

/**
 * psnap_geometry_area_chunk() - the chunk that holds an area
 * @geo:         a geometry
 * @area_index:  [0, geo->area_count)
 * @chunk:       out: 1 + area_index * stride
 *
 * Return: 0, or PSNAP_E_RANGE when the area is not on the device.
 * Source: area_location().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_geometry_area_chunk(const struct psnap_geometry *geo, uint64_t area_index,
			  uint64_t *chunk, struct psnap_error *err);

/**
 * psnap_geometry_is_metadata() - is a chunk the header or an area?
 *
 * Any number may be asked about, also beyond the device.
 * Return: true for chunk 0 and for 1, 1 + stride, 1 + 2 * stride, ...
 */
PSNAP_API bool psnap_geometry_is_metadata(const struct psnap_geometry *geo,
					  uint64_t chunk);

/**
 * psnap_geometry_entry_offset() - where an entry stands on the store
 * @area_index:   [0, geo->area_count)
 * @entry_index:  [0, geo->exceptions_per_area)
 *
 * Return: byte offset from the start of the store.
 */
PSNAP_API uint64_t psnap_geometry_entry_offset(const struct psnap_geometry *geo,
					       uint64_t area_index,
					       uint32_t entry_index);

/**
 * psnap_store_open() - open a store for reading its exceptions
 * @io:           the device or file; stays the caller's and must outlive it
 * @chunk_bytes:  0: believe the header. Otherwise the chunk size to use
 *                whatever the header says (a lost header)
 * @store:        out: release with psnap_store_close(); NULL on failure
 *
 * valid = 0 is no obstacle: the exceptions are all still there.
 * I/O: reads 16 bytes.
 * Return: 0, or
 *   PSNAP_E_NOT_STORE  magic is not "SnAp" (zero included)
 *   PSNAP_E_VERSION    version is not 1
 *   PSNAP_E_CORRUPT    chunk size cannot be right
 *   PSNAP_E_RANGE      @chunk_bytes is no chunk size
 *   PSNAP_E_TRUNCATED  the device ends before the first area does
 *   PSNAP_E_IO, PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int psnap_store_open(struct psnap_io *io,
					      uint64_t chunk_bytes,
					      struct psnap_store **store,
					      struct psnap_error *err);

/** psnap_store_io() - the io a store was opened on */
PSNAP_API struct psnap_io *psnap_store_io(const struct psnap_store *store);

/** psnap_store_header() - the header as found; lives as long as the store */
PSNAP_API const struct psnap_header *
psnap_store_header(const struct psnap_store *store);

/** psnap_store_geometry() - the geometry; lives as long as the store */
PSNAP_API const struct psnap_geometry *
psnap_store_geometry(const struct psnap_store *store);

/** psnap_store_close() - release a store; the io stays open; NULL is fine */
PSNAP_API void psnap_store_close(struct psnap_store *store);

PSNAP_END_DECLS

#endif
