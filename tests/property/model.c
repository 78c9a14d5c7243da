/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a repair: what is kept, what is gone and why, what is new.
 */
#include "model.h"

#include "numbers.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const model_excuse_names[MODEL_EXCUSES] = {
	[MODEL_BEHIND_END] = "behind what looks like the end",
	[MODEL_PAST_END] = "data past the end",
	[MODEL_IMPLAUSIBLE] = "in an area that is none",
	[MODEL_RIVAL] = "a duplicate is kept",
	[MODEL_SUCCESSOR] = "no room for a successor",
};

struct judge {
	const struct sample *sound;
	const struct sample *damaged;
	struct sample repaired;
	struct model_tally *tally;
	struct numbers truth;  /* of the sound store, by new chunk */
	struct numbers by_old; /* of the repaired one: slots + 1 */
	struct numbers by_new;
	struct numbers standing; /* in the damaged one: lowest slot + 1 */
	char *text;
};

static bool is_true(const struct judge *j, struct pair_entry e)
{
	uint64_t i = numbers_get(&j->truth, e.new_chunk);

	return i && j->sound->entries[i - 1].old_chunk == e.old_chunk;
}

static bool is_kept(const struct judge *j, struct pair_entry e)
{
	uint64_t slot = numbers_get(&j->by_new, e.new_chunk);

	return slot &&
	       table_entry(&j->repaired, slot - 1).old_chunk == e.old_chunk;
}

/* Do the slots beside @slot go on in both numbers? */
static bool continued(const struct sample *s, uint64_t slot)
{
	struct pair_entry e = table_entry(s, slot);
	struct pair_entry other;

	if (slot > 0) {
		other = table_entry(s, slot - 1);
		if (other.old_chunk + 1 == e.old_chunk &&
		    other.new_chunk + 1 == e.new_chunk)
			return true;
	}
	if (slot + 1 >= sample_slots(s))
		return false;
	other = table_entry(s, slot + 1);
	return other.old_chunk == e.old_chunk + 1 &&
	       other.new_chunk == e.new_chunk + 1;
}

/* Where @e stands in the damaged table; UINT64_MAX: nowhere. */
static uint64_t find(const struct judge *j, struct pair_entry e)
{
	uint64_t slots = sample_slots(j->damaged);
	uint64_t slot;

	for (slot = 0; slot < slots; slot++) {
		struct pair_entry d = table_entry(j->damaged, slot);

		if (d.old_chunk == e.old_chunk && d.new_chunk == e.new_chunk)
			return slot;
	}
	return UINT64_MAX;
}

/* Is there one in the repaired table that had to be chosen over @slot? */
static bool has_rival(const struct judge *j, uint64_t slot)
{
	struct pair_entry e = table_entry(j->damaged, slot);
	uint64_t same_old = numbers_get(&j->by_old, e.old_chunk);
	uint64_t same_new = numbers_get(&j->by_new, e.new_chunk);
	uint64_t other;

	if (same_old)
		return true;
	if (!same_new)
		return false;
	/* Of two for one new chunk, that which its neighbours continue. */
	other = find(j, table_entry(&j->repaired, same_new - 1));
	return other != UINT64_MAX &&
	       (!continued(j->damaged, slot) || continued(j->damaged, other));
}

static bool excuse(struct judge *j, uint64_t slot, bool *successor_used)
{
	const struct sample *d = j->damaged;
	enum model_excuse why;

	if (table_entry(d, slot).new_chunk >= table_chunks(d))
		why = MODEL_PAST_END;
	else if (has_rival(j, slot))
		why = MODEL_RIVAL;
	else if (table_area_implausible(d, slot))
		why = MODEL_IMPLAUSIBLE;
	else if (!*successor_used &&
		 table_live(&j->repaired) + 1 == sample_slots(d))
		why = MODEL_SUCCESSOR;
	else
		return false;
	*successor_used |= why == MODEL_SUCCESSOR;
	j->tally->gone[why]++;
	return true;
}

