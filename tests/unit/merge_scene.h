/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pair in memory for the tests of merging, and how to merge it.
 */
#ifndef PSNAP_TEST_MERGE_SCENE_H
#define PSNAP_TEST_MERGE_SCENE_H

#include "pair.h"
#include "test.h"

#include <stdlib.h>

static uint64_t scene_exceptions = 150;

/* @ram: store, origin, and a blank device of the origin's size. */
struct scene {
	struct ram ram;
	struct psnap_io *store;
	struct psnap_io *origin;
	struct psnap_io *target;
	uint8_t *view;
	uint64_t bytes;
	struct psnap_extents *range;
	struct psnap_merge_options options;
	struct psnap_merge_plan plan;
	struct psnap_merge_result result;
	struct psnap_error err;
	uint64_t told[PSNAP_LEFT_REASONS];
	struct psnap_error why;
};

static inline int tell(void *ctx, const struct psnap_run *run,
		       enum psnap_merge_left reason,
		       const struct psnap_error *why)
{
	struct scene *s = ctx;

	s->told[reason] += run->chunks;
	if (why)
		s->why = *why;
	return 0;
}

static inline void set_up(struct scene *s, uint64_t seed)
{
	const uint64_t sizes[] = { pair_store_bytes(scene_exceptions),
				   pair_origin_bytes(scene_exceptions),
				   pair_origin_bytes(scene_exceptions) };

	memset(s, 0, sizeof(*s));
	ram_init(&s->ram, sizes, 3);
	pair_make(&s->ram, scene_exceptions, seed);
	s->ram.devices[2].grows = false;
	s->store = &s->ram.devices[0].io;
	s->origin = &s->ram.devices[1].io;
	s->target = &s->ram.devices[2].io;
	s->bytes = sizes[1];
	s->view = malloc(s->bytes);
	if (!s->view || psnap_extents_new(&s->range, NULL))
		abort();
	pair_view(&s->ram, s->view);
	s->options.left = tell;
	s->options.left_ctx = s;
	s->options.batch_bytes = 40 * pair_chunk_bytes;
}

static inline void tear_down(struct scene *s)
{
	psnap_extents_free(s->range);
	free(s->view);
	ram_release(&s->ram);
}

static inline void add_range(struct scene *s, uint64_t start, uint64_t end)
{
	T_EQ_I64(psnap_extents_add(s->range, start, end, NULL), 0);
}

static inline int plan(struct scene *s)
{
	return psnap_merge_plan(s->store, s->origin, &s->options, NULL, NULL,
				&s->plan, &s->err);
}

static inline int merge(struct scene *s)
{
	int rc = plan(s);

	return rc ? rc
		  : psnap_merge(s->store, s->origin, &s->options, &s->plan,
				&s->result, &s->err);
}

static inline bool shows_view(const struct scene *s)
{
	uint8_t *now = malloc(s->bytes);
	bool same;

	if (!now)
		abort();
	pair_view(&s->ram, now);
	same = memcmp(now, s->view, s->bytes) == 0;
	free(now);
	return same;
}

static inline bool origin_is_view(const struct scene *s)
{
	return memcmp(s->ram.devices[1].bytes, s->view, s->bytes) == 0;
}

/* The chunk of entry @number, on the origin. */
static inline void chunk_of(const struct scene *s, uint64_t number,
			    uint64_t *start, uint64_t *end)
{
	uint64_t old_chunk;
	uint64_t new_chunk;

	pair_entry(&s->ram, number, &old_chunk, &new_chunk);
	*start = old_chunk * pair_chunk_bytes;
	*end = *start + pair_chunk_bytes;
	if (*end > s->bytes)
		*end = s->bytes;
}

#endif
