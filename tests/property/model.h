/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may come of a repair, told from psnap-store(5) and from what the damage
 * was, with no code of the library. Every reason for which an exception may go
 * is counted, so that none of them can swallow the test.
 */
#ifndef PSNAP_TEST_MODEL_H
#define PSNAP_TEST_MODEL_H

#include "sample.h"

/* Why an exception that the damage left where it was may be gone. */
enum model_excuse {
	/* The table ends before it, as after a legal crash: table_first_end(). */
	MODEL_BEHIND_END,
	/* Its data lies past the end of a store that was cut. */
	MODEL_PAST_END,
	/* Half of its area's entries, and at least four, are impossible. */
	MODEL_IMPLAUSIBLE,
	/* Damage made another entry for one of its chunks, and that one is
	 * what the rules for duplicates keep. */
	MODEL_RIVAL,
	/* One for a store so full that an area has no successor. */
	MODEL_SUCCESSOR,
	MODEL_EXCUSES
};

extern const char *const model_excuse_names[MODEL_EXCUSES];

/*
 * @standing:  exceptions that the damage left standing in the table
 * @kept:      of those, in the repaired table
 * @gone:      of those, and why
 * @touched:   exceptions that stand nowhere in the table any more
 * @forged:    entries of the repaired table that the damage made
 */
struct model_tally {
	uint64_t standing;
	uint64_t kept;
	uint64_t gone[MODEL_EXCUSES];
	uint64_t touched;
	uint64_t forged;
};

#define MODEL_TEXT_BYTES 200

/*
 * Compare the store as it was, as it was damaged, and as it was repaired with
 * chunks of the right size. NULL, or what is wrong, in @text.
 */
const char *model_judge(const struct sample *sound,
			const struct sample *damaged, const uint8_t *repaired,
			struct model_tally *tally, char *text);

/* How many true exceptions stand in the damaged table before its end? */
uint64_t model_standing(const struct sample *sound,
			const struct sample *damaged);

#endif
