/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ios for devices of which a part is lost: one that refuses what a map calls
 * lost, as a disk refuses its bad sectors, and one that fills what cannot be
 * read and takes note of it, so that whatever copies an io comes to its end.
 */
#ifndef PSNAP_SALVAGE_H
#define PSNAP_SALVAGE_H

#include <psnap/extents.h>
#include <psnap/io.h>

PSNAP_BEGIN_DECLS

/**
 * psnap_io_open_lost() - an io of which some ranges cannot be read
 * @inner:  for reading; belongs to the new io, but not on failure
 * @lost:   reads of these fail, with EIO, and holes in them are no zeros;
 *          must outlive the io
 * @io:     out: release with psnap_io_close(); NULL on failure
 *
 * Return: 0, or PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_open_lost(struct psnap_io *inner,
						struct psnap_extents *lost,
						struct psnap_io **io,
						struct psnap_error *err);

/* The longest pattern. */
#define PSNAP_FILL_BYTES_MAX 4096u

/**
 * struct psnap_fill - what stands where nothing is known
 * @origin:         the content of this io at the same place, or zeros if that
 *                  cannot be read either; NULL: the pattern
 * @pattern:        repeated from byte 0 of the io on
 * @pattern_bytes:  at most PSNAP_FILL_BYTES_MAX; 0: zeros
 */
struct psnap_fill {
	struct psnap_io *origin;
	const uint8_t *pattern;
	size_t pattern_bytes;
};

/**
 * struct psnap_salvage - what an io is to show, and what it had to fill
 * @inner:         only read
 * @unreadable:    for what cannot be read
 * @replace:       ranges that are not to be shown although they can be read;
 *                 NULL: none
 * @replacement:   for those
 * @filled:        receives what could not be read
 *
 * All of it must outlive the io.
 */
struct psnap_salvage {
	struct psnap_io *inner;
	struct psnap_fill unreadable;
	struct psnap_extents *replace;
	struct psnap_fill replacement;
	struct psnap_extents *filled;
};

/**
 * psnap_io_open_salvage() - an io that can be read everywhere
 * @salvage:  copied
 * @io:       out: release with psnap_io_close(), which leaves @inner open; NULL
 *            on failure
 *
 * What fails is narrowed down to sectors of 512 bytes; each of them is read
 * alone before it is filled.
 * Return: 0, or PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_io_open_salvage(const struct psnap_salvage *salvage, struct psnap_io **io,
		      struct psnap_error *err);

PSNAP_END_DECLS

#endif
