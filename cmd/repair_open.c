/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap repair opens: the store for reading, or alone if it is going to be
 * written to; the origin; and the store as it will be when it has grown. Also
 * where its files may not be.
 */
#include "repair.h"

#include "place.h"

#include <psnap/watch.h>
#include <sys/stat.h>

/* Without somebody to ask there is only a plan. */
static enum psnap_repair_consent consent(const struct psnap_repair_args *args,
					 bool *no_terminal)
{
	bool writes = args->new_path || args->undo || args->no_undo;

	if (args->dry_run)
		return PSNAP_REPAIR_NOBODY;
	if (args->yes)
		return PSNAP_REPAIR_YES;
	if (args->preen)
		return PSNAP_REPAIR_PREEN;
	if (!writes)
		return PSNAP_REPAIR_NOBODY;
	*no_terminal = !psnap_repair_can_ask();
	return *no_terminal ? PSNAP_REPAIR_NOBODY : PSNAP_REPAIR_ASK;
}

int psnap_repair_open(struct psnap_repair_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	bool write;
	int status;

	job->consent = consent(job->args, &job->no_terminal);
	write = job->consent != PSNAP_REPAIR_NOBODY && !job->args->new_path;
	status = write ? psnap_operand_open_exclusive(&job->store,
						      cli->operands[0])
		       : psnap_operand_open(&job->store, cli->operands[0],
					    cli->quiet);
	if (status != 0)
		return status;
	job->options.alone = write;
	job->old_bytes = job->store.io->size_bytes;
	job->view = job->store.io;
	if (cli->operand_count < 2)
		return 0;
	status = psnap_operand_open(&job->origin, cli->operands[1], cli->quiet);
	if (status == 0 && psnap_io_overlap(job->store.io, job->origin.io))
		return psnap_msg_usage("%s: STORE and ORIGIN are the same",
				       job->origin.name);
	return status;
}

/* What is only read must not be what is written to. */
static int check_place(const struct psnap_repair_job *job, const char *option,
		       const char *path)
{
	struct psnap_io *io;
	int status = 0;

	if (!path)
		return 0;
	if (psnap_place_stands_on(path, &job->store) ||
	    psnap_place_stands_on(path, &job->origin)) {
		psnap_msg(path, "would be on the device of the store or the "
				"origin; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	/* A new file; and why another one cannot be opened is said when it is
	 * opened for writing. */
	if (psnap_io_open(path, &io, NULL) < 0)
		return 0;
	if (psnap_io_overlap(io, job->store.io))
		status = psnap_msg_usage("%s: %s is the store", option, path);
	else if (job->origin.io && psnap_io_overlap(io, job->origin.io))
		status = psnap_msg_usage("%s: %s is the origin", option, path);
	else if (job->from.io && psnap_io_overlap(io, job->from.io))
		status = psnap_msg_usage("%s: %s is the dump", option, path);
	psnap_io_close(io, NULL);
	return status;
}

int psnap_repair_check_places(const struct psnap_repair_job *job)
{
	int status;

	status = psnap_repair_copy_check(job);
	if (status == 0)
		status = check_place(job, "--undo", job->args->undo);
	if (status == 0)
		status = check_place(job, "--log", job->args->log);
	return status;
}

/* With --grow the plan is for the store as it is going to be. */
int psnap_repair_grow_view(struct psnap_repair_job *job)
{
	uint64_t want_bytes = job->args->grow_bytes;
	struct psnap_error err = { 0 };
	struct stat st;

	if (want_bytes == 0 || want_bytes == job->old_bytes)
		return 0;
	if (want_bytes < job->old_bytes)
		return psnap_msg_usage("--grow: %s has %llu bytes already",
				       job->store.name,
				       (unsigned long long)job->old_bytes);
	if (!job->args->new_path && fstat(job->store.io->fd, &st) == 0 &&
	    S_ISBLK(st.st_mode)) {
		psnap_msg(job->store.name,
			  "is a device of %llu bytes, which is less than "
			  "--grow says; lengthen the device first, or repair a "
			  "copy with -o",
			  (unsigned long long)job->old_bytes);
		return PSNAP_EXIT_FAILED;
	}
	if (psnap_io_open_overlay(job->store.io, want_bytes, &job->overlay,
				  &err) < 0)
		return psnap_msg_error(job->store.name, &err);
	job->overlay->name = job->store.io->name;
	job->view = job->overlay;
	return 0;
}
