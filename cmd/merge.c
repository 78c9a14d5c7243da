/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap merge: open, plan, refuse or merge, report. Whatever happens after the
 * first write, the words at the end say that the same command goes on. What
 * writes a new file instead is in merge_target.c.
 */
#include "merge.h"

#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char go_on[] = "nothing is lost: run the same command again to go "
			    "on";

/* Did it fail on this one? */
static bool failed_on(const struct psnap_merge_job *job,
		      enum psnap_undo_device device)
{
	const struct psnap_io *failed = job->result.failed;
	const struct psnap_operand *operand =
		device == PSNAP_UNDO_STORE ? &job->store : &job->origin;

	return failed &&
	       (failed == operand->io || failed == job->save.devices[device]);
}

/* What the error is about, as far as that is known. */
static void name_failed(const struct psnap_merge_job *job, char subject[300])
{
	bool store = failed_on(job, PSNAP_UNDO_STORE);
	bool origin = failed_on(job, PSNAP_UNDO_ORIGIN);
	/* That something cannot be saved for undo is told as of the device. */
	const char *file =
		job->args->target ? job->args->target : job->save.path;

	if (!job->result.failed)
		store = origin = true;
	/* Reading is one thing, writing the new file another. */
	if (job->result.failed && job->args->target && (store || origin))
		file = NULL;
	snprintf(subject, 300, "%.90s%s%.90s%s%.90s",
		 store ? job->store.name : "", store && origin ? ", " : "",
		 origin ? job->origin.name : "",
		 file && (store || origin) ? ", " : "", file ? file : "");
}

/* Data of the store is only ever read, so that is what failed. */
static bool is_unreadable(const struct psnap_merge_job *job,
			  const struct psnap_error *err)
{
	const struct psnap_geometry *geo = &job->plan.check.geometry;

	return failed_on(job, PSNAP_UNDO_STORE) &&
	       (err->code == PSNAP_E_IO || err->code == PSNAP_E_TRUNCATED) &&
	       err->has_offset &&
	       !psnap_geometry_is_metadata(geo, err->offset_bytes /
							geo->chunk_bytes);
}

