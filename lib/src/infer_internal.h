/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of inference share: infer_area.c judges what stands where an
 * area would be, infer_size.c what all areas of a chunk size say together,
 * infer.c which chunk size is right.
 *
 * An entry that a kernel appended knows where it stands: new chunks are handed
 * out one after the other, so slot i of area k gets chunk 2 + k * stride + i,
 * or a little more when there are holes. With a wrong chunk size that number is
 * off by a factor of two at least. This is what everything here rests on.
 */
#ifndef PSNAP_INFER_INTERNAL_H
#define PSNAP_INFER_INTERNAL_H

#include "ondisk.h"

#include <psnap/infer.h>
#include <psnap/io.h>

#define PSNAP_INFER_AREAS	64u
#define PSNAP_INFER_PIECE_BYTES ((size_t)16 << 10)
/* Of an area so much is read from its start, so much in between, at most, and
 * so much up to its end. */
#define PSNAP_INFER_HEAD_BYTES ((size_t)64 << 10)
#define PSNAP_INFER_REST_BYTES ((size_t)64 << 10)
#define PSNAP_INFER_TAIL_BYTES PSNAP_INFER_PIECE_BYTES
#define PSNAP_INFER_SLOTS                                   \
	((PSNAP_INFER_HEAD_BYTES + PSNAP_INFER_REST_BYTES + \
	  PSNAP_INFER_TAIL_BYTES) /                         \
	 PSNAP_EXCEPTION_BYTES)
#define PSNAP_INFER_NAMED 16u

/*
 * One area. Counts are of the slots that were read.
 * @index:       area index
 * @used:        entries that could be true
 * @exact:       of them, with the very new chunk that in-order allocation
 *               without holes gives
 * @steps:       of them, one more than the slot before
 * @impossible:  entries that no kernel writes
 * @stray:       of @used, behind an empty slot and not exact
 * @low:         of @used, at a slot where no number so far is as high as that
 *               slot's would be without holes
 * @end_slot:    one behind the last slot that is not zero
 * @good_end:    one behind the last that is neither impossible nor stray
 * @first_new, @min_new, @max_new:  over @used
 * @clean:       reads like a table from one end to the other
 * @placed:      clean, and its new chunks belong about here
 * @in_order:    placed, and exact nearly everywhere
 */
struct infer_area {
	uint64_t index;
	uint64_t used;
	uint64_t exact;
	uint64_t steps;
	uint64_t impossible;
	uint64_t stray;
	uint64_t low;
	uint64_t end_slot;
	uint64_t good_end;
	uint64_t first_new;
	uint64_t min_new;
	uint64_t max_new;
	bool clean;
	bool placed;
	bool in_order;
};

/*
 * One chunk size.
 * @old_limit:    old chunks from here on cannot be
 * @areas:        those that are clean, or damaged tables, ascending
 * @links:        areas that go on where the one before, full, ends
 * @full:         areas whose last slot is used
 * @head_zero:    what follows the header's first sector, up to area 0, is zero
 * @nested:       a header stands in front of area 0, with its chunk size: this
 *                is a store inside the data of a store
 * @data_fits:    the chunks that area 0 names hold something
 */
struct infer_size {
	struct psnap_geometry geo;
	uint64_t old_limit;
	struct infer_area areas[PSNAP_INFER_AREAS];
	unsigned int area_count;
	unsigned int links;
	unsigned int full;
	bool head_zero;
	bool nested;
	bool data_fits;
};

/* @numbers: new chunks of the area that was judged last, in any order. */
struct infer_scan {
	struct psnap_io *io;
	struct psnap_io *origin;
	const struct psnap_progress *progress;
	uint64_t read_bytes;
	uint8_t piece[PSNAP_INFER_PIECE_BYTES];
	uint64_t numbers[PSNAP_INFER_SLOTS];
	size_t number_count;
};

/*
 * Read a range that may be unreadable. @zero: out: it holds nothing; then
 * @buf need not have been filled. Return: 1, 0 when it cannot be read, or
 * PSNAP_E_NOMEM.
 */
int psnap_infer_read(struct infer_scan *scan, uint64_t offset_bytes, void *buf,
		     size_t len_bytes, bool *zero, struct psnap_error *err);

/* infer_area.c: judge the area @index of @size. */
int psnap_infer_area(struct infer_scan *scan, const struct infer_size *size,
		     uint64_t index, struct infer_area *area,
		     struct psnap_error *err);

/* The new chunk that a slot gets in an in-order table without holes. */
uint64_t psnap_infer_expected(const struct psnap_geometry *geo,
			      uint64_t area_index, uint64_t slot);

/* infer_size.c: judge all areas of @size, whose geometry is set. */
int psnap_infer_size(struct infer_scan *scan, struct infer_size *size,
		     struct psnap_error *err);

/* Is the evidence of this size alone beyond doubt? */
bool psnap_infer_strong(const struct infer_size *size);

/* Would this area, if nobody else accounts for it, keep another size from
 * being beyond doubt? */
bool psnap_infer_weighty(const struct infer_area *area);

/* Score and sentence. */
void psnap_infer_describe(const struct infer_size *size,
			  struct psnap_candidate *candidate);

#endif
