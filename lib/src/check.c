/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check as a whole: which part looks when, and the verdict. The parts are
 * check_*.c.
 */
#include "check_internal.h"

#include "fail.h"

#include <string.h>

void psnap_check_defaults(struct psnap_check_options *options)
{
	memset(options, 0, sizeof(*options));
	options->stale_areas_max = PSNAP_CHECK_STALE_AREAS;
	options->instances_max = PSNAP_CHECK_INSTANCES;
}

const char *psnap_state_name(enum psnap_state state)
{
	switch (state) {
	case PSNAP_STATE_NOT_A_STORE:
		return "not-a-store";
	case PSNAP_STATE_BLANK:
		return "blank";
	case PSNAP_STATE_EMPTY:
		return "empty";
	case PSNAP_STATE_ACTIVE:
		return "active";
	case PSNAP_STATE_INVALID:
		return "invalid";
	case PSNAP_STATE_DAMAGED:
		return "damaged";
	}
	return "unknown";
}

const char *psnap_kernel_action_name(enum psnap_kernel_action action)
{
	switch (action) {
	case PSNAP_KERNEL_LOADS:
		return "loads";
	case PSNAP_KERNEL_REFUSES:
		return "refuses";
	case PSNAP_KERNEL_FORMATS:
		return "formats";
	}
	return "unknown";
}

/* Something is lost, unknown or in the way; being marked invalid is a state
 * of its own. */
static bool has_damage(const struct psnap_check_result *r)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (r->counts[i] && i != PSNAP_F_SNAPSHOT_INVALID &&
		    r->severities[i] >= PSNAP_ERROR)
			return true;
	return false;
}

/* The kernel reads the exceptions only of a snapshot that is valid. */
static void judge_kernel(const struct checker *c)
{
	struct psnap_check_result *r = c->result;

	/* The kernel formats before it looks at anything else. */
	if (r->header.problems & PSNAP_HEADER_MAGIC_ZERO)
		r->kernel = PSNAP_KERNEL_FORMATS;
	if (r->kernel != PSNAP_KERNEL_LOADS ||
	    psnap_header_says_invalid(&r->header))
		return;
	if (r->counts[PSNAP_F_AREA_MISSING_SUCCESSOR] || c->unreadable_live)
		r->kernel = PSNAP_KERNEL_REFUSES;
}

static void judge_state(const struct checker *c)
{
	struct psnap_check_result *r = c->result;

	/* What was no store until somebody knew the chunk size. */
	if (c->has_entries && r->state <= PSNAP_STATE_BLANK)
		r->state = PSNAP_STATE_DAMAGED;
	if (r->state == PSNAP_STATE_BLANK ||
	    r->state == PSNAP_STATE_NOT_A_STORE)
		return;
	if (r->header.problems == PSNAP_HEADER_INVALID && r->has_geometry &&
	    r->kernel == PSNAP_KERNEL_LOADS)
		r->state = PSNAP_STATE_INVALID;
	else if (has_damage(r))
		r->state = PSNAP_STATE_DAMAGED;
	else
		r->state =
			c->has_entries ? PSNAP_STATE_ACTIVE : PSNAP_STATE_EMPTY;
}

static void judge(const struct checker *c)
{
	struct psnap_check_result *r = c->result;

	judge_kernel(c);
	judge_state(c);
	r->safe_to_merge = r->table_read && r->kernel == PSNAP_KERNEL_LOADS &&
			   (r->state == PSNAP_STATE_ACTIVE ||
			    r->state == PSNAP_STATE_EMPTY);
}

/* How far chunk numbers of the origin can go. */
static uint64_t origin_limit(const struct checker *c)
{
	uint64_t chunk_bytes = c->geo->chunk_bytes;
	uint64_t size_bytes;

	if (!c->origin)
		return psnap_old_chunk_limit(c->geo);
	/* The last chunk of the origin may be a partial one. */
	size_bytes = c->origin->size_bytes;
	return size_bytes / chunk_bytes + (size_bytes % chunk_bytes != 0);
}

/* Without the table: whether there is an entry at all, for the state. */
static int peek_table(struct checker *c, struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	struct psnap_walk *walk;
	struct psnap_run first;
	int rc = psnap_walk_open(c->store, NULL, &walk, err);

	if (rc)
		return rc;
	rc = psnap_walk_next(walk, &first, &why);
	if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED)
		rc = psnap_check_walk_fault(c, walk, &why);
	else if (rc < 0 && err)
		*err = why;
	c->has_entries = rc == 1;
	psnap_walk_close(walk);
	return rc < 0 ? rc : 0;
}

static int run(struct checker *c, struct psnap_error *err)
{
	int rc = psnap_check_header(c, err);

	if (rc || !c->store)
		return rc;
	if (c->options->header_only)
		return peek_table(c, err);
	c->old_limit = origin_limit(c);
	rc = psnap_check_table(c, err);
	c->has_entries = c->totals.exceptions > 0;
	if (rc || !c->options->data)
		return rc;
	return psnap_check_data(c, err);
}

int psnap_check(struct psnap_io *store, struct psnap_io *origin,
		const struct psnap_check_options *options,
		psnap_finding_fn *report, void *ctx,
		struct psnap_check_result *result, struct psnap_error *err)
{
	struct checker c = {
		.io = store,
		.origin = origin,
		.options = options,
		.report = report,
		.ctx = ctx,
		.result = result,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	/* Until something says otherwise. */
	result->state = PSNAP_STATE_EMPTY;
	result->kernel = PSNAP_KERNEL_LOADS;
	rc = run(&c, err);
	judge(&c);
	psnap_chunkset_release(&c.old_set);
	psnap_chunkset_release(&c.new_set);
	psnap_store_close(c.store);
	return rc;
}
