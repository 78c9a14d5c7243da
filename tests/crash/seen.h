/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which states of devices were met before: many ways to cut a log lead to the
 * same bytes, and what comes of them needs to be tried only once.
 */
#ifndef PSNAP_TEST_SEEN_H
#define PSNAP_TEST_SEEN_H

#include "ram.h"

/* Hashes; all 0 to begin with. */
#define SEEN_SLOTS 65536u

/* Of these bytes, behind others with @hash. */
uint64_t seen_hash(uint64_t hash, const void *data, uint64_t len);

/* Were these bytes of store and undo file met before? Mostly: a state that has
 * been forgotten in between is as good as new. */
bool seen_before(uint64_t *seen, const struct ram *ram);

#endif
