/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rebuilding header and areas from a list of exceptions that was saved when the
 * store was still sound: the restore that goes with psnap dump.
 */
#ifndef PSNAP_REBUILD_H
#define PSNAP_REBUILD_H

#include <psnap/io.h>
#include <psnap/progress.h>
#include <psnap/walk.h>

PSNAP_BEGIN_DECLS

/**
 * struct psnap_rebuild_entry - the next of the list
 * @run:        old_chunk, new_chunk, chunks; the rest is ignored
 * @has_crc32:  @crc32 is that of the data of the chunk; chunks is then 1
 */
struct psnap_rebuild_entry {
	struct psnap_run run;
	bool has_crc32;
	uint32_t crc32;
};

/** Return: 1 with an entry, 0 at the end, or a failure, which is passed on. */
typedef int psnap_rebuild_next_fn(void *ctx, struct psnap_rebuild_entry *entry,
				  struct psnap_error *err);

/**
 * struct psnap_rebuild_options
 * @chunk_bytes:  of the store that was dumped
 * @valid:        what its header said; 0 stays 0
 * @next, @ctx:   the list, in table order. psnap_rebuild_check() and
 *                psnap_rebuild_write() each go through it once
 */
struct psnap_rebuild_options {
	uint64_t chunk_bytes;
	uint32_t valid;
	psnap_rebuild_next_fn *next;
	void *ctx;
	struct psnap_progress progress;
};

/**
 * struct psnap_rebuild_result
 * @exceptions:   in the list
 * @areas:        that are written, the empty last one included
 * @compared:     entries whose crc32 was compared with the data
 * @differing:    those that differ: their data is not what it was
 * @first_differing:  the first of them
 * @unreadable:   entries with a crc32 whose data cannot be read
 * @replaced:     entries of the table as it stands that a kernel could have
 *                written and that something else, or nothing, takes the place of
 * @write_bytes:  of header and areas that are not yet what they are to be, in
 *                the pieces in which they are written; 0: nothing to do
 */
struct psnap_rebuild_result {
	uint64_t exceptions;
	uint64_t areas;
	uint64_t compared;
	uint64_t differing;
	struct psnap_run first_differing;
	uint64_t unreadable;
	uint64_t replaced;
	uint64_t write_bytes;
};

/**
 * psnap_rebuild_check() - does the list fit this store?
 * @store:  only read
 *
 * Every new chunk must be inside the store and no area, every old chunk one
 * that a device can have, no number twice, and the table with its terminator
 * must fit. Data is compared where the list has a crc32; what differs or cannot
 * be read is counted, not a failure.
 * Memory: 2 MiB, and what it takes to notice a number that comes twice.
 * Return: 0, PSNAP_E_RANGE (chunk_bytes), PSNAP_E_CORRUPT with the reason,
 * PSNAP_E_TRUNCATED when the table does not fit, PSNAP_E_NOMEM,
 * PSNAP_E_INTERRUPTED, what @next returned.
 */
PSNAP_API PSNAP_MUST_USE int psnap_rebuild_check(
	struct psnap_io *store, const struct psnap_rebuild_options *options,
	struct psnap_rebuild_result *result, struct psnap_error *err);

/**
 * psnap_rebuild_write() - write areas and header
 * @store:  open for writing, alone; a list that was checked
 *
 * The list comes in table order, so the areas are written first to last, and a
 * table that is half written would be read to its end and then on into what
 * stood there before. Hence, with a flush after each step:
 *  1. the header gets version 0, which every kernel refuses to load, unless it
 *     is refused already. A magic of zero would be formatted, and without its
 *     magic the device would look unused.
 *  2. the rest of the header's chunk and the areas, each with what is behind
 *     the last entry zeroed. What is right already is not written.
 *  3. the header's first sector, when the list has come to its end.
 * Cut before 1 is done, the store is what it was; before 3 is done, one that
 * the kernel refuses; and running it again gives the same end. When only the
 * header is wrong, 1 and 2 write nothing. Data is not touched. Nothing is
 * compared with a crc32, nor looked for twice.
 * Return: as psnap_rebuild_check(), PSNAP_E_IO, PSNAP_E_NOSPACE.
 */
PSNAP_API PSNAP_MUST_USE int psnap_rebuild_write(
	struct psnap_io *store, const struct psnap_rebuild_options *options,
	struct psnap_rebuild_result *result, struct psnap_error *err);

PSNAP_END_DECLS

#endif
