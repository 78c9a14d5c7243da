/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a repair would come to: it is done on an overlay in memory, and that is
 * checked.
 */
#include "repair_internal.h"

#include <psnap/undo.h>
#include <psnap/watch.h>

/* Sectors of disks that there are; what is saved is saved in whole ones. */
#define SECTOR_BYTES_MAX 4096u

/* Whole sectors, and what an undo file needs beside them. */
static int count_write(void *ctx, uint64_t offset_bytes, const void *old_bytes,
		       const void *new_bytes, size_t len_bytes)
{
	struct psnap_repair_plan *plan = ctx;

	(void)offset_bytes;
	(void)old_bytes;
	(void)new_bytes;
	plan->write_bytes +=
		(len_bytes / SECTOR_BYTES_MAX + 2) * SECTOR_BYTES_MAX +
		PSNAP_UNDO_HEAD_BYTES;
	return 0;
}

static void sum_up(struct psnap_repair_plan *plan, const struct survey *s)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (i != PSNAP_F_DUPLICATE_SAME)
			plan->lost += s->dropped[i];
	plan->regained = s->regained;
	plan->carved = s->carved;
	plan->exceptions = plan->after.exceptions;
}

bool psnap_repair_same_steps(const struct psnap_repair_plan *plan,
			     const bool *a, const bool *b)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (plan->steps[i].needed && a[i] != b[i])
			return false;
	return true;
}

static int apply_and_check(struct psnap_io *io, struct psnap_io *origin,
			   const struct psnap_repair_options *options,
			   struct psnap_repair_plan *plan, struct survey *s,
			   const bool *chosen, struct psnap_error *err)
{
	int rc = psnap_repair_take(io, plan, s, chosen, err);

	if (rc == 0)
		rc = psnap_repair_check(
			io, origin,
			plan->before.has_geometry
				? plan->before.geometry.chunk_bytes
				: 0,
			options, NULL, NULL, &plan->after, err);
	if (rc == 0)
		sum_up(plan, s);
	return rc;
}

int psnap_repair_preview(struct psnap_io *store, struct psnap_io *origin,
			 const struct psnap_repair_options *options,
			 struct psnap_repair_plan *plan, struct survey *s,
			 struct psnap_error *err)
{
	bool chosen[PSNAP_FINDING_COUNT];
	struct psnap_io *overlay = NULL;
	struct psnap_io *counted = NULL;
	int rc = 0;

	psnap_repair_possible(plan, options, chosen);
	if (s->io && !psnap_repair_same_steps(plan, s->chosen, chosen)) {
		psnap_survey_release(s);
		rc = psnap_repair_survey(store, origin, options, plan, chosen,
					 s, err);
	}
	if (rc == 0)
		rc = psnap_io_open_overlay(store, store->size_bytes, &overlay,
					   err);
	if (rc == 0)
		rc = psnap_io_open_watch(overlay, count_write, plan, &counted,
					 err);
	if (rc == 0)
		rc = apply_and_check(counted, origin, options, plan, s, chosen,
				     err);
	(void)psnap_io_close(counted, NULL);
	(void)psnap_io_close(overlay, NULL);
	return rc;
}
