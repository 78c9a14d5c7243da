/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carving: slot by slot through what lies beyond the table that the kernel
 * reads. Plausible entries that stand together are one carving; an empty slot,
 * junk, a part that cannot be read and the end of the area end it.
 */
#include "carve_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int psnap_carve_tick(const struct carver *c, uint64_t at_bytes,
		     struct psnap_error *err)
{
	const struct psnap_progress *p = c->progress;

	if (p->tick && p->tick(p->ctx, at_bytes, c->geo->store_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/* The chunk that a kernel takes after this one; it steps over areas. */
static uint64_t chunk_after(const struct psnap_geometry *geo, uint64_t chunk)
{
	chunk++;
	return psnap_geometry_is_metadata(geo, chunk) ? chunk + 1 : chunk;
}

static void name_part(struct psnap_carving *part)
{
	snprintf(part->name, sizeof(part->name),
		 "a%" PRIu64 ".%" PRIu64 "-%" PRIu64, part->slots.area_index,
		 part->slots.first, part->slots.first + part->slots.count - 1);
}

static int hand_out_held(struct carver *c)
{
	if (!c->has_held)
		return 0;
	c->has_held = false;
	return c->found(c->ctx, &c->held);
}

/* The stretch at hand is at its end. */
static int end_stretch(struct carver *c)
{
	int rc;

	if (c->current.entries == 0)
		return 0;
	name_part(&c->current);
	rc = hand_out_held(c);
	if (rc)
		return rc;
	c->held = c->current;
	c->has_held = true;
	c->current = (struct psnap_carving){ 0 };
	return 0;
}

/* Nothing else in an area, and from its first slot: it is a table as a kernel
 * leaves it, and has the area's name. */
static int end_area(struct carver *c, uint64_t area_index)
{
	int rc = end_stretch(c);

	if (rc)
		return rc;
	if (c->has_held && !c->junk && c->held.slots.first == 0) {
		c->held.slots.count = c->geo->exceptions_per_area;
		snprintf(c->held.name, sizeof(c->held.name), "a%" PRIu64,
			 area_index);
	}
	return hand_out_held(c);
}

static int take_entry(struct carver *c, uint32_t slot, uint64_t old_chunk,
		      uint64_t new_chunk, struct psnap_error *err)
{
	struct psnap_carving *current = &c->current;
	bool next = c->last_new_chunk != 0 &&
		    chunk_after(c->geo, c->last_new_chunk) == new_chunk;

	if (current->entries == 0) {
		/* A second stretch: the first is not all of the area. */
		if (c->has_held)
			c->junk = true;
		current->slots.area_index = c->slice.area_index;
		current->slots.first = slot;
		current->continues = next;
	} else if (next) {
		current->in_sequence++;
	}
	current->slots.count++;
	current->entries++;
	if (psnap_carve_set_has(&c->live.old_chunks, old_chunk))
		current->conflicts_old++;
	if (psnap_carve_set_has(&c->live.new_chunks, new_chunk))
		current->conflicts_new++;
	c->last_new_chunk = new_chunk;
	return psnap_carve_data_look(c, new_chunk, err);
}

static int take_slot(struct carver *c, uint32_t slot,
		     const struct disk_exception *e, struct psnap_error *err)
{
	uint64_t old_chunk = le64_get(e->old_chunk);
	uint64_t new_chunk = le64_get(e->new_chunk);

	if (old_chunk < c->old_limit &&
	    psnap_entry_plausible(c->geo, old_chunk, new_chunk))
		return take_entry(c, slot, old_chunk, new_chunk, err);
	if (old_chunk != 0 || new_chunk != 0)
		c->junk = true;
	return end_stretch(c);
}

static int take_slice(struct carver *c, uint32_t first_slot,
		      struct psnap_error *err)
{
	const struct slice_reader *s = &c->slice;

	for (uint32_t i = 0; i < s->count; i++) {
		uint32_t slot = s->first_entry + i;
		int rc;

		if (slot < first_slot)
			continue;
		rc = take_slot(c, slot, &s->entries[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Slots from @first_slot on; what is before them is the live table's. */
static int carve_area(struct carver *c, uint64_t area_index,
		      uint32_t first_slot, struct psnap_error *err)
{
	psnap_slice_seek(&c->slice, area_index);
	c->current = (struct psnap_carving){ 0 };
	c->has_held = false;
	c->junk = false;
	while (!psnap_slice_area_done(&c->slice)) {
		uint64_t at =
			psnap_geometry_entry_offset(c->geo, area_index, 0) +
			c->slice.done_bytes;
		int rc = psnap_carve_tick(c, at, err);

		if (rc)
			return rc;
		rc = psnap_slice_load(&c->slice, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc) {
			c->junk = true;
			rc = end_stretch(c);
		} else {
			rc = take_slice(c, first_slot, err);
		}
		if (rc)
			return rc;
	}
	return end_area(c, area_index);
}

/*
 * The first area from @area_index on that may hold something, or @end. A sparse
 * store of 2^63 bytes has 2^43 areas, nearly all of them holes.
 */
static uint64_t skip_holes(const struct carver *c, uint64_t area_index,
			   uint64_t end)
{
	const struct psnap_geometry *geo = c->geo;
	uint64_t apart_bytes = geo->stride_chunks * geo->chunk_bytes;

	while (area_index < end) {
		uint64_t start =
			psnap_geometry_entry_offset(geo, area_index, 0);
		uint64_t data = psnap_io_next_data(c->store, start);

		if (data < start + geo->chunk_bytes)
			return area_index;
		area_index +=
			(data - start - geo->chunk_bytes) / apart_bytes + 1;
	}
	return end;
}

static int carve_areas(struct carver *c, uint64_t areas_max,
		       struct psnap_error *err)
{
	uint64_t area_index = c->live.area_index;
	uint32_t first_slot = c->live.entry_index;
	uint64_t end = area_index + 1 +
		       min_u64(c->geo->area_count - 1 - area_index, areas_max);
	int rc = 0;

	c->last_new_chunk = c->live.last_new_chunk;
	while (rc == 0) {
		area_index = skip_holes(c, area_index, end);
		if (area_index >= end)
			break;
		rc = carve_area(
			c, area_index,
			area_index == c->live.area_index ? first_slot : 0, err);
		psnap_slice_widen(&c->slice);
		area_index++;
	}
	return rc;
}

/* Old chunks from here on cannot be: the origin's size, or any device's. */
static uint64_t old_limit(const struct psnap_geometry *geo,
			  const struct psnap_io *origin)
{
	uint64_t limit = psnap_old_chunk_limit(geo);

	if (!origin)
		return limit;
	return min_u64(limit,
		       origin->size_bytes / geo->chunk_bytes +
			       (origin->size_bytes % geo->chunk_bytes != 0));
}

static int carve(struct carver *c, struct psnap_store *store,
		 uint64_t areas_max, struct psnap_error *err)
{
	int rc = psnap_carve_live_load(c, store, err);

	if (rc == 0)
		rc = psnap_slice_init(&c->slice, c->store, c->geo, err);
	if (rc == 0) {
		c->data = malloc((size_t)min_u64(c->geo->chunk_bytes,
						 CARVE_DATA_BYTES_MAX));
		rc = c->data ? carve_areas(c, areas_max, err)
			     : psnap_fail_nomem(err, "carving");
	}
	free(c->data);
	psnap_slice_release(&c->slice);
	psnap_carve_live_release(&c->live);
	return rc;
}

int psnap_carve(struct psnap_io *store, struct psnap_io *origin,
		uint64_t chunk_bytes, uint64_t areas_max,
		const struct psnap_progress *progress, psnap_carve_fn *found,
		void *ctx, struct psnap_error *err)
{
	const struct psnap_progress silent = { 0 };
	struct psnap_store *opened = NULL;
	struct carver *c;
	int rc;

	/* 0 would be to believe the header. */
	if (!psnap_chunk_bytes_valid(chunk_bytes))
		return psnap_fail(err, PSNAP_E_RANGE,
				  "%" PRIu64 " bytes is not a chunk size",
				  chunk_bytes);
	rc = psnap_store_open(store, chunk_bytes, &opened, err);
	if (rc == PSNAP_E_TRUNCATED)
		return 0;
	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c) {
		psnap_store_close(opened);
		return psnap_fail_nomem(err, "carving");
	}
	c->store = store;
	c->geo = psnap_store_geometry(opened);
	c->progress = progress ? progress : &silent;
	c->found = found;
	c->ctx = ctx;
	c->old_limit = old_limit(c->geo, origin);
	rc = carve(c, opened, areas_max, err);
	free(c);
	psnap_store_close(opened);
	return rc;
}
