/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STORE and ORIGIN together, for the commands that show or merge what is in
 * them: whether they fit each other, why not, and the view of both.
 */
#ifndef PSNAP_CMD_PAIR_CHECK_H
#define PSNAP_CMD_PAIR_CHECK_H

#include "operand.h"

#include <psnap/merge.h>
#include <psnap/view.h>

/**
 * struct psnap_pair - zero-initialise and fill in
 * @store, @origin:  not owned
 * @quiet:     say why a pair is refused, but not what was found in it
 * @hint:      what else can be done about a damaged table; NULL: nothing
 * @findings:  those of the check; release with psnap_pair_release()
 */
struct psnap_pair {
	const struct psnap_operand *store;
	const struct psnap_operand *origin;
	bool quiet;
	const char *hint;
	struct psnap_finding *findings;
	size_t finding_count;
};

/**
 * psnap_pair_plan() - check the pair, and keep what was found
 *
 * Return: 0, and plan->refused says what came of it; or an exit status after a
 * message.
 */
int psnap_pair_plan(struct psnap_pair *pair,
		    const struct psnap_merge_options *options,
		    struct psnap_merge_plan *plan);

/** psnap_pair_say_findings() - those that are in the way; not if quiet */
void psnap_pair_say_findings(const struct psnap_pair *pair);

/** psnap_pair_is_swapped() - has somebody typed ORIGIN STORE? */
bool psnap_pair_is_swapped(const struct psnap_pair *pair,
			   const struct psnap_merge_plan *plan);

/** psnap_pair_only_invalid() - is the mark all that is in the way? */
bool psnap_pair_only_invalid(const struct psnap_check_result *check);

/**
 * psnap_pair_refuse() - say why the pair is not shown
 * @done:  as for psnap_pair_show()
 */
void psnap_pair_refuse(const struct psnap_pair *pair,
		       const struct psnap_merge_plan *plan, const char *done);

/** psnap_pair_say_invalid() - what --accept-invalid comes to, if it does */
void psnap_pair_say_invalid(const struct psnap_pair *pair,
			    const struct psnap_merge_plan *plan);

/**
 * psnap_pair_show() - check the pair, and open the view of both
 * @done:  what is not done with a pair that is refused: "converted"
 * @plan:  out
 * @view:  out: release with psnap_view_close(); NULL on failure
 *
 * Says what the view of an invalid snapshot is. Return: 0, or an exit status
 * after a message; PSNAP_EXIT_LEFT and plan->refused: it was refused.
 */
int psnap_pair_show(struct psnap_pair *pair,
		    const struct psnap_merge_options *options, const char *done,
		    struct psnap_merge_plan *plan, struct psnap_view **view);

/** psnap_pair_release() - release the findings */
void psnap_pair_release(struct psnap_pair *pair);

#endif
