/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap convert: open, check, say whose file system it is, write, report.
 */
#include "convert.h"
#include "output.h"
#include "save.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Findings are shown only if the pair is refused. */
static int keep_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_convert_job *job = ctx;
	struct psnap_finding *grown;

	grown = realloc(job->findings,
			(job->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	job->findings = grown;
	grown[job->finding_count++] = *finding;
	return 0;
}

/* What may be merged may be shown. */
static int check_pair(struct psnap_convert_job *job)
{
	struct psnap_merge_options options = {
		.accept_invalid = job->args->accept_invalid,
		.progress = job->progress,
	};
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_merge_plan(job->store.io, job->origin.io, &options,
			      keep_finding, job, &job->plan, &err);
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	return rc < 0 ? psnap_msg_error(job->store.name, &err) : 0;
}

static int open_view(struct psnap_convert_job *job)
{
	struct psnap_error err = { 0 };
	struct psnap_store *store;
	int rc = psnap_store_open(job->store.io, 0, &store, &err);

	if (rc == 0)
		rc = psnap_view_open(store, job->origin.io, &job->progress,
				     &job->view, &err);
	psnap_store_close(store);
	if (rc == 0)
		rc = psnap_content_probe(psnap_view_io(job->view),
					 &job->content, &err);
	/* What it is may stay unknown. */
	if (job->view && rc == PSNAP_E_IO)
		rc = 0;
	return rc < 0 ? psnap_msg_error(job->store.name, &err) : 0;
}

/* The quickest proof that the right two devices were named. */
static void say_content(const struct psnap_convert_job *job)
{
	struct psnap_outbuf out = { 0 };

	if (job->args->cli.quiet ||
	    psnap_outbuf_open(&out, STDERR_FILENO, false, NULL) < 0)
		return;
	psnap_meter_hide();
	psnap_outbuf_printf(&out,
			    "%s: file system: ", psnap_msg_program_name());
	psnap_convert_content_text(&job->content, &out);
	psnap_outbuf_text(&out, "\n");
	psnap_outbuf_flush(&out);
	psnap_outbuf_release(&out);
}

bool psnap_convert_exists(const char *path)
{
	struct stat st;

	/* Anything else that is wrong with the name is said when the file is
	 * created. A link that leads nowhere is something, too. */
	return lstat(path, &st) == 0;
}

static bool is_device(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

static int open_device(struct psnap_convert_job *job)
{
	int status;

	if (job->args->format != PSNAP_CONVERT_RAW)
		return psnap_msg_usage("%s: a %s is a text, and goes to a file",
				       job->path,
				       psnap_convert_names[job->args->format]);
	status = psnap_operand_open_exclusive(&job->device, job->path);
	if (status != 0)
		return status;
	if (psnap_io_overlap(job->device.io, job->store.io) ||
	    psnap_io_overlap(job->device.io, job->origin.io))
		return psnap_msg_usage("%s: it is the store or the origin",
				       job->path);
	return 0;
}

/* May OUTPUT be where it is to be? Nothing is changed yet. */
static int check_output(struct psnap_convert_job *job)
{
	const char *path = job->path;

	if (!path)
		return job->args->format == PSNAP_CONVERT_RAW &&
				       isatty(STDOUT_FILENO)
			       ? psnap_msg_usage("standard output is a "
						 "terminal; name a file")
			       : 0;
	if (is_device(path))
		return open_device(job);
	if (job->args->target_is_zero)
		return psnap_msg_usage("--target-is-zero: %s is no block "
				       "device",
				       path);
	if (!job->args->force && psnap_convert_exists(path))
		return psnap_msg_usage("%s exists; --force replaces it", path);
	if (psnap_save_stands_on(path, &job->store) ||
	    psnap_save_stands_on(path, &job->origin)) {
		psnap_msg(path, "the new file would be on a device that is to "
				"be only read; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

/* What --accept-invalid comes to. */
static void say_invalid(const struct psnap_convert_job *job)
{
	if (job->plan.check.state == PSNAP_STATE_INVALID &&
	    !job->args->cli.quiet)
		psnap_msg(job->store.name,
			  "the snapshot is marked invalid: its %" PRIu64
			  " exceptions are exact, other chunks are shown as "
			  "the origin has them now",
			  job->plan.exceptions);
}

static int write_output(struct psnap_convert_job *job)
{
	int status;

	status = open_view(job);
	if (status != 0)
		return status;
	say_content(job);
	say_invalid(job);
	status = job->args->format == PSNAP_CONVERT_RAW
			 ? psnap_convert_raw(job)
			 : psnap_convert_table(job);
	job->done = status == 0;
	return status;
}

static int run(struct psnap_convert_job *job)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    job->device.io, NULL };
	struct psnap_output output = { 0 };
	int status;

	status = check_output(job);
	if (status == 0 && !job->args->cli.quiet && job->path)
		status = psnap_output_open(&output, NULL, false, inputs);
	if (status != 0)
		return status;
	status = check_pair(job);
	if (status == 0 && job->plan.refused) {
		psnap_convert_refusal(job);
		status = PSNAP_EXIT_LEFT;
	} else if (status == 0) {
		status = write_output(job);
	}
	psnap_meter_finish();
	if (output.buf.data && (job->done || job->plan.refused))
		psnap_convert_report(job, &output.buf, status);
	return status | psnap_output_close(&output, true);
}

static int open_and_run(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	int status;

	if (strcmp(cli->operands[2], "-") != 0)
		job->path = cli->operands[2];
	psnap_meter_start(cli->progress, cli->quiet, &job->progress);
	status = psnap_operand_open_pair(&job->store, cli->operands[0],
					 &job->origin, cli->operands[1], false,
					 cli->quiet);
	return status == 0 ? run(job) : status;
}

int psnap_convert_main(int argc, const char **argv)
{
	struct psnap_convert_args args = { 0 };
	struct psnap_convert_job job = { .args = &args };
	int status;

	status = psnap_convert_args_parse(&args, argc, argv);
	if (status == PSNAP_CLI_GO_ON) {
		status = open_and_run(&job);
		psnap_meter_finish();
	}
	psnap_view_close(job.view);
	psnap_operand_close(&job.device);
	psnap_operand_close(&job.origin);
	psnap_operand_close(&job.store);
	free(job.findings);
	psnap_convert_args_end(&args);
	return status;
}
