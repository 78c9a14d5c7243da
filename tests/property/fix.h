/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A repair as a careful caller has it done: a plan, told the chunk size if that
 * is asked for, the chosen steps, and what a check then says. Asserting is for
 * the programs.
 */
#ifndef PSNAP_TEST_FIX_H
#define PSNAP_TEST_FIX_H

#include <psnap/io.h>
#include <psnap/repair.h>

/*
 * @options:      of the repair; chunk_bytes is set once it was asked for
 * @plan:         the last one made
 * @drops:        exceptions that were said to go, by reason
 * @asked:        the chunk size had to be told
 * @err:          of what failed
 */
struct fix {
	struct psnap_repair_options options;
	struct psnap_repair_plan plan;
	uint64_t drops[PSNAP_FINDING_COUNT];
	bool asked;
	struct psnap_error err;
};

void fix_init(struct fix *f);

/* Plan; @chunk_bytes is the answer if the chunk size is asked for. */
int fix_plan(struct fix *f, struct psnap_io *store, struct psnap_io *origin,
	     uint64_t chunk_bytes);

/* No steps are to be taken. */
void fix_end(struct fix *f);

/* The chosen steps. What the plan says can be read on. */
int fix_apply(struct fix *f, struct psnap_io *store, struct psnap_io *origin);

/* Choose nothing but what is safe by the plan. */
void fix_choose_safe(struct fix *f);

/* Is a chosen step of the plan needed, and can be taken? */
bool fix_needs_step(const struct fix *f);

/* Is anything needed that cannot be done? */
bool fix_is_impossible(const struct fix *f);

/* Check with the options that psnap check has without options. */
int fix_check(struct psnap_io *store, struct psnap_io *origin,
	      uint64_t chunk_bytes, struct psnap_check_result *result,
	      struct psnap_error *err);

/* NULL, or in what the verdicts differ. */
const char *fix_differ(const struct psnap_check_result *a,
		       const struct psnap_check_result *b);

/* NULL, or what a plan with all its numbers contradicts itself in. */
const char *fix_sums(const struct fix *f);

/* NULL, or what is left above a note. */
const char *fix_unclean(const struct psnap_check_result *result);

#endif
