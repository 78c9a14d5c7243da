/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the survey of one area shares: what was seen in each slot.
 */
#ifndef PSNAP_REPAIR_AREA_H
#define PSNAP_REPAIR_AREA_H

#include "repair_internal.h"
#include "slice.h"

/* A number of either kind can be impossible. */
#define REASONS_MAX 2u

/*
 * @bad:      slots of this area whose entry is impossible
 * @dead:     slots that are empty and were not: old_chunk is still there
 * @group_chunk:  the area at or below the new chunk looked at last
 * @entries, @areas:  before this area
 * @next:     does the next area hold entries? -1: nobody looked
 * @behind:   entries behind the first empty slot, as far as not yet passed
 * @sound:    most of them are possible
 */
struct area_scan {
	struct survey *s;
	struct slice_reader slice;
	struct slots bad;
	struct slots dead;
	uint64_t area_index;
	uint64_t base;
	uint64_t group_chunk;
	uint64_t entries;
	uint64_t areas;
	int next;
	uint64_t behind;
	bool sound;
};

static inline bool psnap_area_used(const struct area_scan *a, uint64_t entry)
{
	return psnap_slots_get(&a->s->keep, a->base + entry);
}

/* repair_judge.c: what is impossible about an entry; how many reasons. */
unsigned int psnap_area_reasons(const struct area_scan *a,
				const struct disk_exception *entry,
				enum psnap_finding_id ids[REASONS_MAX]);

/* repair_judge.c: is it an area, and which of its entries before @end go? */
int psnap_area_judge(struct area_scan *a, uint64_t end,
		     struct psnap_error *err);

/* repair_gap.c: the entry at which the table ends; exceptions_per_area: it goes
 * on. */
int psnap_area_find_end(struct area_scan *a, uint64_t *end,
			struct psnap_error *err);

#endif
