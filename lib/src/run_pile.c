/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array of runs: growing, sorting, and finding those that contradict each
 * other.
 */
#include "run_pile.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

int psnap_run_pile_add(struct psnap_run_pile *pile, const struct psnap_run *run,
		       struct psnap_error *err)
{
	if (pile->count == pile->max) {
		size_t max = pile->max ? pile->max * 2 : 64;
		void *grown =
			reallocarray(pile->runs, max, sizeof(*pile->runs));

		if (!grown)
			return psnap_fail_nomem(err, "sorting the table");
		pile->runs = grown;
		pile->max = max;
	}
	pile->runs[pile->count++] = *run;
	return 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_area(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->area_index, b->area_index);
}

static int by_old(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->old_chunk, b->old_chunk);
}

static int by_new(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return compare(a->new_chunk, b->new_chunk);
}

void psnap_run_pile_sort(struct psnap_run_pile *pile,
			 enum psnap_run_order order)
{
	static int (*const compares[])(const void *left, const void *right) = {
		[PSNAP_RUN_BY_AREA] = by_area,
		[PSNAP_RUN_BY_OLD] = by_old,
		[PSNAP_RUN_BY_NEW] = by_new,
	};

	if (pile->count > 1)
		qsort(pile->runs, pile->count, sizeof(*pile->runs),
		      compares[order]);
}

/*
 * Two ends are enough to know: how far runs have reached, and how far
 * those that say something else than that one.
 */
int psnap_run_pile_again(const struct psnap_run_pile *pile,
			 enum psnap_run_order order,
			 struct psnap_extents *again, struct psnap_error *err)
{
	uint64_t reached = 0;
	uint64_t other_reached = 0;
	uint64_t distance = 0;
	size_t i;

	for (i = 0; i < pile->count; i++) {
		const struct psnap_run *r = &pile->runs[i];
		uint64_t start =
			order == PSNAP_RUN_BY_OLD ? r->old_chunk : r->new_chunk;
		uint64_t end = start + r->chunks;
		uint64_t mine = r->new_chunk - r->old_chunk;
		uint64_t meets = mine == distance ? other_reached : reached;

		if (meets > start) {
			int rc = psnap_extents_add(again, start,
						   min_u64(meets, end), err);
			if (rc)
				return rc;
		}
		if (mine == distance) {
			reached = end > reached ? end : reached;
		} else if (end > reached) {
			other_reached = reached;
			reached = end;
			distance = mine;
		} else if (end > other_reached) {
			other_reached = end;
		}
	}
	return 0;
}

void psnap_run_pile_release(struct psnap_run_pile *pile)
{
	free(pile->runs);
	*pile = (struct psnap_run_pile){ 0 };
}
