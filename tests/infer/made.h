/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store that is computed instead of held: any chunk size, any number of
 * exceptions, parts of it lost, other stores inside its data or below it.
 * Layout arithmetic of its own, so that a mistake in the library does not
 * repeat itself here.
 */
#ifndef PSNAP_TEST_MADE_H
#define PSNAP_TEST_MADE_H

#include <psnap/io.h>

enum made_layout {
	MADE_IN_ORDER,	 /* old chunks and new chunks go up by one */
	MADE_SCATTERED,	 /* old chunks all over the origin */
	MADE_HOLES,	 /* one chunk in nine was never committed */
	MADE_MANY_HOLES, /* one in four */
	MADE_DISORDER,	 /* neighbours committed in the wrong order */
	MADE_LAYOUTS
};

enum made_bytes {
	MADE_ZERO,
	MADE_NOISE,
	/* A copy of the start of some table, then nothing; in every chunk, or
	 * in the first one, the others being zero. */
	MADE_COPIES,
	MADE_ONE_COPY
};

/* Chunks of the origin, whose size is this times the chunk size. */
#define MADE_ORIGIN_CHUNKS (UINT64_C(1) << 20)

/*
 * @lost_areas:    so many areas from the start are gone
 * @lost:          what stands there, and in the header chunk, instead
 * @data:          what data chunks hold
 * @inside:        a store that the data chunks hold, in order; NULL: @data
 * @behind:        what stands in chunks that were never used
 * @below:         an older store on the same device, in chunks that were never
 *                 used; NULL: @behind
 * @read_bytes:    so many were read
 */
struct made {
	struct psnap_io io;
	uint64_t chunk_bytes;
	uint64_t exceptions;
	enum made_layout layout;
	uint64_t lost_areas;
	enum made_bytes lost;
	enum made_bytes data;
	struct made *inside;
	enum made_bytes behind;
	struct made *below;
	uint64_t read_bytes;
};

/* Make the io from the fields, large enough for every chunk size. */
void made_init(struct made *made);

/* Whole slots of 16 bytes of the store; @header: with its header. */
void made_read(const struct made *made, uint64_t offset_bytes, bool header,
	       void *to, size_t len_bytes);

#endif
