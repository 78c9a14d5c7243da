/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what a survey keeps, and sorting it; or of what repair_rivals.c has
 * picked what still stays.
 */
#include "repair_claims.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct claim *a = left;
	const struct claim *b = right;

	if (a->chunk != b->chunk)
		return a->chunk < b->chunk ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

/* What nobody wants gone although it is impossible claims nothing. */
static bool is_possible(const struct survey *s,
			const struct disk_exception *entry)
{
	uint64_t old_chunk = le64_get(entry->old_chunk);

	return old_chunk < s->old_limit &&
	       psnap_entry_plausible(s->geo, old_chunk,
				     le64_get(entry->new_chunk));
}

int psnap_claims_each_kept(struct survey *s, claims_take_fn *take, void *ctx,
			   struct psnap_error *err)
{
	static const size_t piece = 4096;
	uint64_t per_area = s->geo->exceptions_per_area;
	struct disk_exception *buf = calloc(piece, sizeof(*buf));
	uint64_t at = 0;
	int rc = 0;

	if (!buf)
		return psnap_fail_nomem(err, "comparing exceptions");
	while (at < s->end && rc == 0) {
		uint64_t n = min_u64(min_u64(piece, s->end - at),
				     per_area - at % per_area);
		uint64_t i;

		if (psnap_slots_count(&s->keep, at, at + n) > 0)
			rc = psnap_io_read(s->io,
					   psnap_geometry_entry_offset(
						   s->geo, at / per_area,
						   (uint32_t)(at % per_area)),
					   buf, (size_t)n * sizeof(*buf), err);
		for (i = 0; i < n && rc == 0; i++)
			if (psnap_slots_get(&s->keep, at + i) &&
			    is_possible(s, &buf[i]))
				rc = take(ctx, at + i, &buf[i], err);
		at += n;
	}
	free(buf);
	return rc;
}

static int claim_new(void *ctx, uint64_t slot,
		     const struct disk_exception *entry,
		     struct psnap_error *err)
{
	struct claims *c = ctx;

	(void)err;
	c->list[c->count++] =
		(struct claim){ le64_get(entry->new_chunk), slot };
	return 0;
}

static int claim_old(void *ctx, uint64_t slot,
		     const struct disk_exception *entry,
		     struct psnap_error *err)
{
	struct claims *c = ctx;

	(void)err;
	c->list[c->count++] =
		(struct claim){ le64_get(entry->old_chunk), slot };
	return 0;
}

/* Of the rivals those that still stay. */
static int each_rival(struct claims *c, claims_take_fn *take,
		      struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < c->rival_count && rc == 0; i++)
		if (psnap_slots_get(&c->s->keep, c->rivals[i].slot))
			rc = take(c, c->rivals[i].slot, &c->rivals[i].entry,
				  err);
	return rc;
}

static int fill(struct claims *c, claims_take_fn *take, struct psnap_error *err)
{
	uint64_t count = c->narrow
				 ? c->rival_count
				 : psnap_slots_count(&c->s->keep, 0, c->s->end);
	int rc;

	free(c->list);
	c->count = 0;
	c->list = calloc((size_t)count + 1, sizeof(*c->list));
	if (!c->list)
		return psnap_fail_nomem(err, "comparing exceptions");
	rc = c->narrow ? each_rival(c, take, err)
		       : psnap_claims_each_kept(c->s, take, c, err);
	if (rc == 0)
		qsort(c->list, c->count, sizeof(*c->list), compare);
	return rc;
}

int psnap_claims_by_new(struct claims *c, struct psnap_error *err)
{
	return fill(c, claim_new, err);
}

int psnap_claims_by_old(struct claims *c, struct psnap_error *err)
{
	return fill(c, claim_old, err);
}

int psnap_claims_lose(struct claims *c, uint64_t slot,
		      const struct disk_exception *entry,
		      enum psnap_finding_id id, struct psnap_error *err)
{
	struct lost *grown;
	size_t max;

	if (!c->s->chosen[id]) {
		c->s->facts[id]++;
		return 0;
	}
	if (c->lost_count == c->lost_max) {
		max = c->lost_max ? c->lost_max * 2 : 64;
		grown = reallocarray(c->lost, max, sizeof(*grown));
		if (!grown)
			return psnap_fail_nomem(err, "comparing exceptions");
		c->lost = grown;
		c->lost_max = max;
	}
	c->lost[c->lost_count++] =
		(struct lost){ .slot = slot, .entry = *entry, .id = id };
	psnap_slots_drop(&c->s->keep, slot);
	return 0;
}

void psnap_claims_release(struct claims *c)
{
	free(c->list);
	free(c->lost);
	free(c->rivals);
}
