/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One loop over the pieces of an io, for what is written to any place and for
 * what is written in order. What next_data() skips is known to be zero and not
 * read.
 */
#include <psnap/convert.h>

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define AHEAD_BYTES (UINT64_C(8) << 20)
/* Zeros are left out in blocks of the size that file systems have. */
#define BLOCK_BYTES 4096u

/*
 * @put:    called for each piece; @zero: it is known to be zero, and @piece is
 * @piece:  of PIECE_BYTES
 */
struct copier {
	struct psnap_io *from;
	struct psnap_io *to;
	psnap_convert_take_fn *take;
	void *ctx;
	bool skip_zeros;
	const struct psnap_progress *progress;
	uint8_t *piece;
	int (*put)(struct copier *c, uint64_t at, size_t len, bool zero,
		   struct psnap_error *err);
};

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

static int put_in_order(struct copier *c, uint64_t at, size_t len, bool zero,
			struct psnap_error *err)
{
	(void)at;
	(void)zero;
	(void)err;
	return c->take(c->ctx, c->piece, len);
}

/* Blocks that are not zero, neighbours in one. */
static int put_blocks(struct copier *c, uint64_t at, size_t len,
		      struct psnap_error *err)
{
	size_t start = 0;
	size_t end = 0;
	int rc = 0;

	while (rc == 0 && start < len) {
		while (end < len &&
		       !is_zero(c->piece + end,
				(size_t)min_u64(BLOCK_BYTES, len - end)))
			end += (size_t)min_u64(BLOCK_BYTES, len - end);
		if (end > start)
			rc = psnap_io_write(c->to, at + start, c->piece + start,
					    end - start, err);
		end += (size_t)min_u64(BLOCK_BYTES, len - end);
		start = end;
	}
	return rc;
}

static int put_in_place(struct copier *c, uint64_t at, size_t len, bool zero,
			struct psnap_error *err)
{
	if (!c->skip_zeros)
		return psnap_io_write(c->to, at, c->piece, len, err);
	return zero ? 0 : put_blocks(c, at, len, err);
}

/* One piece of what lies between @at and @data, which is nothing but zeros, or
 * of the data from there on. */
static int put_next(struct copier *c, uint64_t at, uint64_t data, size_t *len,
		    struct psnap_error *err)
{
	uint64_t size = c->from->size_bytes;
	uint64_t room = PIECE_BYTES - at % PIECE_BYTES;
	int rc;

	if (data > at) {
		*len = (size_t)min_u64(room, data - at);
		memset(c->piece, 0, *len);
		return c->put(c, at, *len, true, err);
	}
	*len = (size_t)min_u64(room, size - at);
	psnap_io_prefetch(c->from, at + *len,
			  min_u64(AHEAD_BYTES, size - at - *len));
	rc = psnap_io_read(c->from, at, c->piece, *len, err);
	return rc ? rc : c->put(c, at, *len, false, err);
}

static int copy(struct copier *c, struct psnap_error *err)
{
	const struct psnap_progress *p = c->progress;
	uint64_t size = c->from->size_bytes;
	uint64_t data = 0;
	uint64_t at = 0;
	int rc = 0;

	c->piece = malloc(PIECE_BYTES);
	if (!c->piece)
		return psnap_fail_nomem(err, "copying");
	while (rc == 0 && at < size) {
		size_t len;

		if (data <= at)
			data = psnap_io_next_data(c->from, at);
		rc = put_next(c, at, data, &len, err);
		at += len;
		if (rc == 0 && p && p->tick && p->tick(p->ctx, at, size))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	free(c->piece);
	return rc;
}

int psnap_convert_to_device(struct psnap_io *from, struct psnap_io *to,
			    bool target_is_zero,
			    const struct psnap_progress *progress,
			    struct psnap_error *err)
{
	struct copier c = { .from = from,
			    .to = to,
			    .skip_zeros = target_is_zero,
			    .progress = progress,
			    .put = put_in_place };
	int rc;

	if (to->size_bytes < from->size_bytes)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "it has %llu bytes, and %llu are needed",
				  (unsigned long long)to->size_bytes,
				  (unsigned long long)from->size_bytes);
	rc = copy(&c, err);
	return rc ? rc : psnap_io_sync(to, err);
}

int psnap_convert_stream(struct psnap_io *from, psnap_convert_take_fn *take,
			 void *ctx, const struct psnap_progress *progress,
			 struct psnap_error *err)
{
	struct copier c = { .from = from,
			    .take = take,
			    .ctx = ctx,
			    .progress = progress,
			    .put = put_in_order };

	return copy(&c, err);
}
