/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One damaged store, repaired, and everything that has to hold of that.
 */
#ifndef PSNAP_TEST_ATTEMPT_H
#define PSNAP_TEST_ATTEMPT_H

#include "model.h"

/*
 * How often what was met.
 * @hopeless:    no table was found, and little was left of it
 * @overlooked:  no table was found, but most of it was there
 * @blank:       nothing is left that a store could be told by
 * @misled:      the store was shifted as a whole, and its table found where one
 *               of another chunk size would stand: what is what nobody knows
 * @other_size:  the header is right but for its chunk size, which is one
 */
struct attempt_tally {
	struct model_tally model;
	uint64_t repaired;
	uint64_t inferred;
	uint64_t asked;
	uint64_t hopeless;
	uint64_t overlooked;
	uint64_t blank;
	uint64_t other_size;
	uint64_t misled;
	uint64_t undone;
	uint64_t safe_first;
	uint64_t lossless;
	uint64_t lossy;
};

void attempt_tally_add(struct attempt_tally *to,
		       const struct attempt_tally *from);

#define ATTEMPT_TEXT_BYTES MODEL_TEXT_BYTES

/* NULL, or what is wrong; @text is room for it. */
const char *attempt(const struct sample *sound, const struct sample *damaged,
		    uint64_t seed, struct attempt_tally *tally, char *text);

#endif