int psnap_merge_failure(const struct psnap_merge_job *job,
			const struct psnap_error *err)
{
	char subject[300];
	int status;

	if (!job->options.salvage && is_unreadable(job, err)) {
		psnap_msg(job->store.name,
			  "%s; nothing is lost: --salvage leaves such "
			  "exceptions in the store and merges the rest",
			  err->message);
		return PSNAP_EXIT_FAILED;
	}
	name_failed(job, subject);
	if (!job->args->target)
		return psnap_msg_unfinished(subject, err);
	status = psnap_msg_error(subject, err);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

/* The words for an interruption, by how far it got. */
static int unfinished(struct psnap_merge_job *job,
		      const struct psnap_error *err)
{
	static char words[200];

	snprintf(words, sizeof(words),
		 "%" PRIu64 " of %" PRIu64 " exceptions are merged, %s; until "
		 "then the origin alone is neither the old nor the new state",
		 job->result.exceptions, job->plan.exceptions, go_on);
	psnap_msg_interrupted_words(words);
	return psnap_merge_failure(job, err);
}

static int merge(struct psnap_merge_job *job)
{
	struct psnap_error err = { 0 };
	int status;
	int rc;

	job->save.room_later = true;
	status = psnap_save_open(&job->save, job->args->undo, &job->store,
				 &job->origin, psnap_merge_undo_bytes(job),
				 &job->options.progress);
	if (status == 0)
		status = psnap_merge_undo_room(job);
	if (status != 0)
		return status;
	job->begun = true;
	psnap_msg_interrupted_words(go_on);
	rc = psnap_merge(job->save.devices[PSNAP_UNDO_STORE],
			 job->save.devices[PSNAP_UNDO_ORIGIN], &job->options,
			 &job->plan, &job->result, &err);
	psnap_merge_left_finish(job);
	/* Memory that ran out in a callback has no message of its own. */
	if (err.code == 0)
		err.code = rc;
	if (rc < 0)
		return unfinished(job, &err);
	job->done = true;
	return 0;
}

/* What --accept-invalid comes to. */
static void say_invalid(const struct psnap_merge_job *job)
{
	if (job->plan.check.state == PSNAP_STATE_INVALID &&
	    !job->args->cli.quiet)
		psnap_msg(job->store.name,
			  "the snapshot is marked invalid: its %" PRIu64
			  " exceptions are exact and merged, chunks without "
			  "one stay as the origin has them now",
			  job->plan.exceptions);
}

/* The plan, or what came of it. Return: the exit status. */
static int carry_out(struct psnap_merge_job *job)
{
	int status;

	if (job->plan.refused) {
		psnap_merge_report_refusal(job);
		return PSNAP_EXIT_LEFT;
	}
	if (job->args->dry_run)
		return psnap_merge_left_lost(job->plan.left) > 0
			       ? PSNAP_EXIT_LEFT
			       : PSNAP_EXIT_DONE;
	say_invalid(job);
	job->options.left = psnap_merge_left_take;
	job->options.left_ctx = job;
	status = job->args->target ? psnap_merge_target(job) : merge(job);
	if (status != 0)
		return status;
	psnap_msg_interrupted_words("the merge is done, but its report is not "
				    "complete");
	return psnap_merge_left_lost(job->result.left) > 0 ||
			       job->result.origin_unrescued_bytes > 0
		       ? PSNAP_EXIT_LEFT
		       : PSNAP_EXIT_DONE;
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

static void report(const struct psnap_merge_job *job, struct psnap_outbuf *out,
		   int status)
{
	if (job->args->cli.format == PSNAP_FORMAT_JSON)
		psnap_merge_report_json(job, out, status);
	else
		psnap_merge_report_text(job, out);
}

static int run(struct psnap_merge_job *job)
{
	struct psnap_output output = { 0 };
	int status;

	status = psnap_merge_target_check(job);
	if (status == 0)
		status = open_output(job, &output);
	if (status != 0)
		return status;
	status = psnap_pair_plan(&job->pair, &job->options, &job->plan);
	if (status != 0)
		goto out;
	status = carry_out(job);
	psnap_meter_finish();
	/* If nothing was done there is nothing to report. */
	if (output.buf.data &&
	    (job->begun || job->args->dry_run || job->plan.refused))
		report(job, &output.buf, status);
out:
	psnap_meter_finish();
	return status | psnap_output_close(&output, true);
}

int psnap_merge_main(int argc, const char **argv)
{
	struct psnap_merge_args args = { 0 };
	struct psnap_merge_job job = { .args = &args };
	bool write;
	int status;

	status = psnap_merge_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	if (psnap_merge_is_delta(&args)) {
		status = psnap_merge_delta(&args);
		goto out;
	}
	if (args.force_origin) {
		status = psnap_msg_usage("--force-origin: %s is no delta",
					 args.cli.operands[0]);
		goto out;
	}
	status = psnap_merge_maps_read(&args);
	if (status != 0)
		goto out;
	job.options = args.merge;
	job.pair.store = &job.store;
	job.pair.origin = &job.origin;
	job.pair.quiet = args.cli.quiet;
	psnap_meter_start(args.cli.progress, args.cli.quiet,
			  &job.options.progress);
	write = !args.dry_run && !args.target;
	status = psnap_operand_open_pair(&job.store, args.cli.operands[0],
					 &job.origin, args.cli.operands[1],
					 write, args.cli.quiet);
	/* Where what stands there is read before every write, each write would
	 * be waited for. */
	if (status == 0 && write && !args.merge.skip_equal)
		status = psnap_operand_write_behind(&job.origin);
	if (status == 0)
		status = run(&job);
	psnap_meter_finish();
	psnap_save_close(&job.save);
	psnap_operand_close(&job.origin);
	psnap_operand_close(&job.store);
	psnap_merge_left_release(&job.left);
	psnap_pair_release(&job.pair);
out:
	psnap_merge_args_end(&args);
	return status;
}
