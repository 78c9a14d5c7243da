/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-up old_chunk -> new_chunk and back, over the live table, held as runs.
 * Memory is proportional to the number of runs: 64 bytes each, twice that
 * while loading.
 */
#ifndef PSNAP_MAP_H
#define PSNAP_MAP_H

#include <psnap/walk.h>

PSNAP_BEGIN_DECLS

struct psnap_map;

/**
 * psnap_map_load() - read the live table of a store into a map
 * @store:     an open store; not needed afterwards
 * @progress:  told of the walk; NULL: nobody is
 * @map:       out: release with psnap_map_free(); NULL on failure
 *
 * Entries with impossible numbers are kept: the map shows what the table says.
 * Parts of the table that cannot be read are missing, and psnap_map_totals()
 * says so: what the map does not find may be in them.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_map_load(struct psnap_store *store, const struct psnap_progress *progress,
	       struct psnap_map **map, struct psnap_error *err);

/**
 * psnap_map_find_old() - which entries map a chunk of the origin?
 * @old_chunk:  the chunk
 * @found:      out: up to @found_max single exceptions, in table order
 * @found_max:  room in @found
 *
 * In a sound store there is at most one. With duplicates all that claim the
 * chunk are counted; which one a kernel uses depends on its age and on the
 * neighbours (psnap-store(5) "Duplicates"), so the map does not choose.
 * Return: how many entries claim the chunk; may exceed @found_max.
 */
PSNAP_API uint64_t psnap_map_find_old(const struct psnap_map *map,
				      uint64_t old_chunk,
				      struct psnap_run *found,
				      uint64_t found_max);

/** psnap_map_find_new() - the same for a chunk of the store */
PSNAP_API uint64_t psnap_map_find_new(const struct psnap_map *map,
				      uint64_t new_chunk,
				      struct psnap_run *found,
				      uint64_t found_max);

/**
 * psnap_map_runs() - all runs, sorted by old_chunk, then table order
 * @count:  out: how many
 *
 * Return: an array that lives as long as the map.
 */
PSNAP_API const struct psnap_run *psnap_map_runs(const struct psnap_map *map,
						 uint64_t *count);

/** psnap_map_totals() - sums of the walk: how the table ended, what of it could
 * not be read; lives as long as the map */
PSNAP_API const struct psnap_walk_totals *
psnap_map_totals(const struct psnap_map *map);

/** psnap_map_free() - release a map; NULL is fine */
PSNAP_API void psnap_map_free(struct psnap_map *map);

PSNAP_END_DECLS

#endif
