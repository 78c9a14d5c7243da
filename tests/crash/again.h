/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovering from states that do not differ where the recovery looks: from the
 * same bytes of a store it makes the same writes, whatever the origin has. Then
 * they are made once more without asking it what to write.
 */
#ifndef PSNAP_TEST_AGAIN_H
#define PSNAP_TEST_AGAIN_H

#include "ram.h"

/*
 * All 0 to begin with.
 * @version, @differs:  of the store that was recovered last (follow.h)
 * @times:              how often in a row
 * @log:                what the last time wrote; @rc is what it returned
 * @same:               how often was not asked
 */
struct again {
	uint64_t version;
	uint8_t *differs;
	size_t differs_len;
	unsigned int times;
	bool looked_further;
	struct ram log;
	int rc;
	uint64_t same;
};

/*
 * @ram, which follows another, after @recover. One in so many that need not be
 * asked is asked all the same, and has to write what the one before wrote. A
 * recovery that reads more than the store is always asked.
 */
int again_recover(struct again *a, struct ram *ram,
		  int (*recover)(struct ram *ram, const void *ctx),
		  const void *ctx);
void again_release(struct again *a);

#endif
