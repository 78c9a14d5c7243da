/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of lvmsync, protocol 3: a line of text, then ranges of a device
 * with their data. It has no checksum and no end mark, and does not say what it
 * was made against. Source: lvmsync, process_dumpdata() and dump_changes().
 */
#ifndef PSNAP_LVMSYNC_H
#define PSNAP_LVMSYNC_H

#include <psnap/convert.h>
#include <psnap/extents.h>
#include <psnap/io.h>

PSNAP_BEGIN_DECLS

struct psnap_lvmsync;

/**
 * psnap_lvmsync_write() - make a stream
 * @shown:     what it leads to
 * @ranges:    in which that differs
 * @take:      takes its bytes, in order
 * @progress:  told bytes of the ranges; may be NULL
 * @made_bytes:  out: how many bytes the stream has
 *
 * Return: 0, what @take returned, PSNAP_E_IO, PSNAP_E_TRUNCATED, PSNAP_E_RANGE
 * (a range lies behind the end), PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_lvmsync_write(struct psnap_io *shown, struct psnap_extents *ranges,
		    psnap_convert_take_fn *take, void *ctx,
		    const struct psnap_progress *progress, uint64_t *made_bytes,
		    struct psnap_error *err);

/**
 * psnap_lvmsync_open() - read where the ranges of a stream are
 * @file:      stays the caller's and must outlive it
 * @base:      what it is applied to; likewise
 * @progress:  told bytes of the stream; may be NULL
 * @stream:    out: release with psnap_lvmsync_close(); NULL on failure
 *
 * 24 bytes of memory for each range. Return: 0, or
 *   PSNAP_E_CORRUPT    it is no such stream, or writes twice to one place
 *   PSNAP_E_VERSION    it is one, of another protocol
 *   PSNAP_E_TRUNCATED  it ends inside a range
 *   PSNAP_E_RANGE      it writes behind the end of @base
 *   PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_lvmsync_open(struct psnap_io *file, struct psnap_io *base,
		   const struct psnap_progress *progress,
		   struct psnap_lvmsync **stream, struct psnap_error *err);

/** psnap_lvmsync_io() - what the base becomes, for reading; the stream's */
PSNAP_API struct psnap_io *psnap_lvmsync_io(struct psnap_lvmsync *stream);

/** psnap_lvmsync_ranges() - add the ranges to a set; 0 or PSNAP_E_NOMEM */
PSNAP_API PSNAP_MUST_USE int
psnap_lvmsync_ranges(const struct psnap_lvmsync *stream,
		     struct psnap_extents *ranges, struct psnap_error *err);

/** psnap_lvmsync_close() - release it; the ios stay open; NULL is fine */
PSNAP_API void psnap_lvmsync_close(struct psnap_lvmsync *stream);

PSNAP_END_DECLS

#endif
