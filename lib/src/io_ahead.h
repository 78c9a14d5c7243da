/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading pieces of a file or device ahead of their use, several at a time, by
 * threads: a disk with more than one request is faster than one that waits for
 * the next, and one that is far away much faster. What is read once is not
 * wanted in the page cache, so where the system allows it goes past it, which
 * saves half of the processor's work. Which pieces, and what becomes of them,
 * is the caller's business.
 */
#ifndef PSNAP_IO_AHEAD_H
#define PSNAP_IO_AHEAD_H

#include <psnap/io.h>

struct psnap_ahead;

/**
 * struct psnap_ahead_piece - one range, read or not
 * @offset_bytes, @len_bytes, @tag:  as asked for
 * @data:  until the call returns, and for what is being written to @to;
 *         NULL: it could not be read in this way. Why is for psnap_io_read()
 *         to find out, which may yet read it
 */
struct psnap_ahead_piece {
	uint64_t offset_bytes;
	size_t len_bytes;
	uint64_t tag;
	const uint8_t *data;
};

/**
 * struct psnap_ahead_options - where from and where to
 * @io:           bytes that stand in a file as they are (psnap_io_source());
 *                not to be written where a piece is under way
 * @to:           the io that take() writes to, or NULL; pieces are lent to it
 *                (psnap_io_lend()), so it has to be closed later than this
 * @piece_bytes:  no piece is longer
 * @take:         given each piece, in the order in which they were asked for,
 *                in the thread that asks; a failure ends the reading
 */
struct psnap_ahead_options {
	struct psnap_io *io;
	struct psnap_io *to;
	size_t piece_bytes;
	int (*take)(void *ctx, const struct psnap_ahead_piece *piece,
		    struct psnap_error *err);
	void *ctx;
};

/**
 * psnap_ahead_open() - make the threads and their buffers
 * @ahead:  out: release with psnap_ahead_close(); NULL on failure
 *
 * Return: 0, PSNAP_E_UNSUPPORTED (nothing that threads could read), or
 * PSNAP_E_NOMEM. Neither is a reason not to read without.
 */
PSNAP_MUST_USE int psnap_ahead_open(const struct psnap_ahead_options *options,
				    struct psnap_ahead **ahead,
				    struct psnap_error *err);

/**
 * psnap_ahead_read() - have a piece read
 * @len_bytes:  [1, piece_bytes], inside the io
 *
 * Gives earlier ones to take() while no buffer is free.
 * Return: 0, or what take() returned, also to every call after that.
 */
PSNAP_MUST_USE int psnap_ahead_read(struct psnap_ahead *ahead,
				    uint64_t offset_bytes, size_t len_bytes,
				    uint64_t tag, struct psnap_error *err);

/** psnap_ahead_finish() - give the rest to take(); Return: as the read */
PSNAP_MUST_USE int psnap_ahead_finish(struct psnap_ahead *ahead,
				      struct psnap_error *err);

/**
 * psnap_ahead_close() - drop what is under way, end the threads; NULL is fine
 *
 * Waits for what is being written of pieces.
 */
void psnap_ahead_close(struct psnap_ahead *ahead);

#endif
