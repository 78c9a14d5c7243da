/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of a repair by themselves: the bits for slots, against a plain array,
 * and which of several entries for a chunk a kernel reads.
 */
#include "random.h"
#include "repair_internal.h"
#include "test.h"

#include <stdlib.h>

#define SLOTS 1000u

static bool counts_agree(const struct slots *s, const bool *model)
{
	unsigned int n;

	for (n = 0; n < 50; n++) {
		uint64_t first = next_random() % SLOTS;
		uint64_t end = first + next_random() % (SLOTS + 100);
		uint64_t want = 0;
		uint64_t i;

		for (i = first; i < end && i < SLOTS; i++)
			want += model[i];
		if (psnap_slots_count(s, first, end) != want)
			return false;
	}
	return true;
}

static void test_slots(void)
{
	struct slots s = { 0 };
	bool model[SLOTS] = { false };
	bool good = true;
	unsigned int n;

	T_OK(!psnap_slots_get(&s, 0) && !psnap_slots_get(&s, UINT64_MAX),
	     "an empty set has no slot");
	T_OK(psnap_slots_extend(&s, 100, NULL) == 0, "room for 100");
	T_OK(psnap_slots_extend(&s, SLOTS, NULL) == 0, "room for SLOTS");
	for (n = 0; n < 2000; n++) {
		uint64_t at = next_random() % SLOTS;
		uint64_t end = at + next_random() % 200;
		uint64_t i;

		if (n % 10 == 0) {
			psnap_slots_clear(&s, at, end);
			for (i = at; i < end && i < SLOTS; i++)
				model[i] = false;
		} else if (n % 10 == 1) {
			psnap_slots_drop(&s, at);
			model[at] = false;
		} else {
			psnap_slots_set(&s, at);
			model[at] = true;
		}
		good = good && psnap_slots_get(&s, at) == model[at];
	}
	T_OK(good, "single slots");
	T_OK(counts_agree(&s, model), "ranges are counted and cleared");
	psnap_slots_release(&s);
}

/* Entries as (old, new), and which of them a look-up of 30 comes to. */
static void test_winner(void)
{
	static const struct {
		const char *what;
		size_t count;
		struct winner_entry entries[6];
		size_t wins;
	} cases[] = {
		{ "two single ones: the first",
		  2,
		  { { 0, 30, 40 }, { 1, 30, 50 } },
		  0 },
		/* Linux 6.1 reads chunk 22. */
		{ "a run that starts lower comes before it",
		  4,
		  { { 0, 30, 40 },
		    { 1, 28, 20 },
		    { 2, 29, 21 },
		    { 3, 30, 22 } },
		  3 },
		{ "a run that starts at the chunk does not",
		  3,
		  { { 0, 30, 40 }, { 1, 30, 50 }, { 2, 31, 51 } },
		  0 },
		{ "the search for a run to join ends at a higher chunk",
		  3,
		  { { 0, 30, 40 }, { 1, 30, 50 }, { 2, 29, 49 } },
		  0 },
		{ "one is joined from below",
		  3,
		  { { 0, 30, 50 }, { 1, 30, 40 }, { 2, 29, 49 } },
		  0 },
		{ "three times: the first",
		  3,
		  { { 4, 30, 9 }, { 7, 30, 8 }, { 9, 30, 7 } },
		  0 },
		{ "others of the group do not matter",
		  4,
		  { { 0, 5, 3 }, { 1, 30, 44 }, { 2, 200, 5 }, { 3, 30, 6 } },
		  1 },
	};
	struct winner_group group;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		psnap_winner_group(&group, cases[i].entries, cases[i].count);
		T_OK(psnap_winner(&group, 30) == cases[i].wins, "%s",
		     cases[i].what);
	}
}

/* More than are put into the list: the first. */
static void test_many(void)
{
	struct winner_entry *all = calloc(5000, sizeof(*all));
	struct winner_group group;
	size_t i;

	if (!all)
		abort();
	for (i = 0; i < 5000; i++)
		all[i] = (struct winner_entry){ i, i < 17 ? 31 : 30, 9000 - i };
	psnap_winner_group(&group, all, 5000);
	T_EQ_U64(psnap_winner(&group, 30), 17);
	free(all);
}

int main(void)
{
	test_slots();
	test_winner();
	test_many();
	return T_DONE();
}
