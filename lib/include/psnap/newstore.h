/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a new store: of any chunk size, compact, and one that every kernel
 * loads. What it is to show is an io, what it is to lie over another one, and
 * the chunks it needs are those in which a set of ranges has a part.
 */
#ifndef PSNAP_NEWSTORE_H
#define PSNAP_NEWSTORE_H

#include <psnap/extents.h>
#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

struct psnap_newstore;

/**
 * struct psnap_newstore_options
 * @chunk_bytes:  of the new store: a power of two, [512, 2^30]
 * @drop_equal:   leave chunks out that are what the origin has; both are read
 * @progress:     told bytes compared with @drop_equal, and later bytes of the
 *                store
 */
struct psnap_newstore_options {
	uint64_t chunk_bytes;
	bool drop_equal;
	struct psnap_progress progress;
};

/**
 * struct psnap_newstore_plan - what the new store will be
 * @exceptions:    chunks it has
 * @dropped:       chunks that were left out, being equal
 * @areas:         of exceptions, with the one that ends the table
 * @needed_bytes:  the least size of a device or file that holds it; at least
 *                 three chunks, and the 16 KiB that the kernel reads when a
 *                 table line names no chunk size
 */
struct psnap_newstore_plan {
	uint64_t chunk_bytes;
	uint64_t exceptions;
	uint64_t dropped;
	uint64_t areas;
	uint64_t needed_bytes;
};

/**
 * psnap_newstore_new() - plan a store
 * @shown:    what the snapshot is to show; must outlive @store
 * @origin:   the origin under it; must outlive @store
 * @changes:  where they differ, or may differ; not needed any longer afterwards
 * @store:    out: release with psnap_newstore_free(); NULL on failure
 *
 * What lies behind the end of @shown is no part of it. A chunk that has a part
 * in @changes goes into the store whole, as @shown has it: it may be larger or
 * smaller than that of the store which the changes came from.
 * Memory: 16 bytes for each run of chunks.
 * Return: 0, or
 *   PSNAP_E_RANGE        no chunk size
 *   PSNAP_E_UNSUPPORTED  @origin has larger sectors than a chunk has bytes:
 *                        no kernel would take the pair
 *   PSNAP_E_OVERFLOW     the store would have 2^63 bytes or more
 *   PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newstore_new(struct psnap_io *shown, struct psnap_io *origin,
		   struct psnap_extents *changes,
		   const struct psnap_newstore_options *options,
		   struct psnap_newstore **store, struct psnap_error *err);

/** psnap_newstore_plan() - what it will be; lives as long as the plan */
PSNAP_API const struct psnap_newstore_plan *
psnap_newstore_plan(const struct psnap_newstore *store);

/**
 * psnap_newstore_write() - write it
 * @out:          open for reading and writing, alone; @needed_bytes or more
 * @out_is_zero:  @out is known to read as zero: no zeros are written
 *
 * In one pass from the front, data in pieces of 4 MiB, and what is to be read is
 * announced 16 MiB ahead. Sorted by origin; the table has a terminator that is
 * on the device, and so has the area behind it, if there is room. No
 * chunk is left free, but for one: if the table is a whole number of areas, the
 * last chunk stands behind the next area and not before it, or kernels older
 * than 3.12 would overwrite that area (CVE-2013-4299).
 *
 * With a flush after each step:
 *  1. the header gets version 0, which every kernel refuses to load
 *  2. everything else, then
 *  3. the header's first sector: valid, version 1.
 * Cut before 3 is done, there is no store that a kernel would take for one.
 * Memory: 4 MiB. Return: 0, or
 *   PSNAP_E_RANGE        @out is smaller; nothing was written
 *   PSNAP_E_UNSUPPORTED  @out has larger sectors than a chunk has bytes;
 *                        nothing was written
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newstore_write(const struct psnap_newstore *store, struct psnap_io *out,
		     bool out_is_zero, struct psnap_error *err);

/** psnap_newstore_free() - release a plan; NULL is fine */
PSNAP_API void psnap_newstore_free(struct psnap_newstore *store);

/**
 * psnap_newstore_copy() - copy ranges to the same places
 * @from:      only read
 * @to:        reads as zero in these ranges: no zeros are written
 * @ranges:    inside both
 * @progress:  told bytes of the ranges; may be NULL
 *
 * Not flushed. Holes are not read. Return: 0, PSNAP_E_RANGE (a range is not
 * inside both), PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM,
 * PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newstore_copy(struct psnap_io *from, struct psnap_io *to,
		    struct psnap_extents *ranges,
		    const struct psnap_progress *progress,
		    struct psnap_error *err);

PSNAP_END_DECLS

#endif
