/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has to be compared with others: those whose old chunk shares its group
 * with one that is claimed twice, and those whose new chunk is. In most tables
 * with duplicates those are few, and nothing else need be sorted.
 */
#include "repair_claims.h"

#include "chunkset.h"
#include "fail.h"

#include <stdlib.h>

/* As repair_winner.c groups old chunks. */
#define GROUP_SHIFT 8u
/* A sieve: two numbers of which one is meant may share a bit, and then there is
 * one more to compare. It stays in the processor's first cache. */
#define SIEVE_BITS 65536u

struct pick {
	struct claims *c;
	struct chunkset olds;
	struct chunkset news;
	uint64_t old_groups[SIEVE_BITS / 64];
	uint64_t new_chunks[SIEVE_BITS / 64];
};

static int add_to_sets(void *ctx, uint64_t slot,
		       const struct disk_exception *entry,
		       struct psnap_error *err)
{
	struct pick *p = ctx;
	int rc;

	(void)slot;
	rc = psnap_chunkset_add(&p->olds, le64_get(entry->old_chunk), 1, err);
	return rc ? rc
		  : psnap_chunkset_add(&p->news, le64_get(entry->new_chunk), 1,
				       err);
}

static void fill_sieve(uint64_t *sieve, const struct chunkset *set,
		       unsigned int shift)
{
	size_t i;

	for (i = 0; i < set->noted_count; i++) {
		uint64_t bit = (set->noted[i] >> shift) % SIEVE_BITS;

		sieve[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static bool passes(const uint64_t *sieve, uint64_t number)
{
	uint64_t bit = number % SIEVE_BITS;

	return sieve[bit / 64] >> bit % 64 & 1;
}

static int pick(void *ctx, uint64_t slot, const struct disk_exception *entry,
		struct psnap_error *err)
{
	struct pick *p = ctx;
	struct claims *c = p->c;

	if (!passes(p->old_groups, le64_get(entry->old_chunk) >> GROUP_SHIFT) &&
	    !passes(p->new_chunks, le64_get(entry->new_chunk)))
		return 0;
	if (c->rival_count == c->rival_max) {
		size_t max = c->rival_max ? c->rival_max * 2 : 256;
		struct rival *grown =
			reallocarray(c->rivals, max, sizeof(*grown));

		if (!grown)
			return psnap_fail_nomem(err, "comparing exceptions");
		c->rivals = grown;
		c->rival_max = max;
	}
	c->rivals[c->rival_count++] = (struct rival){ slot, *entry };
	return 0;
}

/* When each chunk that is claimed twice is known by its number. */
static int pick_all(struct pick *p, struct psnap_error *err)
{
	if (p->olds.duplicates > CHUNKSET_NOTED_MAX ||
	    p->news.duplicates > CHUNKSET_NOTED_MAX)
		return 0;
	fill_sieve(p->old_groups, &p->olds, GROUP_SHIFT);
	fill_sieve(p->new_chunks, &p->news, 0);
	p->c->narrow = true;
	return psnap_claims_each_kept(p->c->s, pick, p, err);
}

int psnap_claims_any(struct claims *c, bool *found, struct psnap_error *err)
{
	struct survey *s = c->s;
	struct pick *p = calloc(1, sizeof(*p));
	int rc;

	*found = false;
	if (!p)
		return psnap_fail_nomem(err, "comparing exceptions");
	p->c = c;
	rc = psnap_chunkset_init(&p->olds, s->old_limit, CHUNKSET_NOTED_MAX,
				 err);
	if (rc == 0)
		rc = psnap_chunkset_init(&p->news, s->geo->chunk_count,
					 CHUNKSET_NOTED_MAX, err);
	if (rc == 0)
		rc = psnap_claims_each_kept(s, add_to_sets, p, err);
	psnap_chunkset_finish(&p->olds);
	psnap_chunkset_finish(&p->news);
	*found = p->olds.duplicates > 0 || p->news.duplicates > 0;
	if (rc == 0 && *found)
		rc = pick_all(p, err);
	psnap_chunkset_release(&p->olds);
	psnap_chunkset_release(&p->news);
	free(p);
	return rc;
}
