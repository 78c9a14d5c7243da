/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kept entries of a survey sorted by one of their numbers, so that those
 * that claim the same chunk stand together.
 */
#ifndef PSNAP_REPAIR_CLAIMS_H
#define PSNAP_REPAIR_CLAIMS_H

#include "repair_internal.h"

/* A kept entry by one of its numbers; the other one is read when it matters. */
struct claim {
	uint64_t chunk;
	uint64_t slot;
};

/* One that has lost to another, and why. */
struct lost {
	uint64_t slot;
	struct disk_exception entry;
	enum psnap_finding_id id;
	bool rival; /* another one that stays has one of its chunks */
};

/* An entry that may have to be compared with another one. */
struct rival {
	uint64_t slot;
	struct disk_exception entry;
};

/* Zero-initialise but for @s, then release.
 * @narrow: nobody but @rivals, in table order, claims what another one does */
struct claims {
	struct survey *s;
	bool narrow;
	struct rival *rivals;
	size_t rival_count;
	size_t rival_max;
	struct claim *list;
	size_t count;
	struct lost *lost;
	size_t lost_count;
	size_t lost_max;
};

void psnap_claims_release(struct claims *c);

/* An entry loses, for now, if that is chosen: see psnap_claims_settle_lost(). */
int psnap_claims_lose(struct claims *c, uint64_t slot,
		      const struct disk_exception *entry,
		      enum psnap_finding_id id, struct psnap_error *err);

/* What the neighbours of an entry in the table say for it. */
enum support {
	SUPPORT_NONE,
	SUPPORT_NEW,  /* one has the new chunk before or after */
	SUPPORT_BOTH, /* one has both chunks before, or both after */
};

/* repair_support.c */
int psnap_claim_support(const struct survey *s, uint64_t slot,
			enum support *support, struct psnap_error *err);

/* repair_lost.c: whoever lost to one that has itself lost comes back; the others
 * go. */
int psnap_claims_settle_lost(struct claims *c, struct psnap_error *err);

typedef int claims_take_fn(void *ctx, uint64_t slot,
			   const struct disk_exception *entry,
			   struct psnap_error *err);

/* Call @take with every kept entry, reading the table piece by piece. */
int psnap_claims_each_kept(struct survey *s, claims_take_fn *take, void *ctx,
			   struct psnap_error *err);

/* repair_rivals.c: does any chunk have two claims? Most tables have none. Picks
 * who has to be compared, unless there are too many. */
int psnap_claims_any(struct claims *c, bool *found, struct psnap_error *err);

/* Fill @list with what is kept, by new chunk or by old chunk, then by slot. */
int psnap_claims_by_new(struct claims *c, struct psnap_error *err);
int psnap_claims_by_old(struct claims *c, struct psnap_error *err);

#endif
