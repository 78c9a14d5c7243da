/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap repair: plan, choose, write, report. A plan alone is a result,
 * too, with an exit status that says whether there is something to do.
 */
#include "repair.h"

#include "output.h"

#include <stdlib.h>

/* The status of a plan, or of what was done. What is only noted is nothing to
 * do, unless exceptions come or go with it. */
static int verdict(const struct psnap_repair_job *job)
{
	const struct psnap_repair_plan *plan = &job->plan;

	if (plan->needs_chunk_size)
		return PSNAP_EXIT_LEFT;
	if (job->done)
		return (job->corrected ? PSNAP_EXIT_CORRECTED : 0) |
		       (psnap_repair_has_problems(&plan->after)
				? PSNAP_EXIT_LEFT
				: 0);
	return psnap_repair_has_problems(&plan->before) || plan->lost > 0 ||
			       plan->regained > 0 || plan->carved > 0 ||
			       job->view->size_bytes > job->old_bytes
		       ? PSNAP_EXIT_LEFT
		       : PSNAP_EXIT_DONE;
}

static int write_it(struct psnap_repair_job *job)
{
	int status;

	if (!job->args->new_path && !job->args->undo && !job->args->no_undo)
		return psnap_msg_usage("--undo or --no-undo is missing: say "
				       "where to save what will be "
				       "overwritten, or repair a copy with -o");
	status = job->args->new_path ? psnap_repair_copy(job)
				     : psnap_repair_write(job);
	job->done = status == 0;
	job->corrected = job->done;
	return status;
}

static void say_no_terminal(const struct psnap_repair_job *job)
{
	if (job->no_terminal && !job->args->cli.quiet)
		psnap_msg(job->store.name,
			  "nothing was changed: there is no terminal to ask "
			  "on; -p takes the steps that lose nothing, -y all");
}

static int run_steps(struct psnap_repair_job *job, struct psnap_outbuf *out)
{
	bool text = out && job->args->cli.format == PSNAP_FORMAT_TEXT;
	int status;

	status = psnap_repair_plan(job);
	if (status == 0)
		status = psnap_repair_decide(job, text ? out : NULL);
	if (status != 0)
		return status;
	if (job->plan.needs_chunk_size || !psnap_repair_has_work(job))
		return verdict(job);
	if (job->consent == PSNAP_REPAIR_NOBODY) {
		say_no_terminal(job);
		return verdict(job);
	}
	status = write_it(job);
	return status != 0 ? status : verdict(job);
}

static int agree_to_dump(const struct psnap_repair_job *job, bool *agreed)
{
	const struct psnap_repair_from *from = &job->from;

	*agreed = job->consent == PSNAP_REPAIR_YES;
	if (*agreed || job->consent == PSNAP_REPAIR_NOBODY)
		return 0;
	if (from->doubtful)
		return psnap_repair_from_refuse(from);
	*agreed = from->cost == PSNAP_REPAIR_SAFE;
	return job->consent == PSNAP_REPAIR_ASK
		       ? psnap_repair_ask_from(job, agreed)
		       : 0;
}

static int run_from(struct psnap_repair_job *job)
{
	bool agreed;
	int status;

	status = psnap_repair_from_plan(&job->from, job->view);
	if (status != 0)
		return status;
	job->planned = true;
	if (!job->from.needed && job->view->size_bytes == job->old_bytes)
		return PSNAP_EXIT_DONE;
	status = agree_to_dump(job, &agreed);
	if (status != 0)
		return status;
	if (!agreed) {
		say_no_terminal(job);
		return PSNAP_EXIT_LEFT;
	}
	status = write_it(job);
	return status != 0 ? status : PSNAP_EXIT_CORRECTED;
}

static void report(const struct psnap_repair_job *job, struct psnap_outbuf *out,
		   int status)
{
	if (job->args->cli.format == PSNAP_FORMAT_JSON) {
		psnap_repair_json(job, out, status);
		return;
	}
	/* Of a repair that stopped the message says how far it got. */
	if (status & ~(PSNAP_EXIT_CORRECTED | PSNAP_EXIT_LEFT))
		return;
	if (job->args->from) {
		psnap_repair_from_text(&job->from, out);
		if (job->done)
			psnap_repair_text_files(job, out);
		return;
	}
	if (!job->shown)
		psnap_repair_text_findings(job, out);
	psnap_repair_text(job, out);
}

static int run(struct psnap_repair_job *job)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	struct psnap_output output = { 0 };
	bool print = !job->args->cli.quiet;
	int status;

	status = psnap_repair_check_places(job);
	if (status == 0)
		status = psnap_repair_grow_view(job);
	if (status == 0 && print)
		status = psnap_output_open(&output, NULL, false, inputs);
	if (status != 0)
		return status;
	status = job->args->from ? run_from(job)
				 : run_steps(job, print ? &output.buf : NULL);
	psnap_meter_finish();
	/* A usage error has no result. */
	if (print && job->planned && !(status & PSNAP_EXIT_USAGE))
		report(job, &output.buf, status);
	return status | psnap_output_close(&output, true);
}

static int open_and_run(struct psnap_repair_job *job)
{
	const struct psnap_repair_args *args = job->args;
	int status;

	job->options = args->repair;
	psnap_meter_start(args->cli.progress, args->cli.quiet,
			  &job->options.progress);
	status = psnap_repair_open(job);
	if (status == 0 && args->from)
		status = psnap_repair_from_open(&job->from, args->from,
						job->store.name,
						&job->options.progress);
	return status == 0 ? run(job) : status;
}

static void release(struct psnap_repair_job *job)
{
	psnap_save_close(&job->save);
	psnap_repair_from_end(&job->from);
	psnap_repair_plan_release(&job->plan);
	psnap_io_close(job->overlay, NULL);
	psnap_operand_close(&job->origin);
	psnap_operand_close(&job->store);
	free(job->findings);
	free(job->drops);
	free(job->slots);
	free(job->carvings);
	free(job);
}

int psnap_repair_main(int argc, const char **argv)
{
	struct psnap_repair_args args = { 0 };
	struct psnap_repair_job *job;
	int status;

	status = psnap_repair_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	job = calloc(1, sizeof(*job));
	if (!job) {
		status = psnap_msg_nomem();
		goto out;
	}
	job->args = &args;
	status = open_and_run(job);
	psnap_meter_finish();
	release(job);
out:
	psnap_repair_args_end(&args);
	return status;
}
