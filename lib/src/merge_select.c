/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which exceptions a merge takes: what was asked for, and what may be believed.
 */
#include "merge_internal.h"

#include "checked.h"

bool psnap_merge_selects(const struct psnap_merge_options *options)
{
	return options->only || options->except || options->store_unrescued;
}

enum psnap_merge_left
psnap_merge_select(const struct psnap_merge_options *options,
		   const struct psnap_geometry *geo, uint64_t origin_bytes,
		   uint64_t old_chunk, uint64_t new_chunk)
{
	uint64_t start = old_chunk * geo->chunk_bytes;
	uint64_t len = min_u64(geo->chunk_bytes, origin_bytes - start);
	uint64_t end = start + len;
	uint64_t data = new_chunk * geo->chunk_bytes;

	if (options->except) {
		uint64_t common =
			psnap_extents_common_bytes(options->except, start, end);

		if (common)
			return common == len ? PSNAP_LEFT_NOT_ASKED
					     : PSNAP_LEFT_PARTLY;
	}
	if (options->only && !psnap_extents_contain(options->only, start, end))
		return psnap_extents_common_bytes(options->only, start, end)
			       ? PSNAP_LEFT_PARTLY
			       : PSNAP_LEFT_NOT_ASKED;
	if (options->store_unrescued &&
	    psnap_extents_common_bytes(options->store_unrescued, data,
				       data + len))
		return PSNAP_LEFT_UNRESCUED;
	return PSNAP_LEFT_REASONS;
}
