/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An origin, what a new store is to show over it, and how many exceptions
 * that takes, by going through all bytes.
 */
#ifndef PSNAP_TEST_NEWSTORE_SCENE_H
#define PSNAP_TEST_NEWSTORE_SCENE_H

#include "random.h"
#include "store_bytes.h"

#include <psnap/newstore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX (400u << 10)
#define OUT_MAX	  (2u << 20)
#define OUT	  0u

static uint8_t origin[SHOWN_MAX];
static uint8_t shown[SHOWN_MAX];
static bool changed[SHOWN_MAX];

/* What is asked for, and what is to come of it. */
struct scene {
	size_t size;
	size_t chunk;
	bool drop_equal;
	uint64_t exceptions;
	uint64_t dropped;
	struct psnap_io *origin_io;
	struct psnap_io *shown_io;
	struct psnap_extents *changes;
	struct psnap_newstore *store;
};

static inline uint64_t below(uint64_t limit)
{
	return next_random() % limit;
}

/* Ranges that differ, and some that only may. */
static inline void change_some(struct scene *s)
{
	unsigned int count = (unsigned int)below(60);

	memset(changed, 0, sizeof(changed));
	while (count--) {
		size_t start = (size_t)below(s->size);
		size_t len = (size_t)below(1u << below(16)) + 1;
		bool equal = below(4) == 0;

		if (len > s->size - start)
			len = s->size - start;
		memset(changed + start, 1, len);
		if (!equal)
			fill_random(shown + start, len);
		if (below(8) == 0)
			memset(shown + start, 0, len);
		/* Also what reaches beyond the end, which is no part of it. */
		if (start + len == s->size && below(2))
			len += 5000;
		if (psnap_extents_add(s->changes, start, start + len, NULL))
			abort();
	}
}

/* By going through all bytes. */
static inline void count_chunks(struct scene *s)
{
	s->exceptions = 0;
	s->dropped = 0;
	for (size_t at = 0; at < s->size; at += s->chunk) {
		size_t end = at + s->chunk < s->size ? at + s->chunk : s->size;

		if (!memchr(changed + at, 1, end - at))
			continue;
		if (s->drop_equal &&
		    memcmp(origin + at, shown + at, end - at) == 0)
			s->dropped++;
		else
			s->exceptions++;
	}
}

static inline void make_scene(struct scene *s, size_t chunk, size_t size)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = chunk,
		.drop_equal = s->drop_equal,
	};
	struct psnap_error err = { 0 };

	s->chunk = chunk;
	s->size = size;
	fill_random(origin, size);
	memcpy(shown, origin, size);
	if (psnap_extents_new(&s->changes, NULL))
		abort();
	change_some(s);
	count_chunks(s);
	if (psnap_io_open_memory(origin, size, 1, &s->origin_io, NULL) ||
	    psnap_io_open_memory(shown, size, 1, &s->shown_io, NULL))
		abort();
	if (psnap_newstore_new(s->shown_io, s->origin_io, s->changes, &options,
			       &s->store, &err)) {
		printf("# %s\n", err.message);
		abort();
	}
}

static inline void end_scene(struct scene *s)
{
	psnap_newstore_free(s->store);
	psnap_extents_free(s->changes);
	psnap_io_close(s->shown_io, NULL);
	psnap_io_close(s->origin_io, NULL);
}

static inline bool loads(const uint8_t *store)
{
	return get_le(store, 4) == 0x70416e53 && get_le(store + 8, 4) == 1;
}

#endif
