/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcing what a merge is going to overwrite on the origin, for the sake of
 * --undo: of several batches in one. What is scattered over the origin then lies
 * close enough together that much of it can be read in one with what is between,
 * and a disk with heads crosses itself once and not once a batch.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

/* 2 GiB of data, if chunks are of 4 KiB and more; and the memory for the list of
 * it has an end. */
#define TOGETHER_BATCHES 8u
#define TOGETHER_ENTRIES ((uint64_t)1 << 19)

static int add(struct merger *m, const struct psnap_run *entry,
	       enum psnap_merge_left why, void *ctx, struct psnap_error *err)
{
	struct psnap_extents *set = ctx;
	struct merge_span s = psnap_merge_span(m, entry);

	return why == PSNAP_LEFT_REASONS
		       ? psnap_extents_add(set, s.to_bytes,
					   s.to_bytes + s.len_bytes, err)
		       : 0;
}

static int prepare(struct merger *m, uint64_t first, uint64_t end,
		   struct psnap_error *err)
{
	const struct psnap_extent *list;
	struct psnap_extents *set;
	size_t count;
	int rc = psnap_extents_new(&set, err);

	if (rc == 0)
		rc = psnap_merge_on(
			m, m->store,
			psnap_merge_each(m, first, end, add, set, err));
	if (rc == 0) {
		list = psnap_extents_list(set, &count);
		rc = psnap_merge_on(
			m, m->origin,
			psnap_io_prepare(m->origin, list, count, err));
	}
	psnap_extents_free(set);
	return rc;
}

int psnap_merge_prepare_copy(struct merger *m, struct psnap_error *err)
{
	uint64_t per_batch = psnap_merge_batch_entries(m->geo, m->options);
	uint64_t batches =
		min_u64(TOGETHER_BATCHES, TOGETHER_ENTRIES / per_batch);

	if (!m->origin->ops->prepare || m->first >= m->announced)
		return 0;
	/* Whole batches: the next announcement begins where one does. */
	m->announced = m->end - min_u64(m->end, batches * per_batch);
	return prepare(m, m->announced, m->end, err);
}

struct had {
	struct psnap_undo *undo;
	uint64_t bytes;
};

static int count_had(struct merger *m, const struct psnap_run *entry,
		     enum psnap_merge_left why, void *ctx,
		     struct psnap_error *err)
{
	struct had *had = ctx;
	struct merge_span s = psnap_merge_span(m, entry);

	(void)err;
	if (why == PSNAP_LEFT_REASONS)
		had->bytes += psnap_undo_had_bytes(had->undo, PSNAP_UNDO_ORIGIN,
						   s.to_bytes,
						   s.to_bytes + s.len_bytes);
	return 0;
}

int psnap_merge_had_bytes(struct psnap_io *store, struct psnap_io *origin,
			  const struct psnap_merge_options *options,
			  const struct psnap_merge_plan *plan,
			  struct psnap_undo *undo, uint64_t *bytes,
			  struct psnap_error *err)
{
	struct had had = { .undo = undo };
	struct merger m = {
		.store = store,
		.origin = origin,
		.geo = &plan->check.geometry,
		.options = options,
		.piece = malloc(PSNAP_MERGE_PIECE_BYTES),
	};
	int rc;

	*bytes = 0;
	if (!m.piece)
		return psnap_fail_nomem(err, "comparing with the undo file");
	rc = psnap_merge_each(&m, 0, plan->check.exceptions, count_had, &had,
			      err);
	free(m.piece);
	*bytes = rc ? 0 : had.bytes;
	return rc;
}
