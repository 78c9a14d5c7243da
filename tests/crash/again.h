/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovering from states that do not differ where the recovery looks: it does
 * there what it did before, whatever stands elsewhere. Then its writes are made
 * once more without asking it, and what comes of them is judged as ever.
 */
#ifndef PSNAP_TEST_AGAIN_H
#define PSNAP_TEST_AGAIN_H

#include "ram.h"

struct again;

struct again *again_new(void);
void again_free(struct again *a);

/*
 * @recover @ram, which follows another (follow.h); returns what that returns.
 * Which blocks it reads is noted as it goes on. One in so many that need not be
 * asked is asked all the same, and has to write what was written before.
 */
int again_recover(struct again *a, struct ram *ram,
		  int (*recover)(struct ram *ram, const void *ctx),
		  const void *ctx);

#endif
