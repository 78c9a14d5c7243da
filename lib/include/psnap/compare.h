/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where two ios differ: a snapshot and its origin, two snapshots, an image and
 * what it was made from. Holes are not read.
 */
#ifndef PSNAP_COMPARE_H
#define PSNAP_COMPARE_H

#include <psnap/extents.h>
#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

/**
 * psnap_compare() - the ranges in which two ios differ
 * @a, @b:       only read
 * @start_bytes, @end_bytes:  what is compared, inside both
 * @unit_bytes:  at least 1; what differs is counted in units of it, from byte 0
 *               of the ios, whole but for what lies outside of
 *               [@start_bytes, @end_bytes)
 * @differ:      gets the ranges; what is in it stays
 * @progress:    told bytes compared of those to compare; may be NULL
 *
 * What is a hole in both, see psnap_io_next_data(), is not read; where one of
 * them has a hole, only the other is read. Memory: 3 MiB, and the ranges.
 * Return: 0, or
 *   PSNAP_E_IO           one of them cannot be read; the text has its name
 *   PSNAP_E_TRUNCATED    or became shorter
 *   PSNAP_E_RANGE        the range is not inside both; nothing was read
 *   PSNAP_E_API          a unit of no bytes
 *   PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 * On failure @differ has the ranges found so far.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_compare(struct psnap_io *a, struct psnap_io *b, uint64_t start_bytes,
	      uint64_t end_bytes, uint64_t unit_bytes,
	      struct psnap_extents *differ,
	      const struct psnap_progress *progress, struct psnap_error *err);

/** Takes a range that differs; anything but 0 ends the work and is passed on. */
typedef int psnap_compare_take_fn(void *ctx, uint64_t start_bytes,
				  uint64_t end_bytes);

/**
 * psnap_compare_each() - the same for a set of ranges, one result at a time
 * @where:  what is compared, inside both
 * @take:   called with the ranges that differ, in order; no two touch
 *
 * For results that nobody wants to keep: memory does not grow with them.
 * Return: as psnap_compare(), or what @take returned.
 */
PSNAP_API PSNAP_MUST_USE int psnap_compare_each(
	struct psnap_io *a, struct psnap_io *b, struct psnap_extents *where,
	uint64_t unit_bytes, psnap_compare_take_fn *take, void *ctx,
	const struct psnap_progress *progress, struct psnap_error *err);

PSNAP_END_DECLS

#endif
