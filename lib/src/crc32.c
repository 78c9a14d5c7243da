/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums. Every byte that is saved for undo, put back or verified goes through
 * here, and libdeflate is several times as fast as zlib.
 */
#include <psnap/zip.h>

#include <libdeflate.h>

uint32_t psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes)
{
	/* libdeflate takes a null pointer for "begin anew". */
	if (len_bytes == 0)
		return crc32;
	return libdeflate_crc32(crc32, data, len_bytes);
}
