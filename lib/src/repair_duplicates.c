/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of the entries that claim the same chunk one stays. The same exception twice:
 * the first. Two old chunks in one new chunk: the one whose neighbours in the
 * table continue it, for new chunks are handed out in order. Two new chunks for
 * one old chunk: the one that kernels read.
 */
#include "repair_claims.h"

#include "fail.h"

#include <stdlib.h>

/* Of [first, first + count), which claim one new chunk, the one that most speaks
 * for; of several the first. */
static int find_best(const struct claims *c, size_t first, size_t count,
		     struct disk_exception *best, struct psnap_error *err)
{
	enum support most = SUPPORT_NONE;
	size_t i;
	int rc = psnap_survey_entry(c->s, c->list[first].slot, best, err);

	for (i = 0; i < count && rc == 0 && most < SUPPORT_BOTH; i++) {
		uint64_t slot = c->list[first + i].slot;
		enum support support;

		rc = psnap_claim_support(c->s, slot, &support, err);
		if (rc == 0 && support > most) {
			most = support;
			rc = psnap_survey_entry(c->s, slot, best, err);
		}
	}
	return rc;
}

/* That one stays, with all that say the same; those are another question. */
static int settle_new(struct claims *c, size_t first, size_t count,
		      struct psnap_error *err)
{
	struct disk_exception entry;
	struct disk_exception best;
	size_t i;
	int rc = find_best(c, first, count, &best, err);

	for (i = 0; i < count && rc == 0; i++) {
		uint64_t slot = c->list[first + i].slot;

		rc = psnap_survey_entry(c->s, slot, &entry, err);
		if (rc == 0 &&
		    le64_get(entry.old_chunk) != le64_get(best.old_chunk))
			rc = psnap_claims_lose(c, slot, &entry,
					       PSNAP_F_DUPLICATE_NEW, err);
	}
	return rc;
}

static int by_slot(const void *left, const void *right)
{
	const struct winner_entry *a = left;
	const struct winner_entry *b = right;

	return (a->slot > b->slot) - (a->slot < b->slot);
}

/* All entries of a group of 256 old chunks, some of which are claimed twice. */
static int settle_group(struct claims *c, size_t first, size_t count,
			struct psnap_error *err)
{
	struct winner_entry *all = calloc(count, sizeof(*all));
	struct winner_group group;
	struct disk_exception entry;
	size_t i;
	int rc = 0;

	if (!all)
		return psnap_fail_nomem(err, "comparing exceptions");
	for (i = 0; i < count && rc == 0; i++) {
		rc = psnap_survey_entry(c->s, c->list[first + i].slot, &entry,
					err);
		all[i] = (struct winner_entry){ c->list[first + i].slot,
						le64_get(entry.old_chunk),
						le64_get(entry.new_chunk) };
	}
	qsort(all, count, sizeof(*all), by_slot);
	psnap_winner_group(&group, all, count);
	for (i = 0; i < count && rc == 0;) {
		uint64_t old_chunk = c->list[first + i].chunk;
		const struct winner_entry *wins;
		size_t n = i;

		while (n < count && c->list[first + n].chunk == old_chunk)
			n++;
		if (n - i < 2) {
			i = n;
			continue;
		}
		wins = &all[psnap_winner(&group, old_chunk)];
		for (; i < n && rc == 0; i++) {
			uint64_t slot = c->list[first + i].slot;

			if (slot == wins->slot)
				continue;
			rc = psnap_survey_entry(c->s, slot, &entry, err);
			if (rc == 0)
				rc = psnap_claims_lose(
					c, slot, &entry,
					le64_get(entry.new_chunk) ==
							wins->new_chunk
						? PSNAP_F_DUPLICATE_SAME
						: PSNAP_F_DUPLICATE_OLD,
					err);
		}
	}
	free(all);
	return rc;
}

static int settle_news(struct claims *c, struct psnap_error *err)
{
	size_t i = 0;
	int rc = 0;

	while (i < c->count && rc == 0) {
		size_t n = i + 1;

		while (n < c->count && c->list[n].chunk == c->list[i].chunk)
			n++;
		if (n - i > 1)
			rc = settle_new(c, i, n - i, err);
		i = n;
	}
	return rc;
}

static int settle_olds(struct claims *c, struct psnap_error *err)
{
	size_t i = 0;
	int rc = 0;

	while (i < c->count && rc == 0) {
		size_t n = i + 1;
		bool twice = false;

		while (n < c->count &&
		       c->list[n].chunk >> 8 == c->list[i].chunk >> 8) {
			twice |= c->list[n].chunk == c->list[n - 1].chunk;
			n++;
		}
		if (twice)
			rc = settle_group(c, i, n - i, err);
		i = n;
	}
	return rc;
}

/* Old chunks first: of the entries that go because of those, none should speak
 * for a new chunk. */
static int settle(struct claims *c, struct psnap_error *err)
{
	int rc = psnap_claims_by_old(c, err);

	if (rc == 0)
		rc = settle_olds(c, err);
	if (rc == 0)
		rc = psnap_claims_by_new(c, err);
	if (rc == 0)
		rc = settle_news(c, err);
	return rc ? rc : psnap_claims_settle_lost(c, err);
}

int psnap_survey_duplicates(struct survey *s, struct psnap_error *err)
{
	struct claims c = { .s = s };
	bool found;
	int rc = psnap_claims_any(&c, &found, err);

	if (rc == 0 && found)
		rc = settle(&c, err);
	psnap_claims_release(&c);
	return rc;
}
