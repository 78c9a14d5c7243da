/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bits of repair_slots.h; memory grows with what was read of the table, so
 * with what the device really has.
 */
#include "repair_slots.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

int psnap_slots_extend(struct slots *s, uint64_t end, struct psnap_error *err)
{
	uint64_t words = end / 64 + 1;
	uint64_t *grown;

	if (words > s->word_count) {
		uint64_t want = words + words / 2 + 64;

		if (want > SIZE_MAX / sizeof(*grown))
			return psnap_fail_nomem(err, "planning a repair");
		grown = reallocarray(s->words, (size_t)want, sizeof(*grown));
		if (!grown)
			return psnap_fail_nomem(err, "planning a repair");
		memset(grown + s->word_count, 0,
		       ((size_t)want - s->word_count) * sizeof(*grown));
		s->words = grown;
		s->word_count = (size_t)want;
	}
	if (end > s->end)
		s->end = end;
	return 0;
}

void psnap_slots_release(struct slots *s)
{
	free(s->words);
	*s = (struct slots){ 0 };
}

/* The bits of the word of @slot that lie in [slot, end). */
static uint64_t mask_from(uint64_t slot, uint64_t end)
{
	uint64_t low = slot % 64;
	uint64_t count = min_u64(64 - low, end - slot);
	uint64_t bits = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;

	return bits << low;
}

void psnap_slots_clear(struct slots *s, uint64_t first, uint64_t end)
{
	end = min_u64(end, s->end);
	while (first < end) {
		s->words[first / 64] &= ~mask_from(first, end);
		first += 64 - first % 64;
	}
}

uint64_t psnap_slots_count(const struct slots *s, uint64_t first, uint64_t end)
{
	uint64_t count = 0;

	end = min_u64(end, s->end);
	while (first < end) {
		count += (uint64_t)__builtin_popcountll(s->words[first / 64] &
							mask_from(first, end));
		first += 64 - first % 64;
	}
	return count;
}
