/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -o NEW: a copy of the store that is repaired, and appears whole or not at
 * all. Store and origin are only read; that holds for what is below a file
 * system, too, so the new file must not be on one of them.
 */
#include "newname.h"
#include "repair.h"

int psnap_repair_copy_check(const struct psnap_repair_job *job)
{
	const struct psnap_operand *const operands[] = { &job->store,
							 &job->origin, NULL };
	const char *path = job->args->new_path;

	return path ? psnap_newname_check("--output-file", path, operands) : 0;
}

static int fill(struct psnap_repair_job *job, struct psnap_newfile *file,
		struct psnap_io *io)
{
	struct psnap_error err = { 0 };
	int status;

	if (psnap_newfile_copy(file, io, job->store.io, &job->options.progress,
			       &err) == 0)
		return 0;
	/* Reading is one thing, writing the new file another. */
	status = psnap_msg_error(err.code == PSNAP_E_NOSPACE
					 ? job->args->new_path
					 : job->store.name,
				 &err);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

static int repair(struct psnap_repair_job *job, struct psnap_io *io)
{
	int status;

	status = psnap_repair_log_open(job, io);
	if (status == 0 && io->size_bytes > job->old_bytes)
		status = psnap_repair_log_grown(job, job->old_bytes,
						io->size_bytes);
	if (status == 0)
		status = psnap_repair_write_to(job, job->log.io,
					       job->args->new_path);
	return status | psnap_repair_log_close(job);
}

int psnap_repair_copy(struct psnap_repair_job *job)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	const char *path = job->args->new_path;
	struct psnap_error err = { 0 };
	struct psnap_newfile *file;
	struct psnap_io *io;
	int status;

	if (psnap_newfile_create(path, inputs, &file, &err) < 0)
		return psnap_msg_error(path, &err);
	if (psnap_newfile_io(file, job->view->size_bytes, &io, &err) < 0) {
		psnap_newfile_abandon(file);
		return psnap_msg_error(path, &err);
	}
	status = fill(job, file, io);
	if (status == 0)
		status = repair(job, io);
	psnap_io_close(io, NULL);
	if (status != 0) {
		psnap_newfile_abandon(file);
		return status;
	}
	return psnap_newname_commit("--output-file", path, file);
}
