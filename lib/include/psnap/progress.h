/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long work reports its position and is asked to stop. The library calls
 * tick between units of work that take well under a second; it is the only way
 * a signal reaches it.
 */
#ifndef PSNAP_PROGRESS_H
#define PSNAP_PROGRESS_H

#include <psnap/export.h>
#include <stdint.h>

PSNAP_BEGIN_DECLS

/**
 * struct psnap_progress - the caller's wish to be told
 * @tick:  called with bytes done and bytes in all (0: not known); a non-zero
 *         return stops the work at the next safe point with
 *         PSNAP_E_INTERRUPTED. NULL: never called.
 * @ctx:   handed to @tick
 */
struct psnap_progress {
	int (*tick)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	void *ctx;
};

PSNAP_END_DECLS

#endif
