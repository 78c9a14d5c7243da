/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums are most of the time of undoing. libdeflate makes them several times
 * as fast as zlib; one in so many is compared with the library's. The linker puts
 * this before psnap_crc32().
 */
#include <libdeflate.h>
#include <psnap/zip.h>
#include <stdlib.h>

#define COMPARE_EVERY 1000u

uint32_t __real_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes);
uint32_t __wrap_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes);

uint32_t __wrap_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes)
{
	static unsigned int calls;
	uint32_t now = libdeflate_crc32(crc32, data, len_bytes);

	if (++calls % COMPARE_EVERY == 1 &&
	    now != __real_psnap_crc32(crc32, data, len_bytes))
		abort();
	return now;
}
