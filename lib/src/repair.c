/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repair as a whole: a check, a survey of the table, the steps that follow from
 * both; and taking those that were chosen.
 */
#include "repair_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

void psnap_repair_defaults(struct psnap_repair_options *options)
{
	int i;

	memset(options, 0, sizeof(*options));
	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		options->chosen[i] = true;
}

static int ignore_finding(void *ctx, const struct psnap_finding *finding)
{
	(void)ctx;
	(void)finding;
	return 0;
}

static uint64_t old_limit(const struct psnap_geometry *geo,
			  const struct psnap_io *origin)
{
	uint64_t size_bytes;

	if (!origin)
		return psnap_old_chunk_limit(geo);
	size_bytes = origin->size_bytes;
	return size_bytes / geo->chunk_bytes +
	       (size_bytes % geo->chunk_bytes != 0);
}

static void survey_init(struct survey *s, struct psnap_io *store,
			const struct psnap_io *origin,
			const struct psnap_repair_options *options,
			const struct psnap_repair_plan *plan,
			const bool *chosen)
{
	const struct psnap_check_result *before = &plan->before;

	*s = (struct survey){
		.io = store,
		.geo = &before->geometry,
		.options = options,
		.old_limit = old_limit(&before->geometry, origin),
		.truncated = before->counts[PSNAP_F_STORE_TRUNCATED] > 0,
		.duplicates = before->counts[PSNAP_F_DUPLICATE_OLD] ||
			      before->counts[PSNAP_F_DUPLICATE_NEW] ||
			      before->counts[PSNAP_F_DUPLICATE_SAME],
		.carved_from = UINT64_MAX,
	};
	memcpy(s->chosen, chosen, sizeof(s->chosen));
}

int psnap_repair_check(struct psnap_io *store, struct psnap_io *origin,
		       uint64_t chunk_bytes,
		       const struct psnap_repair_options *options,
		       psnap_finding_fn *report, void *ctx,
		       struct psnap_check_result *result,
		       struct psnap_error *err)
{
	struct psnap_check_options check_options;

	psnap_check_defaults(&check_options);
	check_options.chunk_bytes = chunk_bytes;
	check_options.progress = options->progress;
	return psnap_check(store, origin, &check_options,
			   report ? report : ignore_finding, ctx, result, err);
}

/* Is there a table that can be read and written? */
static bool has_table(const struct psnap_repair_plan *plan)
{
	return plan->before.table_read && !plan->needs_chunk_size &&
	       (!plan->before.counts[PSNAP_F_READ_ERROR] ||
		plan->before.severities[PSNAP_F_READ_ERROR] == PSNAP_NOTE);
}

/*
 * Does anything speak for looking at every slot? Whatever a survey can find,
 * the check has seen a sign of: of a gap, entries behind it.
 */
static bool needs_survey(const struct psnap_repair_plan *plan,
			 const struct psnap_repair_options *options)
{
	static const enum psnap_finding_id signs[] = {
		PSNAP_F_STORE_TRUNCATED,
		PSNAP_F_AREA_MISSING_SUCCESSOR,
		PSNAP_F_AREA_IMPLAUSIBLE,
		PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
		PSNAP_F_NEW_CHUNK_HUGE,
		PSNAP_F_NEW_CHUNK_IN_METADATA,
		PSNAP_F_OLD_CHUNK_OUT_OF_RANGE,
		PSNAP_F_DUPLICATE_OLD,
		PSNAP_F_DUPLICATE_NEW,
		PSNAP_F_DUPLICATE_SAME,
		PSNAP_F_ENTRIES_AFTER_TERMINATOR,
		PSNAP_F_STALE_AREAS,
	};
	size_t i;

	if (!has_table(plan))
		return false;
	if (options->carve_count > 0)
		return true;
	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (plan->before.counts[signs[i]])
			return true;
	return false;
}

/* Every step as if all were chosen: what each comes to. @s is to be released,
 * and is empty when there was nothing to survey. */
static int make_steps(struct psnap_io *store, struct psnap_io *origin,
		      const struct psnap_repair_options *options,
		      struct psnap_repair_plan *plan, struct survey *s,
		      struct psnap_error *err)
{
	bool all[PSNAP_FINDING_COUNT];
	int rc;

	memset(all, true, sizeof(all));
	if (!needs_survey(plan, options)) {
		psnap_repair_describe(plan, NULL, options->origin_fills);
		return 0;
	}
	survey_init(s, store, origin, options, plan, all);
	s->told = options->dropped;
	rc = psnap_survey_run(s, err);
	if (rc == 0)
		psnap_repair_describe(plan, s, options->origin_fills);
	return rc;
}

