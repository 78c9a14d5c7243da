/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of a store with errors: exceptions that say something possible, and
 * are the only ones that say it, are used. The others are in doubt, and so are
 * the origin chunks that they are about.
 */
#include "view_internal.h"

#include "checked.h"
#include "run_pile.h"

/* As psnap check judges: an area with so many impossible entries, and half of
 * them, is none. */
#define IMPLAUSIBLE_MIN 4u

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
	struct psnap_run_pile possible;
	struct psnap_run_pile good;
	struct psnap_run_pile broken;
	struct psnap_run_pile rejected;
	struct psnap_extents *old_again;
	struct psnap_extents *new_again;
	struct psnap_extents *known;
	struct psnap_view_doubt *doubt;
};

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
			rc = psnap_run_pile_add(&s->possible, &rest, err);
		} else {
			rest.chunks = 1;
			rc = psnap_run_pile_add(&s->broken, &rest, err);
		}
		at += rest.chunks;
	}
	return rc;
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
		rc = psnap_run_pile_add(
			again || broken ? &s->rejected : &s->good, &p, err);
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
	psnap_run_pile_sort(&s->broken, PSNAP_RUN_BY_AREA);
	psnap_run_pile_sort(&s->possible, PSNAP_RUN_BY_NEW);
	rc = psnap_run_pile_again(&s->possible, PSNAP_RUN_BY_NEW, s->new_again,
				  err);
	psnap_run_pile_sort(&s->possible, PSNAP_RUN_BY_OLD);
	if (rc == 0)
		rc = psnap_run_pile_again(&s->possible, PSNAP_RUN_BY_OLD,
					  s->old_again, err);
	for (i = 0; i < s->possible.count && rc == 0; i++)
		rc = judge(s, &s->possible.runs[i], err);
	psnap_run_pile_sort(&s->good, PSNAP_RUN_BY_OLD);
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
	psnap_run_pile_release(&s.possible);
	psnap_run_pile_release(&s.good);
	psnap_run_pile_release(&s.broken);
	psnap_run_pile_release(&s.rejected);
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
