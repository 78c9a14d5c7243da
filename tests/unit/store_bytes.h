/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and the header as a store has them, byte by byte, so that a mistake of
 * the library does not repeat itself here.
 */

#ifndef PSNAP_TEST_STORE_BYTES_H
#define PSNAP_TEST_STORE_BYTES_H

#include <stdint.h>

static inline void put_le(uint8_t *to, uint64_t value, unsigned int len_bytes)
{
	for (; len_bytes > 0; len_bytes--, value >>= 8)
		*to++ = (uint8_t)value;
}

static inline uint64_t get_le(const uint8_t *from, unsigned int len_bytes)
{
	uint64_t value = 0;

	while (len_bytes-- > 0)
		value = value << 8 | from[len_bytes];
	return value;
}

static inline void put_header(uint8_t *store, uint32_t valid,
			      uint64_t chunk_bytes)
{
	put_le(store, 0x70416e53, 4);
	put_le(store + 4, valid, 4);
	put_le(store + 8, 1, 4);
	put_le(store + 12, chunk_bytes / 512, 4);
}

#endif
