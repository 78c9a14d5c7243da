/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what psnap dump --output=ndjson wrote, plain or through gzip, one
 * line at a time: memory does not depend on the length of the table. What
 * follows what is known here; a line by itself is dumpfile_line.c's, and
 * whether the numbers fit a store is rebuild's business.
 */
#ifndef PSNAP_CMD_DUMPFILE_H
#define PSNAP_CMD_DUMPFILE_H

#include <psnap/io.h>
#include <psnap/rebuild.h>

struct psnap_dumpfile;

/* Longer lines are refused: no dump has them. */
#define PSNAP_DUMPFILE_LINE_BYTES_MAX ((size_t)1 << 20)

/**
 * struct psnap_dumpfile_head - the first record
 * @store_bytes:  size of the store that was dumped
 * @chunk_bytes:  its chunk size
 * @valid:        of its header; 1 when that could not be believed
 */
struct psnap_dumpfile_head {
	uint64_t store_bytes;
	uint64_t chunk_bytes;
	uint32_t valid;
};

/**
 * struct psnap_dumpfile_totals - of a dump that was read to its last record
 * @exceptions:  in the records that the kernel would read
 * @missing:     that the table had and the dump does not: parts that could not
 *               be read, or a dump of ranges
 * @skipped:     in the records of entries that the kernel would not read
 * @unreadable_bytes:  of the table that was dumped
 */
struct psnap_dumpfile_totals {
	uint64_t exceptions;
	uint64_t missing;
	uint64_t skipped;
	uint64_t unreadable_bytes;
};

/**
 * psnap_dumpfile_open() - begin to read
 * @io:        the dump; stays the caller's and must outlive it
 * @progress:  told offsets in the file; copied
 * @dump:      out: release with psnap_dumpfile_close(); NULL on failure
 *
 * Return: 0, PSNAP_E_CORRUPT with the line named, PSNAP_E_TRUNCATED,
 * PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_MUST_USE int psnap_dumpfile_open(struct psnap_io *io,
				       const struct psnap_progress *progress,
				       struct psnap_dumpfile **dump,
				       struct psnap_error *err);

/** psnap_dumpfile_head() - the first record; lives as long as the dump */
const struct psnap_dumpfile_head *
psnap_dumpfile_head(const struct psnap_dumpfile *dump);

/**
 * psnap_dumpfile_next() - psnap_rebuild_next_fn; @ctx is the dump
 *
 * The end is the last record and nothing behind it. What the kernel does not
 * read is passed over. Entries follow each other in the table.
 * Return: 1, 0, PSNAP_E_CORRUPT with the line named, PSNAP_E_TRUNCATED when
 * the last record is missing, PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_MUST_USE int psnap_dumpfile_next(void *ctx,
				       struct psnap_rebuild_entry *entry,
				       struct psnap_error *err);

/** psnap_dumpfile_line() - the number of the line that was read last */
uint64_t psnap_dumpfile_line(const struct psnap_dumpfile *dump);

/** psnap_dumpfile_position() - how many bytes of the file were used so far */
uint64_t psnap_dumpfile_position(const struct psnap_dumpfile *dump);

/** psnap_dumpfile_totals() - final once psnap_dumpfile_next() returned 0 */
const struct psnap_dumpfile_totals *
psnap_dumpfile_totals(const struct psnap_dumpfile *dump);

/**
 * psnap_dumpfile_rewind() - go through the list once more
 *
 * It has to be the same list: what was read to its end before is known by its
 * checksum, and the end of another one is PSNAP_E_CORRUPT.
 * Return: as psnap_dumpfile_open().
 */
PSNAP_MUST_USE int psnap_dumpfile_rewind(struct psnap_dumpfile *dump,
					 struct psnap_error *err);

/** psnap_dumpfile_close() - release it; the io stays open; NULL is fine */
void psnap_dumpfile_close(struct psnap_dumpfile *dump);

#endif
