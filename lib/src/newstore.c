/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning a new store: which chunks it has, and how large that makes it. The
 * layout follows from their number; it is written by newstore_write.c.
 */
#include "newstore_internal.h"

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <inttypes.h>
#include <psnap/compare.h>
#include <stdlib.h>

/* A kernel whose table line names no chunk size reads so much of a header, and
 * loads nothing that is smaller. LVM makes nothing of fewer chunks. */
#define STORE_BYTES_MIN	 ((uint64_t)16 << 10)
#define STORE_CHUNKS_MIN ((uint64_t)3)

static uint64_t round_up(uint64_t bytes, uint64_t chunk_bytes)
{
	return (bytes + chunk_bytes - 1) / chunk_bytes * chunk_bytes;
}

static uint64_t sum(struct psnap_extents *set)
{
	uint64_t bytes = 0;
	size_t count;
	const struct psnap_extent *e = psnap_extents_list(set, &count);

	for (size_t i = 0; i < count; i++)
		bytes += e[i].len_bytes;
	return bytes;
}

/* Whole chunks, for what is in the set and not behind the end. */
static int take_chunks(struct psnap_newstore *s, struct psnap_extents *changes,
		       struct psnap_extents *kept, struct psnap_error *err)
{
	uint64_t chunk_bytes = s->plan.chunk_bytes;
	uint64_t size_bytes = s->shown->size_bytes;
	size_t count;
	const struct psnap_extent *e = psnap_extents_list(changes, &count);
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		uint64_t start = e[i].offset_bytes;
		uint64_t end;

		if (start >= size_bytes)
			break;
		end = start + min_u64(e[i].len_bytes, size_bytes - start);
		rc = psnap_extents_add(kept, start - start % chunk_bytes,
				       round_up(end, chunk_bytes), err);
	}
	return rc;
}

struct kept {
	struct psnap_newstore *store;
	struct psnap_error *err;
};

static int keep(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	struct kept *k = ctx;

	return psnap_extents_add(
		k->store->kept, start_bytes,
		round_up(end_bytes, k->store->plan.chunk_bytes), k->err);
}

/* Of the chunks in @chunks those that differ from the origin; what the origin
 * has no room for differs. */
static int keep_different(struct psnap_newstore *s, struct psnap_io *origin,
			  struct psnap_extents *chunks, struct psnap_error *err)
{
	uint64_t both = min_u64(s->shown->size_bytes, origin->size_bytes);
	uint64_t behind = both - both % s->plan.chunk_bytes;
	struct kept kept = { .store = s, .err = err };
	struct psnap_extents *where;
	size_t count;
	const struct psnap_extent *e = psnap_extents_list(chunks, &count);
	int rc = psnap_extents_new(&where, err);

	for (size_t i = 0; i < count && rc == 0; i++) {
		uint64_t start = e[i].offset_bytes;
		uint64_t end = start + e[i].len_bytes;

		rc = psnap_extents_add(where, min_u64(start, both),
				       min_u64(end, both), err);
		if (rc == 0 && both < s->shown->size_bytes && end > behind)
			rc = keep(&kept, start > behind ? start : behind, end);
	}
	if (rc == 0)
		rc = psnap_compare_each(s->shown, origin, where,
					s->plan.chunk_bytes, keep, &kept,
					&s->progress, err);
	psnap_extents_free(where);
	return rc;
}

static int choose(struct psnap_newstore *s, struct psnap_io *origin,
		  struct psnap_extents *changes, bool drop_equal,
		  struct psnap_error *err)
{
	struct psnap_extents *chunks;
	int rc;

	if (!drop_equal)
		return take_chunks(s, changes, s->kept, err);
	rc = psnap_extents_new(&chunks, err);
	if (rc == 0)
		rc = take_chunks(s, changes, chunks, err);
	if (rc == 0)
		rc = keep_different(s, origin, chunks, err);
	if (rc == 0)
		s->plan.dropped =
			(sum(chunks) - sum(s->kept)) / s->plan.chunk_bytes;
	psnap_extents_free(chunks);
	return rc;
}

static int lay_out(struct psnap_newstore *s, struct psnap_error *err)
{
	struct psnap_newstore_plan *plan = &s->plan;
	uint64_t in_last;
	uint64_t bytes;

	s->entries_max = plan->chunk_bytes / PSNAP_EXCEPTION_BYTES;
	plan->exceptions = sum(s->kept) / plan->chunk_bytes;
	plan->areas = plan->exceptions / s->entries_max + 1;
	in_last = plan->exceptions % s->entries_max;
	s->behind = plan->exceptions > 0 && in_last == 0;
	/* The header, the areas, and for each but the last its data. */
	s->chunks = 1 + plan->areas + (plan->areas - 1) * s->entries_max +
		    (s->behind ? 1 : in_last);
	if (__builtin_mul_overflow(
		    s->chunks > STORE_CHUNKS_MIN ? s->chunks : STORE_CHUNKS_MIN,
		    plan->chunk_bytes, &bytes) ||
	    bytes > (uint64_t)INT64_MAX)
		return psnap_fail(err, PSNAP_E_OVERFLOW,
				  "a store of %" PRIu64 " chunks of %" PRIu64
				  " bytes would be larger than any file or "
				  "device",
				  s->chunks, plan->chunk_bytes);
	plan->needed_bytes = bytes > STORE_BYTES_MIN ? bytes : STORE_BYTES_MIN;
	return 0;
}

static int check_options(const struct psnap_newstore_options *options,
			 const struct psnap_io *origin, struct psnap_error *err)
{
	if (!psnap_chunk_bytes_valid(options->chunk_bytes))
		return psnap_fail(err, PSNAP_E_RANGE,
				  "%" PRIu64 " bytes are no chunk size",
				  options->chunk_bytes);
	if (options->chunk_bytes < origin->align_bytes)
		return psnap_fail(
			err, PSNAP_E_UNSUPPORTED,
			"the origin has sectors of %" PRIu32
			" bytes, so no kernel would load a store with chunks "
			"of %" PRIu64 "; use larger chunks",
			origin->align_bytes, options->chunk_bytes);
	return 0;
}

int psnap_newstore_new(struct psnap_io *shown, struct psnap_io *origin,
		       struct psnap_extents *changes,
		       const struct psnap_newstore_options *options,
		       struct psnap_newstore **store, struct psnap_error *err)
{
	struct psnap_newstore *s;
	int rc;

	*store = NULL;
	rc = check_options(options, origin, err);
	if (rc)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return psnap_fail_nomem(err, "planning a store");
	s->shown = shown;
	s->progress = options->progress;
	s->plan.chunk_bytes = options->chunk_bytes;
	rc = psnap_extents_new(&s->kept, err);
	if (rc == 0)
		rc = choose(s, origin, changes, options->drop_equal, err);
	if (rc == 0)
		rc = lay_out(s, err);
	if (rc) {
		psnap_newstore_free(s);
		return rc;
	}
	*store = s;
	return 0;
}

const struct psnap_newstore_plan *
psnap_newstore_plan(const struct psnap_newstore *store)
{
	return &store->plan;
}

void psnap_newstore_free(struct psnap_newstore *store)
{
	if (!store)
		return;
	psnap_extents_free(store->kept);
	free(store);
}
