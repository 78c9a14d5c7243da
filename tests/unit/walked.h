/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk to the end of a table, and all that it gave.
 */
#ifndef PSNAP_TEST_WALKED_H
#define PSNAP_TEST_WALKED_H

#include "test.h"

#include <psnap/walk.h>

struct walked {
	struct psnap_run items[300];
	uint64_t count;
	uint64_t chunks;
	uint64_t faults;
	int rc;
	struct psnap_walk_totals totals;
};

/* Walk to the end, going on behind what cannot be read. */
static inline void walk(struct psnap_io *io,
			const struct psnap_walk_options *options, bool runs,
			struct walked *out)
{
	struct psnap_store *store;
	struct psnap_walk *w;
	struct psnap_run item;
	int rc;

	memset(out, 0, sizeof(*out));
	out->rc = psnap_store_open(io, 0, &store, NULL);
	if (out->rc)
		return;
	out->rc = psnap_walk_open(store, options, &w, NULL);
	for (;;) {
		rc = runs ? psnap_walk_next_run(w, &item, NULL)
			  : psnap_walk_next(w, &item, NULL);
		if (rc == PSNAP_E_IO) {
			out->faults++;
			continue;
		}
		if (rc <= 0)
			break;
		if (out->count < 300)
			out->items[out->count] = item;
		out->count++;
		out->chunks += item.chunks;
	}
	out->rc = rc;
	T_EQ_I64(psnap_walk_next(w, &item, NULL), rc);
	out->totals = *psnap_walk_totals(w);
	psnap_walk_close(w);
	psnap_store_close(store);
}

#endif
