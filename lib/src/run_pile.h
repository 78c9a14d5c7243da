/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs kept in an array, in an order that is asked for, and which of them claim
 * the same chunks.
 */
#ifndef PSNAP_RUN_PILE_H
#define PSNAP_RUN_PILE_H

#include <psnap/extents.h>
#include <psnap/walk.h>
#include <stddef.h>

/* Zero-initialise; end with psnap_run_pile_release(). */
struct psnap_run_pile {
	struct psnap_run *runs;
	size_t count;
	size_t max;
};

enum psnap_run_order {
	PSNAP_RUN_BY_AREA,
	PSNAP_RUN_BY_OLD,
	PSNAP_RUN_BY_NEW,
};

/* Return: 0, or PSNAP_E_NOMEM. */
int psnap_run_pile_add(struct psnap_run_pile *pile, const struct psnap_run *run,
		       struct psnap_error *err);

void psnap_run_pile_sort(struct psnap_run_pile *pile,
			 enum psnap_run_order order);

/*
 * The chunks, of the origin or of the store, that a run shares with another one
 * that says something else about them. @order: the one it is sorted in, by old or
 * by new. @again: chunk numbers. Return: 0, or PSNAP_E_NOMEM.
 */
int psnap_run_pile_again(const struct psnap_run_pile *pile,
			 enum psnap_run_order order,
			 struct psnap_extents *again, struct psnap_error *err);

void psnap_run_pile_release(struct psnap_run_pile *pile);

#endif
