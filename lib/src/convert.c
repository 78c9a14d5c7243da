/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One loop over the pieces of an io, for what is written to any place and for
 * what is written in order. What next_data() skips is known to be zero and not
 * read.
 */
#include <psnap/convert.h>

#include "checked.h"
#include "fail.h"
#include "io_share.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)PSNAP_CONVERT_PIECE_BYTES)
#define AHEAD_BYTES (UINT64_C(8) << 20)
/* Where nothing is to be done, in steps that progress is told of. */
#define SKIP_BYTES (UINT64_C(1) << 30)
/* Zeros are left out in blocks of the size that file systems have. */
#define BLOCK_BYTES 4096u

/*
 * @piece:  of PIECE_BYTES, what was read
 * @zeros:  as many zeros
 * @put:    called for each piece; @zero: it is known to be zero, and was not
 *          read
 */
struct copier {
	struct psnap_io *from;
	struct psnap_io *to;
	psnap_convert_take_fn *take;
	void *ctx;
	struct psnap_convert_options options;
	struct psnap_share share;
	uint64_t done_bytes;
	uint8_t *piece;
	uint8_t *zeros;
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
	(void)err;
	return c->take(c->ctx, zero ? c->zeros : c->piece, len);
}

static int put_zeros(struct copier *c, uint64_t at, size_t len,
		     struct psnap_error *err)
{
	int rc;

	if (c->options.zeros == PSNAP_CONVERT_LEAVE_ZEROS)
		return 0;
	if (c->options.zeros == PSNAP_CONVERT_PUNCH_ZEROS) {
		rc = psnap_io_punch(c->to, at, len, err);
		if (rc != PSNAP_E_UNSUPPORTED)
			return rc;
	}
	return psnap_io_write(c->to, at, c->zeros, len, err);
}

/* The length of the blocks from @start on that are zero, or that are not. The
 * piece is for @at. */
static size_t alike(const struct copier *c, uint64_t at, size_t start,
		    size_t len, bool *zero)
{
	uint64_t block = c->options.block_bytes;
	size_t end = start;

	while (end < len) {
		size_t n =
			(size_t)min_u64(block - (at + end) % block, len - end);
		bool is = is_zero(c->piece + end, n);

		if (end > start && is != *zero)
			break;
		*zero = is;
		end += n;
	}
	return end - start;
}

static int put_blocks(struct copier *c, uint64_t at, size_t len,
		      struct psnap_error *err)
{
	size_t start = 0;
	int rc = 0;

	while (rc == 0 && start < len) {
		bool zero = false;
		size_t n = alike(c, at, start, len, &zero);

		rc = zero ? put_zeros(c, at + start, n, err)
			  : psnap_io_write(c->to, at + start, c->piece + start,
					   n, err);
		start += n;
	}
	return rc;
}

static int put_in_place(struct copier *c, uint64_t at, size_t len, bool zero,
			struct psnap_error *err)
{
	if (zero)
		return put_zeros(c, at, len, err);
	if (c->options.zeros == PSNAP_CONVERT_WRITE_ZEROS ||
	    c->options.block_bytes == 0)
		return psnap_io_write(c->to, at, c->piece, len, err);
	return put_blocks(c, at, len, err);
}

/* How much can be done at once with what is zero up to @data. */
static size_t zero_room(const struct copier *c, uint64_t at, uint64_t data)
{
	uint64_t room = PIECE_BYTES - at % PIECE_BYTES;

	if (c->to && c->options.zeros == PSNAP_CONVERT_LEAVE_ZEROS)
		room = SKIP_BYTES;
	return (size_t)min_u64(room, data - at);
}

/* One piece of what lies between @at and @data, which is nothing but zeros, or
 * of the data from there on, up to @end. */
static int put_next(struct copier *c, uint64_t at, uint64_t data, uint64_t end,
		    size_t *len, struct psnap_error *err)
{
	int rc;

	if (data > at) {
		*len = zero_room(c, at, data);
		return c->put(c, at, *len, true, err);
	}
	*len = (size_t)psnap_share(&c->share, c->from, at, end - at);
	if (*len > 0)
		return 0;
	*len = (size_t)min_u64(PIECE_BYTES - at % PIECE_BYTES, end - at);
	psnap_io_prefetch(c->from, at + *len,
			  min_u64(AHEAD_BYTES, end - at - *len));
	rc = psnap_io_read(c->from, at, c->piece, *len, err);
	return rc ? rc : c->put(c, at, *len, false, err);
}

static int copy_extent(struct copier *c, const struct psnap_extent *extent,
		       struct psnap_error *err)
{
	const struct psnap_progress *p = c->options.progress;
	uint64_t at = extent->offset_bytes;
	uint64_t end = at + extent->len_bytes;
	uint64_t data = 0;
	int rc = 0;

	while (rc == 0 && at < end) {
		size_t len;

		if (data <= at)
			data = min_u64(psnap_io_next_data(c->from, at), end);
		rc = put_next(c, at, data, end, &len, err);
		at += len;
		c->done_bytes += len;
		if (rc == 0 && p && p->tick &&
		    p->tick(p->ctx, c->done_bytes, c->from->size_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc;
}

static int copy(struct copier *c, struct psnap_error *err)
{
	const struct psnap_extent all = { 0, c->from->size_bytes };
	const struct psnap_extent *order =
		c->options.order ? c->options.order : &all;
	size_t count = c->options.order ? c->options.order_count : 1;
	size_t i;
	int rc = 0;

	c->piece = malloc(PIECE_BYTES);
	c->zeros = calloc(1, PIECE_BYTES);
	if (!c->piece || !c->zeros)
		rc = psnap_fail_nomem(err, "copying");
	for (i = 0; i < count && rc == 0; i++)
		rc = copy_extent(c, &order[i], err);
	free(c->piece);
	free(c->zeros);
	return rc;
}

int psnap_convert_to_io(struct psnap_io *from, struct psnap_io *to,
			const struct psnap_convert_options *options,
			struct psnap_error *err)
{
	struct copier c = {
		.from = from, .to = to, .options = *options, .put = put_in_place
	};

	if (to->size_bytes < from->size_bytes)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "it has %llu bytes, and %llu are needed",
				  (unsigned long long)to->size_bytes,
				  (unsigned long long)from->size_bytes);
	if (options->share)
		psnap_share_begin(&c.share, to);
	return copy(&c, err);
}

int psnap_convert_to_device(struct psnap_io *from, struct psnap_io *to,
			    bool target_is_zero,
			    const struct psnap_progress *progress,
			    struct psnap_error *err)
{
	const struct psnap_convert_options options = {
		.zeros = target_is_zero ? PSNAP_CONVERT_LEAVE_ZEROS
					: PSNAP_CONVERT_WRITE_ZEROS,
		.block_bytes = BLOCK_BYTES,
		.progress = progress,
	};
	int rc = psnap_convert_to_io(from, to, &options, err);

	return rc ? rc : psnap_io_sync(to, err);
}

int psnap_convert_stream(struct psnap_io *from, psnap_convert_take_fn *take,
			 void *ctx, const struct psnap_progress *progress,
			 struct psnap_error *err)
{
	struct copier c = { .from = from,
			    .take = take,
			    .ctx = ctx,
			    .options.progress = progress,
			    .put = put_in_order };

	return copy(&c, err);
}
