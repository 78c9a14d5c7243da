/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a pair fit to be merged, and what would that be? Everything here only
 * reads.
 */
#include "check_internal.h"
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

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

struct unrescued {
	struct psnap_extents *set;
	struct psnap_check_result *check;
	psnap_finding_fn *report;
	void *ctx;
};

/* A hole of an image reads as zero, and zero ends a table: what stands behind
 * it would be lost without a word. */
static int judge_metadata(struct unrescued *u, uint64_t start_bytes,
			  uint64_t len_bytes, const char *what)
{
	enum psnap_finding_id id = PSNAP_F_READ_ERROR;
	uint64_t bytes = psnap_extents_common_bytes(u->set, start_bytes,
						    start_bytes + len_bytes);
	struct psnap_finding f;

	if (bytes == 0)
		return 0;
	psnap_finding_init(&f, id);
	f.offset_bytes = start_bytes;
	f.len_bytes = len_bytes;
	f.severity = PSNAP_ERROR;
	psnap_finding_say(&f, "%llu bytes of the %s were not rescued",
			  (unsigned long long)bytes, what);
	u->check->counts[id]++;
	u->check->severities[id] = PSNAP_ERROR;
	return u->report ? u->report(u->ctx, &f) : 0;
}

/* The header, and every area up to the terminator. */
static int judge_unrescued(struct unrescued *u)
{
	const struct psnap_geometry *geo = &u->check->geometry;
	uint64_t last = u->check->last_area_index;
	uint64_t live = u->check->exceptions - last * geo->exceptions_per_area;
	uint64_t i;
	int rc;

	rc = judge_metadata(u, 0, PSNAP_HEADER_BYTES, "header");
	for (i = 0; i <= last && rc == 0; i++) {
		uint64_t len = geo->chunk_bytes;

		if (i == last)
			len = min_u64((live + 1) * PSNAP_EXCEPTION_BYTES, len);
		rc = judge_metadata(u, psnap_geometry_entry_offset(geo, i, 0),
				    len, "table");
	}
	return rc;
}

/* What of a run is to be copied; pieces of it may stay. */
static void count_run(struct psnap_merge_plan *plan, uint64_t origin_bytes,
		      const struct psnap_merge_options *options,
		      const struct psnap_run *run)
{
	const struct psnap_geometry *geo = &plan->check.geometry;
	enum psnap_merge_left before = PSNAP_LEFT_NOT_ASKED;
	uint64_t start_bytes = run->old_chunk * geo->chunk_bytes;
	uint64_t i;

	if (!psnap_merge_selects(options)) {
		plan->exceptions += run->chunks;
		plan->runs++;
		plan->copy_bytes += min_u64(run->chunks * geo->chunk_bytes,
					    origin_bytes - start_bytes);
		return;
	}
	for (i = 0; i < run->chunks; i++, start_bytes += geo->chunk_bytes) {
		enum psnap_merge_left why = psnap_merge_select(
			options, geo, origin_bytes, run->old_chunk + i,
			run->new_chunk + i);

		if (why != PSNAP_LEFT_REASONS) {
			plan->left[why]++;
		} else {
			plan->exceptions++;
			plan->runs += before != PSNAP_LEFT_REASONS;
			plan->copy_bytes += min_u64(geo->chunk_bytes,
						    origin_bytes - start_bytes);
		}
		before = why;
	}
}

static int count_table(struct psnap_io *store_io, uint64_t origin_bytes,
		       struct psnap_merge_plan *plan,
		       const struct psnap_merge_options *options,
		       struct psnap_error *err)
{
	const struct psnap_walk_options walk_options = {
		.progress = options->progress
	};
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
		count_run(plan, origin_bytes, options, &run);
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
	struct unrescued u = { options->store_unrescued, &plan->check, report,
			       ctx };
	struct psnap_check_options check_options;
	uint64_t per_batch;
	int rc;

	memset(plan, 0, sizeof(*plan));
	psnap_check_defaults(&check_options);
	check_options.progress = options->progress;
	rc = psnap_check(store, origin, &check_options, report, ctx,
			 &plan->check, err);
	if (rc == 0 && u.set && plan->check.table_read)
		rc = judge_unrescued(&u);
	if (rc)
		return rc;
	plan->refused = !fit(&plan->check, options);
	if (plan->refused)
		return 0;
	per_batch = psnap_merge_batch_entries(&plan->check.geometry, options);
	plan->batches = plan->check.exceptions / per_batch +
			(plan->check.exceptions % per_batch != 0);
	return count_table(store, origin->size_bytes, plan, options, err);
}
