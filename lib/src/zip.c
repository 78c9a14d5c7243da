/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gzip streams with neither a name nor a time in them, so that the same input
 * gives the same bytes.
 */
#define ZLIB_CONST
#include <psnap/zip.h>

#include "fail.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* Level 1 is several times faster than 6 on tables and costs little size. */
#define GZIP_LEVEL	 1
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip header, not a zlib one */
#define GZIP_MEM_LEVEL	 8
#define GZIP_OUT_BYTES	 ((size_t)64 << 10)

/**
 * struct psnap_gzip - a stream being written
 * @failed:  what @write or zlib answered when it failed; the stream is torn
 *           then, so every later call answers the same
 */
struct psnap_gzip {
	z_stream z;
	int (*write)(void *ctx, const void *data, size_t len_bytes);
	void *ctx;
	int failed;
	unsigned char out[GZIP_OUT_BYTES];
};

int psnap_gzip_open(int (*write)(void *ctx, const void *data, size_t len_bytes),
		    void *ctx, struct psnap_gzip **gzip,
		    struct psnap_error *err)
{
	struct psnap_gzip *g = calloc(1, sizeof(*g));

	*gzip = NULL;
	if (!g)
		return psnap_fail_nomem(err, "preparing to compress");
	if (deflateInit2(&g->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS,
			 GZIP_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		return psnap_fail_nomem(err, "preparing to compress");
	}
	g->z.next_out = g->out;
	g->z.avail_out = GZIP_OUT_BYTES;
	g->write = write;
	g->ctx = ctx;
	*gzip = g;
	return 0;
}

/* Hand over what is in the buffer. */
static int drain(struct psnap_gzip *gzip)
{
	size_t len_bytes = GZIP_OUT_BYTES - gzip->z.avail_out;

	if (len_bytes > 0)
		gzip->failed = gzip->write(gzip->ctx, gzip->out, len_bytes);
	gzip->z.next_out = gzip->out;
	gzip->z.avail_out = GZIP_OUT_BYTES;
	return gzip->failed;
}

int psnap_gzip_write(struct psnap_gzip *gzip, const void *data,
		     size_t len_bytes)
{
	const unsigned char *from = data;

	while (!gzip->failed && len_bytes > 0) {
		uInt part = len_bytes > UINT_MAX ? UINT_MAX : (uInt)len_bytes;

		gzip->z.next_in = from;
		gzip->z.avail_in = part;
		while (!gzip->failed && gzip->z.avail_in > 0) {
			if (deflate(&gzip->z, Z_NO_FLUSH) != Z_OK)
				gzip->failed = PSNAP_E_API;
			else if (gzip->z.avail_out == 0)
				(void)drain(gzip);
		}
		from += part;
		len_bytes -= part;
	}
	return gzip->failed;
}

int psnap_gzip_finish(struct psnap_gzip *gzip)
{
	int rc = Z_OK;

	while (!gzip->failed && rc != Z_STREAM_END) {
		rc = deflate(&gzip->z, Z_FINISH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			gzip->failed = PSNAP_E_API;
		else
			(void)drain(gzip);
	}
	return gzip->failed;
}

void psnap_gzip_close(struct psnap_gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->z);
	free(gzip);
}
