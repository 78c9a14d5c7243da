/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Computing what a store holds, a piece of a chunk at a time.
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

static void put(uint8_t *to, uint64_t first, uint64_t second)
{
	/* A little-endian host writes what a store holds. */
	memcpy(to, &first, sizeof(first));
	memcpy(to + sizeof(first), &second, sizeof(second));
}

/* Here and below, what is filled are @len_bytes of one chunk, whole slots. */
static void fill(enum made_bytes how, uint64_t at_bytes, uint8_t *to,
		 size_t len_bytes)
{
	size_t done;

	if (how != MADE_NOISE) {
		memset(to, 0, len_bytes);
		return;
	}
	for (done = 0; done < len_bytes; done += SLOT_BYTES)
		put(to + done, mix(at_bytes + done), mix(at_bytes + done + 1));
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

static void entries(const struct made *m, uint64_t first, uint8_t *to,
		    size_t len_bytes)
{
	size_t done;
	uint64_t n;

	memset(to, 0, len_bytes);
	for (done = 0, n = first; done < len_bytes && n < m->exceptions;
	     done += SLOT_BYTES, n++)
		put(to + done, old_chunk(m, n), data_chunk(m, nth_taken(m, n)));
}

static void header_piece(const struct made *m, uint64_t at_bytes, bool header,
			 uint8_t *to, size_t len_bytes)
{
	fill(header ? MADE_ZERO : m->lost, at_bytes, to, len_bytes);
	if (header && at_bytes == 0)
		put(to, UINT64_C(0x70416e53) | UINT64_C(1) << 32,
		    1 | m->chunk_bytes / 512 << 32);
}

/* Numbers that suit any chunk size as area 0. */
static void copy_piece(const struct made *m, uint64_t at_bytes, uint64_t nth,
		       uint8_t *to, size_t len_bytes)
{
	uint64_t slot = at_bytes % m->chunk_bytes / SLOT_BYTES;
	size_t done;

	memset(to, 0, len_bytes);
	if (nth > 0 && m->data != MADE_COPIES)
		return;
	for (done = 0; done < len_bytes && slot < 20;
	     done += SLOT_BYTES, slot++)
		put(to + done, 77 + slot, 2 + slot);
}

static void data_piece(const struct made *m, uint64_t at_bytes, uint64_t nth,
		       uint8_t *to, size_t len_bytes)
{
	uint64_t in_data = nth * m->chunk_bytes + at_bytes % m->chunk_bytes;

	if (nth > nth_taken(m, m->exceptions - 1)) {
		if (m->below)
			made_read(m->below, at_bytes, true, to, len_bytes);
		else
			fill(m->behind, at_bytes, to, len_bytes);
	} else if (m->inside) {
		made_read(m->inside, in_data, true, to, len_bytes);
	} else if (m->data == MADE_COPIES || m->data == MADE_ONE_COPY) {
		copy_piece(m, at_bytes, nth, to, len_bytes);
	} else {
		fill(m->data, at_bytes, to, len_bytes);
	}
}

/* What a chunk is for takes divisions to tell, and so is told once for it. */
static void chunk_piece(const struct made *m, uint64_t at_bytes, bool header,
			uint8_t *to, size_t len_bytes)
{
	uint64_t chunk = at_bytes / m->chunk_bytes;
	uint64_t slot = at_bytes % m->chunk_bytes / SLOT_BYTES;
	uint64_t group, place;

	if (chunk == 0) {
		header_piece(m, at_bytes, header, to, len_bytes);
		return;
	}
	group = (chunk - 1) / (per_area(m) + 1);
	place = (chunk - 1) % (per_area(m) + 1);
	if (place > 0)
		data_piece(m, at_bytes, group * per_area(m) + place - 1, to,
			   len_bytes);
	else if (group < m->lost_areas)
		fill(m->lost, at_bytes, to, len_bytes);
	else if (m->below && group * per_area(m) > m->exceptions)
		made_read(m->below, at_bytes, true, to, len_bytes);
	else
		entries(m, group * per_area(m) + slot, to, len_bytes);
}

void made_read(const struct made *m, uint64_t at_bytes, bool header, void *to,
	       size_t len_bytes)
{
	size_t done, piece;

	for (done = 0; done < len_bytes; done += piece) {
		uint64_t at = at_bytes + done;
		uint64_t left_bytes = m->chunk_bytes - at % m->chunk_bytes;

		piece = len_bytes - done;
		if (piece > left_bytes)
			piece = (size_t)left_bytes;
		chunk_piece(m, at, header, (uint8_t *)to + done, piece);
	}
}

static int64_t made_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct made *m = (struct made *)(void *)io;

	made_read(m, offset_bytes, false, buf, len_bytes);
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
