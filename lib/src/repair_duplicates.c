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

/* Does the entry in the slot beside it have the number before or after? */
static int is_next_to(const struct claims *c, uint64_t slot, uint64_t new_chunk,
		      bool *beside, struct psnap_error *err)
{
	const struct psnap_geometry *geo = c->s->geo;
	uint64_t before = new_chunk - 1;
	uint64_t after = new_chunk + 1;
	struct disk_exception entry;
	int rc = 0;

	*beside = false;
	if (psnap_geometry_is_metadata(geo, before))
		before--;
	if (psnap_geometry_is_metadata(geo, after))
		after++;
	if (slot > 0) {
		rc = psnap_survey_entry(c->s, slot - 1, &entry, err);
		*beside = rc == 0 && before > 1 &&
			  le64_get(entry.new_chunk) == before;
	}
	if (rc == 0 && !*beside && slot + 1 < c->s->end) {
		rc = psnap_survey_entry(c->s, slot + 1, &entry, err);
		*beside = rc == 0 && le64_get(entry.new_chunk) == after;
	}
	return rc;
}

/*
 * [first, first + count) claim one new chunk. The first that its neighbours
 * speak for stays, with all that say the same: those are the next question.
 */
static int settle_new(struct claims *c, size_t first, size_t count,
		      struct psnap_error *err)
{
	struct disk_exception entry;
	struct disk_exception best;
	bool same = true;
	bool spoken = false;
	size_t i;
	int rc;

	rc = psnap_survey_entry(c->s, c->list[first].slot, &best, err);
	for (i = 0; i < count && rc == 0 && !spoken; i++) {
		uint64_t slot = c->list[first + i].slot;

		rc = psnap_survey_entry(c->s, slot, &entry, err);
		if (rc == 0 &&
		    le64_get(entry.old_chunk) != le64_get(best.old_chunk))
			same = false;
		if (rc == 0)
			rc = is_next_to(c, slot, c->list[first].chunk, &spoken,
					err);
		if (rc == 0 && spoken)
			best = entry;
	}
	if (same && !spoken && rc == 0)
		return 0;
	for (i = 0; i < count && rc == 0; i++) {
		uint64_t slot = c->list[first + i].slot;

		rc = psnap_survey_entry(c->s, slot, &entry, err);
		if (rc == 0 &&
		    le64_get(entry.old_chunk) != le64_get(best.old_chunk))
			rc = psnap_survey_drop(c->s, slot, &entry,
					       PSNAP_F_DUPLICATE_NEW);
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
		wins = &all[psnap_winner(all, count, old_chunk)];
		for (; i < n && rc == 0; i++) {
			uint64_t slot = c->list[first + i].slot;

			if (slot == wins->slot)
				continue;
			rc = psnap_survey_entry(c->s, slot, &entry, err);
			if (rc == 0)
				rc = psnap_survey_drop(
					c->s, slot, &entry,
					le64_get(entry.new_chunk) ==
							wins->new_chunk
						? PSNAP_F_DUPLICATE_SAME
						: PSNAP_F_DUPLICATE_OLD);
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
	return rc ? rc : settle_news(c, err);
}

int psnap_survey_duplicates(struct survey *s, struct psnap_error *err)
{
	struct claims c = { .s = s };
	bool found;
	int rc = psnap_claims_any(s, &found, err);

	if (rc || !found)
		return rc;
	rc = settle(&c, err);
	free(c.list);
	return rc;
}
