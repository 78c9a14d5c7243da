/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -o NEW: a copy of the store that is repaired, and appears whole or not at
 * all. Store and origin are only read; that holds for what is below a file
 * system, too, so the new file must not be on one of them.
 */
#include "repair.h"

#include <psnap/newfile.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
	struct stat st;

	/* Anything else that is wrong with the name is said when the file is
	 * created. A link that leads nowhere is something, too. */
	return lstat(path, &st) == 0;
}

int psnap_repair_copy_check(const struct psnap_repair_job *job)
{
	const char *path = job->args->new_path;

	if (!path)
		return 0;
	if (exists(path))
		return psnap_msg_usage("--output-file: %s exists", path);
	if (psnap_save_stands_on(path, &job->store) ||
	    (job->origin.io && psnap_save_stands_on(path, &job->origin))) {
		psnap_msg(path, "the new file would be on a device that is to "
				"be only read; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
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

static int finish(struct psnap_repair_job *job, struct psnap_newfile *file)
{
	const char *path = job->args->new_path;
	struct psnap_error err = { 0 };

	/* Somebody else may have taken the name in the meantime. */
	if (exists(path)) {
		psnap_newfile_abandon(file);
		return psnap_msg_usage("--output-file: %s exists", path);
	}
	return psnap_newfile_commit(file, &err) < 0
		       ? psnap_msg_error(path, &err)
		       : 0;
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
	return finish(job, file);
}
