/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of a store with errors: exceptions that say something possible, and
 * are the only ones that say it, are used. The others are in doubt, and so are
 * the origin chunks that they are about.
 */
#include "view_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

/* As psnap check judges: an area with so many impossible entries, and half of
 * them, is none. */
#define IMPLAUSIBLE_MIN 4u

/* An array of runs. */
struct pile {
	struct psnap_run *runs;
	size_t count;
	size_t max;
};

/*
 * @limit:      chunks of the origin, a partial one included
 * @possible:   runs of which nothing is impossible
 * @good:       of these, what is in no doubt; @rejected: the others
 * @broken:     the area of each entry that is; sorted when all are known
 * @old_again:  origin chunks that several exceptions claim
 * @new_again:  store chunks that several exceptions claim
 * @known:      origin chunks that have a good one
 */
struct sieve {
	const struct psnap_geometry *geo;
	const struct psnap_walk_totals *totals;
	uint64_t origin_bytes;
	uint64_t limit;
	struct pile possible;
	struct pile good;
	struct pile broken;
	struct pile rejected;
	struct psnap_extents *old_again;
	struct psnap_extents *new_again;
	struct psnap_extents *known;
	struct psnap_view_doubt *doubt;
};

static int put(struct pile *pile, const struct psnap_run *run,
	       struct psnap_error *err)
{
	if (pile->count == pile->max) {
		size_t max = pile->max ? pile->max * 2 : 64;
		void *grown =
			reallocarray(pile->runs, max, sizeof(*pile->runs));

		if (!grown)
			return psnap_fail_nomem(err, "sorting the table");
		pile->runs = grown;
		pile->max = max;
	}
	pile->runs[pile->count++] = *run;
	return 0;
}

static struct psnap_run part(const struct sieve *s, const struct psnap_run *run,
			     uint64_t first, uint64_t chunks)
{
	struct psnap_run p = *run;

	psnap_run_skip(s->geo, &p, first);
	p.chunks = chunks;
	return p;
}

static int note(const struct sieve *s, struct psnap_extents *set,
		const struct psnap_run *run, struct psnap_error *err)
{
	uint64_t start = run->old_chunk * s->geo->chunk_bytes;
	uint64_t len = min_u64(run->chunks * s->geo->chunk_bytes,
			       s->origin_bytes - start);

	return psnap_extents_add(set, start, start + len, err);
}

/* A chunk is in doubt unless a sound exception says where it is. */
static int reject(struct sieve *s, const struct psnap_run *run,
		  struct psnap_error *err)
{
	uint64_t i;
	int rc = 0;

	s->doubt->unused += run->chunks;
	for (i = 0; i < run->chunks && rc == 0; i++) {
		struct psnap_run p = part(s, run, i, 1);

		if (p.old_chunk < s->limit &&
		    !psnap_extents_contain(s->known, p.old_chunk,
					   p.old_chunk + 1))
			rc = note(s, s->doubt->unknown, &p, err);
	}
	return rc;
}

static int reject_all(struct sieve *s, struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->good.count && rc == 0; i++) {
		const struct psnap_run *r = &s->good.runs[i];

		rc = psnap_extents_add(s->known, r->old_chunk,
				       r->old_chunk + r->chunks, err);
	}
	for (i = 0; i < s->broken.count && rc == 0; i++)
		rc = reject(s, &s->broken.runs[i], err);
	for (i = 0; i < s->rejected.count && rc == 0; i++)
		rc = reject(s, &s->rejected.runs[i], err);
	return rc;
}

/* How many chunks from the first on may hold data. */
static uint64_t possible_chunks(const struct sieve *s,
				const struct psnap_run *run)
{
	uint64_t stride = s->geo->stride_chunks;
	uint64_t n = run->new_chunk;

	if (n >= s->geo->chunk_count || psnap_geometry_is_metadata(s->geo, n))
		return 0;
	n = min_u64(run->chunks, s->geo->chunk_count - n);
	/* Up to the next area. */
	return min_u64(n, stride - (run->new_chunk - 1) % stride);
}

/* Parts of a run that are possible go to one pile, impossible ones to the
 * other. */
static int sift(struct sieve *s, const struct psnap_run *run,
		struct psnap_error *err)
{
	uint64_t at = 0;
	int rc = 0;

	while (rc == 0 && at < run->chunks) {
		struct psnap_run rest = part(s, run, at, run->chunks - at);
		uint64_t n = possible_chunks(s, &rest);
		bool outside = rest.old_chunk >= s->limit;

		if (!outside && n > 0) {
			rest.chunks = min_u64(n, s->limit - rest.old_chunk);
			rc = put(&s->possible, &rest, err);
		} else {
			rest.chunks = 1;
			rc = put(&s->broken, &rest, err);
		}
		at += rest.chunks;
	}
	return rc;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_area(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->area_index, b->area_index);
}

static int by_old(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->old_chunk, b->old_chunk);
}

static int by_new(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->new_chunk, b->new_chunk);
}

static void sort(struct pile *pile,
		 int (*order)(const void *left, const void *right))
{
	if (pile->count > 1)
		qsort(pile->runs, pile->count, sizeof(*pile->runs), order);
}

/* Was the area overwritten? Then what of it is possible is so by accident. */
static bool is_broken(const struct sieve *s, uint64_t area_index)
{
	const struct psnap_run *r = s->broken.runs;
	uint64_t entries = area_index == s->totals->last_area_index
				   ? s->totals->last_area_entries
				   : s->geo->exceptions_per_area;
	size_t low = 0;
	size_t high = s->broken.count;
	uint64_t n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r[middle].area_index < area_index)
			low = middle + 1;
		else
			high = middle;
	}
	for (n = 0; low < s->broken.count && r[low].area_index == area_index;
	     low++)
		n++;
	return n >= IMPLAUSIBLE_MIN && n * 2 >= entries;
}

