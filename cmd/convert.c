/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap convert: open what goes in, say whose file system it is, make what comes
 * out, report.
 */
#include "convert.h"
#include "output.h"

#include <string.h>
#include <unistd.h>

static const char *shown_name(const struct psnap_convert_job *job)
{
	return job->store.io ? job->store.name : job->shown->name;
}

static int probe(struct psnap_convert_job *job)
{
	struct psnap_error err = { 0 };
	int rc = psnap_content_probe(job->shown, &job->content, &err);

	/* What it is may stay unknown. */
	if (rc == PSNAP_E_IO)
		return 0;
	return rc < 0 ? psnap_msg_error(shown_name(job), &err) : 0;
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

int psnap_convert_changes(struct psnap_convert_job *job,
			  struct psnap_extents **changes)
{
	struct psnap_error err = { 0 };
	int status;

	if (psnap_extents_new(changes, &err) < 0)
		return psnap_msg_nomem();
	status = psnap_convert_input(job)->changes(job, *changes);
	if (status != 0) {
		psnap_extents_free(*changes);
		*changes = NULL;
	}
	return status;
}

static int write_output(struct psnap_convert_job *job)
{
	int status;

	status = psnap_convert_input(job)->show(job);
	if (status == 0 && job->shown)
		status = probe(job);
	if (status != 0)
		return status;
	if (job->shown)
		say_content(job);
	status = psnap_convert_format(job)->make(job);
	job->done = status == 0;
	return status ? status : psnap_convert_salvage_end(job);
}

static int run(struct psnap_convert_job *job)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];
	struct psnap_output output = { 0 };
	int status;

	psnap_convert_ios(job, inputs);
	if (!job->args->cli.quiet && job->path) {
		status = psnap_output_open(&output, NULL, false, inputs);
		if (status != 0)
			return status;
	}
	status = write_output(job);
	psnap_meter_finish();
	if (output.buf.data && (job->done || job->plan.refused))
		psnap_convert_report(job, &output.buf, status);
	return status | psnap_output_close(&output, true);
}

static int open_and_run(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	const char *path = cli->operands[cli->operand_count - 1];
	int status;

	if (strcmp(path, "-") != 0)
		job->path = path;
	psnap_meter_start(cli->progress, cli->quiet, &job->progress);
	status = psnap_convert_input(job)->open(job);
	if (status == 0)
		status = psnap_convert_output_check(job);
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
	psnap_delta_close(job.delta);
	psnap_lvmsync_close(job.lvmsync);
	psnap_extents_free(job.changed);
	psnap_convert_salvage_release(&job.salvage);
	psnap_view_close(job.view);
	psnap_operand_close(&job.device);
	psnap_operand_close(&job.input);
	psnap_operand_close(&job.origin);
	psnap_operand_close(&job.store);
	psnap_extents_free(job.salvage.store_lost);
	psnap_extents_free(job.salvage.origin_lost);
	psnap_convert_args_end(&args);
	return status;
}
