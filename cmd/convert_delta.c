/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -O delta and -f delta: changes as a stream, and what an origin becomes through
 * one. Nothing is made of a delta before all of it is verified, and the origin
 * is the one it was made against.
 */
#include "convert_stream.h"
#include "delta_origin.h"
#include "output.h"

/* --- what comes out ----------------------------------------------------- */

int psnap_convert_take(void *ctx, const void *data, size_t len_bytes)
{
	struct psnap_output *output = ctx;

	psnap_outbuf_bytes(&output->buf, data, len_bytes);
	return output->buf.os_errno ? PSNAP_CLI_STOP : 0;
}

int psnap_convert_stream_begin(struct psnap_convert_job *job,
			       struct psnap_output *output)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];

	psnap_convert_ios(job, inputs);
	return psnap_output_open(output, job->path, false, inputs);
}

int psnap_convert_stream_end(struct psnap_convert_job *job,
			     struct psnap_output *output, int status)
{
	if (status == 0)
		status = psnap_convert_name_check(job);
	return status | psnap_output_close(output, status == 0);
}

int psnap_convert_read_failure(const struct psnap_convert_job *job,
			       const struct psnap_io *failed,
			       const struct psnap_error *err)
{
	if (failed && failed == job->origin.io &&
	    err->code != PSNAP_E_INTERRUPTED)
		return psnap_msg_error(job->origin.name, err);
	return psnap_convert_failure(job, err);
}

void psnap_convert_direction(const struct psnap_convert_job *job,
			     struct psnap_io **base, struct psnap_io **shown)
{
	*base = job->args->reverse ? job->shown : job->origin.io;
	*shown = job->args->reverse ? job->origin.io : job->shown;
}

/* The part that is to be made complete; @io stays open to be copied from. */
static int open_part(const struct psnap_convert_job *job, struct psnap_io **io,
		     struct psnap_delta_part **part)
{
	const char *path = job->args->resume;
	struct psnap_error err = { 0 };
	int rc;

	if (!path)
		return 0;
	rc = psnap_io_open(path, io, &err);
	if (rc == 0)
		rc = psnap_delta_part_open(*io, &job->progress, part, &err);
	return rc < 0 ? psnap_msg_error(path, &err) : 0;
}

/* A file is to have all of the delta; who reads standard output has the part. */
static int copy_part(const struct psnap_convert_job *job, struct psnap_io *part,
		     struct psnap_output *output)
{
	struct psnap_error err = { 0 };
	int rc;

	if (!part || !job->path)
		return 0;
	rc = psnap_convert_stream(part, psnap_convert_take, output,
				  &job->progress, &err);
	return rc < 0 ? psnap_msg_error(job->args->resume, &err) : 0;
}

static int make_failed(const struct psnap_convert_job *job,
		       const struct psnap_io *failed,
		       const struct psnap_error *err)
{
	if (err->code == PSNAP_E_BUSY) {
		psnap_msg(job->args->resume,
			  "%s; make the delta anew, without --resume",
			  err->message);
		return PSNAP_EXIT_LEFT;
	}
	if (err->code == PSNAP_E_RANGE) {
		psnap_msg(job->origin.name, "%s", err->message);
		return PSNAP_EXIT_LEFT;
	}
	return psnap_convert_read_failure(job, failed, err);
}

static int make_delta(struct psnap_convert_job *job,
		      struct psnap_delta_source *source,
		      struct psnap_output *output)
{
	struct psnap_error err = { 0 };
	struct psnap_delta_info info;
	struct psnap_io *failed;
	int rc;

	rc = psnap_delta_write(source, psnap_convert_take, output,
			       &job->progress, &info, &failed, &err);
	job->output_bytes = info.delta_bytes;
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	return rc < 0 ? make_failed(job, failed, &err) : 0;
}

int psnap_convert_delta(struct psnap_convert_job *job)
{
	struct psnap_delta_source source = { .chunk_bytes = job->chunk_bytes };
	struct psnap_output output = { 0 };
	struct psnap_io *part = NULL;
	int status;

	psnap_convert_direction(job, &source.base, &source.shown);
	status = open_part(job, &part, &source.part);
	if (status == 0)
		status = psnap_convert_changes(job, &source.ranges);
	if (status == 0)
		status = psnap_convert_stream_begin(job, &output);
	if (status == 0) {
		status = copy_part(job, part, &output);
		if (status == 0)
			status = make_delta(job, &source, &output);
		status = psnap_convert_stream_end(job, &output, status);
	}
	psnap_extents_free(source.ranges);
	psnap_delta_part_close(source.part);
	psnap_io_close(part, NULL);
	return status;
}

/* --- what goes in ------------------------------------------------------- */

int psnap_convert_changed_open(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;

	return psnap_operand_open_pair(&job->input, cli->operands[0],
				       &job->origin, cli->operands[1], false,
				       cli->quiet);
}

int psnap_convert_changed_ranges(struct psnap_convert_job *job,
				 struct psnap_extents *changes)
{
	struct psnap_error err = { 0 };
	const struct psnap_extent *list;
	size_t count;
	size_t i;

	list = psnap_extents_list(job->changed, &count);
	for (i = 0; i < count; i++)
		if (psnap_extents_add(changes, list[i].offset_bytes,
				      list[i].offset_bytes + list[i].len_bytes,
				      &err) < 0)
			return psnap_msg_error(job->input.name, &err);
	return 0;
}

int psnap_convert_delta_show(struct psnap_convert_job *job)
{
	struct psnap_delta_match match = { 0 };
	struct psnap_error err = { 0 };
	int status;
	int rc;

	rc = psnap_extents_new(&job->changed, &err);
	if (rc == 0)
		rc = psnap_delta_open(job->input.io, &job->delta, &err);
	if (rc == 0)
		rc = psnap_delta_verify(job->delta, job->origin.io,
					job->changed, &job->progress, &match,
					&err);
	if (rc < 0)
		return psnap_delta_origin_failed(
			job->input.name, job->origin.name, &match, &err);
	status = psnap_delta_origin_judge(job->delta, job->origin.io,
					  job->origin.name, &match,
					  job->args->force_origin);
	if (status != 0)
		return status;
	if (psnap_delta_view(job->delta, job->origin.io, &job->shown, &err) < 0)
		return psnap_msg_error(job->input.name, &err);
	/* The delta was read a moment ago: what fails now is this one, and
	 * there. */
	job->shown->name = job->origin.name;
	job->chunk_bytes = psnap_delta_info(job->delta)->chunk_bytes;
	if (job->chunk_bytes == 0)
		job->chunk_bytes = 4096; /* not told; LVM's default */
	return 0;
}
