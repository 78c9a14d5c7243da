/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io whose writes go on behind its caller: past the page cache, many at a
 * time. A disk that is given small writes one after the other is slow, and the
 * processor has less to do than with a page of the cache for each of them.
 */
#ifndef PSNAP_BEHIND_H
#define PSNAP_BEHIND_H

#include <psnap/io.h>

PSNAP_BEGIN_DECLS

/**
 * psnap_io_write_behind() - have the writes of an io go on behind its caller
 * @io:  as psnap_io_open_exclusive() or psnap_io_open_growing() made it, nothing
 *       else in between; replaced by an io that closes it, on failure as it was
 *
 * Begins with it once 1 MiB was written, and not at all where the system or the
 * file does not allow it: that is no failure, all is written the ordinary way.
 * So is what lies behind the end of a file, unless psnap_io_prepare() announced
 * it: that makes the file longer by it, with zeros, from 1 MiB on and if the file
 * system can.
 * Takes 8 MiB of memory from then on, for copies of what was not lent
 * (psnap_io_lend()). Several threads may not use the io.
 *
 * What is written need not be there, in any order, before psnap_io_sync(); what
 * is read is what was written last. A write past the page cache that fails is
 * done once more through it, so that a disk's failure is told by
 * psnap_io_sync(), as ever.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_API for an io that is something else.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_write_behind(struct psnap_io **io,
						   struct psnap_error *err);

PSNAP_END_DECLS

#endif
