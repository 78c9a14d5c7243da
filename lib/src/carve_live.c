/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table that the kernel reads: where it ends, and which chunks it names,
 * to say of an entry beyond it that it contradicts one of them.
 */
#include "carve_internal.h"

/* A key of a chunkset: 54 bits of start, 10 of length - 1. Chunks are added one
 * by one here, so all lengths are 1. */
#define KEY_LENGTH_BITS 10

static uint64_t key_chunk(uint64_t key)
{
	return key >> KEY_LENGTH_BITS;
}

bool psnap_carve_set_has(const struct chunkset *set, uint64_t chunk)
{
	size_t low = 0;
	size_t high = set->key_count;

	if (chunk < set->bit_count)
		return set->bits[chunk / 64] >> (chunk % 64) & 1;
	/* The last key that is not above it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (key_chunk(set->keys[middle]) <= chunk)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && key_chunk(set->keys[low - 1]) == chunk;
}

/* Junk may be read as entries; it names nothing. */
static int take(struct carver *c, const struct psnap_run *entry,
		struct psnap_error *err)
{
	struct carve_live *live = &c->live;
	int rc;

	if (entry->old_chunk >= c->old_limit ||
	    !psnap_entry_plausible(c->geo, entry->old_chunk, entry->new_chunk))
		return 0;
	live->last_new_chunk = entry->new_chunk;
	rc = psnap_chunkset_add(&live->old_chunks, entry->old_chunk, 1, err);
	if (rc)
		return rc;
	return psnap_chunkset_add(&live->new_chunks, entry->new_chunk, 1, err);
}

static int walk_live(struct carver *c, struct psnap_walk *walk,
		     struct psnap_error *err)
{
	struct psnap_run entry;

	for (;;) {
		int rc = psnap_walk_next(walk, &entry, err);

		/* The walk goes on behind what it cannot read. */
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED)
			continue;
		if (rc <= 0)
			return rc;
		rc = take(c, &entry, err);
		if (rc)
			return rc;
	}
}

int psnap_carve_live_load(struct carver *c, struct psnap_store *store,
			  struct psnap_error *err)
{
	struct psnap_walk_options options = { .progress = *c->progress };
	struct carve_live *live = &c->live;
	struct psnap_walk *walk = NULL;
	int rc;

	rc = psnap_chunkset_init(&live->old_chunks, c->old_limit, 0, err);
	if (rc == 0)
		rc = psnap_chunkset_init(&live->new_chunks, c->geo->chunk_count,
					 0, err);
	if (rc == 0)
		rc = psnap_walk_open(store, &options, &walk, err);
	if (rc == 0)
		rc = walk_live(c, walk, err);
	if (rc == 0) {
		const struct psnap_walk_totals *totals =
			psnap_walk_totals(walk);

		live->area_index = totals->last_area_index;
		live->entry_index = totals->last_area_entries;
		psnap_chunkset_finish(&live->old_chunks);
		psnap_chunkset_finish(&live->new_chunks);
	}
	psnap_walk_close(walk);
	return rc;
}

void psnap_carve_live_release(struct carve_live *live)
{
	psnap_chunkset_release(&live->old_chunks);
	psnap_chunkset_release(&live->new_chunks);
}
