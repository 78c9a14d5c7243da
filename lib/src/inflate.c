/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompressing blocks through zlib.
 */
#include "inflate.h"

#include <zlib.h>

bool psnap_inflate_block(const void *in, size_t len_bytes, void *out,
			 size_t want_bytes)
{
	uLongf made = (uLongf)want_bytes;
	uLong used = (uLong)len_bytes;

	return uncompress2(out, &made, in, &used) == Z_OK &&
	       made == want_bytes && used == len_bytes;
}
