/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image of QEMU's own format: over the origin as its backing file, or on its
 * own. Which size its clusters get is decided here, and said if it is another
 * one than could be expected.
 */
#include "convert.h"

#include <inttypes.h>
#include <psnap/newfile.h>
#include <psnap/qcow2.h>
#include <stdlib.h>

static uint64_t usual_cluster_bytes(const struct psnap_convert_job *job,
				    bool overlay)
{
	uint64_t bytes = job->chunk_bytes;

	/* Powers of two only. */
	if (!overlay || bytes == 0 || (bytes & (bytes - 1)) != 0)
		return PSNAP_QCOW2_CLUSTER_BYTES_USUAL;
	if (bytes < PSNAP_QCOW2_CLUSTER_BYTES_MIN)
		return PSNAP_QCOW2_CLUSTER_BYTES_MIN;
	return bytes < PSNAP_QCOW2_CLUSTER_BYTES_MAX
		       ? bytes
		       : PSNAP_QCOW2_CLUSTER_BYTES_MAX;
}

static int choose_clusters(const struct psnap_convert_job *job,
			   struct psnap_qcow2_options *o)
{
	uint64_t told = job->args->cluster_bytes;
	struct psnap_error err = { 0 };
	uint64_t fit;

	o->cluster_bytes = told ? told : usual_cluster_bytes(job, o->changes);
	if (psnap_qcow2_fit(job->shown->size_bytes, o, &fit, &err) < 0) {
		psnap_msg(o->backing ? job->origin.name : job->path, "%s",
			  err.message);
		return PSNAP_EXIT_FAILED;
	}
	if (told && fit != told)
		return psnap_msg_usage("--cluster-size=%" PRIu64
				       ": too small for QEMU to open the "
				       "image; the smallest that will do is "
				       "%" PRIu64,
				       told, fit);
	if (fit != o->cluster_bytes && !job->args->cli.quiet)
		psnap_msg(job->path,
			  "with clusters of %" PRIu64
			  " bytes QEMU could not open the image; they have "
			  "%" PRIu64 " bytes",
			  o->cluster_bytes, fit);
	o->cluster_bytes = fit;
	return 0;
}

/* The output is named unless it was reading that failed. */
static int failure(const struct psnap_convert_job *job,
		   const struct psnap_error *err)
{
	int status;

	if (job->qcow2.reading || err->code == PSNAP_E_INTERRUPTED)
		return psnap_convert_failure(job, err);
	status = psnap_msg_error(job->path, err);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

static int fill(struct psnap_convert_job *job,
		const struct psnap_qcow2_options *o, struct psnap_newfile *file,
		struct psnap_error *err)
{
	struct psnap_io *io;
	int rc;

	rc = psnap_newfile_io_growing(file, &io, err);
	if (rc < 0)
		return rc;
	rc = psnap_qcow2_write(job->shown, o, io, &job->progress, &job->qcow2,
			       err);
	if (rc == 0)
		return psnap_io_close(io, err);
	psnap_io_close(io, NULL);
	return rc;
}

static int make_file(struct psnap_convert_job *job,
		     const struct psnap_qcow2_options *o)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	struct psnap_error err = { 0 };
	struct psnap_newfile *file;
	int status;

	if (psnap_newfile_create(job->path, inputs, &file, &err) < 0)
		return psnap_msg_error(job->path, &err);
	if (fill(job, o, file, &err) < 0) {
		psnap_newfile_abandon(file);
		return failure(job, &err);
	}
	status = psnap_convert_commit(job, file);
	if (status != 0)
		return status;
	job->output_bytes = job->qcow2.file_bytes;
	job->cluster_bytes = o->cluster_bytes;
	return 0;
}

static int overlay(struct psnap_convert_job *job, struct psnap_qcow2_options *o)
{
	char *backing = realpath(job->origin.path, NULL);
	int status;

	if (!backing) {
		psnap_msg(job->origin.name, "its path cannot be followed");
		return PSNAP_EXIT_FAILED;
	}
	o->backing = backing;
	status = psnap_convert_changes(job, &o->changes);
	if (status == 0)
		status = choose_clusters(job, o);
	if (status == 0)
		status = make_file(job, o);
	psnap_extents_free(o->changes);
	free(backing);
	return status;
}

int psnap_convert_qcow2(struct psnap_convert_job *job)
{
	struct psnap_qcow2_options o = { .compress = job->args->compress };
	int status;

	/* Without an origin there is nothing to lie over. */
	if (!job->args->standalone && job->origin.io)
		return overlay(job, &o);
	status = choose_clusters(job, &o);
	return status ? status : make_file(job, &o);
}
