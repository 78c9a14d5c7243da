/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole table of a store that is being merged, as a map.
 */
#include "merge_internal.h"

#include "fail.h"

#include <errno.h>

/* A map leaves out what cannot be read; a walk says why it cannot. */
static int walk_through(struct psnap_store *store, struct psnap_error *err)
{
	struct psnap_walk *walk;
	struct psnap_run run;
	int rc = psnap_walk_open(store, NULL, &walk, err);

	if (rc)
		return rc;
	while ((rc = psnap_walk_next_run(walk, &run, err)) == 1)
		;
	psnap_walk_close(walk);
	return rc;
}

/* The check could read all of it a moment ago, so it is worth a second look. */
static int load_whole(struct merger *m, struct psnap_store *store,
		      struct psnap_map **map, struct psnap_error *err)
{
	int tries;
	int rc = 0;

	for (tries = 0; tries < 2 && rc == 0; tries++) {
		rc = psnap_map_load(store, &m->options->progress, map, err);
		if (rc == 0 && psnap_map_totals(*map)->unreadable_bytes == 0)
			return 0;
		psnap_map_free(*map);
		*map = NULL;
		if (rc == 0)
			rc = walk_through(store, err);
	}
	return rc ? rc
		  : psnap_fail_errno(err, PSNAP_E_IO, EIO,
				     "the table can be read at times only");
}

int psnap_merge_load_map(struct merger *m, struct psnap_map **map,
			 struct psnap_error *err)
{
	struct psnap_store *store;
	int rc = psnap_store_open(m->store, 0, &store, err);

	*map = NULL;
	if (rc == 0)
		rc = load_whole(m, store, map, err);
	psnap_store_close(store);
	return psnap_merge_on(m, m->store, rc);
}
