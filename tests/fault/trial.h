/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One fault in one run of what writes, and whether all is well after it.
 */
#ifndef PSNAP_TEST_TRIAL_H
#define PSNAP_TEST_TRIAL_H

#include "how.h"
#include "write_verbs.h"

/* One fault: the nth @op of @device, as @how says. */
struct trial {
	const struct write_verb *verb;
	enum scene_device device;
	enum io_fault_op op;
	const struct how *how;
	uint64_t n;
	struct write_outcome o;
};

/* NULL, or what is wrong with what came of it. */
const char *trial_judge(const struct trial *t, struct scene *s);

#endif
