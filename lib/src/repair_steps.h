/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Describing the steps of a repair.
 */
#ifndef PSNAP_REPAIR_STEPS_H
#define PSNAP_REPAIR_STEPS_H

#include "repair_internal.h"

/* The step is needed; what it costs, and the sentence. */
void psnap_step_say(struct psnap_repair_step *step,
		    enum psnap_repair_class cost, const char *fmt, ...)
	PSNAP_PRINTF(3, 4);

/* repair_steps_header.c: the steps that are about the header. */
void psnap_steps_header(struct psnap_repair_plan *plan);

#endif
