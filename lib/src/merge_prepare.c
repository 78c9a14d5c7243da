/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcing what a merge is going to overwrite on the origin, for the sake of
 * --undo: of several batches in one. What is scattered over the origin then
 * lies close enough together that much of it can be read in one with what is
 * between, and a disk with heads crosses itself once and not once a batch.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

/* 2 GiB of data, if chunks are of 4 KiB and more; and the memory for the list
 * of it has an end. */
#define TOGETHER_BATCHES 8u
#define TOGETHER_ENTRIES ((uint64_t)1 << 19)

static int add(struct psnap_extents *set, const struct merge_span *s,
	       struct psnap_error *err)
{
	return psnap_extents_add(set, s->to_bytes, s->to_bytes + s->len_bytes,
				 err);
}

static int add_entry(struct merger *m, const struct psnap_run *entry,
		     enum psnap_merge_left why, void *ctx,
		     struct psnap_error *err)
{
	struct merge_span s = psnap_merge_span(m, entry);
	int rc = 0;

	/* Of an area: these are the reads. */
	if (entry->entry_index == 0)
		rc = psnap_merge_tick(m, err);
	return rc || why != PSNAP_LEFT_REASONS ? rc : add(ctx, &s, err);
}

/* The batch that is loaded, and those that come after it. */
static int collect(struct merger *m, uint64_t first, struct psnap_extents *set,
		   struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	if (first < m->first)
		return psnap_merge_on(m, m->store,
				      psnap_merge_each(m, first, m->end,
						       add_entry, set, err));
	for (i = 0; i < m->run_count && rc == 0; i++) {
		struct merge_span s = psnap_merge_span(m, &m->runs[i]);

		rc = add(set, &s, err);
	}
	return rc;
}

int psnap_merge_prepare_copy(struct merger *m, struct psnap_error *err)
{
	uint64_t per_batch = psnap_merge_batch_entries(m->geo, m->options);
	uint64_t batches =
		min_u64(TOGETHER_BATCHES, TOGETHER_ENTRIES / per_batch);
	const struct psnap_extent *list;
	struct psnap_extents *set;
	size_t count;
	int rc;

	if (!m->origin->ops->prepare || m->first >= m->announced)
		return 0;
	/* Whole batches: the next announcement begins where one does. */
	m->announced = m->end - min_u64(m->end, batches * per_batch);
	rc = psnap_extents_new(&set, err);
	if (rc)
		return rc;
	rc = collect(m, m->announced, set, err);
	if (rc == 0) {
		list = psnap_extents_list(set, &count);
		rc = psnap_merge_on(
			m, m->origin,
			psnap_io_prepare(m->origin, list, count, err));
	}
	psnap_extents_free(set);
	return rc;
}

struct tally {
	const struct psnap_undo *undo;
	struct psnap_undo_need *need;
	uint64_t entries;
};

static int tell(const struct tally *t, const struct psnap_progress *progress,
		uint64_t entries, struct psnap_error *err)
{
	if (progress->tick &&
	    progress->tick(progress->ctx, entries * PSNAP_EXCEPTION_BYTES,
			   t->entries * PSNAP_EXCEPTION_BYTES))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

static int add_need(struct merger *m, const struct psnap_run *entry,
		    enum psnap_merge_left why, void *ctx,
		    struct psnap_error *err)
{
	struct merge_span s = psnap_merge_span(m, entry);
	struct tally *t = ctx;

	if (why == PSNAP_LEFT_REASONS)
		psnap_undo_need(t->undo, PSNAP_UNDO_ORIGIN, s.to_bytes,
				s.to_bytes + s.len_bytes, t->need);
	return entry->entry_index
		       ? 0
		       : tell(t, &m->options->progress,
			      entry->area_index * m->geo->exceptions_per_area,
			      err);
}

int psnap_merge_need(struct psnap_io *store, struct psnap_io *origin,
		     const struct psnap_merge_options *options,
		     const struct psnap_merge_plan *plan,
		     const struct psnap_undo *undo,
		     struct psnap_undo_need *need, struct psnap_error *err)
{
	struct tally tally = { undo, need, plan->check.exceptions };
	struct merger m = {
		.store = store,
		.origin = origin,
		.geo = &plan->check.geometry,
		.options = options,
		.piece = malloc(PSNAP_MERGE_PIECE_BYTES),
	};
	int rc;

	*need = (struct psnap_undo_need){ 0 };
	if (!m.piece)
		return psnap_fail_nomem(err, "comparing with the undo file");
	rc = psnap_merge_each(&m, 0, tally.entries, add_need, &tally, err);
	free(m.piece);
	return rc;
}
