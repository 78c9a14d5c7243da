/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap_check() should count in a table, counted from the model.
 */
#ifndef PSNAP_FUZZ_STORE_TALLY_H
#define PSNAP_FUZZ_STORE_TALLY_H

#include "store_model.h"

#include <psnap/check.h>

/* One number of a live entry, and the other one. */
struct tally_number {
	uint64_t chunk;
	uint64_t other;
	uint64_t position;
};

/*
 * What the table should come to.
 * @old_chunks, @new_chunks:  all possible numbers, also where the other number
 *                            of the entry is impossible
 */
struct tally {
	bool has_origin;
	uint64_t origin_bytes;
	uint64_t old_limit;
	uint64_t highest_new;
	uint64_t entries;
	uint64_t areas;
	uint64_t near;
	uint64_t highest_near;
	uint64_t far;
	uint64_t data_bytes;
	uint64_t counts[PSNAP_FINDING_COUNT];
	struct tally_number *old_chunks;
	uint64_t old_count;
	struct tally_number *new_chunks;
	uint64_t new_count;
};

/* @stale_max: areas behind the last that are looked at. */
void tally_make(struct tally *t, const struct store_model *m,
		uint64_t origin_bytes, bool has_origin, uint64_t stale_max);
void tally_release(struct tally *t);

#endif
