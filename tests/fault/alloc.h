/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failing allocations: programs in this directory are linked with
 * --wrap=malloc,calloc,realloc,reallocarray,strdup,strndup, so that every
 * allocation of psnap's own code comes through here. Production code knows
 * nothing of it.
 */
#ifndef PSNAP_TEST_ALLOC_H
#define PSNAP_TEST_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * @fail_at:  the nth allocation from now (from 1) fails; 0: none
 * @sticky:   and all that follow
 * @calls, @faults:  since alloc_arm()
 */
struct alloc_fault {
	uint64_t fail_at;
	bool sticky;
	uint64_t calls;
	uint64_t faults;
};

extern struct alloc_fault alloc_fault;

void alloc_arm(uint64_t fail_at, bool sticky);
void alloc_disarm(void);

#endif
