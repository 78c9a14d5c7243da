/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bit for each slot of a table, as far as the table was read. A slot is
 * numbered from the start of the table: area * exceptions_per_area + entry.
 */
#ifndef PSNAP_REPAIR_SLOTS_H
#define PSNAP_REPAIR_SLOTS_H

#include <psnap/error.h>
#include <stddef.h>

/* @end: bits from here on are 0. Zero-initialise. */
struct slots {
	uint64_t *words;
	size_t word_count;
	uint64_t end;
};

/* Make room for slots below @end, all 0. Return: 0 or PSNAP_E_NOMEM. */
int psnap_slots_extend(struct slots *s, uint64_t end, struct psnap_error *err);
void psnap_slots_release(struct slots *s);

/* Clear [first, end); what is behind the end of the set stays 0. */
void psnap_slots_clear(struct slots *s, uint64_t first, uint64_t end);

/* How many of [first, end) are set? */
uint64_t psnap_slots_count(const struct slots *s, uint64_t first, uint64_t end);

static inline bool psnap_slots_get(const struct slots *s, uint64_t slot)
{
	return slot < s->end && (s->words[slot / 64] >> (slot % 64) & 1);
}

/* @slot: below the end. */
static inline void psnap_slots_set(struct slots *s, uint64_t slot)
{
	s->words[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static inline void psnap_slots_drop(struct slots *s, uint64_t slot)
{
	s->words[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

#endif
