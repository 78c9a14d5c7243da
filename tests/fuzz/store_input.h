/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input of fuzz_store: an image, and in its last eight bytes how it is to
 * be looked at. They stand at the end so that offsets in the file are offsets
 * on the store, and any store with eight zeros behind it is a good input.
 *
 *   0  alignment: 1, 512, 4096, 65536, 1, 8, ... (low 3 bits)
 *   1  chunk size given to psnap_store_open(): 0 none, n up to 22: 256 << n
 *      bytes, above: one that is none
 *   2  size of the store: 0 that of the image, n: 2^(8 + n % 55) bytes ...
 *   3  ... and 257 times this more; what the image has not is zero
 *   4  origin: 0 none, n: 300 * n bytes
 *   5  faults: 0 none; bit 7: a range that cannot be read, else the nth read
 *   6  bit 0: EINTR and short reads; bits 1 to 3: findings of one id; bits 4
 *      to 7: stale areas
 *   7  ranges of psnap_dump()
 */
#ifndef PSNAP_FUZZ_STORE_INPUT_H
#define PSNAP_FUZZ_STORE_INPUT_H

#include "io_fault.h"
#include "store_model.h"

#define INPUT_TRAILER_BYTES 8u

/* The image as an io whose rest is a hole. */
struct sparse_io {
	struct psnap_io io;
	const struct model_image *image;
};

/*
 * @io:       the store; one of the three below
 * @faulty:   some reads fail: the model does not know what comes of that
 * @origin:   NULL: none
 */
struct store_input {
	struct psnap_io *io;
	struct model_image image;
	bool faulty;
	uint64_t given_chunk_bytes;
	uint64_t instances_max;
	uint64_t stale_max;
	uint8_t ranges;
	struct psnap_io *origin;
	uint8_t *origin_data;
	struct psnap_io *memory;
	struct sparse_io sparse;
	struct io_fault fault;
};

/* @input must stay where it is: its ios point into it. */
void input_open(struct store_input *input, const uint8_t *data,
		size_t len_bytes);
void input_close(struct store_input *input);

#endif
