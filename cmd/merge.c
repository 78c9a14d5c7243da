/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap merge: open, plan, refuse or merge, report. Whatever happens after the
 * first write, the words at the end say that the same command goes on.
 */
#include "merge.h"

#include "output.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char go_on[] = "nothing is lost: run the same command again to go "
			    "on";

/* Findings are shown only if they matter, which is known at the end. */
static int keep_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_merge_job *job = ctx;
	struct psnap_finding *grown;

	grown = realloc(job->findings,
			(job->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	job->findings = grown;
	grown[job->finding_count++] = *finding;
	return 0;
}

static int plan(struct psnap_merge_job *job)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_merge_plan(job->store.io, job->origin.io, &job->options,
			      keep_finding, job, &job->plan, &err);
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	return rc < 0 ? psnap_msg_error(job->store.name, &err) : 0;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * How much an undo file may grow: data and tables; for each batch a piece of
 * the table that is saved again and ends that are widened to sectors; the heads
 * of the records (of 1 MiB, 40 bytes each); and some more.
 */
static uint64_t undo_bytes(const struct psnap_merge_plan *merge)
{
	const struct psnap_geometry *geo = &merge->check.geometry;
	uint64_t tables_bytes =
		(merge->check.last_area_index + 1) * geo->chunk_bytes;
	uint64_t again_bytes =
		merge->batches * (min_u64(geo->chunk_bytes, 128 << 10) + 8192);
	uint64_t sum_bytes = merge->copy_bytes + tables_bytes + again_bytes;
	uint64_t records = merge->runs + 3 * merge->batches + (sum_bytes >> 17);

	return sum_bytes + sum_bytes / 64 + 40 * records + (64 << 10);
}

/* The words for an interruption, by how far it got. */
static int unfinished(struct psnap_merge_job *job,
		      const struct psnap_error *err)
{
	static char words[200];
	char subject[300];

	snprintf(words, sizeof(words),
		 "%" PRIu64 " of %" PRIu64 " exceptions are merged, %s; until "
		 "then the origin alone is neither the old nor the new state",
		 job->options.keep_store
			 ? job->result.exceptions
			 : job->plan.exceptions - job->result.exceptions_left,
		 job->plan.exceptions, go_on);
	psnap_msg_interrupted_words(words);
	/* The error is of one of the two and does not say of which. */
	snprintf(subject, sizeof(subject), "%.140s, %.140s", job->store.name,
		 job->origin.name);
	return psnap_msg_unfinished(subject, err);
}

static int merge(struct psnap_merge_job *job)
{
	struct psnap_error err = { 0 };
	int status;

	status = psnap_save_open(&job->save, job->args->undo, &job->store,
				 &job->origin, undo_bytes(&job->plan));
	if (status != 0)
		return status;
	if (job->plan.check.state == PSNAP_STATE_INVALID &&
	    !job->args->cli.quiet)
		psnap_msg(job->store.name,
			  "the snapshot is marked invalid: its %" PRIu64
			  " exceptions are exact and merged, chunks without "
			  "one stay as the origin has them now",
			  job->plan.exceptions);
	job->begun = true;
	psnap_msg_interrupted_words(go_on);
	if (psnap_merge(job->save.devices[PSNAP_UNDO_STORE],
			job->save.devices[PSNAP_UNDO_ORIGIN], &job->options,
			&job->plan, &job->result, &err) < 0)
		return unfinished(job, &err);
	psnap_msg_interrupted_words("the merge is done, but its report is not "
				    "complete");
	return 0;
}

static int open_output(const struct psnap_merge_job *job,
		       struct psnap_output *output)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };

	if (job->args->cli.quiet)
		return 0;
	return psnap_output_open(output, NULL, false, inputs);
}

static int run(struct psnap_merge_job *job)
{
	struct psnap_output output = { 0 };
	int status;

	status = open_output(job, &output);
	if (status != 0)
		return status;
	status = plan(job);
	if (status == 0 && job->plan.refused) {
		psnap_merge_report_refusal(job);
		status = PSNAP_EXIT_LEFT;
	} else if (status == 0 && !job->args->dry_run) {
		status = merge(job);
		/* Nothing was done: there is nothing to report. */
		if (!job->begun)
			goto out;
	} else if (status != 0) {
		goto out;
	}
	psnap_meter_finish();
	if (output.buf.data)
		psnap_merge_report(job, &output.buf, status);
out:
	psnap_meter_finish();
	return status | psnap_output_close(&output, true);
}

int psnap_merge_main(int argc, const char **argv)
{
	struct psnap_merge_args args = { 0 };
	struct psnap_merge_job job = { .args = &args };
	int status;

	status = psnap_merge_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	job.options = args.merge;
	psnap_meter_start(args.cli.progress, args.cli.quiet,
			  &job.options.progress);
	status = psnap_operand_open_pair(&job.store, args.cli.operands[0],
					 &job.origin, args.cli.operands[1],
					 !args.dry_run, args.cli.quiet);
	if (status == 0)
		status = run(&job);
	psnap_meter_finish();
	psnap_save_close(&job.save);
	psnap_operand_close(&job.origin);
	psnap_operand_close(&job.store);
	free(job.findings);
out:
	psnap_merge_args_end(&args);
	return status;
}
