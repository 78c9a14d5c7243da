/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap undo: open the undo file and the devices, put back, report. The file
 * itself is only read, so whatever goes wrong can be tried again. Before the
 * devices are opened only its header is looked at, for their names.
 */
#include "undo.h"

#include "nothing.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>

/* The library's "somebody else holds it" means here: for other devices. */
static int fail(const char *subject, const struct psnap_error *err)
{
	int status = psnap_msg_error(subject, err);

	return err->code == PSNAP_E_BUSY ? PSNAP_EXIT_LEFT : status;
}

/* With the way out, if there is one. */
static int refuse(const struct psnap_undo_job *job,
		  const struct psnap_error *err)
{
	int status = fail(job->file.name, err);

	if (err->code == PSNAP_E_BUSY && job->info.acceptable)
		psnap_msg(job->devices[PSNAP_UNDO_ORIGIN].io->name,
			  "if it was only written to since, see what "
			  "--accept-changed-origin says with --dry-run, and in "
			  "psnap-undo(8)");
	return status;
}

/* Also with --quiet: nobody else will tell. */
static void warn_changed(const struct psnap_undo_job *job)
{
	const struct psnap_undo_info *info = &job->info;

	if (info->changed[PSNAP_UNDO_ORIGIN])
		psnap_msg(job->devices[PSNAP_UNDO_ORIGIN].io->name,
			  "byte %" PRIu64 ": was written to since; what was "
			  "written where nothing had been saved stays: check "
			  "the file system before it is mounted",
			  info->changed_bytes[PSNAP_UNDO_ORIGIN]);
}

/* Its header; with --verify all of it. */
static int read_file(struct psnap_undo_job *job)
{
	struct psnap_error err = { 0 };
	int rc;

	if (job->args->verify)
		rc = psnap_undo_inspect(job->file.io, &job->options.progress,
					&job->info, &err);
	else
		rc = psnap_undo_header(job->file.io, &job->info, &err);
	return rc < 0 ? fail(job->file.name, &err) : 0;
}

/* Given, or as the undo file knows it; NULL after a message. */
static const char *device_name(const struct psnap_undo_job *job,
			       enum psnap_undo_device device)
{
	const struct psnap_cli *cli = &job->args->cli;

	if (cli->operand_count > 1 + (int)device)
		return cli->operands[1 + (int)device];
	if (job->info.names[device][0] != '\0')
		return job->info.names[device];
	psnap_msg_usage("%s: it does not say what the %s was called; name it",
			job->file.name,
			device == PSNAP_UNDO_STORE ? "store" : "origin");
	return NULL;
}

/* A repair writes to a store alone, the merge of a delta to an origin. Of a
 * device without bytes nothing was saved, so that it does not have to be
 * there. */
static bool is_absent(const struct psnap_undo_job *job,
		      enum psnap_undo_device device)
{
	return job->info.size_bytes[device] == 0 &&
	       job->args->cli.operand_count < 3;
}

static int open_alone(struct psnap_undo_job *job, enum psnap_undo_device device,
		      const char *name)
{
	enum psnap_undo_device other = device == PSNAP_UNDO_STORE
					       ? PSNAP_UNDO_ORIGIN
					       : PSNAP_UNDO_STORE;
	struct psnap_operand *operand = &job->devices[device];

	job->devices[other].io = psnap_nothing();
	return job->args->dry_run
		       ? psnap_operand_open(operand, name, job->args->cli.quiet)
		       : psnap_operand_open_exclusive(operand, name);
}

static int open_origin_alone(struct psnap_undo_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	const char *name = cli->operand_count > 1
				   ? cli->operands[1]
				   : device_name(job, PSNAP_UNDO_ORIGIN);

	return name ? open_alone(job, PSNAP_UNDO_ORIGIN, name)
		    : PSNAP_EXIT_USAGE;
}

