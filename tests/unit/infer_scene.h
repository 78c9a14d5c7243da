/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores whose header is lost, and what is told of them.
 */
#ifndef PSNAP_TEST_INFER_SCENE_H
#define PSNAP_TEST_INFER_SCENE_H

#include "io_image.h"
#include "test.h"

#include <psnap/infer.h>

struct answer {
	struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
	size_t count;
	bool decided;
	int rc;
};

static inline void infer(struct psnap_io *io, struct psnap_io *origin,
			 struct answer *a)
{
	memset(a, 0xff, sizeof(*a));
	a->rc = psnap_infer_geometry(io, origin, NULL, a->list, &a->count,
				     &a->decided, NULL);
}

/* A store of @count exceptions with something in each chunk of data. */
static inline void make(struct io_image *m, uint64_t chunk_bytes,
			uint64_t chunks, uint64_t count)
{
	uint64_t per_area = chunk_bytes / 16;
	uint64_t n;

	image_init(m, chunk_bytes, chunks);
	image_alloc(m, 500, count);
	for (n = 0; n < count; n++)
		image_put64(m,
			    (2 + n / per_area * (per_area + 1) + n % per_area) *
				    chunk_bytes,
			    UINT64_MAX - n);
	image_header(m, 0, 0, 0, 0);
}

static inline void clear(struct io_image *m, uint64_t offset_bytes,
			 uint64_t len_bytes)
{
	uint64_t i;

	for (i = 0; i < len_bytes; i += 8)
		image_put64(m, offset_bytes + i, 0);
}

/* The best candidate is listed first, and it is not believed. */
static inline void expect_asks(struct io_image *m, uint64_t chunk_bytes)
{
	struct answer a;

	infer(&m->io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(!a.decided, "nobody can know");
	if (T_OK(a.count > 0, "there is a candidate"))
		T_EQ_U64(a.list[0].chunk_bytes, chunk_bytes);
}

static inline void expect_decides(struct psnap_io *io, uint64_t chunk_bytes,
				  uint64_t areas, uint64_t exceptions,
				  uint64_t impossible, uint64_t first_area)
{
	struct answer a;

	infer(io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(a.decided, "beyond doubt");
	T_EQ_U64(a.list[0].chunk_bytes, chunk_bytes);
	T_EQ_U64(a.list[0].areas, areas);
	T_EQ_U64(a.list[0].exceptions, exceptions);
	T_EQ_U64(a.list[0].impossible, impossible);
	T_EQ_U64(a.list[0].first_area, first_area);
	T_OK(a.list[0].score > 0 && strlen(a.list[0].text) > 20,
	     "it says why: %s", a.list[0].text);
}

#endif
