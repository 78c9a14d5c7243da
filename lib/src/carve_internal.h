/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of carving share: carve.c finds stretches of entries,
 * carve_live.c knows the table that the kernel reads, carve_data.c looks at
 * data.
 */
#ifndef PSNAP_CARVE_INTERNAL_H
#define PSNAP_CARVE_INTERNAL_H

#include "chunkset.h"
#include "slice.h"

#include <psnap/carve.h>
#include <psnap/walk.h>

/* Chunks of a carving whose data is looked at, and how much of each. */
#define CARVE_DATA_CHUNKS    64u
#define CARVE_DATA_BYTES_MAX ((size_t)1 << 20)

/**
 * struct carve_live - the table that the kernel reads
 * @old_chunks, @new_chunks:  of its plausible entries
 * @area_index, @entry_index:  the slot behind it
 * @last_new_chunk:  of its last plausible entry; 0: there is none
 */
struct carve_live {
	struct chunkset old_chunks;
	struct chunkset new_chunks;
	uint64_t area_index;
	uint32_t entry_index;
	uint64_t last_new_chunk;
};

/**
 * struct carver - a search under way
 * @first_slot:   where the stretch at hand begins; valid when entries > 0
 * @found_stretches:  handed out or held, of the area at hand
 * @held:         the first stretch of an area waits for the end of the area:
 *                only then it is known whether there is nothing else in it
 * @junk:         the area holds something that is neither plausible nor empty,
 *                or a part that cannot be read
 * @last_new_chunk:  of the last plausible entry so far; 0: none
 */
struct carver {
	struct psnap_io *store;
	const struct psnap_geometry *geo;
	const struct psnap_progress *progress;
	psnap_carve_fn *found;
	void *ctx;
	uint64_t old_limit;
	struct carve_live live;
	struct slice_reader slice;
	uint8_t *data;
	struct psnap_carving current;
	struct psnap_carving held;
	bool has_held;
	bool junk;
	uint64_t last_new_chunk;
};

/* PSNAP_E_INTERRUPTED when the caller wants to stop; @at on the store. */
int psnap_carve_tick(const struct carver *c, uint64_t at_bytes,
		     struct psnap_error *err);

/* carve_live.c */
int psnap_carve_live_load(struct carver *c, struct psnap_store *store,
			  struct psnap_error *err);
void psnap_carve_live_release(struct carve_live *live);
/* Is the chunk in a set that psnap_carve_live_load() has made? */
bool psnap_carve_set_has(const struct chunkset *set, uint64_t chunk);

/* carve_data.c: look at the data of one more entry of the current carving. */
int psnap_carve_data_look(struct carver *c, uint64_t new_chunk,
			  struct psnap_error *err);

#endif
