/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view, byte for byte: to a new file that appears whole or not at all, to a
 * block device, or to standard output.
 */
#include "convert.h"
#include "output.h"

#include <inttypes.h>
#include <psnap/convert.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Which of the two devices failed, and in its own words: the place in the view
 * is of no use to anybody. Return: is it one of them?
 */
static bool name_failed(const struct psnap_convert_job *job,
			const struct psnap_error *err, const char **name,
			struct psnap_error *why)
{
	const struct psnap_view_segment *s;
	const struct psnap_operand *device;
	uint64_t inside;
	uint8_t byte;

	if (!job->shown || !err->has_offset ||
	    err->offset_bytes >= job->shown->size_bytes)
		return false;
	if (!job->view) {
		if (psnap_io_read(job->shown, err->offset_bytes, &byte, 1,
				  why) == 0)
			return false;
		*name = job->shown->name;
		return true;
	}
	s = psnap_view_find(job->view, err->offset_bytes);
	inside = err->offset_bytes - s->start_bytes;
	device = s->source == PSNAP_VIEW_STORE ? &job->store : &job->origin;
	if (psnap_io_read(device->io, s->from_bytes + inside, &byte, 1, why) ==
	    0)
		return false;
	*name = device->name;
	return true;
}

int psnap_convert_failure(const struct psnap_convert_job *job,
			  const struct psnap_error *err)
{
	const char *name = job->path ? job->path : "standard output";
	struct psnap_error why = { 0 };
	int status;

	if (err->code == PSNAP_E_INTERRUPTED)
		return psnap_msg_interrupted(NULL);
	if (!name_failed(job, err, &name, &why))
		why = *err;
	else if (!job->device.io && why.code == PSNAP_E_IO) {
		psnap_msg(name, "%s; --salvage fills such places and goes on",
			  why.message);
		return PSNAP_EXIT_FAILED;
	}
	/* Of a file nothing is left. */
	if (job->device.io) {
		psnap_msg(name,
			  "%s; a part of it is on the device, run the same "
			  "command again to begin anew",
			  why.message);
		return PSNAP_EXIT_FAILED;
	}
	status = psnap_msg_error(name, &why);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

/* In the order that suits the devices. */
static int copy_in_order(struct psnap_convert_job *job, struct psnap_io *to,
			 struct psnap_convert_options *options,
			 struct psnap_error *err)
{
	struct psnap_extent *order = NULL;
	int rc = 0;

	if (job->view)
		rc = psnap_view_order(job->view, &order, &options->order_count,
				      err);
	options->order = order;
	options->progress = &job->progress;
	if (rc == 0)
		rc = psnap_convert_to_io(job->shown, to, options, err);
	free(order);
	return rc;
}

static int copy_to_file(struct psnap_convert_job *job,
			struct psnap_newfile *file, struct psnap_io *io,
			struct psnap_error *err)
{
	struct psnap_convert_options options = {
		.zeros = PSNAP_CONVERT_LEAVE_ZEROS,
		.block_bytes = job->args->sparse_bytes,
		.share = job->args->sparse_bytes > 0,
	};
	int rc;

	if (job->args->sparse_bytes == 0) {
		rc = psnap_newfile_allocate(file, io->size_bytes, err);
		if (rc == PSNAP_E_UNSUPPORTED)
			options.zeros = PSNAP_CONVERT_WRITE_ZEROS;
		else if (rc)
			return rc;
	}
	return copy_in_order(job, io, &options, err);
}

/* Fill the new file, and give it its name. */
static int fill_file(struct psnap_convert_job *job, struct psnap_newfile *file,
		     struct psnap_io *io)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = copy_to_file(job, file, io, &err);
	if (rc == 0)
		rc = psnap_io_close(io, &err);
	else
		psnap_io_close(io, NULL);
	if (rc < 0) {
		psnap_newfile_abandon(file);
		return psnap_convert_failure(job, &err);
	}
	return psnap_convert_commit(job, file);
}

static int to_file(struct psnap_convert_job *job)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];
	struct psnap_error err = { 0 };
	struct psnap_newfile *file;
	struct psnap_io *io;

	psnap_convert_ios(job, inputs);
	if (psnap_newfile_create(job->path, inputs, &file, &err) < 0)
		return psnap_msg_error(job->path, &err);
	if (psnap_newfile_io(file, job->shown->size_bytes, &io, &err) < 0) {
		psnap_newfile_abandon(file);
		return psnap_msg_error(job->path, &err);
	}
	return fill_file(job, file, io);
}

static int to_device(struct psnap_convert_job *job)
{
	struct psnap_convert_options options = {
		.block_bytes = job->args->sparse_bytes,
	};
	struct psnap_error err = { 0 };
	int rc;

	if (job->args->target_is_zero)
		options.zeros = PSNAP_CONVERT_LEAVE_ZEROS;
	else if (job->args->discard)
		options.zeros = PSNAP_CONVERT_PUNCH_ZEROS;
	psnap_msg_interrupted_words("a part of it is on the device; run the "
				    "same command again to begin anew");
	rc = copy_in_order(job, job->device.io, &options, &err);
	if (rc == 0)
		rc = psnap_io_sync(job->device.io, &err);
	if (rc == PSNAP_E_RANGE) {
		psnap_msg(job->path,
			  "%s; nothing was written, name a larger device",
			  err.message);
		return PSNAP_EXIT_FAILED;
	}
	return rc < 0 ? psnap_convert_failure(job, &err) : 0;
}

static int take(void *ctx, const void *data, size_t len_bytes)
{
	struct psnap_output *output = ctx;

	psnap_outbuf_bytes(&output->buf, data, len_bytes);
	return output->buf.os_errno ? PSNAP_CLI_STOP : 0;
}

static int to_stdout(struct psnap_convert_job *job)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];
	struct psnap_output output = { 0 };
	struct psnap_error err = { 0 };
	int status;
	int rc;

	psnap_convert_ios(job, inputs);
	status = psnap_output_open(&output, NULL, false, inputs);
	if (status != 0)
		return status;
	rc = psnap_convert_stream(job->shown, take, &output, &job->progress,
				  &err);
	if (rc < 0)
		status = psnap_convert_failure(job, &err);
	return status | psnap_output_close(&output, true);
}

int psnap_convert_raw(struct psnap_convert_job *job)
{
	job->output_bytes = job->shown->size_bytes;
	if (job->device.io)
		return to_device(job);
	return job->path ? to_file(job) : to_stdout(job);
}