/* Everything the damage left standing is kept, or there is an excuse. */
static const char *judge_kept(struct judge *j)
{
	const struct sample *d = j->damaged;
	uint64_t slots = sample_slots(d);
	uint64_t end = table_first_end(d);
	bool successor_used = false;
	uint64_t slot;

	for (slot = 0; slot < slots; slot++) {
		struct pair_entry e = table_entry(d, slot);

		if (e.new_chunk == 0 || !is_true(j, e) ||
		    numbers_get(&j->standing, e.new_chunk) != slot + 1)
			continue;
		j->tally->standing++;
		if (is_kept(j, e)) {
			j->tally->kept++;
		} else if (slot >= end) {
			j->tally->gone[MODEL_BEHIND_END]++;
		} else if (!excuse(j, slot, &successor_used)) {
			snprintf(j->text, MODEL_TEXT_BYTES,
				 "slot %" PRIu64 " (%" PRIu64 ", %" PRIu64
				 ") was not touched and is gone",
				 slot, e.old_chunk, e.new_chunk);
			return j->text;
		}
	}
	return NULL;
}

/* An entry that was never true stands in the damaged table, where damage put it
 * or behind an end that damage took away: it is not from leftovers. */
static const char *judge_forged(struct judge *j)
{
	uint64_t slots = sample_slots(j->damaged);
	uint64_t live = table_live(&j->repaired);
	uint64_t touched = j->sound->count;
	uint64_t end = table_last_end(j->damaged);
	uint64_t i;

	while (touched < slots &&
	       memcmp(j->damaged->bytes + sample_slot_offset(j->sound, touched),
		      j->sound->bytes + sample_slot_offset(j->sound, touched),
		      SAMPLE_ENTRY_BYTES) == 0)
		touched++;
	for (i = 0; i < live; i++) {
		struct pair_entry e = table_entry(&j->repaired, i);
		uint64_t at;

		if (is_true(j, e))
			continue;
		j->tally->forged++;
		at = find(j, e);
		if (at < end && (at < j->sound->count || at >= touched))
			continue;
		snprintf(j->text, MODEL_TEXT_BYTES,
			 "(%" PRIu64 ", %" PRIu64 ") in slot %" PRIu64 " %s",
			 e.old_chunk, e.new_chunk, i,
			 at == UINT64_MAX ? "was made up"
					  : "is from behind the end");
		return j->text;
	}
	return NULL;
}

static void load(struct judge *j)
{
	uint64_t live = table_live(&j->repaired);
	uint64_t slots = sample_slots(j->damaged);
	uint64_t i;

	numbers_init(&j->truth, j->sound->count);
	numbers_init(&j->by_old, live);
	numbers_init(&j->by_new, live);
	numbers_init(&j->standing, slots);
	for (i = 0; i < j->sound->count; i++)
		numbers_set(&j->truth, j->sound->entries[i].new_chunk, i + 1);
	for (i = 0; i < live; i++) {
		numbers_set(&j->by_old, table_entry(&j->repaired, i).old_chunk,
			    i + 1);
		numbers_set(&j->by_new, table_entry(&j->repaired, i).new_chunk,
			    i + 1);
	}
	/* The first time that a true one stands there counts. */
	for (i = slots; i-- > 0;)
		if (is_true(j, table_entry(j->damaged, i)))
			numbers_set(&j->standing,
				    table_entry(j->damaged, i).new_chunk,
				    i + 1);
	for (i = 0; i < j->sound->count; i++)
		j->tally->touched += !numbers_get(
			&j->standing, j->sound->entries[i].new_chunk);
}

const char *model_judge(const struct sample *sound,
			const struct sample *damaged, const uint8_t *repaired,
			struct model_tally *tally, char *text)
{
	struct judge j = { .sound = sound,
			   .damaged = damaged,
			   .repaired = *damaged,
			   .tally = tally,
			   .text = text };
	const char *wrong;

	j.repaired.bytes = (uint8_t *)(uintptr_t)repaired;
	load(&j);
	wrong = judge_kept(&j);
	if (!wrong)
		wrong = judge_forged(&j);
	numbers_release(&j.truth);
	numbers_release(&j.by_old);
	numbers_release(&j.by_new);
	numbers_release(&j.standing);
	return wrong;
}

uint64_t model_standing(const struct sample *sound,
			const struct sample *damaged)
{
	uint64_t end = table_first_end(damaged);
	uint64_t count = 0;
	struct numbers truth;
	uint64_t slot;

	numbers_init(&truth, sound->count);
	for (slot = 0; slot < sound->count; slot++)
		numbers_set(&truth, sound->entries[slot].new_chunk, slot + 1);
	for (slot = 0; slot < end; slot++) {
		struct pair_entry e = table_entry(damaged, slot);
		uint64_t i = numbers_get(&truth, e.new_chunk);

		count += i && sound->entries[i - 1].old_chunk == e.old_chunk;
	}
	numbers_release(&truth);
	return count;
}
