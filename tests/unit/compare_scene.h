/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two arrays of bytes to compare, and what a comparison does while it runs,
 * kept.
 */
#ifndef PSNAP_TEST_COMPARE_SCENE_H
#define PSNAP_TEST_COMPARE_SCENE_H

#include "random.h"

#include <psnap/compare.h>
#include <stdlib.h>
#include <string.h>

/* Not a multiple of a piece, a block or a sector. */
#define SIZE_BYTES ((3u << 20) + 4096u + 77u)

static uint8_t a_bytes[SIZE_BYTES];
static uint8_t b_bytes[SIZE_BYTES];

static inline struct psnap_io *open_memory(const uint8_t *bytes)
{
	struct psnap_io *io;

	if (psnap_io_open_memory(bytes, SIZE_BYTES, 1, &io, NULL))
		abort();
	return io;
}

static inline struct psnap_extents *new_set(void)
{
	struct psnap_extents *set;

	if (psnap_extents_new(&set, NULL))
		abort();
	return set;
}

struct ticks {
	uint64_t calls;
	uint64_t stop_at;
	uint64_t done_bytes;
	uint64_t total_bytes;
	bool backwards;
};

static inline int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	struct ticks *t = ctx;

	t->backwards = t->backwards || done_bytes < t->done_bytes ||
		       done_bytes > total_bytes;
	t->done_bytes = done_bytes;
	t->total_bytes = total_bytes;
	return ++t->calls == t->stop_at;
}

/* What is taken, whether it is in order, and when to refuse it. */
struct taker {
	struct psnap_extents *set;
	uint64_t reached;
	uint64_t calls;
	uint64_t refuse_at;
	bool touching;
};

static inline int take(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	struct taker *t = ctx;

	if (++t->calls == t->refuse_at)
		return 77;
	t->touching = t->touching || start_bytes >= end_bytes ||
		      (t->calls > 1 && start_bytes <= t->reached);
	t->reached = end_bytes;
	return psnap_extents_add(t->set, start_bytes, end_bytes, NULL);
}

#endif
