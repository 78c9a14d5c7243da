/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Enumerate a store's table for output: ranges, states, checksums of data.
 * What becomes of a record (text, JSON, CSV) is the caller's business.
 */
#ifndef PSNAP_DUMP_H
#define PSNAP_DUMP_H

#include <psnap/usage.h>
#include <psnap/walk.h>

PSNAP_BEGIN_DECLS

/* A half-open range of chunk numbers; {0, UINT64_MAX} is everything but the
 * last number, so "all" is a flag of its own. */
struct psnap_range {
	bool given;
	uint64_t start;
	uint64_t end;
};

/**
 * struct psnap_dump_options - zero-initialise for runs of the live table
 * @exceptions:  one record per entry instead of per run
 * @all:         also entries after the terminator and stale areas
 * @crc32:       read each chunk's data; implies @exceptions
 * @old_range, @new_range:  only chunks inside; runs are cut to fit
 * @progress:    told offsets on the store
 */
struct psnap_dump_options {
	bool exceptions;
	bool all;
	bool crc32;
	struct psnap_range old_range;
	struct psnap_range new_range;
	struct psnap_progress progress;
};

/**
 * struct psnap_dump_record - a run or exception to be shown
 * @run:        the entry; area and entry are those of its first chunk
 * @has_crc32:  @crc32 is the checksum of the chunk's data; false when it was
 *              not asked for or the chunk cannot be read
 */
struct psnap_dump_record {
	struct psnap_run run;
	bool has_crc32;
	uint32_t crc32;
};

/**
 * struct psnap_dump_visitor - what the caller does with what is found
 * @record:      a record, in table order; non-zero stops the dump
 * @unreadable:  a range of the table that could not be read; the dump goes on
 *               behind it; non-zero stops
 * @no_checksum: the data of this entry could not be read; its record follows
 *               without a checksum; non-zero stops
 */
struct psnap_dump_visitor {
	int (*record)(void *ctx, const struct psnap_dump_record *record);
	int (*unreadable)(void *ctx, uint64_t offset_bytes, uint64_t len_bytes,
			  const struct psnap_error *why);
	int (*no_checksum)(void *ctx, const struct psnap_run *entry,
			   const struct psnap_error *why);
	void *ctx;
};

/**
 * psnap_dump() - enumerate
 * @store:    an open store
 * @options:  not NULL
 * @visitor:  not NULL
 * @totals:   out: sums over the whole live table, whatever the ranges were
 *
 * Records are handed over while the table is read; memory does not depend on
 * their number.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED, or what the visitor returned.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_dump(struct psnap_store *store, const struct psnap_dump_options *options,
	   const struct psnap_dump_visitor *visitor,
	   struct psnap_walk_totals *totals, struct psnap_error *err);

PSNAP_END_DECLS

#endif
