/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --target: the merged origin as a new file, which appears whole or not at all.
 * Store and origin are only read; that holds for what is below a file system,
 * too, so the new file must not be on one of them.
 */
#include "merge.h"
#include "newname.h"

int psnap_merge_target_check(const struct psnap_merge_job *job)
{
	const struct psnap_operand *const operands[] = { &job->store,
							 &job->origin, NULL };
	const char *path = job->args->target;

	return path ? psnap_newname_check("--target", path, operands) : 0;
}

/* Fill the new file, and give it its name. Return: the exit status. */
static int write_file(struct psnap_merge_job *job, struct psnap_newfile *file,
		      struct psnap_io *io)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_merge_to(job->store.io, job->origin.io, io, &job->options,
			    &job->plan, &job->result, &err);
	psnap_merge_left_finish(job);
	/* Memory that ran out in a callback has no message of its own. */
	if (err.code == 0)
		err.code = rc;
	if (rc == 0)
		rc = psnap_io_close(io, &err);
	else
		psnap_io_close(io, NULL);
	if (rc < 0) {
		psnap_newfile_abandon(file);
		return psnap_merge_failure(job, &err);
	}
	return psnap_newname_commit("--target", job->args->target, file);
}

int psnap_merge_target(struct psnap_merge_job *job)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	const char *path = job->args->target;
	struct psnap_error err = { 0 };
	struct psnap_newfile *file;
	struct psnap_io *io;
	int status;

	if (psnap_newfile_create(path, inputs, &file, &err) < 0)
		return psnap_msg_error(path, &err);
	if (psnap_newfile_io(file, job->origin.io->size_bytes, &io, &err) < 0) {
		psnap_newfile_abandon(file);
		return psnap_msg_error(path, &err);
	}
	status = write_file(job, file, io);
	job->done = status == 0;
	/* Of a file that is gone there is nothing to report. */
	job->begun = job->done;
	return status;
}
