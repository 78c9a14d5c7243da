/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small random pairs of store and origin, and a model of what they mean that
 * shares no code with the library.
 */
#ifndef PSNAP_TEST_PAIR_H
#define PSNAP_TEST_PAIR_H

#include "ram.h"

#include <psnap/merge.h>

#define PAIR_CHUNK_BYTES 512u
#define PAIR_PER_AREA	 32u

/* A power of two, PAIR_CHUNK_BYTES to begin with; an area of 512 bytes cannot
 * be torn. */
extern uint64_t pair_chunk_bytes;

/* Fill two blank devices: @exceptions entries with holes and disorder, random
 * data everywhere. */
void pair_make(struct ram *ram, uint64_t exceptions, uint64_t seed);

/* Sizes for so many exceptions; the origin ends inside a chunk. */
uint64_t pair_store_bytes(uint64_t exceptions);
uint64_t pair_origin_bytes(uint64_t exceptions);

/* Entries of an area, and where entry @number stands. */
uint64_t pair_per_area(void);
uint8_t *pair_slot(const struct ram *ram, uint64_t number);

/* Chunks of the origin, the last of which may be cut off. */
uint64_t pair_origin_chunks(const struct ram *ram);

/* Entry @number of the table. */
void pair_entry(const struct ram *ram, uint64_t number, uint64_t *old_chunk,
		uint64_t *new_chunk);

/* Exceptions up to the terminator. */
uint64_t pair_count(const struct ram *ram);

/* What the snapshot shows, into a buffer of the origin's size. */
void pair_view(const struct ram *ram, uint8_t *view);

/* Is this it? Whichever of two entries for a chunk is believed. */
bool pair_shows(const struct ram *ram, const uint8_t *view);

/* Is everything zero behind the terminator, in its area? */
bool pair_tail_clean(const struct ram *ram);

/* Exceptions whose chunk does not lie wholly in [start, end) of the origin. */
uint64_t pair_count_outside(const struct ram *ram, uint64_t start_bytes,
			    uint64_t end_bytes);

/* Exceptions that stand in the table once more. */
uint64_t pair_count_again(const struct ram *ram);

/* A plan for a pair that is known to be sound. */
void pair_plan(const struct ram *ram, struct psnap_merge_plan *plan);

#endif
