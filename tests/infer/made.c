/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Computing what a store holds, 16 bytes at a time.
 */
#include "made.h"

#include <string.h>

#define SLOT_BYTES 16u

static uint64_t mix(uint64_t v)
{
	v ^= v >> 31;
	v *= UINT64_C(0x9e3779b97f4a7c15);
	v ^= v >> 29;
	v *= UINT64_C(0xbf58476d1ce4e5b9);
	return v ^ v >> 32;
}

static void fill(enum made_bytes how, uint64_t at_bytes, uint64_t out[2])
{
	out[0] = how == MADE_NOISE ? mix(at_bytes) : 0;
	out[1] = how == MADE_NOISE ? mix(at_bytes + 1) : 0;
}

static uint64_t per_area(const struct made *m)
{
	return m->chunk_bytes / SLOT_BYTES;
}

/* The nth chunk of data. */
static uint64_t data_chunk(const struct made *m, uint64_t nth)
{
	return 2 + nth / per_area(m) * (per_area(m) + 1) + nth % per_area(m);
}

/* Which chunk of data the nth exception got. */
static uint64_t nth_taken(const struct made *m, uint64_t n)
{
	switch ((int)m->layout) {
	case MADE_HOLES:
		return n + n / 8;
	case MADE_MANY_HOLES:
		return n + n / 3;
	case MADE_DISORDER:
		if (n % 10 == 3 && n + 1 < m->exceptions)
			return n + 1;
		return n % 10 == 4 ? n - 1 : n;
	default:
		return n;
	}
}

static uint64_t old_chunk(const struct made *m, uint64_t n)
{
	if (m->layout == MADE_IN_ORDER)
		return 1000 + n;
	return n * UINT64_C(2654435761) % MADE_ORIGIN_CHUNKS;
}

static void entry(const struct made *m, uint64_t n, uint64_t out[2])
{
	out[0] = n < m->exceptions ? old_chunk(m, n) : 0;
	out[1] = n < m->exceptions ? data_chunk(m, nth_taken(m, n)) : 0;
}

static void header_slot(const struct made *m, uint64_t at_bytes, bool header,
			uint64_t out[2])
{
	fill(header ? MADE_ZERO : m->lost, at_bytes, out);
	if (header && at_bytes == 0) {
		out[0] = UINT64_C(0x70416e53) | UINT64_C(1) << 32;
		out[1] = 1 | m->chunk_bytes / 512 << 32;
	}
}

/* Numbers that suit any chunk size as area 0. */
static void copy_slot(const struct made *m, uint64_t at_bytes, uint64_t nth,
		      uint64_t out[2])
{
	uint64_t slot = at_bytes % m->chunk_bytes / SLOT_BYTES;
	bool is_copy = slot < 20 && (nth == 0 || m->data == MADE_COPIES);

	out[0] = is_copy ? 77 + slot : 0;
	out[1] = is_copy ? 2 + slot : 0;
}

static void data_slot(const struct made *m, uint64_t at_bytes, uint64_t nth,
		      uint64_t out[2])
{
	uint64_t in_data = nth * m->chunk_bytes + at_bytes % m->chunk_bytes;

	if (nth > nth_taken(m, m->exceptions - 1)) {
		if (m->below)
			made_slot(m->below, at_bytes, true, out);
		else
			fill(m->behind, at_bytes, out);
	} else if (m->inside) {
		made_slot(m->inside, in_data, true, out);
	} else if (m->data == MADE_COPIES || m->data == MADE_ONE_COPY) {
		copy_slot(m, at_bytes, nth, out);
	} else {
		fill(m->data, at_bytes, out);
	}
}

void made_slot(const struct made *m, uint64_t at_bytes, bool header,
	       uint64_t out[2])
{
	uint64_t chunk = at_bytes / m->chunk_bytes;
	uint64_t slot = at_bytes % m->chunk_bytes / SLOT_BYTES;
	uint64_t group, place;

	if (chunk == 0) {
		header_slot(m, at_bytes, header, out);
		return;
	}
	group = (chunk - 1) / (per_area(m) + 1);
	place = (chunk - 1) % (per_area(m) + 1);
	if (place > 0)
		data_slot(m, at_bytes, group * per_area(m) + place - 1, out);
	else if (group < m->lost_areas)
		fill(m->lost, at_bytes, out);
	else if (m->below && group * per_area(m) > m->exceptions)
		made_slot(m->below, at_bytes, true, out);
	else
		entry(m, group * per_area(m) + slot, out);
}

static int64_t made_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct made *m = (struct made *)(void *)io;
	uint8_t *to = buf;
	size_t done;

	for (done = 0; done < len_bytes; done += SLOT_BYTES) {
		uint64_t out[2];

		/* A little-endian host writes what a store holds. */
		made_slot(m, offset_bytes + done, false, out);
		memcpy(to + done, out, SLOT_BYTES);
	}
	m->read_bytes += len_bytes;
	return (int64_t)len_bytes;
}

static int made_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops made_ops = {
	.read_some = made_read_some,
	.close = made_close,
};

void made_init(struct made *m)
{
	uint64_t chunks = 2 * data_chunk(m, nth_taken(m, m->exceptions)) + 16;
	uint64_t least = (UINT64_C(8) << 30) / m->chunk_bytes;

	if (chunks < least)
		chunks = least;
	m->read_bytes = 0;
	m->io = (struct psnap_io){
		.ops = &made_ops,
		.name = "made",
		.size_bytes = chunks * m->chunk_bytes,
		.align_bytes = SLOT_BYTES,
		.fd = -1,
	};
}
