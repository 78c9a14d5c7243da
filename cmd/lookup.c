/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering --lookup from the map of the table. How an answer is shown is in
 * lookup_show.c.
 */
#include "lookup.h"

#include <stdlib.h>

/* A damaged table may name one chunk a million times. */
#define LOOKUP_SHOWN 100u

typedef uint64_t find_fn(const struct psnap_map *map, uint64_t chunk,
			 struct psnap_run *found, uint64_t found_max);

static int find_all(const struct psnap_map *map, find_fn *find, uint64_t chunk,
		    struct psnap_lookup_hits *hits)
{
	struct psnap_run one;
	uint64_t count = find(map, chunk, &one, 1);

	if (count == 0)
		return 0;
	hits->claims = count;
	hits->count = count < LOOKUP_SHOWN ? count : LOOKUP_SHOWN;
	hits->entries = calloc((size_t)hits->count, sizeof(*hits->entries));
	if (!hits->entries)
		return PSNAP_E_NOMEM;
	hits->entries[0] = one;
	if (count > 1)
		find(map, chunk, hits->entries, hits->count);
	return 0;
}

static void find_role(const struct psnap_geometry *geo,
		      struct psnap_lookup *answer)
{
	uint64_t chunk = answer->chunk;

	if (chunk >= geo->chunk_count) {
		answer->role = PSNAP_ROLE_BEYOND_END;
	} else if (chunk == 0) {
		answer->role = PSNAP_ROLE_HEADER;
	} else if (psnap_geometry_is_metadata(geo, chunk)) {
		answer->role = PSNAP_ROLE_AREA;
		answer->area_index = (chunk - 1) / geo->stride_chunks;
		answer->entry_index = answer->offset_bytes % geo->chunk_bytes /
				      PSNAP_EXCEPTION_BYTES;
	} else if (answer->of_store.count > 0) {
		answer->role = PSNAP_ROLE_DATA;
	} else {
		answer->role = PSNAP_ROLE_FREE;
	}
}

int psnap_lookup_find(const struct psnap_map *map,
		      const struct psnap_geometry *geo, uint64_t offset_bytes,
		      struct psnap_lookup *answer)
{
	int rc;

	*answer = (struct psnap_lookup){ .offset_bytes = offset_bytes };
	answer->chunk = offset_bytes / geo->chunk_bytes;
	rc = find_all(map, psnap_map_find_old, answer->chunk,
		      &answer->of_origin);
	if (rc == 0)
		rc = find_all(map, psnap_map_find_new, answer->chunk,
			      &answer->of_store);
	if (rc < 0) {
		psnap_lookup_release(answer);
		return rc;
	}
	find_role(geo, answer);
	return 0;
}

void psnap_lookup_release(struct psnap_lookup *answer)
{
	free(answer->of_origin.entries);
	free(answer->of_store.entries);
	answer->of_origin = (struct psnap_lookup_hits){ 0 };
	answer->of_store = (struct psnap_lookup_hits){ 0 };
}
