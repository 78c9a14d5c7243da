/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which fuzz_store looks at a store; each compares what the
 * library says with the model and aborts when they differ.
 */
#ifndef PSNAP_FUZZ_STORE_LOOKS_H
#define PSNAP_FUZZ_STORE_LOOKS_H

#include "store_input.h"

#include <psnap/store.h>

/* An area of a large chunk is read to its end: more than this takes long. */
#define LOOK_CHUNK_BYTES_MAX (UINT64_C(1) << 20)

/* All walks, and the usage that follows from them. */
void look_walk(struct psnap_store *store, const struct store_input *input,
	       const struct store_model *m);
void look_map(struct psnap_store *store, const struct store_input *input,
	      const struct store_model *m);
void look_dump(struct psnap_store *store, const struct store_input *input,
	       const struct store_model *m);

/* psnap_check() on the same ios; needs no store that opens. */
void look_check(const struct store_input *input);

/* Is this what the image holds there? */
void look_entry(const struct store_input *input, const struct store_model *m,
		const struct psnap_run *run, uint64_t distance);

/* Is [offset, offset + len) on the store? */
void look_range(uint64_t size_bytes, uint64_t offset_bytes, uint64_t len_bytes);

#endif
