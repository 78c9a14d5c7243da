/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading gzip streams through zlib, piece by piece. zip.c writes them.
 */
#define ZLIB_CONST
#include <psnap/unzip.h>

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_BYTES	 ((size_t)64 << 10)
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip header, not a zlib one */
#define GZIP_MAGIC_1	 0x1f
#define GZIP_MAGIC_2	 0x8b

/**
 * struct psnap_unzip - a file being read
 * @compressed:   by its first bytes
 * @in_stream:    a gzip stream has begun and not ended
 * @next_bytes:   offset in the file of what is behind @in
 * @failed:       what was answered then; every later call answers the same
 */
struct psnap_unzip {
	struct psnap_io *io;
	z_stream z;
	bool compressed;
	bool in_stream;
	int failed;
	uint64_t next_bytes;
	unsigned char in[IN_BYTES];
};

uint64_t psnap_unzip_position(const struct psnap_unzip *unzip)
{
	return unzip->next_bytes - unzip->z.avail_in;
}

/* Have something in @in, unless the file has ended. */
static int refill(struct psnap_unzip *u, struct psnap_error *err)
{
	size_t len;
	int rc;

	if (u->z.avail_in > 0 || u->next_bytes >= u->io->size_bytes)
		return 0;
	len = (size_t)min_u64(IN_BYTES, u->io->size_bytes - u->next_bytes);
	rc = psnap_io_read(u->io, u->next_bytes, u->in, len, err);
	if (rc)
		return rc;
	u->z.next_in = u->in;
	u->z.avail_in = (uInt)len;
	u->next_bytes += len;
	return 0;
}

int psnap_unzip_open(struct psnap_io *io, struct psnap_unzip **unzip,
		     struct psnap_error *err)
{
	struct psnap_unzip *u = calloc(1, sizeof(*u));
	int rc;

	*unzip = NULL;
	if (!u)
		return psnap_fail_nomem(err, "preparing to read a file");
	u->io = io;
	rc = refill(u, err);
	if (rc) {
		free(u);
		return rc;
	}
	u->compressed = u->z.avail_in >= 2 && u->in[0] == GZIP_MAGIC_1 &&
			u->in[1] == GZIP_MAGIC_2;
	if (u->compressed && inflateInit2(&u->z, GZIP_WINDOW_BITS) != Z_OK) {
		free(u);
		return psnap_fail_nomem(err, "preparing to decompress");
	}
	u->in_stream = u->compressed;
	*unzip = u;
	return 0;
}

static int read_plain(struct psnap_unzip *u, unsigned char *buf,
		      size_t max_bytes, size_t *got_bytes,
		      struct psnap_error *err)
{
	size_t n;
	int rc = refill(u, err);

	if (rc)
		return rc;
	n = (size_t)min_u64(u->z.avail_in, max_bytes);
	/* Of an empty file there is no buffer to point into. */
	if (n == 0)
		return 0;
	memcpy(buf, u->z.next_in, n);
	u->z.next_in += n;
	u->z.avail_in -= (uInt)n;
	*got_bytes = n;
	return 0;
}

static int judge(struct psnap_unzip *u, int result, struct psnap_error *err)
{
	switch (result) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		u->in_stream = false;
		return 0;
	case Z_MEM_ERROR:
		return psnap_fail_nomem(err, "decompressing");
	case Z_BUF_ERROR:
		/* Nothing went in and nothing came out: it wants more. */
		if (u->z.avail_in == 0 && u->next_bytes < u->io->size_bytes)
			return 0;
		return psnap_fail_at(err, PSNAP_E_TRUNCATED,
				     psnap_unzip_position(u),
				     "the file ends inside a gzip stream");
	default:
		return psnap_fail_at(err, PSNAP_E_CORRUPT,
				     psnap_unzip_position(u),
				     "not a gzip stream, or a damaged one");
	}
}

static int read_gzip(struct psnap_unzip *u, unsigned char *buf,
		     size_t max_bytes, size_t *got_bytes,
		     struct psnap_error *err)
{
	uInt max = (uInt)min_u64(max_bytes, IN_BYTES);

	u->z.next_out = buf;
	u->z.avail_out = max;
	while (u->z.avail_out == max) {
		int rc = refill(u, err);

		if (rc)
			return rc;
		if (!u->in_stream) {
			if (u->z.avail_in == 0)
				break;
			/* One more stream, as gzip -c a b makes. */
			if (inflateReset(&u->z) != Z_OK)
				return psnap_fail_nomem(err, "decompressing");
			u->in_stream = true;
		}
		rc = judge(u, inflate(&u->z, Z_NO_FLUSH), err);
		if (rc)
			return rc;
	}
	*got_bytes = max - u->z.avail_out;
	return 0;
}

int psnap_unzip_read(struct psnap_unzip *unzip, void *buf, size_t max_bytes,
		     size_t *got_bytes, struct psnap_error *err)
{
	*got_bytes = 0;
	if (unzip->failed)
		return psnap_fail(err, (enum psnap_err)unzip->failed,
				  "cannot go on behind what could not be read");
	unzip->failed =
		unzip->compressed
			? read_gzip(unzip, buf, max_bytes, got_bytes, err)
			: read_plain(unzip, buf, max_bytes, got_bytes, err);
	return unzip->failed;
}

void psnap_unzip_close(struct psnap_unzip *unzip)
{
	if (!unzip)
		return;
	if (unzip->compressed)
		inflateEnd(&unzip->z);
	free(unzip);
}
