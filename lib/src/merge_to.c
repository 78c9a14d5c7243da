/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A merged copy in a new file. What exceptions cover is left out when the
 * origin is copied, so that a chunk of zeros leaves a hole in the copy.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

/*
 * @covered:  bytes of the origin that a merged exception covers
 */
struct copier {
	struct merger *m;
	struct psnap_io *origin;
	struct psnap_io *target;
	struct psnap_extents *covered;
	const struct psnap_progress *progress;
	uint8_t *piece;
};

static int copy_range(struct copier *c, uint64_t start, uint64_t end,
		      struct psnap_error *err)
{
	const struct psnap_progress *p = c->progress;
	int rc = 0;

	while (rc == 0) {
		size_t n;

		start = psnap_io_next_data(c->origin, start);
		if (start >= end)
			break;
		n = (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES, end - start);
		psnap_io_prefetch(
			c->origin, start + n,
			min_u64(8 * PSNAP_MERGE_PIECE_BYTES, end - start - n));
		rc = psnap_merge_on(
			c->m, c->origin,
			psnap_io_read(c->origin, start, c->piece, n, err));
		if (rc == 0)
			rc = psnap_merge_on(
				c->m, c->target,
				psnap_merge_write_sparse(c->target, start,
							 c->piece, n, err));
		start += n;
		if (rc == 0 && p->tick &&
		    p->tick(p->ctx, start, c->origin->size_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc;
}

/* The origin between what is covered. */
static int copy_origin(struct copier *c, struct psnap_error *err)
{
	size_t count;
	const struct psnap_extent *e = psnap_extents_list(c->covered, &count);
	uint64_t at = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		rc = copy_range(c, at, e[i].offset_bytes, err);
		at = e[i].offset_bytes + e[i].len_bytes;
	}
	return rc ? rc : copy_range(c, at, c->origin->size_bytes, err);
}

static int cover_run(const struct psnap_merge_options *options,
		     const struct psnap_geometry *geo, uint64_t origin_bytes,
		     const struct psnap_run *run, struct psnap_extents *covered,
		     struct psnap_error *err)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < run->chunks && rc == 0; i++) {
		uint64_t old_chunk = run->old_chunk + i;
		uint64_t start = old_chunk * geo->chunk_bytes;

		if (psnap_merge_select(options, geo, origin_bytes, old_chunk,
				       run->new_chunk + i) ==
		    PSNAP_LEFT_REASONS)
			rc = psnap_extents_add(
				covered, start,
				start + min_u64(geo->chunk_bytes,
						origin_bytes - start),
				err);
	}
	return rc;
}

static int cover(struct copier *c, const struct psnap_merge_plan *plan,
		 struct psnap_error *err)
{
	const struct psnap_run *runs;
	struct psnap_map *map;
	uint64_t count;
	uint64_t i;
	int rc = psnap_merge_load_map(c->m, &map, err);

	if (rc)
		return rc;
	runs = psnap_map_runs(map, &count);
	for (i = 0; i < count && rc == 0; i++)
		rc = cover_run(c->m->options, &plan->check.geometry,
			       c->origin->size_bytes, &runs[i], c->covered,
			       err);
	psnap_map_free(map);
	return rc;
}

static int copy_uncovered(struct merger *m, const struct psnap_merge_plan *plan,
			  struct psnap_error *err)
{
	struct copier c = { .m = m,
			    .origin = m->source,
			    .target = m->origin,
			    .progress = &m->options->progress };
	int rc = psnap_extents_new(&c.covered, err);

	if (rc)
		return rc;
	rc = cover(&c, plan, err);
	c.piece = malloc(PSNAP_MERGE_PIECE_BYTES);
	if (rc == 0 && !c.piece)
		rc = psnap_fail_nomem(err, "copying the origin");
	if (rc == 0)
		rc = copy_origin(&c, err);
	free(c.piece);
	psnap_extents_free(c.covered);
	return rc;
}

int psnap_merge_to(struct psnap_io *store, struct psnap_io *origin,
		   struct psnap_io *target,
		   const struct psnap_merge_options *options,
		   const struct psnap_merge_plan *plan,
		   struct psnap_merge_result *result, struct psnap_error *err)
{
	struct psnap_merge_options copy = *options;
	struct merger m = {
		.store = store,
		.origin = target,
		.source = origin,
		.geo = &plan->check.geometry,
		.options = &copy,
		.result = result,
	};
	int rc;

	copy.keep_store = true;
	copy.skip_equal = false;
	memset(result, 0, sizeof(*result));
	result->exceptions_left = plan->check.exceptions;
	if (plan->refused || target->size_bytes != origin->size_bytes)
		return psnap_fail(err, PSNAP_E_API,
				  "the store is not fit to be merged, or the "
				  "copy has another size than the origin");
	rc = copy_uncovered(&m, plan, err);
	if (rc == 0)
		rc = psnap_merge_run(&m, plan, err);
	/* Also when no exception was merged after which it would be. */
	if (rc == 0)
		rc = psnap_merge_on(&m, target, psnap_io_sync(target, err));
	return rc;
}
