/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying all of an io, such as the view of a snapshot, to another or in order
 * to whoever takes it.
 */
#ifndef PSNAP_CONVERT_H
#define PSNAP_CONVERT_H

#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

/* What becomes of zeros. */
enum psnap_convert_zeros {
	PSNAP_CONVERT_WRITE_ZEROS,
	PSNAP_CONVERT_LEAVE_ZEROS, /* the target has them already */
	PSNAP_CONVERT_PUNCH_ZEROS, /* blocks are given back; else written */
};

/**
 * struct psnap_convert_options - how psnap_convert_to_io() copies
 * @zeros:        for what is known to be zero, and for blocks that are
 * @block_bytes:  of this size and at multiples of it; power of two, at most
 *                PSNAP_CONVERT_PIECE_BYTES; 0: data is not looked at
 * @share:        where both are files of one file system that can, blocks are
 *                shared; zeros in them, too
 * @order:        the pieces to be copied, in the order in which that is best, as
 *                by psnap_view_order(); NULL: all, from the start to the end
 * @order_count:  how many
 * @progress:     told bytes of the source; may be NULL
 */
struct psnap_convert_options {
	enum psnap_convert_zeros zeros;
	uint32_t block_bytes;
	bool share;
	const struct psnap_extent *order;
	size_t order_count;
	const struct psnap_progress *progress;
};

/* Copied at once. */
#define PSNAP_CONVERT_PIECE_BYTES (UINT32_C(1) << 20)

/**
 * psnap_convert_to_io() - copy to something that has a place for each byte
 * @from:  only read
 * @to:    open for writing, at least as large
 *
 * Not flushed. Bytes of @to behind the size of @from are left alone. A copy that
 * fails leaves a part of itself.
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_RANGE (@to is smaller),
 * PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_convert_to_io(struct psnap_io *from, struct psnap_io *to,
		    const struct psnap_convert_options *options,
		    struct psnap_error *err);

/**
 * psnap_convert_to_device() - the same, with a flush at the end
 * @target_is_zero:  what is zero is not written
 * @progress:        may be NULL
 *
 * Return: as psnap_convert_to_io().
 */
PSNAP_API PSNAP_MUST_USE int psnap_convert_to_device(
	struct psnap_io *from, struct psnap_io *to, bool target_is_zero,
	const struct psnap_progress *progress, struct psnap_error *err);

/** Takes the next bytes; anything but 0 ends the copy and is passed on. */
typedef int psnap_convert_take_fn(void *ctx, const void *data,
				  size_t len_bytes);

/**
 * psnap_convert_stream() - all bytes in order, in pieces of at most 1 MiB
 *
 * Holes are not read. Return: as above, and what @take returned.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_convert_stream(struct psnap_io *from, psnap_convert_take_fn *take,
		     void *ctx, const struct psnap_progress *progress,
		     struct psnap_error *err);

PSNAP_END_DECLS

#endif
