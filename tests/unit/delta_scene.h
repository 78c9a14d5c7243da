/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two states of a device in memory, the ranges in which they differ, and the
 * delta between them.
 */
#ifndef PSNAP_TEST_DELTA_SCENE_H
#define PSNAP_TEST_DELTA_SCENE_H

#include "random.h"

#include <psnap/delta.h>
#include <psnap/lvmsync.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t *data;
	size_t len;
	size_t max;
};

/*
 * @size:       of both states
 * @compress:   what is shown is easy to compress
 */
struct delta_scene {
	size_t size;
	uint8_t *base;
	uint8_t *shown;
	struct psnap_io *base_io;
	struct psnap_io *shown_io;
	struct psnap_extents *ranges;
	struct bytes delta;
};

static inline void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static inline struct psnap_io *memory_io(const void *data, size_t size)
{
	struct psnap_io *io;

	if (psnap_io_open_memory(data, size, 1, &io, NULL))
		abort();
	return io;
}

static inline int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct bytes *b = ctx;

	if (b->max - b->len < len_bytes) {
		b->max = b->len + len_bytes + 4096;
		b->data = must(realloc(b->data, b->max));
	}
	memcpy(b->data + b->len, data, len_bytes);
	b->len += len_bytes;
	return 0;
}

static inline void scene_open(struct delta_scene *s, size_t size)
{
	size_t i;

	*s = (struct delta_scene){ .size = size };
	s->base = must(malloc(size + 1));
	s->shown = must(malloc(size + 1));
	for (i = 0; i < size; i++)
		s->base[i] = (uint8_t)(next_random() >> 7);
	memcpy(s->shown, s->base, size);
	s->base_io = memory_io(s->base, size);
	s->shown_io = memory_io(s->shown, size);
	if (psnap_extents_new(&s->ranges, NULL))
		abort();
}

/* [start, end) is other than in the base: random, or easy to compress. */
static inline void scene_change(struct delta_scene *s, size_t start, size_t end,
				bool easy)
{
	size_t i;

	for (i = start; i < end; i++)
		s->shown[i] = easy ? (uint8_t)(s->base[start] + 1)
				   : (uint8_t)(next_random() >> 9);
	if (psnap_extents_add(s->ranges, start, end, NULL))
		abort();
}

static inline int scene_write_on(struct delta_scene *s,
				 struct psnap_delta_part *part,
				 struct bytes *out, struct psnap_error *err)
{
	const struct psnap_delta_source source = { .base = s->base_io,
						   .shown = s->shown_io,
						   .ranges = s->ranges,
						   .chunk_bytes = 512,
						   .part = part };
	struct psnap_delta_info info;
	struct psnap_io *failed;

	return psnap_delta_write(&source, take_bytes, out, NULL, &info, &failed,
				 err);
}

static inline void scene_write(struct delta_scene *s)
{
	s->delta.len = 0;
	if (scene_write_on(s, NULL, &s->delta, NULL))
		abort();
}

/* Open and verify these bytes against a base; 0, or what failed. */
static inline int scene_verify(const struct bytes *delta, struct psnap_io *base,
			       struct psnap_delta_match *match)
{
	struct psnap_io *io = memory_io(delta->data, delta->len);
	struct psnap_delta *d;
	int rc = psnap_delta_open(io, &d, NULL);

	if (rc == 0)
		rc = psnap_delta_verify(d, base, NULL, NULL, match, NULL);
	psnap_delta_close(d);
	psnap_io_close(io, NULL);
	return rc;
}

static inline void scene_close(struct delta_scene *s)
{
	psnap_io_close(s->base_io, NULL);
	psnap_io_close(s->shown_io, NULL);
	psnap_extents_free(s->ranges);
	free(s->base);
	free(s->shown);
	free(s->delta.data);
}

/* Small, but with two frames: one stored, one deflated. */
static inline void open_small(struct delta_scene *s)
{
	size_t i;

	scene_open(s, 90000);
	for (i = 0; i < 90000; i += 20)
		if (i < 5000 * 17)
			scene_change(s, i, i + 1, true);
	scene_change(s, 89000, 89700, false);
	scene_write(s);
}

static inline void open_tiny(struct delta_scene *s)
{
	scene_open(s, 70000);
	scene_change(s, 512, 1024, true);
	scene_change(s, 67000, 67300, false);
	scene_write(s);
}

/* A tick that stops when the int at @ctx is used up. */
static inline int stop_later(void *ctx, uint64_t done_bytes,
			     uint64_t total_bytes)
{
	int *left = ctx;

	(void)done_bytes;
	(void)total_bytes;
	return --*left < 0;
}

#endif
