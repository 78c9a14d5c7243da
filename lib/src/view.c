/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The segments of a view: the runs of the table, sorted by the origin, and the
 * origin between them. Reading them as an io is for view_io.c.
 */
#include "view_internal.h"

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <inttypes.h>
#include <psnap/map.h>
#include <stdlib.h>

static int append(struct psnap_view *v, const struct psnap_view_segment *s,
		  struct psnap_error *err)
{
	struct psnap_view_segment *last =
		v->count ? &v->segments[v->count - 1] : NULL;

	if (s->len_bytes == 0)
		return 0;
	if (last && last->source == s->source &&
	    last->from_bytes + last->len_bytes == s->from_bytes) {
		last->len_bytes += s->len_bytes;
		return 0;
	}
	if (!v->segments || v->count == v->max) {
		size_t max = v->max ? v->max * 2 : 64;
		void *grown =
			reallocarray(v->segments, max, sizeof(*v->segments));

		if (!grown)
			return psnap_fail_nomem(err, "opening the view");
		v->segments = grown;
		v->max = max;
	}
	v->segments[v->count++] = *s;
	return 0;
}

int psnap_view_append_origin(struct psnap_view *v, uint64_t end_bytes,
			     struct psnap_error *err)
{
	const struct psnap_view_segment *last =
		v->count ? &v->segments[v->count - 1] : NULL;
	uint64_t start = last ? last->start_bytes + last->len_bytes : 0;
	const struct psnap_view_segment s = { start, end_bytes - start,
					      PSNAP_VIEW_ORIGIN, start };

	return append(v, &s, err);
}

static int fail_at(const struct psnap_run *run, const char *what,
		   struct psnap_error *err)
{
	return psnap_fail(err, PSNAP_E_CORRUPT,
			  "area %" PRIu64 " entry %" PRIu32
			  ": %s; psnap check names what is wrong",
			  run->area_index, run->entry_index, what);
}

/* Is all of its data where data can be? */
static bool has_place(const struct psnap_geometry *geo,
		      const struct psnap_run *run)
{
	uint64_t i;

	if (run->new_chunk >= geo->chunk_count ||
	    run->chunks > geo->chunk_count - run->new_chunk)
		return false;
	for (i = 0; i < run->chunks; i++)
		if (psnap_geometry_is_metadata(geo, run->new_chunk + i))
			return false;
	return true;
}

/*
 * What starts in the last segment has to say the same as that does, as an entry
 * that stands in the table twice; then only the rest of it is new.
 */
static bool skip_repeated(const struct psnap_view *v,
			  struct psnap_view_segment *s)
{
	const struct psnap_view_segment *last =
		v->count ? &v->segments[v->count - 1] : NULL;
	uint64_t reached = last ? last->start_bytes + last->len_bytes : 0;
	uint64_t repeated;

	if (s->start_bytes >= reached)
		return true;
	if (last->source != PSNAP_VIEW_STORE ||
	    last->from_bytes + (s->start_bytes - last->start_bytes) !=
		    s->from_bytes)
		return false;
	repeated = min_u64(reached - s->start_bytes, s->len_bytes);
	s->start_bytes += repeated;
	s->from_bytes += repeated;
	s->len_bytes -= repeated;
	return true;
}

int psnap_view_append_run(struct psnap_view *v,
			  const struct psnap_geometry *geo,
			  const struct psnap_run *run, struct psnap_error *err)
{
	uint64_t origin_bytes = v->origin->size_bytes;
	uint64_t limit = origin_bytes / geo->chunk_bytes +
			 (origin_bytes % geo->chunk_bytes != 0);
	struct psnap_view_segment s = { .source = PSNAP_VIEW_STORE };
	struct psnap_run r = *run;
	int rc;

	if (r.old_chunk >= limit)
		return 0;
	r.chunks = min_u64(r.chunks, limit - r.old_chunk);
	if (!has_place(geo, &r))
		return fail_at(&r, "its data is not where data can be", err);
	s.start_bytes = r.old_chunk * geo->chunk_bytes;
	s.from_bytes = r.new_chunk * geo->chunk_bytes;
	s.len_bytes = min_u64(r.chunks * geo->chunk_bytes,
			      origin_bytes - s.start_bytes);
	if (!skip_repeated(v, &s))
		return fail_at(
			&r, "its origin chunk has another exception, too", err);
	if (s.len_bytes == 0)
		return 0;
	rc = psnap_view_append_origin(v, s.start_bytes, err);
	return rc ? rc : append(v, &s, err);
}

static int fill(struct psnap_view *v, struct psnap_store *store,
		const struct psnap_map *map, void *ctx, struct psnap_error *err)
{
	uint64_t count;
	const struct psnap_run *runs = psnap_map_runs(map, &count);
	uint64_t i;
	int rc = 0;

	(void)ctx;
	if (psnap_map_totals(map)->unreadable_bytes > 0)
		return psnap_fail_errno(err, PSNAP_E_IO, EIO,
					"a part of the table cannot be read");
	for (i = 0; i < count && rc == 0; i++)
		rc = psnap_view_append_run(v, psnap_store_geometry(store),
					   &runs[i], err);
	return rc ? rc
		  : psnap_view_append_origin(v, v->origin->size_bytes, err);
}

int psnap_view_open_with(struct psnap_store *store, struct psnap_io *origin,
			 const struct psnap_progress *progress,
			 psnap_view_fill_fn *fill_view, void *ctx,
			 struct psnap_view **view, struct psnap_error *err)
{
	struct psnap_map *map = NULL;
	struct psnap_view *v;
	int rc;

	*view = NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return psnap_fail_nomem(err, "opening the view");
	v->store = psnap_store_io(store);
	v->origin = origin;
	psnap_view_io_init(v);
	rc = psnap_map_load(store, progress, &map, err);
	if (rc == 0)
		rc = fill_view(v, store, map, ctx, err);
	psnap_map_free(map);
	if (rc)
		psnap_view_close(v);
	else
		*view = v;
	return rc;
}

int psnap_view_open(struct psnap_store *store, struct psnap_io *origin,
		    const struct psnap_progress *progress,
		    struct psnap_view **view, struct psnap_error *err)
{
	return psnap_view_open_with(store, origin, progress, fill, NULL, view,
				    err);
}

const struct psnap_view_segment *
psnap_view_segments(const struct psnap_view *view, size_t *count)
{
	*count = view->count;
	return view->segments;
}

const struct psnap_view_segment *psnap_view_find(const struct psnap_view *view,
						 uint64_t offset_bytes)
{
	size_t low = 0;
	size_t high = view->count;

	/* segments[low] begins at or before the offset, segments[high] behind */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (view->segments[mid].start_bytes <= offset_bytes)
			low = mid;
		else
			high = mid;
	}
	return &view->segments[low];
}

void psnap_view_close(struct psnap_view *view)
{
	if (!view)
		return;
	free(view->segments);
	free(view);
}
