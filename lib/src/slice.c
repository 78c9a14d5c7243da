/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading slices, with a window of prefetched ones ahead. The window starts
 * small because the table usually ends soon and what is read beyond its end is
 * wasted; it doubles with every slice that turns out full.
 */
#include "slice.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

#define SLICE_BYTES_MAX ((size_t)128 << 10)
/* Within a slice that failed, the unit that is tried again. */
#define CAREFUL_BYTES	    4096u
#define WINDOW_SLICES_MIN   4u
#define WINDOW_SLICES_MAX   256u
#define IN_FLIGHT_BYTES_MAX ((size_t)16 << 20)

int psnap_slice_init(struct slice_reader *r, struct psnap_io *io,
		     const struct psnap_geometry *geo, struct psnap_error *err)
{
	*r = (struct slice_reader){ .io = io, .geo = geo };
	r->slice_bytes = (uint32_t)min_u64(geo->chunk_bytes, SLICE_BYTES_MAX);
	r->window_slices = WINDOW_SLICES_MIN;
	r->entries = malloc(r->slice_bytes);
	if (!r->entries)
		return psnap_fail_nomem(err, "reading an area");
	return 0;
}

void psnap_slice_release(struct slice_reader *r)
{
	free(r->entries);
	r->entries = NULL;
}

static uint64_t slices_per_area(const struct slice_reader *r)
{
	return r->geo->chunk_bytes / r->slice_bytes;
}

void psnap_slice_seek(struct slice_reader *r, uint64_t area_index)
{
	uint64_t slice = area_index * slices_per_area(r);

	r->area_index = area_index;
	r->done_bytes = 0;
	r->careful_until_bytes = 0;
	r->count = 0;
	r->next = 0;
	/* After a jump ahead, what lies between is of no use. */
	if (r->advised_slice < slice)
		r->advised_slice = slice;
}

bool psnap_slice_area_done(const struct slice_reader *r)
{
	return r->done_bytes >= r->geo->chunk_bytes;
}

static uint64_t area_offset(const struct slice_reader *r, uint64_t area_index)
{
	return psnap_geometry_entry_offset(r->geo, area_index, 0);
}

static void prefetch_window(struct slice_reader *r)
{
	uint64_t per_area = slices_per_area(r);
	uint64_t current =
		r->area_index * per_area + r->done_bytes / r->slice_bytes;
	uint64_t end = min_u64(current + r->window_slices,
			       r->geo->area_count * per_area);

	/* The slice to be read now needs no hint of its own. */
	if (r->advised_slice <= current)
		r->advised_slice = current + 1;
	for (; r->advised_slice < end; r->advised_slice++) {
		uint64_t area = r->advised_slice / per_area;
		uint64_t part = r->advised_slice % per_area;

		psnap_io_prefetch(r->io,
				  area_offset(r, area) + part * r->slice_bytes,
				  r->slice_bytes);
	}
}

void psnap_slice_widen(struct slice_reader *r)
{
	uint64_t max = min_u64(WINDOW_SLICES_MAX,
			       IN_FLIGHT_BYTES_MAX / r->slice_bytes);

	r->window_slices = min_u64(r->window_slices * 2, max);
}

int psnap_slice_load(struct slice_reader *r, struct psnap_error *err)
{
	uint64_t start = area_offset(r, r->area_index) + r->done_bytes;
	uint64_t len =
		min_u64(r->slice_bytes, r->geo->chunk_bytes - r->done_bytes);
	int rc;

	r->count = 0;
	r->next = 0;
	if (r->done_bytes < r->careful_until_bytes)
		len = min_u64(len, CAREFUL_BYTES);
	else
		prefetch_window(r);
	rc = psnap_io_read(r->io, start, r->entries, (size_t)len, err);
	if (rc && len > CAREFUL_BYTES) {
		/* One bad sector must not cost thousands of entries. */
		r->careful_until_bytes = r->done_bytes + len;
		len = CAREFUL_BYTES;
		rc = psnap_io_read(r->io, start, r->entries, (size_t)len, err);
	}
	r->first_entry = (uint32_t)(r->done_bytes / PSNAP_EXCEPTION_BYTES);
	r->done_bytes += len;
	if (rc) {
		r->fault_offset_bytes = start;
		r->fault_len_bytes = len;
		return rc;
	}
	r->count = (uint32_t)(len / PSNAP_EXCEPTION_BYTES);
	return 0;
}

bool psnap_slice_plausible(const struct slice_reader *r)
{
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		uint64_t new_chunk = le64_get(r->entries[i].new_chunk);

		if (new_chunk == 0)
			return i > 0;
		if (!psnap_entry_plausible(r->geo,
					   le64_get(r->entries[i].old_chunk),
					   new_chunk))
			return false;
	}
	return r->count > 0;
}
