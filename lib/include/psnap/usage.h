/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of `dmsetup status`: "allocated/total metadata", in sectors.
 */
#ifndef PSNAP_USAGE_H
#define PSNAP_USAGE_H

#include <psnap/walk.h>

PSNAP_BEGIN_DECLS

/**
 * struct psnap_usage - what a current kernel would print after loading
 * @allocated_sectors:  next free chunk x chunk size: header, areas, holes and
 *                      an area chunk that was stepped over included
 * @total_sectors:      size of the store
 * @metadata_sectors:   (last area + 2) x chunk size
 * @next_free_chunk:    where the kernel would put the next chunk
 * @next_fits:          that chunk lies wholly on the device, and when its
 *                      entry fills the area, so does the next area
 *
 * Sectors wrap at 2^64 exactly as the kernel's sector_t does, so damaged
 * stores show the same absurd numbers. An invalid snapshot prints "Invalid"
 * instead. Source: persistent_usage(), persistent_read_metadata() and
 * skip_metadata() of Linux 3.12 and later.
 */
struct psnap_usage {
	uint64_t allocated_sectors;
	uint64_t total_sectors;
	uint64_t metadata_sectors;
	uint64_t next_free_chunk;
	bool next_fits;
};

/**
 * psnap_usage_compute() - the status figures of a walked store
 * @geo:     its geometry
 * @totals:  sums of a walk that reached its end
 * @usage:   out
 */
PSNAP_API void psnap_usage_compute(const struct psnap_geometry *geo,
				   const struct psnap_walk_totals *totals,
				   struct psnap_usage *usage);

PSNAP_END_DECLS

#endif
