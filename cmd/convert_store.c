/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new store: to a new file that appears whole or not at all, or to a block
 * device. How it is laid out is for the library.
 */
#include "convert.h"

#include <inttypes.h>
#include <psnap/newstore.h>

/* Nothing that comes before writing leaves anything. */
static int plan_failure(const struct psnap_convert_job *job,
			const struct psnap_error *err)
{
	if (err->code == PSNAP_E_UNSUPPORTED) {
		psnap_msg(job->origin.name, "%s", err->message);
		return PSNAP_EXIT_FAILED;
	}
	/* Comparing says which device cannot be read. */
	return psnap_msg_error(err->code == PSNAP_E_IO ? NULL : job->path, err);
}

static int plan(struct psnap_convert_job *job, struct psnap_newstore **store)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = job->args->cli.chunk_bytes
				       ? job->args->cli.chunk_bytes
				       : job->chunk_bytes,
		.drop_equal = job->args->drop_equal,
		.progress = job->progress,
	};
	struct psnap_extents *changes;
	struct psnap_error err = { 0 };
	int status;

	status = psnap_convert_changes(job, &changes);
	if (status != 0)
		return status;
	if (psnap_newstore_new(job->shown, job->origin.io, changes, &options,
			       store, &err) < 0)
		status = plan_failure(job, &err);
	psnap_extents_free(changes);
	return status;
}

static int check_size(const struct psnap_convert_job *job,
		      const struct psnap_newstore_plan *plan)
{
	uint64_t size_bytes = job->args->size_bytes;

	if (job->device.io) {
		if (size_bytes)
			return psnap_msg_usage("--size: %s is a block device, "
					       "which has a size",
					       job->path);
		size_bytes = job->device.io->size_bytes;
	}
	if (size_bytes == 0 || size_bytes >= plan->needed_bytes)
		return 0;
	psnap_msg(job->path,
		  "a store of %" PRIu64 " exceptions with chunks of %" PRIu64
		  " bytes needs %" PRIu64 " bytes, and %" PRIu64
		  " are too small; nothing was written",
		  plan->exceptions, plan->chunk_bytes, plan->needed_bytes,
		  size_bytes);
	return PSNAP_EXIT_FAILED;
}

static int to_device(struct psnap_convert_job *job,
		     struct psnap_newstore *store)
{
	struct psnap_error err = { 0 };

	psnap_msg_interrupted_words("a part of it is on the device; run the "
				    "same command again to begin anew");
	job->output_bytes = psnap_newstore_plan(store)->needed_bytes;
	if (psnap_newstore_write(store, job->device.io, false, &err) == 0)
		return 0;
	if (err.code != PSNAP_E_UNSUPPORTED)
		return psnap_convert_failure(job, &err);
	psnap_msg(job->path, "%s; nothing was written", err.message);
	return PSNAP_EXIT_FAILED;
}

static int fill_file(struct psnap_convert_job *job,
		     struct psnap_newstore *store, struct psnap_newfile *file)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	int rc;

	rc = psnap_newfile_io(file, job->output_bytes, &io, &err);
	if (rc == 0)
		rc = psnap_newstore_write(store, io, true, &err);
	if (rc == 0)
		rc = psnap_io_close(io, &err);
	else
		psnap_io_close(io, NULL);
	if (rc == 0)
		return psnap_convert_commit(job, file);
	psnap_newfile_abandon(file);
	return psnap_convert_failure(job, &err);
}

static int to_file(struct psnap_convert_job *job, struct psnap_newstore *store)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];
	struct psnap_error err = { 0 };
	struct psnap_newfile *file;

	psnap_convert_ios(job, inputs);
	job->output_bytes = job->args->size_bytes
				    ? job->args->size_bytes
				    : psnap_newstore_plan(store)->needed_bytes;
	if (psnap_newfile_create(job->path, inputs, &file, &err) < 0)
		return psnap_msg_error(job->path, &err);
	return fill_file(job, store, file);
}

static int make(struct psnap_convert_job *job)
{
	const struct psnap_newstore_plan *p;
	struct psnap_newstore *store;
	int status = plan(job, &store);

	if (status != 0)
		return status;
	p = psnap_newstore_plan(store);
	job->made = (struct psnap_convert_made){
		.chunk_bytes = p->chunk_bytes,
		.exceptions = p->exceptions,
		.dropped = p->dropped,
	};
	status = check_size(job, p);
	if (status == 0)
		status = job->device.io ? to_device(job, store)
					: to_file(job, store);
	psnap_newstore_free(store);
	return status;
}

int psnap_convert_store(struct psnap_convert_job *job)
{
	if (job->args->input == PSNAP_CONVERT_DUMP)
		return psnap_convert_dump_store(job);
	return make(job);
}