void psnap_repair_possible(const struct psnap_repair_plan *plan,
			   const struct psnap_repair_options *options,
			   bool chosen[PSNAP_FINDING_COUNT])
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		chosen[i] = options->chosen[i] &&
			    plan->steps[i].cost != PSNAP_REPAIR_IMPOSSIBLE;
}

int psnap_repair_take(struct psnap_io *store,
		      const struct psnap_repair_plan *plan, struct survey *s,
		      const bool *chosen, struct psnap_error *err)
{
	int rc = s->io ? psnap_repair_keep_size(store, plan, chosen, err) : 0;

	if (rc == 0 && s->io)
		rc = psnap_repair_table(s, store, err);
	if (rc == 0 && plan->before.has_geometry)
		rc = psnap_repair_header(store, plan, chosen, err);
	return rc;
}

int psnap_repair_survey(struct psnap_io *store, struct psnap_io *origin,
			const struct psnap_repair_options *options,
			const struct psnap_repair_plan *plan,
			const bool *chosen, struct survey *s,
			struct psnap_error *err)
{
	if (!needs_survey(plan, options))
		return 0;
	survey_init(s, store, origin, options, plan, chosen);
	return psnap_survey_run(s, err);
}

/* Does what the plan knows hold for these steps, and is it still so? */
static bool plan_holds(const struct psnap_repair_plan *plan,
		       const struct psnap_repair_options *options,
		       const bool *chosen)
{
	return options->alone && plan->survey &&
	       psnap_repair_same_steps(plan, plan->survey->s.chosen, chosen);
}

int psnap_repair_apply(struct psnap_io *store, struct psnap_io *origin,
		       const struct psnap_repair_options *options,
		       const struct psnap_repair_plan *plan,
		       struct psnap_error *err)
{
	bool chosen[PSNAP_FINDING_COUNT];
	struct survey fresh = { 0 };
	struct survey s;
	int rc = 0;

	psnap_repair_possible(plan, options, chosen);
	if (plan_holds(plan, options, chosen)) {
		s = plan->survey->s;
		s.options = options;
		if (s.io)
			s.io = store;
	} else {
		rc = psnap_repair_survey(store, origin, options, plan, chosen,
					 &fresh, err);
		s = fresh;
	}
	if (rc == 0)
		rc = psnap_repair_take(store, plan, &s, chosen, err);
	psnap_survey_release(&fresh);
	return rc;
}

static bool any_possible(const struct psnap_repair_plan *plan,
			 const struct psnap_repair_options *options)
{
	int i;

	if (options->carve_count > 0)
		return true;
	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (plan->steps[i].needed && options->chosen[i] &&
		    plan->steps[i].cost != PSNAP_REPAIR_IMPOSSIBLE)
			return true;
	return false;
}

void psnap_repair_plan_release(struct psnap_repair_plan *plan)
{
	if (!plan || !plan->survey)
		return;
	psnap_survey_release(&plan->survey->s);
	free(plan->survey);
	plan->survey = NULL;
}

/* The steps, and if any can be taken what they come to. */
static int plan_steps(struct psnap_io *store, struct psnap_io *origin,
		      const struct psnap_repair_options *options,
		      struct psnap_repair_plan *plan, struct psnap_error *err)
{
	struct psnap_survey *survey = calloc(1, sizeof(*survey));
	int rc;

	if (!survey)
		return psnap_fail_nomem(err, "planning a repair");
	plan->survey = survey;
	rc = make_steps(store, origin, options, plan, &survey->s, err);
	if (rc == 0 && any_possible(plan, options)) {
		rc = psnap_repair_preview(store, origin, options, plan,
					  &survey->s, err);
		if (rc == 0)
			return 0;
	}
	psnap_repair_plan_release(plan);
	return rc;
}

int psnap_repair_make_plan(struct psnap_io *store, struct psnap_io *origin,
			   const struct psnap_repair_options *options,
			   psnap_finding_fn *report, void *ctx,
			   struct psnap_repair_plan *plan,
			   struct psnap_error *err)
{
	uint64_t chunk_bytes;
	int rc;

	memset(plan, 0, sizeof(*plan));
	rc = psnap_repair_geometry(store, origin, options, plan, &chunk_bytes,
				   err);
	if (rc == 0)
		rc = psnap_repair_check(store, origin, chunk_bytes, options,
					report, ctx, &plan->before, err);
	if (rc == 0)
		rc = psnap_repair_look_behind_header(store, origin, options,
						     plan, err);
	plan->after = plan->before;
	plan->exceptions = plan->before.exceptions;
	return rc ? rc : plan_steps(store, origin, options, plan, err);
}
