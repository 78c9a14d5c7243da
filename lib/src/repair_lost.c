/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Those that lost to another entry. The other one may have lost, too, to a
 * third: then nothing speaks against the first any more.
 */
#include "repair_claims.h"

/* Comparing those that come back with each other has to end. */
#define BACK_MAX   4096u
#define ROUNDS_MAX 8u

/* Who of those that stay claims @chunk? NULL: nobody. */
static const struct claim *claimant(const struct claims *c, uint64_t chunk)
{
	size_t low = 0;
	size_t high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->list[mid].chunk < chunk)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->count && c->list[low].chunk == chunk ? &c->list[low]
							     : NULL;
}

/*
 * Lost to one old chunk's other claimant, which then lost its new chunk; but
 * somebody has the new chunk of this one. They were never compared.
 */
static int compare_late(struct claims *c, struct lost *l,
			const struct claim *rival, bool *changed,
			struct psnap_error *err)
{
	struct disk_exception entry;
	enum support mine;
	enum support theirs;
	int rc = psnap_claim_support(c->s, l->slot, &mine, err);

	if (rc == 0)
		rc = psnap_claim_support(c->s, rival->slot, &theirs, err);
	l->rival = rc || mine <= theirs ||
		   !psnap_slots_get(&c->s->keep, rival->slot);
	if (rc || l->rival)
		return rc;
	*changed = true;
	rc = psnap_survey_entry(c->s, rival->slot, &entry, err);
	return rc ? rc
		  : psnap_survey_drop(c->s, rival->slot, &entry,
				      PSNAP_F_DUPLICATE_NEW);
}

static int find_rivals(struct claims *c, bool *changed, struct psnap_error *err)
{
	size_t i;
	int rc = psnap_claims_by_old(c, err);

	for (i = 0; i < c->lost_count && rc == 0; i++)
		c->lost[i].rival =
			claimant(c, le64_get(c->lost[i].entry.old_chunk));
	if (rc == 0)
		rc = psnap_claims_by_new(c, err);
	for (i = 0; i < c->lost_count && rc == 0; i++) {
		struct lost *l = &c->lost[i];
		const struct claim *rival =
			claimant(c, le64_get(l->entry.new_chunk));

		if (rival && !l->rival && l->id == PSNAP_F_DUPLICATE_OLD)
			rc = compare_late(c, l, rival, changed, err);
		else if (rival)
			l->rival = true;
	}
	return rc;
}

static bool share_a_chunk(const struct lost *a, const struct lost *b)
{
	return le64_get(a->entry.old_chunk) == le64_get(b->entry.old_chunk) ||
	       le64_get(a->entry.new_chunk) == le64_get(b->entry.new_chunk);
}

/* @back: how many of the first ones came back; they stand at the front. */
static bool comes_back(const struct claims *c, const struct lost *l,
		       size_t back)
{
	size_t i;

	if (l->rival || back == BACK_MAX)
		return false;
	for (i = 0; i < back; i++)
		if (share_a_chunk(&c->lost[i], l))
			return false;
	return true;
}

int psnap_claims_settle_lost(struct claims *c, struct psnap_error *err)
{
	unsigned int rounds = 0;
	bool changed = c->lost_count > 0;
	size_t back = 0;
	size_t i;
	int rc = 0;

	/* Who goes late may have been somebody's rival. */
	while (rc == 0 && changed && rounds++ < ROUNDS_MAX) {
		changed = false;
		rc = find_rivals(c, &changed, err);
	}
	for (i = 0; i < c->lost_count && rc == 0; i++) {
		struct lost l = c->lost[i];

		if (comes_back(c, &l, back)) {
			c->lost[back++] = l;
			psnap_slots_set(&c->s->keep, l.slot);
		} else {
			rc = psnap_survey_drop(c->s, l.slot, &l.entry, l.id);
		}
	}
	return rc;
}
