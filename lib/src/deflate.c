/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressing blocks through zlib. Streams are zip.c's, reading is unzip.c's.
 */
#define ZLIB_CONST
#include "deflate.h"

#include "fail.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* What is fast, with windows as small as those for blocks. */
#define MEM_LEVEL 9

struct psnap_deflate {
	z_stream z;
};

int psnap_deflate_new(int window_bits, int level, struct psnap_deflate **made,
		      struct psnap_error *err)
{
	struct psnap_deflate *d = calloc(1, sizeof(*d));

	*made = NULL;
	if (!d)
		return psnap_fail_nomem(err, "preparing to compress");
	if (deflateInit2(&d->z, level, Z_DEFLATED, window_bits, MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(d);
		return psnap_fail_nomem(err, "preparing to compress");
	}
	*made = d;
	return 0;
}

size_t psnap_deflate_block(struct psnap_deflate *d, const void *in,
			   size_t len_bytes, void *out, size_t room_bytes)
{
	z_stream *z = &d->z;

	if (len_bytes > UINT_MAX || room_bytes > UINT_MAX ||
	    deflateReset(z) != Z_OK)
		return 0;
	z->next_in = in;
	z->avail_in = (uInt)len_bytes;
	z->next_out = out;
	z->avail_out = (uInt)room_bytes;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return 0;
	return room_bytes - z->avail_out;
}

void psnap_deflate_free(struct psnap_deflate *d)
{
	if (!d)
		return;
	deflateEnd(&d->z);
	free(d);
}
