/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which chunk size does a store have whose header is lost? Every size there is
 * is looked at; the best one is right beyond doubt if its own evidence is
 * enough and nothing that any other size sees needs that size to be explained.
 */
#include "infer_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void init_size(struct infer_scan *scan, struct infer_size *s)
{
	s->old_limit = psnap_old_chunk_limit(&s->geo);
	if (scan->origin) {
		uint64_t bytes = scan->origin->size_bytes;
		uint64_t chunks = bytes / s->geo.chunk_bytes +
				  (bytes % s->geo.chunk_bytes != 0);

		s->old_limit = min_u64(s->old_limit, chunks);
	}
}

/* @sizes: one for each chunk size, smallest first */
static int look_at_sizes(struct infer_scan *scan, struct infer_size *sizes,
			 struct psnap_error *err)
{
	uint64_t chunk_bytes = PSNAP_CHUNK_BYTES_MIN;
	unsigned int i;

	for (i = 0; i < PSNAP_CANDIDATES_MAX; i++, chunk_bytes *= 2) {
		int rc = psnap_geometry_init(
			&sizes[i].geo, scan->io->size_bytes, chunk_bytes, err);

		if (rc == 0) {
			init_size(scan, &sizes[i]);
			rc = psnap_infer_size(scan, &sizes[i], err);
		}
		if (rc)
			return rc;
	}
	return 0;
}

static const struct infer_area *find_area(const struct infer_size *s,
					  uint64_t index)
{
	unsigned int i;

	for (i = 0; i < s->area_count; i++)
		if (s->areas[i].index == index)
			return &s->areas[i];
	return NULL;
}

/*
 * With the right chunk size known, is an area of another size nothing but a
 * part of an area of the right one? Beyond the areas that were read, only if
 * the table was still going on there.
 */
static bool accounts_for(const struct infer_size *best,
			 const struct infer_size *other,
			 const struct infer_area *area)
{
	uint64_t start =
		psnap_geometry_entry_offset(&other->geo, area->index, 0);
	uint64_t end = start + area->end_slot * PSNAP_EXCEPTION_BYTES;
	uint64_t chunk = start / best->geo.chunk_bytes;
	const struct infer_area *mine;
	uint64_t index;

	if (chunk == 0 || !psnap_geometry_is_metadata(&best->geo, chunk) ||
	    end > (chunk + 1) * best->geo.chunk_bytes)
		return false;
	index = (chunk - 1) / best->geo.stride_chunks;
	if (index >= PSNAP_INFER_AREAS)
		return best->full >= PSNAP_INFER_AREAS - 1;
	mine = find_area(best, index);
	if (!mine || !mine->placed)
		return false;
	if (mine->used != area->used)
		return mine->used > area->used;
	return !area->placed || (mine->in_order && !area->in_order);
}

/* Is all that @other sees a part of what @best sees? @heavy: out: something
 * is not, and cannot be passed over. */
static bool is_shadow(const struct infer_size *best,
		      const struct infer_size *other, bool *heavy)
{
	bool shadow = true;
	unsigned int i;

	*heavy = false;
	for (i = 0; i < other->area_count; i++) {
		if (accounts_for(best, other, &other->areas[i]))
			continue;
		shadow = false;
		if (psnap_infer_weighty(&other->areas[i]))
			*heavy = true;
	}
	return shadow;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct psnap_candidate *x = a;
	const struct psnap_candidate *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->chunk_bytes < y->chunk_bytes ? -1 : 1;
}

static void demote(struct psnap_candidate *c, uint64_t best_bytes)
{
	c->score = 1;
	(void)snprintf(c->text, sizeof(c->text),
		       "what reads like a table is a part of the areas that a "
		       "chunk size of %llu bytes gives",
		       (unsigned long long)best_bytes);
}

static void rank(const struct infer_size *sizes,
		 struct psnap_candidate list[PSNAP_CANDIDATES_MAX],
		 size_t *count, bool *decided)
{
	const struct infer_size *best = NULL;
	uint64_t best_score = 0;
	unsigned int i;

	for (i = 0; i < PSNAP_CANDIDATES_MAX; i++) {
		struct psnap_candidate *c = &list[*count];

		psnap_infer_describe(&sizes[i], c);
		if (c->score > best_score) {
			best = &sizes[i];
			best_score = c->score;
		}
		if (c->score > 0)
			++*count;
		else
			memset(c, 0, sizeof(*c));
	}
	if (!best)
		return;
	*decided = psnap_infer_strong(best);
	for (i = 0; i < PSNAP_CANDIDATES_MAX; i++) {
		bool heavy;
		bool shadow = is_shadow(best, &sizes[i], &heavy);
		size_t k;

		if (&sizes[i] == best)
			continue;
		if (heavy)
			*decided = false;
		for (k = 0; k < *count && shadow; k++)
			if (list[k].chunk_bytes == sizes[i].geo.chunk_bytes)
				demote(&list[k], best->geo.chunk_bytes);
	}
	qsort(list, *count, sizeof(list[0]), compare_candidates);
}

int psnap_infer_geometry(struct psnap_io *store, struct psnap_io *origin,
			 const struct psnap_progress *progress,
			 struct psnap_candidate list[PSNAP_CANDIDATES_MAX],
			 size_t *count, bool *decided, struct psnap_error *err)
{
	struct infer_size *sizes;
	struct infer_scan *scan;
	int rc;

	memset(list, 0, sizeof(list[0]) * PSNAP_CANDIDATES_MAX);
	*count = 0;
	*decided = false;
	sizes = calloc(PSNAP_CANDIDATES_MAX, sizeof(*sizes));
	scan = calloc(1, sizeof(*scan));
	if (!sizes || !scan) {
		rc = psnap_fail_nomem(err, "looking for a table");
		goto out;
	}
	scan->io = store;
	scan->origin = origin;
	scan->progress = progress;
	rc = look_at_sizes(scan, sizes, err);
	if (rc == 0)
		rank(sizes, list, count, decided);
out:
	free(scan);
	free(sizes);
	return rc;
}
