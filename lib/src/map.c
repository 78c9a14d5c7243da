/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-up in both directions over the live table, as two sorted views of one
 * array of runs. Runs of a damaged store may overlap, so each view carries the
 * highest end seen so far: a look-up walks back only while that reaches.
 */
#include <psnap/map.h>

#include "fail.h"

#include <stdlib.h>
#include <string.h>

struct psnap_map {
	struct psnap_run *by_old;
	uint64_t count;
	uint64_t capacity;
	uint64_t *by_new;   /* indices into by_old */
	uint64_t *last_old; /* highest old_chunk of by_old[0..i] */
	uint64_t *last_new; /* highest new_chunk of by_new[0..i] */
	struct psnap_geometry geo;
	struct psnap_walk_totals totals;
};

static int append(struct psnap_map *map, const struct psnap_run *run,
		  struct psnap_error *err)
{
	if (map->count == map->capacity) {
		uint64_t capacity = map->capacity ? map->capacity * 2 : 256;
		void *bigger = reallocarray(map->by_old, capacity,
					    sizeof(*map->by_old));

		if (!bigger)
			return psnap_fail_nomem(err, "loading the table");
		map->by_old = bigger;
		map->capacity = capacity;
	}
	map->by_old[map->count++] = *run;
	return 0;
}

static int compare_position(const struct psnap_run *a,
			    const struct psnap_run *b)
{
	if (a->area_index != b->area_index)
		return a->area_index < b->area_index ? -1 : 1;
	if (a->entry_index != b->entry_index)
		return a->entry_index < b->entry_index ? -1 : 1;
	return 0;
}

static int compare_old(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	if (a->old_chunk != b->old_chunk)
		return a->old_chunk < b->old_chunk ? -1 : 1;
	return compare_position(a, b);
}

static int compare_new(const void *left, const void *right, void *ctx)
{
	const struct psnap_run *runs = ctx;
	const struct psnap_run *a = &runs[*(const uint64_t *)left];
	const struct psnap_run *b = &runs[*(const uint64_t *)right];

	if (a->new_chunk != b->new_chunk)
		return a->new_chunk < b->new_chunk ? -1 : 1;
	return compare_position(a, b);
}

static int build_views(struct psnap_map *map, struct psnap_error *err)
{
	uint64_t last_old = 0;
	uint64_t last_new = 0;
	uint64_t i;

	/* calloc so that an empty table also has arrays. */
	map->by_new = calloc(map->count + 1, sizeof(*map->by_new));
	map->last_old = calloc(map->count + 1, sizeof(*map->last_old));
	map->last_new = calloc(map->count + 1, sizeof(*map->last_new));
	if (!map->by_new || !map->last_old || !map->last_new)
		return psnap_fail_nomem(err, "sorting the table");
	if (map->count)
		qsort(map->by_old, map->count, sizeof(*map->by_old),
		      compare_old);
	for (i = 0; i < map->count; i++)
		map->by_new[i] = i;
	if (map->count)
		qsort_r(map->by_new, map->count, sizeof(*map->by_new),
			compare_new, map->by_old);
	for (i = 0; i < map->count; i++) {
		const struct psnap_run *o = &map->by_old[i];
		const struct psnap_run *n = &map->by_old[map->by_new[i]];

		if (o->old_chunk + (o->chunks - 1) > last_old)
			last_old = o->old_chunk + (o->chunks - 1);
		if (n->new_chunk + (n->chunks - 1) > last_new)
			last_new = n->new_chunk + (n->chunks - 1);
		map->last_old[i] = last_old;
		map->last_new[i] = last_new;
	}
	return 0;
}

int psnap_map_load(struct psnap_store *store,
		   const struct psnap_progress *progress,
		   struct psnap_map **map, struct psnap_error *err)
{
	struct psnap_walk_options options = { 0 };
	struct psnap_walk *walk = NULL;
	struct psnap_map *m = NULL;
	struct psnap_run run;
	int rc;

	*map = NULL;
	if (progress)
		options.progress = *progress;
	rc = psnap_walk_open(store, &options, &walk, err);
	if (rc)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m) {
		rc = psnap_fail_nomem(err, "loading the table");
		goto out;
	}
	m->geo = *psnap_store_geometry(store);
	for (;;) {
		rc = psnap_walk_next_run(walk, &run, err);
		/* The totals tell that something is missing. */
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED)
			continue;
		if (rc > 0)
			rc = append(m, &run, err);
		else if (rc == 0)
			break;
		if (rc)
			goto out;
	}
	m->totals = *psnap_walk_totals(walk);
	if (rc == 0)
		rc = build_views(m, err);
out:
	psnap_walk_close(walk);
	if (rc)
		psnap_map_free(m);
	else
		*map = m;
	return rc;
}

/* Keep @found in table order; there are rarely two. */
static void insert(struct psnap_run *found, uint64_t used, uint64_t found_max,
		   const struct psnap_run *entry)
{
	uint64_t i = used < found_max ? used : found_max;

	for (; i > 0 && compare_position(&found[i - 1], entry) > 0; i--)
		if (i < found_max)
			found[i] = found[i - 1];
	if (i < found_max)
		found[i] = *entry;
}

struct view {
	const struct psnap_map *map;
	bool by_new;
};

static const struct psnap_run *view_run(const struct view *v, uint64_t i)
{
	return &v->map->by_old[v->by_new ? v->map->by_new[i] : i];
}

static uint64_t view_start(const struct view *v, uint64_t i)
{
	const struct psnap_run *run = view_run(v, i);

	return v->by_new ? run->new_chunk : run->old_chunk;
}

/* How many runs start at or before @chunk. */
static uint64_t view_upper(const struct view *v, uint64_t chunk)
{
	uint64_t low = 0;
	uint64_t high = v->map->count;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (view_start(v, mid) <= chunk)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t view_find(const struct view *v, uint64_t chunk,
			  struct psnap_run *found, uint64_t found_max)
{
	const uint64_t *last = v->by_new ? v->map->last_new : v->map->last_old;
	uint64_t i = view_upper(v, chunk);
	uint64_t used = 0;

	for (; i > 0 && last[i - 1] >= chunk; i--) {
		const struct psnap_run *run = view_run(v, i - 1);
		uint64_t distance = chunk - view_start(v, i - 1);
		struct psnap_run entry = *run;

		if (distance >= run->chunks)
			continue;
		psnap_run_skip(&v->map->geo, &entry, distance);
		entry.chunks = 1;
		insert(found, used, found_max, &entry);
		used++;
	}
	return used;
}

uint64_t psnap_map_find_old(const struct psnap_map *map, uint64_t old_chunk,
			    struct psnap_run *found, uint64_t found_max)
{
	const struct view v = { map, false };

	return view_find(&v, old_chunk, found, found_max);
}

uint64_t psnap_map_find_new(const struct psnap_map *map, uint64_t new_chunk,
			    struct psnap_run *found, uint64_t found_max)
{
	const struct view v = { map, true };

	return view_find(&v, new_chunk, found, found_max);
}

const struct psnap_run *psnap_map_runs(const struct psnap_map *map,
				       uint64_t *count)
{
	*count = map->count;
	return map->by_old;
}

const struct psnap_walk_totals *psnap_map_totals(const struct psnap_map *map)
{
	return &map->totals;
}

void psnap_map_free(struct psnap_map *map)
{
	if (!map)
		return;
	free(map->by_old);
	free(map->by_new);
	free(map->last_old);
	free(map->last_new);
	free(map);
}
