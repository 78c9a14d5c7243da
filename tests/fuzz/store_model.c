/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second telling of psnap-store(5).
 */
#include "store_model.h"

/* Only the first 128 KiB of an area decide whether it looks like a table. */
#define JUDGED_BYTES (128u * 1024u)

static uint8_t byte_at(const struct model_image *image, uint64_t offset_bytes)
{
	return offset_bytes < image->len_bytes ? image->data[offset_bytes] : 0;
}

uint32_t model_u32(const struct model_image *image, uint64_t offset_bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 4; i-- > 0;)
		value = value << 8 | byte_at(image, offset_bytes + i);
	return value;
}

uint64_t model_u64(const struct model_image *image, uint64_t offset_bytes)
{
	return (uint64_t)model_u32(image, offset_bytes + 4) << 32 |
	       model_u32(image, offset_bytes);
}

bool model_is_metadata(const struct store_model *m, uint64_t chunk)
{
	return chunk == 0 || (chunk - 1) % m->stride == 0;
}

void model_geometry(struct store_model *m, uint64_t size_bytes,
		    uint64_t chunk_bytes)
{
	memset(m, 0, sizeof(*m));
	m->chunk_bytes = chunk_bytes;
	m->per_area = chunk_bytes / 16;
	m->stride = m->per_area + 1;
	m->chunk_count = size_bytes / chunk_bytes;
	/* Chunks 1, 1 + stride, ... below chunk_count. */
	if (m->chunk_count > 1)
		m->area_count =
			(m->chunk_count - 1 + m->stride - 1) / m->stride;
}

static uint64_t area_offset(const struct store_model *m, uint64_t area_index)
{
	return (1 + area_index * m->stride) * m->chunk_bytes;
}

static struct model_entry entry_at(const struct store_model *m,
				   const struct model_image *image,
				   uint64_t area_index, uint64_t entry_index)
{
	uint64_t at = area_offset(m, area_index) + entry_index * 16;

	return (struct model_entry){
		.old_chunk = model_u64(image, at),
		.new_chunk = model_u64(image, at + 8),
		.area_index = area_index,
		.entry_index = (uint32_t)entry_index,
	};
}

static void append(struct store_model *m, struct model_entry entry,
		   enum psnap_entry_state state)
{
	entry.state = state;
	m->entries[m->count++] = entry;
}

static void load_live(struct store_model *m, const struct model_image *image)
{
	uint64_t slot = 0;

	m->next_free = 2;
	for (;;) {
		struct model_entry e;

		if (slot == m->per_area) {
			if (m->last_area + 1 == m->area_count) {
				m->device_end = true;
				break;
			}
			m->last_area++;
			slot = 0;
		}
		e = entry_at(m, image, m->last_area, slot);
		if (e.new_chunk == 0)
			break;
		append(m, e, PSNAP_ENTRY_LIVE);
		if (m->next_free <= e.new_chunk)
			m->next_free = e.new_chunk + 1;
		slot++;
	}
	m->last_entries = slot;
	m->live_count = m->count;
}

/* Beyond the bytes of the image all entries are zero. */
static uint64_t slots_with_data(const struct store_model *m,
				const struct model_image *image,
				uint64_t area_index)
{
	uint64_t start = area_offset(m, area_index);
	uint64_t slots;

	if (start >= image->len_bytes)
		return 0;
	slots = (image->len_bytes - start + 15) / 16;
	return slots < m->per_area ? slots : m->per_area;
}

static void load_torn(struct store_model *m, const struct model_image *image)
{
	uint64_t slots = slots_with_data(m, image, m->last_area);

	for (uint64_t i = m->last_entries; i < slots; i++) {
		struct model_entry e = entry_at(m, image, m->last_area, i);

		if (e.new_chunk != 0)
			append(m, e, PSNAP_ENTRY_AFTER_TERMINATOR);
	}
}

static bool looks_like_table(const struct store_model *m,
			     const struct model_image *image,
			     uint64_t area_index)
{
	uint64_t judged =
		m->chunk_bytes < JUDGED_BYTES ? m->per_area : JUDGED_BYTES / 16;
	uint64_t i;

	for (i = 0; i < judged; i++) {
		struct model_entry e = entry_at(m, image, area_index, i);

		if (e.new_chunk == 0)
			break;
		if (e.new_chunk >= m->chunk_count ||
		    model_is_metadata(m, e.new_chunk) ||
		    e.old_chunk >= (UINT64_C(1) << 63) / m->chunk_bytes)
			return false;
	}
	return i > 0;
}

static void load_stale(struct store_model *m, const struct model_image *image)
{
	for (uint64_t area = m->last_area + 1;
	     area < m->area_count && slots_with_data(m, image, area) > 0;
	     area++) {
		uint64_t i = 0;

		if (!looks_like_table(m, image, area))
			continue;
		for (; i < m->per_area; i++) {
			struct model_entry e = entry_at(m, image, area, i);

			if (e.new_chunk == 0)
				break;
			append(m, e, PSNAP_ENTRY_STALE);
		}
	}
}

void model_load(struct store_model *m, const struct model_image *image,
		uint64_t chunk_bytes)
{
	model_geometry(m, image->size_bytes, chunk_bytes);
	/* Every entry has at least one byte in the image. */
	m->entries = calloc(image->len_bytes / 16 + 2, sizeof(*m->entries));
	FUZZ_REQUIRE(m->entries, "no memory");
	load_live(m, image);
	if (!m->device_end)
		load_torn(m, image);
	load_stale(m, image);
}

void model_release(struct store_model *m)
{
	free(m->entries);
	m->entries = NULL;
}

bool model_visible(const struct store_model *m, const struct model_entry *e,
		   bool past_terminator, uint64_t stale_max)
{
	if (e->state == PSNAP_ENTRY_AFTER_TERMINATOR)
		return past_terminator;
	if (e->state == PSNAP_ENTRY_STALE)
		return e->area_index - m->last_area <= stale_max;
	return true;
}
