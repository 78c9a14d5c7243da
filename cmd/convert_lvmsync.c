/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -O lvmsync and -f lvmsync: the streams of another program, for those who have
 * them, or have it on the other side.
 */
#include "convert_stream.h"
#include "output.h"

int psnap_convert_lvmsync(struct psnap_convert_job *job)
{
	struct psnap_extents *changes = NULL;
	struct psnap_output output = { 0 };
	struct psnap_error err = { 0 };
	struct psnap_io *shown;
	struct psnap_io *base;
	int status;
	int rc;

	psnap_convert_direction(job, &base, &shown);
	status = psnap_convert_changes(job, &changes);
	if (status == 0)
		status = psnap_convert_stream_begin(job, &output);
	if (status == 0) {
		rc = psnap_lvmsync_write(shown, changes, psnap_convert_take,
					 &output, &job->progress,
					 &job->output_bytes, &err);
		if (rc < 0)
			status = psnap_convert_read_failure(job, shown, &err);
		status = psnap_convert_stream_end(job, &output, status);
	}
	psnap_extents_free(changes);
	return status;
}

int psnap_convert_lvmsync_show(struct psnap_convert_job *job)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_extents_new(&job->changed, &err);
	if (rc == 0)
		rc = psnap_lvmsync_open(job->input.io, job->origin.io,
					&job->progress, &job->lvmsync, &err);
	if (rc == 0)
		rc = psnap_lvmsync_ranges(job->lvmsync, job->changed, &err);
	if (rc == PSNAP_E_RANGE) {
		psnap_msg(job->input.name, "%s", err.message);
		return PSNAP_EXIT_LEFT;
	}
	if (rc < 0)
		return psnap_msg_error(job->input.name, &err);
	job->shown = psnap_lvmsync_io(job->lvmsync);
	job->shown->name = job->origin.name;
	/* A stream does not say; LVM's default. */
	job->chunk_bytes = 4096;
	return 0;
}
