/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a table holds, told a second time from psnap-store(5): slowly, with the
 * whole image in memory and with no code of the library, so that both have to
 * be wrong in the same way to agree on something wrong.
 */
#ifndef PSNAP_FUZZ_STORE_MODEL_H
#define PSNAP_FUZZ_STORE_MODEL_H

#include "fuzz.h"

#include <psnap/walk.h>

/* An image: @len_bytes at @data, then zeros up to @size_bytes. */
struct model_image {
	const uint8_t *data;
	uint64_t len_bytes;
	uint64_t size_bytes;
};

struct model_entry {
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t area_index;
	uint32_t entry_index;
	enum psnap_entry_state state;
};

/*
 * @entries:    live ones, then those behind the terminator, then stale ones of
 *              all areas to the end of the device
 * @live_count: how many of them are live
 * @last_entries: entries in the last area
 * @next_free:  as the kernel computes it while loading
 */
struct store_model {
	uint64_t chunk_bytes;
	uint64_t per_area;
	uint64_t stride;
	uint64_t chunk_count;
	uint64_t area_count;
	struct model_entry *entries;
	size_t count;
	size_t live_count;
	bool device_end;
	uint64_t last_area;
	uint64_t last_entries;
	uint64_t next_free;
};

uint32_t model_u32(const struct model_image *image, uint64_t offset_bytes);
uint64_t model_u64(const struct model_image *image, uint64_t offset_bytes);

/* Sizes alone; @chunk_bytes is a chunk size. */
void model_geometry(struct store_model *m, uint64_t size_bytes,
		    uint64_t chunk_bytes);

/* Read the table; there is at least one area. End with model_release(). */
void model_load(struct store_model *m, const struct model_image *image,
		uint64_t chunk_bytes);
void model_release(struct store_model *m);

bool model_is_metadata(const struct store_model *m, uint64_t chunk);

/* Would a look at at most @stale_max areas behind the last see it? */
bool model_visible(const struct store_model *m, const struct model_entry *e,
		   bool past_terminator, uint64_t stale_max);

#endif
