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

/* @list: the caller's to free() */
struct claims {
	struct survey *s;
	struct claim *list;
	size_t count;
};

/* Does any chunk have two claims? Most tables have none. */
int psnap_claims_any(struct survey *s, bool *found, struct psnap_error *err);

/* Fill @list with what is kept, by new chunk or by old chunk, then by slot. */
int psnap_claims_by_new(struct claims *c, struct psnap_error *err);
int psnap_claims_by_old(struct claims *c, struct psnap_error *err);

#endif
