/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which part of a device is meant: --range and --exclude as sectors of the
 * origin; rescued.c reads --mapfile and --origin-mapfile, the maps of what could
 * be rescued. The library knows bytes only.
 */
#include "merge.h"
#include "parse.h"
#include "rescued.h"

/* A range may go beyond any device, and then means all to its end. */
static uint64_t bytes_of(uint64_t sector)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(sector, (uint64_t)PSNAP_SECTOR_BYTES,
				   &bytes))
		return UINT64_MAX;
	return bytes;
}

int psnap_merge_range_add(const char *option, const char *value,
			  struct psnap_extents **set)
{
	struct psnap_range sectors;
	const char *problem;

	problem = psnap_parse_range(value, &sectors);
	if (problem)
		return psnap_cli_bad_value(option, value, problem);
	if (!*set && psnap_extents_new(set, NULL) < 0)
		return psnap_msg_nomem();
	if (psnap_extents_add(*set, bytes_of(sectors.start),
			      bytes_of(sectors.end), NULL) < 0)
		return psnap_msg_nomem();
	return 0;
}

int psnap_merge_maps_read(struct psnap_merge_args *args)
{
	int status;

	status =
		psnap_rescued_read(args->mapfile, &args->merge.store_unrescued);
	if (status == 0)
		status = psnap_rescued_read(args->origin_mapfile,
					    &args->merge.origin_unrescued);
	return status;
}