static int open_devices(struct psnap_undo_job *job)
{
	const char *store;
	const char *origin;

	if (is_absent(job, PSNAP_UNDO_STORE) &&
	    !is_absent(job, PSNAP_UNDO_ORIGIN))
		return open_origin_alone(job);
	store = device_name(job, PSNAP_UNDO_STORE);
	if (!store)
		return PSNAP_EXIT_USAGE;
	if (is_absent(job, PSNAP_UNDO_ORIGIN))
		return open_alone(job, PSNAP_UNDO_STORE, store);
	origin = device_name(job, PSNAP_UNDO_ORIGIN);
	if (!origin)
		return PSNAP_EXIT_USAGE;
	return psnap_operand_open_pair(&job->devices[PSNAP_UNDO_STORE], store,
				       &job->devices[PSNAP_UNDO_ORIGIN], origin,
				       !job->args->dry_run,
				       job->args->cli.quiet);
}

/* What is going to be written must not be the file it is written from. */
static int check_devices(const struct psnap_undo_job *job)
{
	for (int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		const struct psnap_operand *device = &job->devices[i];

		if (psnap_io_overlap(job->file.io, device->io))
			return psnap_msg_usage("%s: it is the undo file itself",
					       device->name);
	}
	return 0;
}

/* The report must go to none of them; with --verify there are no devices. */
static int open_output(const struct psnap_undo_job *job,
		       struct psnap_output *output)
{
	struct psnap_io *const inputs[] = {
		job->file.io,
		job->devices[PSNAP_UNDO_STORE].io,
		job->devices[PSNAP_UNDO_ORIGIN].io,
		NULL,
	};

	return psnap_output_open(output, NULL, false, inputs);
}

static int put_back(struct psnap_undo_job *job)
{
	struct psnap_io *const devices[PSNAP_UNDO_DEVICES] = {
		job->devices[PSNAP_UNDO_STORE].io,
		job->devices[PSNAP_UNDO_ORIGIN].io,
	};
	struct psnap_error err = { 0 };
	int rc;

	if (job->args->dry_run) {
		rc = psnap_undo_check(job->file.io, devices, &job->options,
				      &job->info, &err);
		if (rc < 0)
			return refuse(job, &err);
		warn_changed(job);
		return 0;
	}
	psnap_msg_interrupted_words("run the same command again");
	rc = psnap_undo_apply(job->file.io, devices, &job->options, &job->info,
			      &err);
	if (rc == PSNAP_E_BUSY || rc == PSNAP_E_CORRUPT)
		return refuse(job, &err);
	if (rc < 0)
		return psnap_msg_unfinished(job->file.name, &err);
	warn_changed(job);
	psnap_msg_interrupted_words("everything is put back, but the report is "
				    "not complete");
	return 0;
}

static int run(struct psnap_undo_job *job)
{
	struct psnap_output output = { 0 };
	int status;

	status = read_file(job);
	if (status != 0)
		return status;
	if (!job->args->verify) {
		status = open_devices(job);
		if (status == 0)
			status = check_devices(job);
	}
	if (status == 0 && !job->args->cli.quiet)
		status = open_output(job, &output);
	if (status != 0)
		return status;
	if (!job->args->verify)
		status = put_back(job);
	psnap_meter_finish();
	if (status == 0 && output.buf.data)
		psnap_undo_report(job, &output.buf);
	return status | psnap_output_close(&output, true);
}

int psnap_undo_main(int argc, const char **argv)
{
	struct psnap_undo_args args = { 0 };
	struct psnap_undo_job *job;
	int status;

	status = psnap_undo_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	job = calloc(1, sizeof(*job));
	if (!job) {
		status = psnap_msg_nomem();
		goto out;
	}
	job->args = &args;
	job->options.accept_changed_origin = args.accept_changed_origin;
	psnap_meter_start(args.cli.progress, args.cli.quiet,
			  &job->options.progress);
	status = psnap_operand_open(&job->file, args.cli.operands[0], true);
	if (status == 0)
		status = run(job);
	psnap_meter_finish();
	for (int i = 0; i < PSNAP_UNDO_DEVICES; i++)
		psnap_operand_close(&job->devices[i]);
	psnap_operand_close(&job->file);
	free(job);
out:
	psnap_undo_args_end(&args);
	return status;
}
