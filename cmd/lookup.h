/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump --lookup: where is this byte? An offset is answered both ways,
 * as one of the origin and as one of the store, because the number in a kernel
 * log does not say which it is.
 */
#ifndef PSNAP_CMD_LOOKUP_H
#define PSNAP_CMD_LOOKUP_H

#include "outbuf.h"

#include <psnap/map.h>

enum psnap_lookup_role {
	PSNAP_ROLE_HEADER,
	PSNAP_ROLE_AREA,
	PSNAP_ROLE_DATA,
	PSNAP_ROLE_FREE,
	PSNAP_ROLE_BEYOND_END,
};

/**
 * struct psnap_lookup_hits - entries that name a chunk; owned
 * @count:   in @entries, in table order
 * @claims:  how many there are
 */
struct psnap_lookup_hits {
	struct psnap_run *entries;
	uint64_t count;
	uint64_t claims;
};

/**
 * struct psnap_lookup - one answer
 * @offset_bytes:  the question
 * @chunk:         it lies in, on either device
 * @of_origin:     entries whose old_chunk that is
 * @of_store:      entries whose new_chunk that is
 * @role:          what the chunk is on the store
 * @area_index, @entry_index:  where @role is PSNAP_ROLE_AREA
 */
struct psnap_lookup {
	uint64_t offset_bytes;
	uint64_t chunk;
	struct psnap_lookup_hits of_origin;
	struct psnap_lookup_hits of_store;
	enum psnap_lookup_role role;
	uint64_t area_index;
	uint64_t entry_index;
};

/**
 * psnap_lookup_find() - answer a question
 * @answer:  out: end with psnap_lookup_release()
 *
 * Return: 0, or PSNAP_E_NOMEM.
 */
int psnap_lookup_find(const struct psnap_map *map,
		      const struct psnap_geometry *geo, uint64_t offset_bytes,
		      struct psnap_lookup *answer);

/** psnap_lookup_release() - release the entries */
void psnap_lookup_release(struct psnap_lookup *answer);

/** psnap_lookup_text() - two lines for people */
void psnap_lookup_text(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer);

/**
 * psnap_lookup_json() - the members of one object
 *
 * "offset_bytes":...,"as_origin":{...},"as_store":{...} without the braces
 * around, so that ndjson can put a type before them.
 */
void psnap_lookup_json(struct psnap_outbuf *out,
		       const struct psnap_geometry *geo,
		       const struct psnap_lookup *answer);

#endif
