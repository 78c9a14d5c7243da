/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap repair --from: a dump goes to the library as a list, once to be judged
 * and once to be written. What is printed of it is in repair_from_report.c.
 */
#include "repair_from.h"

#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The library's list is the dump's. */
static int next(void *ctx, struct psnap_rebuild_entry *entry,
		struct psnap_error *err)
{
	struct psnap_repair_from *from = ctx;
	int rc = psnap_dumpfile_next(from->dump, entry, err);

	if (from->ignore_crc32)
		entry->has_crc32 = false;
	from->next_ended = rc == 0;
	from->next_failed = rc < 0;
	return rc;
}

/* The list sets the pace, however much is written for one line of it. */
static int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	const struct psnap_repair_from *from = ctx;

	(void)done_bytes;
	(void)total_bytes;
	if (!from->progress.tick)
		return 0;
	return from->progress.tick(from->progress.ctx,
				   psnap_dumpfile_position(from->dump),
				   from->io->size_bytes);
}

static struct psnap_rebuild_options options_of(struct psnap_repair_from *from)
{
	const struct psnap_dumpfile_head *head =
		psnap_dumpfile_head(from->dump);

	from->next_ended = false;
	from->next_failed = false;
	return (struct psnap_rebuild_options){
		.chunk_bytes = head->chunk_bytes,
		.valid = head->valid,
		.next = next,
		.ctx = from,
		.progress = { .tick = tick, .ctx = from },
	};
}

int psnap_repair_from_open(struct psnap_repair_from *from, const char *path,
			   const char *store_name,
			   const struct psnap_progress *progress)
{
	struct psnap_error err = { 0 };

	from->path = path;
	from->store_name = store_name;
	from->progress = *progress;
	if (psnap_io_open(path, &from->io, &err) < 0 ||
	    psnap_dumpfile_open(from->io, progress, &from->dump, &err) < 0)
		return psnap_msg_error(path, &err);
	return 0;
}

/* With the line that the library was given last, unless the dump has said
 * which. */
static int plan_failure(const struct psnap_repair_from *from,
			const struct psnap_error *err)
{
	bool fits_not =
		err->code == PSNAP_E_CORRUPT || err->code == PSNAP_E_TRUNCATED;

	if (from->next_failed || !fits_not)
		return psnap_msg_error(from->path, err);
	if (from->next_ended || psnap_dumpfile_line(from->dump) < 2)
		psnap_msg(from->path, "does not fit %s: %s", from->store_name,
			  err->message);
	else
		psnap_msg(from->path, "line %" PRIu64 ": does not fit %s: %s",
			  psnap_dumpfile_line(from->dump), from->store_name,
			  err->message);
	return PSNAP_EXIT_LEFT;
}

/* What the plan comes to. */
static void judge(struct psnap_repair_from *from)
{
	const struct psnap_dumpfile_totals *totals =
		psnap_dumpfile_totals(from->dump);
	const struct psnap_dumpfile_head *head =
		psnap_dumpfile_head(from->dump);
	const struct psnap_rebuild_result *plan = &from->plan;

	from->needed = plan->write_bytes > 0;
	from->doubtful = plan->differing > 0 || plan->unreadable > 0 ||
			 totals->missing > 0 || totals->unreadable_bytes > 0;
	from->cost = from->doubtful || plan->replaced > 0 ? PSNAP_REPAIR_LOSSY
							  : PSNAP_REPAIR_SAFE;
	/* The header is written twice when areas are. */
	from->write_bytes = plan->write_bytes + head->chunk_bytes;
}

int psnap_repair_from_plan(struct psnap_repair_from *from,
			   struct psnap_io *store)
{
	const struct psnap_rebuild_options options = options_of(from);
	struct psnap_error err = { 0 };
	int rc;

	if (psnap_io_overlap(from->io, store))
		return psnap_msg_usage("--from: %s is the store", from->path);
	from->store_bytes = store->size_bytes;
	rc = psnap_rebuild_check(store, &options, &from->plan, &err);
	/* Memory that ran out in a callback has no message of its own. */
	if (err.code == 0)
		err.code = rc;
	if (rc < 0)
		return plan_failure(from, &err);
	judge(from);
	return 0;
}

int psnap_repair_from_refuse(const struct psnap_repair_from *from)
{
	const struct psnap_dumpfile_totals *totals =
		psnap_dumpfile_totals(from->dump);
	const struct psnap_rebuild_result *plan = &from->plan;

	if (plan->differing > 0)
		psnap_msg(from->store_name,
			  "not written: the data of %" PRIu64 " of %" PRIu64
			  " exceptions is not what it was for %s (origin chunk "
			  "%" PRIu64 " in store chunk %" PRIu64
			  " is the first); -y writes the table all the same",
			  plan->differing, plan->compared, from->path,
			  plan->first_differing.old_chunk,
			  plan->first_differing.new_chunk);
	if (plan->unreadable > 0)
		psnap_msg(from->store_name,
			  "not written: the data of %" PRIu64
			  " exceptions cannot be read and compared with %s; "
			  "-y writes the table all the same",
			  plan->unreadable, from->path);
	if (totals->missing > 0 || totals->unreadable_bytes > 0)
		psnap_msg(from->path,
			  "not written: not of a whole table (%" PRIu64
			  " exceptions are not in it, %" PRIu64
			  " bytes could not be read); -y writes what there is",
			  totals->missing, totals->unreadable_bytes);
	return PSNAP_EXIT_LEFT;
}

/* To the store, the same command goes on; a new file is gone. */
static int write_failure(const struct psnap_repair_from *from,
			 const struct psnap_error *err)
{
	const char *to = from->new_path ? from->new_path : from->store_name;
	const char *subject = from->next_failed ? from->path : to;
	int status;

	if (!from->new_path)
		return psnap_msg_unfinished(subject, err);
	status = psnap_msg_error(subject, err);
	return status == PSNAP_EXIT_INTERRUPTED ? status : PSNAP_EXIT_FAILED;
}

int psnap_repair_from_write(struct psnap_repair_from *from, struct psnap_io *to)
{
	struct psnap_rebuild_options options;
	struct psnap_rebuild_result result;
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_dumpfile_rewind(from->dump, &err);
	if (rc < 0) {
		/* Nothing was written yet, whatever is wrong with it now. */
		rc = psnap_msg_error(from->path, &err);
		return rc == PSNAP_EXIT_INTERRUPTED ? rc : PSNAP_EXIT_FAILED;
	}
	options = options_of(from);
	rc = psnap_rebuild_write(to, &options, &result, &err);
	if (err.code == 0)
		err.code = rc;
	if (rc < 0)
		return write_failure(from, &err);
	from->written = true;
	return 0;
}

void psnap_repair_from_end(struct psnap_repair_from *from)
{
	psnap_dumpfile_close(from->dump);
	psnap_io_close(from->io, NULL);
	from->dump = NULL;
	from->io = NULL;
}
