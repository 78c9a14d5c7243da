/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carving: entries beyond what the kernel reads, that may have been part of the
 * snapshot once: behind a terminator, in areas behind the last, after a reset
 * that wiped the start of the store. Nothing proves that they are; so they are
 * listed with what speaks for and against them, and taken only by name.
 */
#ifndef PSNAP_CARVE_H
#define PSNAP_CARVE_H

#include <psnap/repair.h>

PSNAP_BEGIN_DECLS

#define PSNAP_CARVE_NAME_BYTES 64

/**
 * struct psnap_carving - entries that stand together: one area's at the most
 * @name:          "a3" when the rest of the area is empty, or "a3.17-40" for a
 *                 part of it (entries 17 to 40)
 * @slots:         where they stand: what psnap_carve_parse_name() makes of
 *                 @name; of a whole area some slots may be empty
 * @entries:       plausible ones, none of them impossible
 * @in_sequence:   of them those whose new chunk is the one that a kernel takes
 *                 next after that of the entry before, in this same carving
 * @conflicts_old: their old chunk is in the live table already
 * @conflicts_new: their new chunk is
 * @continues:     the first has the new chunk that a kernel takes next after
 *                 that of the last plausible entry before it in the table
 * @data_zero:     their data is all zero (of the first 64; of a chunk at most
 *                 the first MiB)
 * @data_looked_at: that many chunks, those that cannot be read left out
 */
struct psnap_carving {
	char name[PSNAP_CARVE_NAME_BYTES];
	struct psnap_slots slots;
	uint64_t entries;
	uint64_t in_sequence;
	uint64_t conflicts_old;
	uint64_t conflicts_new;
	bool continues;
	uint64_t data_zero;
	uint64_t data_looked_at;
};

typedef int psnap_carve_fn(void *ctx, const struct psnap_carving *found);

/**
 * psnap_carve() - look for entries beyond the table
 * @store:        only read
 * @origin:       limits old chunks; or NULL
 * @chunk_bytes:  of the store, whatever its header says
 * @areas_max:    areas past the last one to look at; PSNAP_ALL_AREAS
 * @found:        told of each, in table order
 *
 * The live table is what psnap_walk() reads with this chunk size, so it may be
 * empty, or junk of which only the plausible entries count. Parts that cannot
 * be read hold nothing. Memory: as psnap_check() for duplicates, and 1 MiB.
 * Return: 0, also when there is not room for a single area, PSNAP_E_NOMEM,
 * PSNAP_E_INTERRUPTED, PSNAP_E_RANGE (chunk_bytes), what @found returned.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_carve(struct psnap_io *store, struct psnap_io *origin,
	    uint64_t chunk_bytes, uint64_t areas_max,
	    const struct psnap_progress *progress, psnap_carve_fn *found,
	    void *ctx, struct psnap_error *err);

/**
 * psnap_carve_parse_name() - "a3", "a3.17-40" -> slots
 *
 * "a3" is the whole area. Return: 0, or PSNAP_E_RANGE for anything else.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_carve_parse_name(const char *name, const struct psnap_geometry *geo,
		       struct psnap_slots *slots, struct psnap_error *err);

PSNAP_END_DECLS

#endif
