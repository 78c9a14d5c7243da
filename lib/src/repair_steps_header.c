/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a repair that are about the header, in words.
 */
#include "repair_steps.h"

#include <inttypes.h>

/* Does the header name a chunk size that can be believed? */
static bool has_chunk_size(const struct psnap_check_result *before)
{
	return psnap_header_believable(&before->header) &&
	       !(before->header.problems & PSNAP_HEADER_CHUNK_SIZE);
}

static bool is_header_size(const struct psnap_check_result *before)
{
	return !(before->header.problems &
		 (PSNAP_HEADER_SHORT | PSNAP_HEADER_CHUNK_SIZE)) &&
	       (uint64_t)before->header.chunk_sectors * PSNAP_SECTOR_BYTES ==
		       before->geometry.chunk_bytes;
}

/* Where the chunk size of the new header is from. */
static const char *source(const struct psnap_repair_plan *plan)
{
	if (plan->inferred)
		return "which the table shows";
	return is_header_size(&plan->before) ? "which the header has"
					     : "as told";
}

/* Somebody knows better than a header that nothing else speaks against. */
static bool overrules(const struct psnap_repair_plan *plan)
{
	return !plan->inferred && has_chunk_size(&plan->before) &&
	       !is_header_size(&plan->before);
}

static void describe_header(struct psnap_repair_plan *plan,
			    enum psnap_finding_id id)
{
	const struct psnap_check_result *before = &plan->before;
	struct psnap_repair_step *step = &plan->steps[id];

	step->count = before->counts[id];
	if (!before->has_geometry)
		psnap_step_say(
			step, PSNAP_REPAIR_IMPOSSIBLE,
			"no exception table is found, so there is nothing to write "
			"a header for");
	else if (before->geometry.area_count == 0)
		psnap_step_say(step, PSNAP_REPAIR_IMPOSSIBLE,
			       "the device ends before the first area does");
	else
		psnap_step_say(
			step,
			overrules(plan) ? PSNAP_REPAIR_LOSSY
					: PSNAP_REPAIR_SAFE,
			"write the header anew: chunk size %" PRIu64
			" bytes, %s%s",
			before->geometry.chunk_bytes, source(plan),
			psnap_header_believable(&before->header)
				? ""
				: "; whether it was marked invalid is not known "
				  "any more");
}

/* Of a store that ends before its first area nothing is left. */
static void describe_no_room(struct psnap_repair_plan *plan)
{
	static const enum psnap_finding_id ids[] = { PSNAP_F_SNAPSHOT_INVALID,
						     PSNAP_F_STORE_TRUNCATED };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (!plan->before.counts[ids[i]])
			continue;
		plan->steps[ids[i]].count = plan->before.counts[ids[i]];
		psnap_step_say(
			&plan->steps[ids[i]], PSNAP_REPAIR_IMPOSSIBLE,
			"the device ends before the first area does, so no "
			"exception is left; a larger one (--grow) makes an empty "
			"store of it");
	}
}

/* What is behind the header fields is nothing to the kernel. It may be a table,
 * if the header is wrong about the chunk size. */
static void describe_tail(struct psnap_repair_plan *plan)
{
	struct psnap_repair_step *step =
		&plan->steps[PSNAP_F_HEADER_TAIL_NONZERO];

	step->count = 1;
	if (plan->tail_chunk_bytes)
		psnap_step_say(step, PSNAP_REPAIR_LOSSY,
			       "zero what stands behind the header fields, "
			       "although it reads like a table of chunks of "
			       "%" PRIu64 " bytes; look with --chunk-size",
			       plan->tail_chunk_bytes);
	else if (overrules(plan))
		psnap_step_say(step, PSNAP_REPAIR_LOSSY,
			       "zero what stands behind the header fields, up "
			       "to the end of a chunk of the size that was "
			       "told");
	else
		psnap_step_say(step, PSNAP_REPAIR_SAFE,
			       "zero what stands behind the header fields");
}

void psnap_steps_header(struct psnap_repair_plan *plan)
{
	const struct psnap_check_result *before = &plan->before;
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (before->counts[i] && before->severities[i] != PSNAP_NOTE &&
		    psnap_repair_is_header((enum psnap_finding_id)i))
			describe_header(plan, (enum psnap_finding_id)i);
	if (before->counts[PSNAP_F_CHUNK_SIZE_BAD] && before->has_geometry &&
	    is_header_size(before))
		psnap_step_say(
			&plan->steps[PSNAP_F_CHUNK_SIZE_BAD],
			PSNAP_REPAIR_IMPOSSIBLE,
			"chunks are smaller than the sectors of the device; copy "
			"the store to one with smaller sectors");
	if (before->counts[PSNAP_F_HEADER_TAIL_NONZERO])
		describe_tail(plan);
	if (before->has_geometry && before->geometry.area_count == 0)
		describe_no_room(plan);
	else if (before->counts[PSNAP_F_SNAPSHOT_INVALID] &&
		 before->has_geometry) {
		plan->steps[PSNAP_F_SNAPSHOT_INVALID].count = 1;
		psnap_step_say(
			&plan->steps[PSNAP_F_SNAPSHOT_INVALID],
			PSNAP_REPAIR_LOSSY,
			"mark it valid: what the table holds is exact, but a chunk "
			"without an exception shows the origin as it is now, which "
			"is the snapshot only if it was not written to since");
	}
}
