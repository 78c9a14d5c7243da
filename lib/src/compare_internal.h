/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing two ios, in parts: compare.c goes over the ranges that are asked
 * for, compare_piece.c over the pieces of one.
 */
#ifndef PSNAP_COMPARE_INTERNAL_H
#define PSNAP_COMPARE_INTERNAL_H

#include <psnap/compare.h>

/* What is read in one go, and how much of what follows is announced. */
#define COMPARE_PIECE_BYTES (UINT64_C(1) << 20)
#define COMPARE_AHEAD_BYTES (UINT64_C(8) << 20)

/*
 * @data:    from where on there may be data, as far as was asked
 * @hinted:  up to where reads were announced
 */
struct psnap_compare_side {
	struct psnap_io *io;
	uint8_t *piece;
	uint64_t data;
	uint64_t hinted;
};

/*
 * @zeros:    as long as a piece
 * @open_start, @open_end:  a range that differs and may go on; empty: none
 * @done_bytes, @total_bytes:  over all ranges
 */
struct psnap_comparer {
	struct psnap_compare_side a;
	struct psnap_compare_side b;
	uint8_t *zeros;
	uint64_t unit_bytes;
	psnap_compare_take_fn *take;
	void *ctx;
	uint64_t open_start;
	uint64_t open_end;
	const struct psnap_progress *progress;
	uint64_t done_bytes;
	uint64_t total_bytes;
};

/* Ranges come in order. What differs at the end of one may go on in the next:
 * the last one is followed by psnap_compare_flush(). */
int psnap_compare_range(struct psnap_comparer *c,
			const struct psnap_extent *range,
			struct psnap_error *err);

/* Hand over what may go on; what @take returned. */
int psnap_compare_flush(struct psnap_comparer *c);

#endif
