/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ranges in which two ios are compared, one after the other with the same
 * buffers, and what becomes of those that differ. The pieces of a range are for
 * compare_piece.c.
 */
#include "compare_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

/* What comes next is announced over the gaps, too: small ranges far apart would
 * else be read one at a time. */
static void hint_ranges(struct psnap_comparer *c,
			const struct psnap_extent *list, size_t count,
			size_t now, size_t *next)
{
	uint64_t end = list[now].offset_bytes + COMPARE_AHEAD_BYTES;

	if (*next <= now)
		*next = now + 1;
	while (*next < count && list[*next].offset_bytes < end) {
		const struct psnap_extent *e = &list[(*next)++];
		uint64_t len = min_u64(e->len_bytes, COMPARE_PIECE_BYTES);

		psnap_io_prefetch(c->a.io, e->offset_bytes, len);
		psnap_io_prefetch(c->b.io, e->offset_bytes, len);
	}
}

static int compare_list(struct psnap_comparer *c,
			const struct psnap_extent *list, size_t count,
			struct psnap_error *err)
{
	size_t next = 0;
	size_t i;
	int rc = 0;
	int flushed;

	for (i = 0; i < count && rc == 0; i++) {
		hint_ranges(c, list, count, i, &next);
		rc = psnap_compare_range(c, &list[i], err);
	}
	/* What was found is handed over, whatever comes after it. */
	flushed = psnap_compare_flush(c);
	return rc ? rc : flushed;
}

static int check(const struct psnap_comparer *c,
		 const struct psnap_extent *last, struct psnap_error *err)
{
	uint64_t size = min_u64(c->a.io->size_bytes, c->b.io->size_bytes);

	if (c->unit_bytes == 0)
		return psnap_fail(err, PSNAP_E_API,
				  "a unit of no bytes cannot be compared");
	if (last->offset_bytes > size ||
	    last->len_bytes > size - last->offset_bytes)
		return psnap_fail_at(
			err, PSNAP_E_RANGE, last->offset_bytes,
			"%llu bytes from here cannot be compared, the smaller "
			"one ends at byte %llu",
			(unsigned long long)last->len_bytes,
			(unsigned long long)size);
	return 0;
}

/* @list is sorted. Small ranges get small buffers. */
static int run(struct psnap_comparer *c, const struct psnap_extent *list,
	       size_t count, struct psnap_error *err)
{
	uint64_t piece_bytes = 1;
	size_t i;
	int rc;

	if (count == 0)
		return 0;
	rc = check(c, &list[count - 1], err);
	if (rc)
		return rc;
	for (i = 0; i < count; i++) {
		uint64_t len = min_u64(list[i].len_bytes, COMPARE_PIECE_BYTES);

		c->total_bytes += list[i].len_bytes;
		if (piece_bytes < len)
			piece_bytes = len;
	}
	c->a.piece = malloc((size_t)piece_bytes);
	c->b.piece = malloc((size_t)piece_bytes);
	c->zeros = calloc(1, (size_t)piece_bytes);
	if (c->a.piece && c->b.piece && c->zeros)
		rc = compare_list(c, list, count, err);
	else
		rc = psnap_fail_nomem(err, "comparing");
	free(c->zeros);
	free(c->b.piece);
	free(c->a.piece);
	return rc;
}

/* Where psnap_compare() puts its ranges, and what came of it. */
struct adding {
	struct psnap_extents *differ;
	struct psnap_error *err;
};

static int add(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	struct adding *to = ctx;

	return psnap_extents_add(to->differ, start_bytes, end_bytes, to->err);
}

int psnap_compare(struct psnap_io *a, struct psnap_io *b, uint64_t start_bytes,
		  uint64_t end_bytes, uint64_t unit_bytes,
		  struct psnap_extents *differ,
		  const struct psnap_progress *progress,
		  struct psnap_error *err)
{
	struct adding to = { differ, err };
	struct psnap_comparer c = { .a.io = a,
				    .b.io = b,
				    .unit_bytes = unit_bytes,
				    .take = add,
				    .ctx = &to,
				    .progress = progress };
	struct psnap_extent range = { start_bytes, end_bytes - start_bytes };

	if (end_bytes < start_bytes)
		return psnap_fail_at(err, PSNAP_E_RANGE, start_bytes,
				     "a range that begins here cannot end at "
				     "byte %llu",
				     (unsigned long long)end_bytes);
	return run(&c, &range, 1, err);
}

int psnap_compare_each(struct psnap_io *a, struct psnap_io *b,
		       struct psnap_extents *where, uint64_t unit_bytes,
		       psnap_compare_take_fn *take, void *ctx,
		       const struct psnap_progress *progress,
		       struct psnap_error *err)
{
	struct psnap_comparer c = { .a.io = a,
				    .b.io = b,
				    .unit_bytes = unit_bytes,
				    .take = take,
				    .ctx = ctx,
				    .progress = progress };
	const struct psnap_extent *list;
	size_t count;

	list = psnap_extents_list(where, &count);
	return run(&c, list, count, err);
}
