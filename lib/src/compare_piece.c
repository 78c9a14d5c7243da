/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One loop over the pieces of two ios. A piece that is a hole in one of them is
 * compared with zeros that nobody reads; a piece that is equal costs one
 * memcmp(), and only the units of others are looked at.
 */
#include "compare_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

int psnap_compare_flush(struct psnap_comparer *c)
{
	uint64_t start = c->open_start;
	uint64_t end = c->open_end;

	c->open_start = 0;
	c->open_end = 0;
	return start < end ? c->take(c->ctx, start, end) : 0;
}

static int note(struct psnap_comparer *c, uint64_t start, uint64_t end)
{
	int rc;

	if (c->open_start < c->open_end && start <= c->open_end) {
		c->open_end = end;
		return 0;
	}
	rc = psnap_compare_flush(c);
	if (rc == 0) {
		c->open_start = start;
		c->open_end = end;
	}
	return rc;
}

/*
 * The units of [at, at + len) that differ. A unit that has been noted is not
 * looked at again: its end is the next place to look at, wherever that is.
 */
static int note_units(struct psnap_comparer *c,
		      const struct psnap_extent *range, const uint8_t *a,
		      const uint8_t *b, uint64_t *at, uint64_t len)
{
	uint64_t range_end = range->offset_bytes + range->len_bytes;
	uint64_t from = *at;
	uint64_t end = from + len;
	int rc = 0;

	while (rc == 0 && *at < end) {
		uint64_t inside = *at % c->unit_bytes;
		uint64_t left = c->unit_bytes - inside;
		uint64_t n = min_u64(left, end - *at);
		uint64_t start = *at - inside;

		if (memcmp(a + (*at - from), b + (*at - from), (size_t)n) !=
		    0) {
			if (start < range->offset_bytes)
				start = range->offset_bytes;
			n = min_u64(left, range_end - *at);
			rc = note(c, start, *at + n);
		}
		*at += n;
	}
	return rc;
}

static int read_side(struct psnap_compare_side *s, uint64_t at, uint64_t len,
		     uint64_t end, struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	uint64_t from = s->hinted > at + len ? s->hinted : at + len;
	int rc;

	/* In halves, so that not each piece announces what the last one did. */
	if (from < end && from < at + len + COMPARE_AHEAD_BYTES / 2) {
		s->hinted = from + min_u64(COMPARE_AHEAD_BYTES, end - from);
		psnap_io_prefetch(s->io, from, s->hinted - from);
	}
	rc = psnap_io_read(s->io, at, s->piece, (size_t)len, &why);
	if (rc == PSNAP_E_IO)
		return psnap_fail_io(err, why.os_errno, why.offset_bytes,
				     "cannot read %s", s->io->name);
	if (rc == PSNAP_E_TRUNCATED)
		return psnap_fail_at(err, PSNAP_E_TRUNCATED, why.offset_bytes,
				     "%s became shorter while being read",
				     s->io->name);
	if (rc && err)
		*err = why;
	return rc;
}

/* A piece of what has data in at least one of them, up to where that changes. */
static int compare_piece(struct psnap_comparer *c,
			 const struct psnap_extent *range, uint64_t *at,
			 struct psnap_error *err)
{
	uint64_t end = range->offset_bytes + range->len_bytes;
	uint64_t len = min_u64(COMPARE_PIECE_BYTES - *at % COMPARE_PIECE_BYTES,
			       end - *at);
	const uint8_t *a = c->zeros;
	const uint8_t *b = c->zeros;
	int rc = 0;

	if (c->a.data > *at)
		len = min_u64(len, c->a.data - *at);
	if (c->b.data > *at)
		len = min_u64(len, c->b.data - *at);
	if (c->a.data <= *at) {
		a = c->a.piece;
		rc = read_side(&c->a, *at, len, end, err);
	}
	if (rc == 0 && c->b.data <= *at) {
		b = c->b.piece;
		rc = read_side(&c->b, *at, len, end, err);
	}
	if (rc)
		return rc;
	if (memcmp(a, b, (size_t)len) != 0)
		return note_units(c, range, a, b, at, len);
	*at += len;
	return 0;
}

static void find_data(struct psnap_compare_side *s, uint64_t at)
{
	if (s->data <= at)
		s->data = psnap_io_next_data(s->io, at);
}

static int tick(struct psnap_comparer *c, uint64_t done_bytes,
		struct psnap_error *err)
{
	const struct psnap_progress *p = c->progress;

	if (p && p->tick && p->tick(p->ctx, done_bytes, c->total_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

int psnap_compare_range(struct psnap_comparer *c,
			const struct psnap_extent *range,
			struct psnap_error *err)
{
	uint64_t at = range->offset_bytes;
	uint64_t end = at + range->len_bytes;
	int rc = 0;

	while (rc == 0 && at < end) {
		uint64_t data;

		find_data(&c->a, at);
		find_data(&c->b, at);
		data = min_u64(min_u64(c->a.data, c->b.data), end);
		if (data > at)
			at = data;
		else
			rc = compare_piece(c, range, &at, err);
		if (rc == 0)
			rc = tick(c, c->done_bytes + (at - range->offset_bytes),
				  err);
	}
	c->done_bytes += range->len_bytes;
	return rc;
}
