/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which states a power cut can leave: at every point of a log, all writes that
 * were flushed plus some of those that were not.
 */
#ifndef PSNAP_TEST_STATES_H
#define PSNAP_TEST_STATES_H

#include "ram.h"

/*
 * @random_per_point:  random subsets, with torn writes, at each point
 * @limit:             stop after so many states; 0: no limit
 * @seed:              of the random ones
 * @states:            how many were tried; one that was met before is not
 */
struct states {
	uint64_t random_per_point;
	uint64_t limit;
	uint64_t seed;
	uint64_t states;
};

/*
 * Call @visit with each state that can follow from @before and the log of
 * @log. @state is scratch of the same sizes; during the calls it follows what
 * is durable, and that follows @before (follow.h), which must not change. Stops
 * when @visit returns false.
 */
void states_each(struct states *s, const struct ram *before,
		 const struct ram *log, struct ram *state,
		 bool (*visit)(void *ctx, struct ram *state), void *ctx);

#endif
