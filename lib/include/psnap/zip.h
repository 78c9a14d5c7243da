/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums and gzip streams.
 */
#ifndef PSNAP_ZIP_H
#define PSNAP_ZIP_H

#include <psnap/error.h>
#include <stddef.h>

PSNAP_BEGIN_DECLS

struct psnap_gzip;

/**
 * psnap_crc32() - the CRC-32 of gzip, zip and PNG
 * @crc32:  0 to begin, or the result for the bytes before
 *
 * Return: the checksum including @len_bytes at @data.
 */
PSNAP_API uint32_t psnap_crc32(uint32_t crc32, const void *data,
			       size_t len_bytes);

/**
 * psnap_gzip_open() - begin a gzip stream, level 1
 * @write:  called with compressed bytes; non-zero stops with that value
 * @ctx:    handed to @write
 * @gzip:   out: release with psnap_gzip_close(); NULL on failure
 *
 * Return: 0, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_gzip_open(int (*write)(void *ctx, const void *data, size_t len_bytes),
		void *ctx, struct psnap_gzip **gzip, struct psnap_error *err);

/** psnap_gzip_write() - compress bytes; Return: 0 or what write returned */
PSNAP_API PSNAP_MUST_USE int
psnap_gzip_write(struct psnap_gzip *gzip, const void *data, size_t len_bytes);

/** psnap_gzip_finish() - end the stream; Return: 0 or what write returned */
PSNAP_API PSNAP_MUST_USE int psnap_gzip_finish(struct psnap_gzip *gzip);

/** psnap_gzip_close() - release; does not write; NULL is fine */
PSNAP_API void psnap_gzip_close(struct psnap_gzip *gzip);

PSNAP_END_DECLS

#endif
