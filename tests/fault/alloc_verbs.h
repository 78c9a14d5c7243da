/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs whose allocations fail in turn, beside those of verbs.h.
 */
#ifndef PSNAP_TEST_ALLOC_VERBS_H
#define PSNAP_TEST_ALLOC_VERBS_H

#include "verbs.h"

extern const struct verb alloc_verbs[];
extern const unsigned int alloc_verb_count;

#endif
