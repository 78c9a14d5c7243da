/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a file from its beginning to its end, through gzip if it is
 * compressed: the counterpart of zip.h.
 */
#ifndef PSNAP_UNZIP_H
#define PSNAP_UNZIP_H

#include <psnap/io.h>

PSNAP_BEGIN_DECLS

struct psnap_unzip;

/**
 * psnap_unzip_open() - begin at the beginning
 * @io:     the file; stays the caller's and must outlive it
 * @unzip:  out: release with psnap_unzip_close(); NULL on failure
 *
 * A file that begins with the two bytes of gzip is decompressed, any other is
 * read as it is.
 * Return: 0, PSNAP_E_IO, PSNAP_E_TRUNCATED, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_unzip_open(struct psnap_io *io,
					      struct psnap_unzip **unzip,
					      struct psnap_error *err);

/**
 * psnap_unzip_read() - the next bytes
 * @buf:        filled
 * @max_bytes:  at least 1
 * @got_bytes:  out: how many; 0: the end, and all checksums of gzip were right
 *
 * Several gzip streams one behind the other are one, as for gzip(1). Memory:
 * 64 KiB and what zlib takes, whatever the file says.
 * Return: 0, or
 *   PSNAP_E_CORRUPT    no gzip stream, or a damaged one, or something that is
 *                      none behind it; offset_bytes of @err: in the file
 *   PSNAP_E_TRUNCATED  the file ends inside a gzip stream
 *   PSNAP_E_IO, PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int psnap_unzip_read(struct psnap_unzip *unzip,
					      void *buf, size_t max_bytes,
					      size_t *got_bytes,
					      struct psnap_error *err);

/** psnap_unzip_position() - how many bytes of the file were used so far */
PSNAP_API uint64_t psnap_unzip_position(const struct psnap_unzip *unzip);

/** psnap_unzip_close() - release; NULL is fine */
PSNAP_API void psnap_unzip_close(struct psnap_unzip *unzip);

PSNAP_END_DECLS

#endif
