/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How libFuzzer changes a store: most often by an edit that keeps it one, so
 * that the code behind the header is reached; else as it changes any bytes.
 */
#include "store_input.h"

#define SECTOR_BYTES 512u

size_t LLVMFuzzerMutate(uint8_t *data, size_t len_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len_bytes,
			       size_t max_bytes, unsigned int seed);

/* An input on its way: the image, and the trailer behind it. */
struct mutation {
	uint8_t *data;
	size_t len_bytes;
	size_t max_bytes;
	uint64_t random;
};

static uint64_t draw(struct mutation *m, uint64_t limit)
{
	m->random = m->random * UINT64_C(6364136223846793005) + 1442695041;
	return (m->random >> 33) % limit;
}

static void put(struct mutation *m, size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes && at + i < m->len_bytes; i++)
		m->data[at + i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const struct mutation *m, size_t at)
{
	const struct model_image image = { m->data, m->len_bytes,
					   m->len_bytes };

	return model_u64(&image, at);
}

/* The image without the trailer. */
static size_t image_bytes(const struct mutation *m)
{
	return m->len_bytes > INPUT_TRAILER_BYTES
		       ? m->len_bytes - INPUT_TRAILER_BYTES
		       : 0;
}

/* By the header, if its chunk size is one that leaves room for an area. */
static size_t chunk_bytes(const struct mutation *m)
{
	uint64_t bytes = (get(m, 8) >> 32) * SECTOR_BYTES;

	if (bytes == 0 || bytes > image_bytes(m) || (bytes & (bytes - 1)) != 0)
		return SECTOR_BYTES;
	return (size_t)bytes;
}

/* Where an entry stands: mostly among the first of an area. */
static size_t draw_entry(struct mutation *m)
{
	size_t chunk = chunk_bytes(m);
	size_t per_area = chunk / 16;
	size_t areas = image_bytes(m) / chunk / (per_area + 1) + 1;
	size_t at = (1 + draw(m, areas) * (per_area + 1)) * chunk;

	switch (draw(m, 4)) {
	case 0:
		return at + draw(m, per_area) * 16;
	case 1:
		return at + (per_area - 1) * 16;
	default:
		return at + draw(m, per_area < 8 ? per_area : 8) * 16;
	}
}

/* Numbers where something begins or ends. */
static uint64_t draw_number(struct mutation *m)
{
	uint64_t chunk = chunk_bytes(m);
	uint64_t stride = chunk / 16 + 1;
	uint64_t near = draw(m, 3) - 1;

	switch (draw(m, 7)) {
	case 0:
		return draw(m, 4) * stride + 1 + near;
	case 1:
		return image_bytes(m) / chunk + near;
	case 2:
		return (UINT64_C(1) << draw(m, 64)) + near;
	case 3:
		return 0;
	case 4:
		return UINT64_MAX - draw(m, 3);
	case 5:
		return (UINT64_C(1) << 63) / chunk + near;
	default:
		return draw(m, 100);
	}
}

static void edit_header(struct mutation *m)
{
	static const uint64_t magic[4] = { 0x70416e53, 0x70416e53, 0,
					   0x50416e53 };

	switch (draw(m, 4)) {
	case 0:
		put(m, 0, magic[draw(m, 4)], 4);
		break;
	case 1:
		put(m, 4, draw(m, 3), 4);
		break;
	case 2:
		put(m, 8, draw(m, 3), 4);
		break;
	default:
		put(m, 12,
		    draw(m, 4) ? UINT64_C(1) << draw(m, 5) : draw_number(m), 4);
		break;
	}
}

static void edit_entry(struct mutation *m)
{
	size_t at = draw_entry(m);
	size_t half = draw(m, 2) ? 8 : 0;

	if (draw(m, 2))
		put(m, at + half, draw_number(m), 8);
	else
		put(m, at + half, get(m, at + half) + draw(m, 3) - 1, 8);
}

/* Both numbers of another entry, or one of them. */
static void duplicate_entry(struct mutation *m)
{
	size_t from = draw_entry(m);
	size_t to = draw_entry(m);
	uint64_t old_chunk = get(m, from);
	uint64_t new_chunk = get(m, from + 8);
	uint64_t which = draw(m, 3);

	if (which != 0)
		put(m, to, old_chunk, 8);
	if (which != 1)
		put(m, to + 8, new_chunk, 8);
}

/* A run of entries, up to the end of an area and beyond. */
static void write_run(struct mutation *m)
{
	size_t chunk = chunk_bytes(m);
	size_t at = draw_entry(m);
	uint64_t count = draw(m, 3) ? draw(m, 40) : chunk / 16;
	uint64_t old_chunk = draw_number(m);
	uint64_t new_chunk = draw_number(m);

	for (; count > 0; count--) {
		put(m, at, old_chunk++, 8);
		put(m, at + 8, new_chunk++, 8);
		at += 16;
		if (at % chunk == 0)
			at += chunk * (chunk / 16);
	}
}

/* Cut or extend the image; the trailer moves along. */
static void resize(struct mutation *m)
{
	uint8_t trailer[INPUT_TRAILER_BYTES];
	size_t old_bytes = image_bytes(m);
	size_t new_bytes;

	if (m->len_bytes < sizeof(trailer))
		return;
	memcpy(trailer, m->data + old_bytes, sizeof(trailer));
	if (draw(m, 2))
		new_bytes = draw(m, old_bytes + 1);
	else
		new_bytes = old_bytes + draw(m, 40) * chunk_bytes(m);
	if (new_bytes > m->max_bytes - sizeof(trailer))
		new_bytes = m->max_bytes - sizeof(trailer);
	if (new_bytes > old_bytes)
		memset(m->data + old_bytes, 0, new_bytes - old_bytes);
	memcpy(m->data + new_bytes, trailer, sizeof(trailer));
	m->len_bytes = new_bytes + sizeof(trailer);
}

static void edit_trailer(struct mutation *m)
{
	size_t i = draw(m, INPUT_TRAILER_BYTES);

	if (m->len_bytes < INPUT_TRAILER_BYTES)
		return;
	put(m, image_bytes(m) + i, draw(m, 3) ? draw(m, 256) : 0, 1);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len_bytes,
			       size_t max_bytes, unsigned int seed)
{
	struct mutation m = { data, len_bytes, max_bytes, seed };

	if (max_bytes <= INPUT_TRAILER_BYTES || draw(&m, 4) == 0)
		return LLVMFuzzerMutate(data, len_bytes, max_bytes);
	for (uint64_t edits = 1 + draw(&m, 3); edits > 0; edits--) {
		switch (draw(&m, 10)) {
		case 0:
			edit_header(&m);
			break;
		case 1:
			resize(&m);
			break;
		case 2:
			edit_trailer(&m);
			break;
		case 3:
		case 4:
			duplicate_entry(&m);
			break;
		case 5:
		case 6:
			write_run(&m);
			break;
		default:
			edit_entry(&m);
			break;
		}
	}
	return m.len_bytes;
}
