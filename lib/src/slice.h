/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading areas piece by piece: a slice is a whole area, or 128 KiB of one
 * when chunks are larger, so memory never follows the chunk size. Knows where
 * slices are and which to prefetch; what entries mean is walk.c's business.
 */
#ifndef PSNAP_SLICE_H
#define PSNAP_SLICE_H

#include "ondisk.h"

#include <psnap/io.h>
#include <psnap/store.h>

/*
 * One slice of one area, decoded in place.
 * @entries:      @count of them, the first is entry @first_entry of the area
 * @next:         the one to look at next
 * @area_index:   the area
 * @done_bytes:   how much of the area has been loaded or given up
 * @fault_*:      the range that the last failed load gave up
 */
struct slice_reader {
	struct psnap_io *io;
	const struct psnap_geometry *geo;
	struct disk_exception *entries;
	uint32_t count;
	uint32_t next;
	uint32_t first_entry;
	uint32_t slice_bytes;
	uint64_t area_index;
	uint64_t done_bytes;
	uint64_t careful_until_bytes;
	uint64_t fault_offset_bytes;
	uint64_t fault_len_bytes;
	uint64_t window_slices;
	uint64_t advised_slice;
};

int psnap_slice_init(struct slice_reader *r, struct psnap_io *io,
		     const struct psnap_geometry *geo, struct psnap_error *err);
void psnap_slice_release(struct slice_reader *r);

/* Position at the start of an area; nothing is read yet. */
void psnap_slice_seek(struct slice_reader *r, uint64_t area_index);

/* True when the current area has been loaded, or given up, to its end. */
bool psnap_slice_area_done(const struct slice_reader *r);

/*
 * Load the next slice of the current area, prefetching behind it. On failure
 * the slice is given up (fault_*), and the next load goes on after it.
 */
int psnap_slice_load(struct slice_reader *r, struct psnap_error *err);

/* The table has filled a slice: look further ahead from now on. */
void psnap_slice_widen(struct slice_reader *r);

/* Do the loaded entries look like the start of a table: a plausible entry
 * first, and none that is impossible before the terminator? */
bool psnap_slice_plausible(const struct slice_reader *r);

#endif
