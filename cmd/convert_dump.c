/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store of a dump: the table as it was, every chunk at its place. The data is
 * not in a dump; it comes from a store that has it, or stays a hole. Reading the
 * dump and writing the table is what repair --from does, too.
 */
#include "convert.h"
#include "repair_from.h"

#include <inttypes.h>
#include <psnap/newstore.h>
#include <stdlib.h>

int psnap_convert_dump_open(struct psnap_convert_job *job)
{
	const struct psnap_convert_args *args = job->args;
	const struct psnap_cli *cli = &args->cli;
	int status;

	status = psnap_operand_open(&job->input, cli->operands[0], cli->quiet);
	if (status == 0 && args->data_from)
		status = psnap_operand_open(&job->store, args->data_from,
					    cli->quiet);
	if (status != 0)
		return status;
	if (job->store.io && psnap_io_overlap(job->store.io, job->input.io))
		return psnap_msg_usage("--data-from: %s is the dump",
				       args->data_from);
	return 0;
}

/* Whatever the device held would become the data. */
int psnap_convert_dump_show(struct psnap_convert_job *job)
{
	if (!job->device.io)
		return 0;
	return psnap_msg_usage("%s: a store of a dump goes to a file; psnap "
			       "repair --from writes its table to a device "
			       "that has the data",
			       job->path);
}

/* Is it of a whole table, and is the data what it was? */
static int judge(const struct psnap_convert_job *job,
		 const struct psnap_repair_from *from)
{
	const struct psnap_dumpfile_totals *totals =
		psnap_dumpfile_totals(from->dump);
	const struct psnap_rebuild_result *plan = &from->plan;

	if (totals->missing > 0 || totals->unreadable_bytes > 0) {
		psnap_msg(job->input.name,
			  "not converted: not of a whole table (%" PRIu64
			  " exceptions are not in it, %" PRIu64
			  " bytes could not be read)",
			  totals->missing, totals->unreadable_bytes);
		return PSNAP_EXIT_LEFT;
	}
	if (plan->differing > 0) {
		psnap_msg(job->store.name,
			  "not converted: the data of %" PRIu64 " of %" PRIu64
			  " exceptions is not what it was for %s (origin chunk "
			  "%" PRIu64 " in store chunk %" PRIu64
			  " is the first)",
			  plan->differing, plan->compared, job->input.name,
			  plan->first_differing.old_chunk,
			  plan->first_differing.new_chunk);
		return PSNAP_EXIT_LEFT;
	}
	if (plan->unreadable > 0) {
		psnap_msg(job->store.name,
			  "the data of %" PRIu64 " exceptions cannot be read",
			  plan->unreadable);
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

/* Where data stands: the same on both stores. */
static int gather(const struct psnap_convert_job *job,
		  struct psnap_repair_from *from, struct psnap_extents *ranges)
{
	const struct psnap_dumpfile_head *head =
		psnap_dumpfile_head(from->dump);
	uint64_t chunk_count = head->store_bytes / head->chunk_bytes;
	struct psnap_rebuild_entry entry;
	struct psnap_error err = { 0 };
	int rc = psnap_dumpfile_rewind(from->dump, &err);

	while (rc == 0) {
		const struct psnap_run *run = &entry.run;

		rc = psnap_dumpfile_next(from->dump, &entry, &err);
		if (rc <= 0)
			break;
		/* It fits the other store, which may be larger. */
		if (run->new_chunk + run->chunks > chunk_count) {
			psnap_msg(job->input.name,
				  "line %" PRIu64 ": store chunk %" PRIu64
				  " is behind the end of the store that was "
				  "dumped",
				  psnap_dumpfile_line(from->dump),
				  run->new_chunk + run->chunks - 1);
			return PSNAP_EXIT_LEFT;
		}
		rc = psnap_extents_add(
			ranges, run->new_chunk * head->chunk_bytes,
			(run->new_chunk + run->chunks) * head->chunk_bytes,
			&err);
	}
	return rc < 0 ? psnap_msg_error(job->input.name, &err) : 0;
}

static int copy_data(struct psnap_convert_job *job,
		     struct psnap_repair_from *from, struct psnap_io *to)
{
	struct psnap_extents *ranges;
	struct psnap_error err = { 0 };
	int status;

	if (psnap_extents_new(&ranges, &err) < 0)
		return psnap_msg_nomem();
	status = gather(job, from, ranges);
	if (status == 0 && psnap_newstore_copy(job->store.io, to, ranges,
					       &job->progress, &err) < 0) {
		/* A place that can be read again is one of the new file. */
		uint8_t byte;
		bool reads = !err.has_offset ||
			     psnap_io_read(job->store.io, err.offset_bytes,
					   &byte, 1, NULL) == 0;

		status = psnap_msg_error(reads ? job->path : job->store.name,
					 &err);
	}
	psnap_extents_free(ranges);
	return status;
}

static int fill(struct psnap_convert_job *job, struct psnap_repair_from *from,
		struct psnap_io *to)
{
	struct psnap_io *has_data = job->store.io;
	int status;

	from->ignore_crc32 = !has_data;
	status = psnap_repair_from_plan(from, has_data ? has_data : to);
	if (status == 0)
		status = judge(job, from);
	if (status == 0 && has_data)
		status = copy_data(job, from, to);
	if (status == 0)
		status = psnap_repair_from_write(from, to);
	return status;
}

static int make_file(struct psnap_convert_job *job,
		     struct psnap_repair_from *from, struct psnap_newfile *file)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	int status;

	job->output_bytes = psnap_dumpfile_head(from->dump)->store_bytes;
	if (psnap_newfile_io(file, job->output_bytes, &io, &err) < 0)
		status = psnap_msg_error(job->path, &err);
	else
		status = fill(job, from, io);
	psnap_io_close(io, NULL);
	if (status == 0)
		return psnap_convert_commit(job, file);
	psnap_newfile_abandon(file);
	return status;
}

/* A merge of it would be the end of the origin. */
static void say_missing(const struct psnap_convert_job *job)
{
	if (job->made.data_missing && !job->args->cli.quiet)
		psnap_msg(job->path,
			  "it has a table only, of %" PRIu64
			  " exceptions, and zeros instead of their data: do "
			  "not merge it; --data-from names a store that has "
			  "the data",
			  job->made.exceptions);
}

int psnap_convert_dump_store(struct psnap_convert_job *job)
{
	struct psnap_io *inputs[PSNAP_CONVERT_IOS];
	struct psnap_repair_from from = { 0 };
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	int status;

	psnap_convert_ios(job, inputs);
	status = psnap_repair_from_open(
		&from, job->input.path,
		job->store.io ? job->store.name : job->path, &job->progress);
	from.new_path = job->path;
	if (status == 0 &&
	    psnap_newfile_create(job->path, inputs, &file, &err) < 0)
		status = psnap_msg_error(job->path, &err);
	if (status == 0)
		status = make_file(job, &from, file);
	if (status == 0) {
		job->made = (struct psnap_convert_made){
			.chunk_bytes =
				psnap_dumpfile_head(from.dump)->chunk_bytes,
			.exceptions = from.plan.exceptions,
			.data_missing =
				!job->store.io && from.plan.exceptions > 0,
		};
		say_missing(job);
	}
	psnap_repair_from_end(&from);
	return status;
}