/*
 * Of runs in order: the ranges in which one meets another that says something
 * else. Two ends are enough to know: how far runs have reached, and how far
 * those that say something else than that one.
 */
static int find_again(const struct pile *pile, bool old,
		      struct psnap_extents *again, struct psnap_error *err)
{
	uint64_t reached = 0;
	uint64_t other_reached = 0;
	uint64_t distance = 0;
	size_t i;

	for (i = 0; i < pile->count; i++) {
		const struct psnap_run *r = &pile->runs[i];
		uint64_t start = old ? r->old_chunk : r->new_chunk;
		uint64_t end = start + r->chunks;
		uint64_t mine = r->new_chunk - r->old_chunk;
		uint64_t meets = mine == distance ? other_reached : reached;

		if (meets > start) {
			int rc = psnap_extents_add(again, start,
						   min_u64(meets, end), err);
			if (rc)
				return rc;
		}
		if (mine == distance) {
			reached = end > reached ? end : reached;
		} else if (end > reached) {
			other_reached = reached;
			reached = end;
			distance = mine;
		} else if (end > other_reached) {
			other_reached = end;
		}
	}
	return 0;
}

/* Does it begin in the set? *len is cut to where that ends. */
static bool begins_in(struct psnap_extents *set, uint64_t start, uint64_t *len)
{
	const struct psnap_extent *e = psnap_extents_find(set, start);

	if (!e)
		return false;
	if (e->offset_bytes > start) {
		*len = min_u64(*len, e->offset_bytes - start);
		return false;
	}
	*len = min_u64(*len, e->offset_bytes + e->len_bytes - start);
	return true;
}

static int judge(struct sieve *s, const struct psnap_run *run,
		 struct psnap_error *err)
{
	uint64_t at = 0;
	int rc = 0;

	while (rc == 0 && at < run->chunks) {
		struct psnap_run p = part(s, run, at, run->chunks - at);
		bool again = begins_in(s->old_again, p.old_chunk, &p.chunks);
		bool broken = is_broken(s, p.area_index);

		/* The next area is another one. */
		p.chunks = min_u64(p.chunks,
				   s->geo->exceptions_per_area - p.entry_index);

		if (begins_in(s->new_again, p.new_chunk, &p.chunks))
			again = true;
		rc = put(again || broken ? &s->rejected : &s->good, &p, err);
		if (rc == 0 && !again && !broken &&
		    p.state == PSNAP_ENTRY_UNCERTAIN)
			rc = note(s, s->doubt->uncertain, &p, err);
		at += p.chunks;
	}
	return rc;
}

static int judge_all(struct sieve *s, const struct psnap_map *map,
		     struct psnap_error *err)
{
	uint64_t count;
	const struct psnap_run *runs = psnap_map_runs(map, &count);
	uint64_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++)
		rc = sift(s, &runs[i], err);
	if (rc)
		return rc;
	sort(&s->broken, by_area);
	sort(&s->possible, by_new);
	rc = find_again(&s->possible, false, s->new_again, err);
	sort(&s->possible, by_old);
	if (rc == 0)
		rc = find_again(&s->possible, true, s->old_again, err);
	for (i = 0; i < s->possible.count && rc == 0; i++)
		rc = judge(s, &s->possible.runs[i], err);
	sort(&s->good, by_old);
	return rc ? rc : reject_all(s, err);
}

static int append_good(struct psnap_view *v, struct sieve *s,
		       struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->good.count && rc == 0; i++)
		rc = psnap_view_append_run(v, s->geo, &s->good.runs[i], err);
	return rc ? rc : psnap_view_append_origin(v, s->origin_bytes, err);
}

static int fill(struct psnap_view *v, struct psnap_store *store,
		const struct psnap_map *map, void *ctx, struct psnap_error *err)
{
	const struct psnap_geometry *geo = psnap_store_geometry(store);
	uint64_t origin_bytes = v->origin->size_bytes;
	struct sieve s = {
		.geo = geo,
		.totals = psnap_map_totals(map),
		.origin_bytes = origin_bytes,
		.limit = origin_bytes / geo->chunk_bytes +
			 (origin_bytes % geo->chunk_bytes != 0),
		.doubt = ctx,
	};
	int rc;

	s.doubt->lost_bytes = s.totals->unreadable_bytes;
	s.doubt->incomplete = s.totals->unreadable_bytes > 0 ||
			      s.totals->end != PSNAP_WALK_END_TERMINATOR;
	rc = psnap_extents_new(&s.old_again, err);
	if (rc == 0)
		rc = psnap_extents_new(&s.new_again, err);
	if (rc == 0)
		rc = psnap_extents_new(&s.known, err);
	if (rc == 0)
		rc = judge_all(&s, map, err);
	if (rc == 0)
		rc = append_good(v, &s, err);
	for (size_t i = 0; i < s.broken.count && !s.doubt->incomplete; i++)
		s.doubt->incomplete =
			is_broken(&s, s.broken.runs[i].area_index);
	psnap_extents_free(s.old_again);
	psnap_extents_free(s.new_again);
	psnap_extents_free(s.known);
	free(s.possible.runs);
	free(s.good.runs);
	free(s.broken.runs);
	free(s.rejected.runs);
	return rc;
}

int psnap_view_open_salvage(struct psnap_store *store, struct psnap_io *origin,
			    const struct psnap_progress *progress,
			    struct psnap_view_doubt *doubt,
			    struct psnap_view **view, struct psnap_error *err)
{
	return psnap_view_open_with(store, origin, progress, fill, doubt, view,
				    err);
}
