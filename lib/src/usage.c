/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of `dmsetup status`, from the sums of a walk.
 */
#include <psnap/usage.h>

void psnap_usage_compute(const struct psnap_geometry *geo,
			 const struct psnap_walk_totals *totals,
			 struct psnap_usage *usage)
{
	uint64_t next_free = totals->next_free_chunk;
	bool fills_area =
		totals->last_area_entries + 1 == geo->exceptions_per_area;

	/* skip_metadata(): kernels before 3.12 forgot this (CVE-2013-4299). */
	if (next_free % geo->stride_chunks == 1)
		next_free++;
	usage->next_free_chunk = next_free;
	usage->allocated_sectors = next_free * geo->chunk_sectors;
	usage->total_sectors = geo->store_sectors;
	usage->metadata_sectors =
		(totals->last_area_index + 2) * geo->chunk_sectors;
	/* The commit that fills an area zeroes the next one first. */
	usage->next_fits =
		next_free < geo->chunk_count &&
		(!fills_area || totals->last_area_index + 1 < geo->area_count);
}
