/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the check of the store to the steps that are taken. A plan is made of
 * all steps first, because only that says what each of them costs; when some
 * are not taken it is made again, so that the verdict afterwards is true.
 */
#include "repair.h"

#include <stdlib.h>
#include <string.h>

/* One that another step makes room for comes to nothing without that. */
static bool achieves_nothing(const struct psnap_repair_plan *plan,
			     enum psnap_finding_id id)
{
	return plan->before.counts[id] > 0 &&
	       plan->after.counts[id] >= plan->before.counts[id];
}

bool psnap_repair_is_taken(const struct psnap_repair_job *job,
			   enum psnap_finding_id id)
{
	const struct psnap_repair_step *step = &job->plan.steps[id];

	return job->options.chosen[id] && step->needed &&
	       step->cost != PSNAP_REPAIR_IMPOSSIBLE &&
	       !achieves_nothing(&job->plan, id);
}

/* The plan has tried it out. */
bool psnap_repair_has_work(const struct psnap_repair_job *job)
{
	return job->args->grow_bytes > job->old_bytes ||
	       job->plan.write_bytes > 0;
}

bool psnap_repair_has_problems(const struct psnap_check_result *check)
{
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		if (check->counts[i] > 0 &&
		    check->severities[i] >= PSNAP_WARNING)
			return true;
	}
	return false;
}

/* They are shown at the end, or before somebody is asked. */
static int keep_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_repair_job *job = ctx;
	struct psnap_finding *grown;

	grown = realloc(job->findings,
			(job->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	job->findings = grown;
	grown[job->finding_count++] = *finding;
	return 0;
}

/* Does it go on where the run ends? The numbers are as on disk, so that they
 * may wrap; such ones are not neighbours. */
static bool continues(const struct psnap_run *run,
		      const struct psnap_run *entry)
{
	return run->area_index == entry->area_index &&
	       entry->entry_index == run->entry_index + run->chunks &&
	       run->old_chunk <= UINT64_MAX - run->chunks &&
	       run->new_chunk <= UINT64_MAX - run->chunks &&
	       entry->old_chunk == run->old_chunk + run->chunks &&
	       entry->new_chunk == run->new_chunk + run->chunks;
}

static int keep_drop(void *ctx, enum psnap_finding_id id,
		     const struct psnap_run *entry)
{
	struct psnap_repair_job *job = ctx;
	struct psnap_repair_drop *last = NULL;

	if (!job->options.chosen[id])
		return 0;
	if (job->drop_count > 0)
		last = &job->drops[job->drop_count - 1];
	if (last && last->id == id && job->unnamed == 0 &&
	    continues(&last->run, entry)) {
		last->run.chunks += entry->chunks;
		return 0;
	}
	if (job->drop_count == PSNAP_REPAIR_DROPS) {
		job->unnamed += entry->chunks;
		return 0;
	}
	if (!job->drops)
		job->drops = malloc(PSNAP_REPAIR_DROPS * sizeof(*job->drops));
	if (!job->drops)
		return PSNAP_E_NOMEM;
	job->drops[job->drop_count++] =
		(struct psnap_repair_drop){ id, *entry };
	return 0;
}

/* @report: NULL when the findings are known already. */
static int make_plan(struct psnap_repair_job *job, psnap_finding_fn *report)
{
	struct psnap_error err = { 0 };
	int rc;

	job->drop_count = 0;
	job->unnamed = 0;
	psnap_repair_plan_release(&job->plan);
	rc = psnap_repair_make_plan(job->view, job->origin.io, &job->options,
				    report, job, &job->plan, &err);
	/* Memory that ran out in a callback has no message of its own. */
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	if (rc < 0)
		return psnap_msg_error(job->store.name, &err);
	job->planned = true;
	return 0;
}

int psnap_repair_plan(struct psnap_repair_job *job)
{
	int status;

	job->options.dropped = keep_drop;
	job->options.dropped_ctx = job;
	status = make_plan(job, keep_finding);
	if (status != 0 || job->plan.needs_chunk_size)
		return status;
	if (job->args->carve_list)
		return psnap_repair_carve_list(job);
	if (!job->args->carve_names)
		return 0;
	status = psnap_repair_carve_names(job);
	return status != 0 ? status : make_plan(job, NULL);
}

/* Leave out what loses something. Return: was there any of it? */
static bool leave_lossy(struct psnap_repair_job *job)
{
	bool left = false;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		if (!psnap_repair_is_taken(job, (enum psnap_finding_id)i) ||
		    job->plan.steps[i].cost == PSNAP_REPAIR_SAFE)
			continue;
		job->options.chosen[i] = false;
		left = true;
	}
	return left;
}

/* Without one step another may come to cost something: until none does. Each
 * round leaves one out at least. */
static int choose_safe(struct psnap_repair_job *job)
{
	int status = 0;

	while (status == 0 && leave_lossy(job))
		status = make_plan(job, NULL);
	return status;
}

static int choose_asked(struct psnap_repair_job *job, struct psnap_outbuf *out)
{
	bool before[PSNAP_FINDING_COUNT];
	int status;

	if (out) {
		psnap_repair_text_findings(job, out);
		psnap_outbuf_flush(out);
		job->shown = true;
	}
	memcpy(before, job->options.chosen, sizeof(before));
	status = psnap_repair_ask(job);
	if (status != 0 ||
	    memcmp(before, job->options.chosen, sizeof(before)) == 0)
		return status;
	return make_plan(job, NULL);
}

int psnap_repair_decide(struct psnap_repair_job *job, struct psnap_outbuf *out)
{
	if (job->plan.needs_chunk_size)
		return 0;
	if (job->args->preen)
		return choose_safe(job);
	if (job->consent == PSNAP_REPAIR_ASK)
		return choose_asked(job, out);
	return 0;
}
