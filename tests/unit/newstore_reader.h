/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store as a kernel reads it, and as kernels want it: from psnap-store(5) and
 * nothing of the library.
 */
#ifndef PSNAP_TEST_NEWSTORE_READER_H
#define PSNAP_TEST_NEWSTORE_READER_H

#include "store_bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * @wrong:   NULL, or what is not as it should be
 * @last:    the highest new chunk
 * @next_area_zero:  the area behind the one that ends the table, if it is on the
 *           device
 */
struct reading {
	const char *wrong;
	uint64_t chunk_bytes;
	uint64_t exceptions;
	uint64_t areas;
	uint64_t last;
	uint64_t used_chunks;
	bool next_area_zero;
};

static inline bool all_zero(const uint8_t *from, uint64_t len)
{
	while (len--)
		if (*from++)
			return false;
	return true;
}

/* One entry: its data goes to @view. */
static inline const char *read_entry(struct reading *r, const uint8_t *store,
				     uint64_t chunks, const uint8_t *entry,
				     uint64_t *next_old, uint8_t *view,
				     uint64_t view_bytes)
{
	uint64_t old_chunk = get_le(entry, 8);
	uint64_t new_chunk = get_le(entry + 8, 8);
	uint64_t stride = r->chunk_bytes / 16 + 1;
	uint64_t at = old_chunk * r->chunk_bytes;
	uint64_t len = r->chunk_bytes;

	if (new_chunk < 2 || new_chunk >= chunks || new_chunk % stride == 1)
		return "a new chunk is where none can be";
	if (new_chunk <= r->last)
		return "new chunks are not in order";
	if (old_chunk < *next_old)
		return "old chunks are not in order";
	if (at >= view_bytes)
		return "an old chunk is behind the end";
	*next_old = old_chunk + 1;
	r->last = new_chunk;
	if (len > view_bytes - at)
		len = view_bytes - at;
	memcpy(view + at, store + new_chunk * r->chunk_bytes, len);
	r->exceptions++;
	if (!all_zero(store + new_chunk * r->chunk_bytes + len,
		      r->chunk_bytes - len))
		return "there is something behind the end of the origin";
	return NULL;
}

static inline const char *read_table(struct reading *r, const uint8_t *store,
				     uint64_t chunks, uint8_t *view,
				     uint64_t view_bytes)
{
	uint64_t per_area = r->chunk_bytes / 16;
	uint64_t next_old = 0;

	for (;; r->areas++) {
		uint64_t chunk = 1 + r->areas * (per_area + 1);
		const uint8_t *area = store + chunk * r->chunk_bytes;

		if (chunk >= chunks)
			return "an area is not on the device";
		for (uint64_t i = 0; i < per_area; i++) {
			const char *wrong;

			if (get_le(area + i * 16 + 8, 8) == 0) {
				r->areas++;
				return all_zero(area + i * 16,
						(per_area - i) * 16)
					       ? NULL
					       : "entries after the end";
			}
			wrong = read_entry(r, store, chunks, area + i * 16,
					   &next_old, view, view_bytes);
			if (wrong)
				return wrong;
		}
	}
}

static inline struct reading
read_store(const uint8_t *store, uint64_t store_bytes, const uint8_t *origin,
	   const uint8_t *shown, uint64_t shown_bytes)
{
	struct reading r = { 0 };
	uint64_t sectors = get_le(store + 12, 4);
	uint64_t stride;
	uint64_t chunks;
	uint64_t next_area;
	uint8_t *view;

	r.wrong = "the header is not one";
	if (memcmp(store, "SnAp\1\0\0\0\1\0\0\0", 12) != 0 || sectors == 0 ||
	    (sectors & (sectors - 1)) || sectors > store_bytes / 512)
		return r;
	r.chunk_bytes = sectors * 512;
	chunks = store_bytes / r.chunk_bytes;
	stride = r.chunk_bytes / 16 + 1;
	view = malloc(shown_bytes);
	if (!view)
		abort();
	memcpy(view, origin, shown_bytes);
	r.wrong = read_table(&r, store, chunks, view, shown_bytes);
	if (!r.wrong && memcmp(view, shown, shown_bytes) != 0)
		r.wrong = "the view is another one";
	if (!r.wrong && !all_zero(store + 16, r.chunk_bytes - 16))
		r.wrong = "there is something behind the header";
	/* CVE-2013-4299: a kernel before 3.12 would put the next chunk there
	 * where the next area is. */
	if (!r.wrong && r.exceptions > 0 && r.last % stride == 0)
		r.wrong = "the last chunk is the last one before an area";
	next_area = 1 + r.areas * stride;
	r.next_area_zero =
		!r.wrong &&
		(next_area >= chunks ||
		 all_zero(store + next_area * r.chunk_bytes, r.chunk_bytes));
	r.used_chunks = 2 + (r.areas - 1) * stride;
	if (r.last >= r.used_chunks)
		r.used_chunks = r.last + 1;
	free(view);
	return r;
}

#endif
