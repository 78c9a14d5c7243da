/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a delta may be applied to an origin, and the words if it may not.
 */
#include "delta_origin.h"

#include "message.h"

#include <inttypes.h>

int psnap_delta_origin_failed(const char *delta, const char *origin,
			      const struct psnap_delta_match *match,
			      const struct psnap_error *err)
{
	if (match->failed)
		return psnap_msg_error(origin, err);
	if (err->code != PSNAP_E_RANGE)
		return psnap_msg_error(delta, err);
	psnap_msg(origin, "%s; name that one", err->message);
	return PSNAP_EXIT_LEFT;
}

int psnap_delta_origin_judge(const struct psnap_delta *delta,
			     const struct psnap_io *origin, const char *name,
			     const struct psnap_delta_match *match,
			     bool force_origin)
{
	const struct psnap_delta_info *info = psnap_delta_info(delta);
	uint64_t blocks =
		match->old_blocks + match->new_blocks + match->other_blocks;

	if (force_origin || psnap_delta_fits(delta, origin, match))
		return 0;
	if (origin->size_bytes != info->size_bytes)
		psnap_msg(name,
			  "it has %" PRIu64 " bytes, and the delta was made "
			  "against an origin of %" PRIu64 "; nothing was "
			  "written, --force-origin takes it all the same",
			  origin->size_bytes, info->size_bytes);
	else if (match->other_blocks > 0)
		psnap_msg(name,
			  "it is not what the delta was made against, or was "
			  "written to since: %" PRIu64 " of %" PRIu64
			  " blocks of 512 bytes that the delta replaces are "
			  "others, the first at byte %" PRIu64
			  "; nothing was written, --force-origin takes it all "
			  "the same",
			  match->other_blocks, blocks, match->other_bytes);
	else
		psnap_msg(name, "it is not what the delta was made against, or "
				"was written to since, where the delta leaves "
				"it alone; nothing was written, --force-origin "
				"takes it all the same");
	return PSNAP_EXIT_LEFT;
}
