/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The merge as a whole: is the pair fit for it, and the order of copying,
 * flushing and clearing. The crash cases that fix this order are listed in
 * psnap-store(5) "Merging".
 */
#include <psnap/merge.h>

#include "checked.h"
#include "fail.h"
#include "merge_internal.h"

#include <stdlib.h>
#include <string.h>

static uint64_t batch_entries(const struct psnap_geometry *geo,
			      const struct psnap_merge_options *options)
{
	uint64_t bytes = options->batch_bytes ? options->batch_bytes
					      : PSNAP_MERGE_BATCH_BYTES;
	uint64_t entries = bytes / geo->chunk_bytes;

	return entries ? entries : 1;
}

/* A valid store with errors is refused; of an invalid one the exceptions are
 * exact, so accepting that is accepting that the rest of the origin is newer
 * than the snapshot. */
static bool fit(const struct psnap_check_result *check,
		const struct psnap_merge_options *options)
{
	int i;

	if (!check->table_read || check->kernel != PSNAP_KERNEL_LOADS)
		return false;
	for (i = 0; i < PSNAP_FINDING_COUNT; i++) {
		if (i == PSNAP_F_SNAPSHOT_INVALID && options->accept_invalid)
			continue;
		if (check->counts[i] && check->severities[i] >= PSNAP_ERROR)
			return false;
	}
	return true;
}

/* Of the last chunk of an origin only what there is of it. */
static int sum_copy_bytes(struct psnap_io *store_io,
			  const struct psnap_io *origin,
			  struct psnap_merge_plan *plan,
			  const struct psnap_merge_options *options,
			  struct psnap_error *err)
{
	const struct psnap_walk_options walk_options = {
		.progress = options->progress
	};
	uint64_t chunk_bytes = plan->check.geometry.chunk_bytes;
	struct psnap_store *store;
	struct psnap_walk *walk = NULL;
	struct psnap_run run;
	int rc = psnap_store_open(store_io, 0, &store, err);

	if (rc)
		return rc;
	rc = psnap_walk_open(store, &walk_options, &walk, err);
	while (rc == 0) {
		rc = psnap_walk_next_run(walk, &run, err);
		if (rc <= 0)
			break;
		rc = 0;
		plan->copy_bytes += min_u64(
			run.chunks * chunk_bytes,
			origin->size_bytes - run.old_chunk * chunk_bytes);
	}
	psnap_walk_close(walk);
	psnap_store_close(store);
	return rc;
}

int psnap_merge_plan(struct psnap_io *store, struct psnap_io *origin,
		     const struct psnap_merge_options *options,
		     psnap_finding_fn *report, void *ctx,
		     struct psnap_merge_plan *plan, struct psnap_error *err)
{
	struct psnap_check_options check_options;
	uint64_t per_batch;
	int rc;

	memset(plan, 0, sizeof(*plan));
	psnap_check_defaults(&check_options);
	check_options.progress = options->progress;
	rc = psnap_check(store, origin, &check_options, report, ctx,
			 &plan->check, err);
	if (rc)
		return rc;
	plan->refused = !fit(&plan->check, options);
	if (plan->refused)
		return 0;
	per_batch = batch_entries(&plan->check.geometry, options);
	plan->exceptions = plan->check.exceptions;
	plan->runs = plan->check.runs;
	plan->batches = plan->exceptions / per_batch +
			(plan->exceptions % per_batch != 0);
	return sum_copy_bytes(store, origin, plan, options, err);
}

/* Entries [first, end) of the table, which are its last ones. */
static int merge_batch(struct merger *m, uint64_t first, uint64_t end,
		       struct psnap_error *err)
{
	int rc = psnap_merge_load(m, first, end, err);

	if (rc == 0)
		rc = psnap_merge_prepare_copy(m, err);
	if (rc == 0)
		rc = psnap_merge_copy(m, err);
	/* Without this, an exception could be durably gone while its data is
	 * still in the origin's cache: the kernel before 5.11 lost data so. */
	if (rc == 0)
		rc = psnap_io_sync(m->origin, err);
	if (rc == 0 && m->options->verify)
		rc = psnap_merge_verify(m, err);
	if (rc == 0 && !m->options->keep_store) {
		rc = psnap_merge_clear(m, first, end, err);
		/* The next batch's clearing must not overtake this one's. */
		if (rc == 0)
			rc = psnap_io_sync(m->store, err);
	}
	if (rc)
		return rc;
	m->result->batches++;
	m->result->exceptions += end - first;
	return 0;
}

static int merge_table(struct merger *m, uint64_t count,
		       struct psnap_error *err)
{
	uint64_t per_batch = batch_entries(m->geo, m->options);
	uint64_t end = count;
	int rc = 0;

	/* What a torn clear left behind the terminator of an empty table would
	 * come back to life with the next snapshot. */
	if (count == 0 && !m->options->keep_store) {
		rc = psnap_merge_clear(m, 0, 0, err);
		return rc ? rc : psnap_io_sync(m->store, err);
	}
	while (end > 0 && rc == 0) {
		uint64_t first = end - min_u64(end, per_batch);

		rc = merge_batch(m, first, end, err);
		if (rc == 0)
			end = first;
	}
	m->result->exceptions_left = m->options->keep_store ? count : end;
	return rc;
}

int psnap_merge(struct psnap_io *store, struct psnap_io *origin,
		const struct psnap_merge_options *options,
		const struct psnap_merge_plan *plan,
		struct psnap_merge_result *result, struct psnap_error *err)
{
	struct merger m = {
		.store = store,
		.origin = origin,
		.geo = &plan->check.geometry,
		.options = options,
		.result = result,
		.total_bytes = plan->copy_bytes,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	result->exceptions_left = plan->exceptions;
	if (plan->refused)
		return psnap_fail(err, PSNAP_E_API,
				  "the store is not fit to be merged");
	m.piece = malloc(PSNAP_MERGE_PIECE_BYTES);
	m.other = malloc(PSNAP_MERGE_PIECE_BYTES);
	if (m.piece && m.other)
		rc = merge_table(&m, plan->exceptions, err);
	else
		rc = psnap_fail_nomem(err, "merging");
	free(m.runs);
	free(m.piece);
	free(m.other);
	return rc;
}
