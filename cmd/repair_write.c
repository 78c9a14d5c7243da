/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to the store itself: longer first if that is wanted, then saved for
 * undo, noted, and written. An undo file knows sizes, so the store has its new
 * one before the file is made.
 */
#include "nothing.h"
#include "repair.h"

#include <inttypes.h>
#include <unistd.h>

static const char go_on[] = "nothing is lost: run the same command again to go "
			    "on";

/* A record of an undo file has a head of its own; a device is saved by whole
 * sectors. That many small ones there will not be. */
static uint64_t undo_bytes(const struct psnap_repair_job *job)
{
	uint64_t bytes =
		job->from.io ? job->from.write_bytes : job->plan.write_bytes;

	return bytes +
	       (bytes / PSNAP_SECTOR_BYTES + 64) * PSNAP_UNDO_HEAD_BYTES +
	       (64 << 10);
}

static int failure(const struct psnap_repair_job *job, const char *name,
		   const struct psnap_error *err)
{
	int status;

	if (!job->args->new_path)
		return psnap_msg_unfinished(name, err);
	status = psnap_msg_error(name, err);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

int psnap_repair_write_to(struct psnap_repair_job *job, struct psnap_io *to,
			  const char *name)
{
	struct psnap_error err = { 0 };
	int rc;

	if (job->from.io) {
		job->from.new_path = job->args->new_path;
		return psnap_repair_from_write(&job->from, to);
	}
	rc = psnap_repair_apply(to, job->origin.io, &job->options, &job->plan,
				&err);
	/* Memory that ran out in a callback has no message of its own. */
	if (err.code == 0)
		err.code = rc;
	return rc < 0 ? failure(job, name, &err) : 0;
}

/* Begin to save, and to note. */
static int prepare(struct psnap_repair_job *job)
{
	struct psnap_operand nobody = { .io = psnap_nothing() };
	int status;

	status = psnap_save_open(&job->save, job->args->undo, &job->store,
				 &nobody, undo_bytes(job),
				 &job->options.progress);
	if (status == 0)
		status = psnap_repair_log_open(
			job, job->save.devices[PSNAP_UNDO_STORE]);
	if (status == 0 && job->store.io->size_bytes > job->old_bytes)
		status = psnap_repair_log_grown(job, job->old_bytes,
						job->store.io->size_bytes);
	return status;
}

/* Nothing was written to it yet. */
static void shrink_back(struct psnap_repair_job *job)
{
	if (job->store.io->size_bytes == job->old_bytes)
		return;
	if (ftruncate(job->store.io->fd, (off_t)job->old_bytes) < 0)
		psnap_msg(job->store.name,
			  "was made longer, from %" PRIu64 " bytes to %" PRIu64
			  ", and not written to",
			  job->old_bytes, job->store.io->size_bytes);
	else
		job->store.io->size_bytes = job->old_bytes;
}

static int grow(struct psnap_repair_job *job)
{
	struct psnap_error err = { 0 };

	if (job->args->grow_bytes <= job->old_bytes)
		return 0;
	if (psnap_io_grow(job->store.io, job->args->grow_bytes, &err) == 0)
		return 0;
	shrink_back(job);
	psnap_msg(job->store.name, "%s; nothing was written", err.message);
	return PSNAP_EXIT_FAILED;
}

int psnap_repair_write(struct psnap_repair_job *job)
{
	int status;

	status = grow(job);
	if (status != 0)
		return status;
	status = prepare(job);
	if (status != 0) {
		psnap_repair_log_close(job);
		shrink_back(job);
		return status;
	}
	psnap_msg_interrupted_words(go_on);
	status = psnap_repair_write_to(job, job->log.io, job->store.name);
	status |= psnap_repair_log_close(job);
	if (status == 0)
		psnap_msg_interrupted_words(
			"the repair is done, but its report "
			"is not complete");
	return status;
}
