/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that falls into shares, on all processors: one process for each.
 */
#ifndef PSNAP_TEST_WORKERS_H
#define PSNAP_TEST_WORKERS_H

#include <stdint.h>

#define WORKERS_SUMS 4

/*
 * @want:    for the work: how much of it
 * @count:   how many workers there are
 * @sums:    what they came to, added up
 * @failed:  workers that died
 */
struct workers {
	uint64_t want[2];
	unsigned int count;
	uint64_t sums[WORKERS_SUMS];
	unsigned int failed;
};

/* Have @work fill its own WORKERS_SUMS numbers; @worker counts from 0. */
void workers_run(struct workers *w,
		 void (*work)(const struct workers *w, unsigned int worker,
			      uint64_t *sums));

#endif
