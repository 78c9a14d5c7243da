/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An undo file of a run that was cut, for the tests of going on with it.
 */
#ifndef PSNAP_TEST_HAD_SCENE_H
#define PSNAP_TEST_HAD_SCENE_H

#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (64u << 10)
#define ORIGIN_BYTES (1u << 20)
/* Samples stand at the start, and then each so far apart, in sectors. */
#define STEP 18944u

/* What is announced, between the samples or over them. */
static const struct psnap_extent ranges[] = {
	{ 5 * STEP + 4096, 8192 },
	{ 10 * STEP - 4096, 16384 }, /* over one */
	{ 30 * STEP + 4096, 4096 },
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static inline int prepare(struct psnap_undo *undo,
			  const struct psnap_extent *list, size_t count)
{
	return psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), list,
				count, NULL);
}

static inline void overwrite(struct psnap_undo *undo,
			     const struct psnap_extent *e)
{
	uint64_t at;

	for (at = 0; at < e->len_bytes; at += 4096)
		T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN,
				     e->offset_bytes + at, 4096),
			 0);
}

static inline uint64_t need_bytes(const struct psnap_undo *undo,
				  const struct psnap_extent *e)
{
	struct psnap_undo_need need = { 0 };

	psnap_undo_need(undo, PSNAP_UNDO_ORIGIN, e->offset_bytes,
			e->offset_bytes + e->len_bytes, &need);
	return need.bytes;
}

/* A run that is cut when all is saved, and some of it overwritten. @known: the
 * mark has learned what is there now. */
static inline void first_run(struct undo_scene *s, size_t overwritten,
			     uint32_t align_bytes, bool known)
{
	const struct psnap_extent elsewhere = { 50 * STEP + 8192, 4096 };
	struct psnap_undo *undo;
	size_t i;

	scene_init(s, STORE_BYTES, ORIGIN_BYTES);
	s->device[PSNAP_UNDO_ORIGIN].io.align_bytes = align_bytes;
	undo = scene_begin(s);
	for (i = 0; i < RANGES; i++)
		T_EQ_U64(need_bytes(undo, &ranges[i]), ranges[i].len_bytes);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	while (overwritten-- > 0)
		overwrite(undo, &ranges[overwritten]);
	if (known) {
		T_EQ_I64(psnap_io_sync(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN),
				       NULL),
			 0);
		T_EQ_I64(prepare(undo, &elsewhere, 1), 0);
	}
	psnap_undo_close(undo);
}

static inline struct psnap_undo_info inspected(struct undo_scene *s)
{
	struct psnap_undo_info info = { 0 };

	T_EQ_I64(scene_inspect(s, &info), 0);
	return info;
}

static inline void finish(struct undo_scene *s, struct psnap_undo *undo)
{
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(s, NULL), 0);
	T_OK(scene_is_original(s), "it leads back");
	scene_release(s);
}

#endif
