/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap merge DELTA ORIGIN: what a delta has is written to its origin. All of the
 * delta is verified first, and so is the origin: nothing is written to another
 * one, and one to which a part was written already is known as that.
 */
#include "delta_origin.h"
#include "json.h"
#include "merge.h"
#include "nothing.h"
#include "output.h"

#include <inttypes.h>
#include <psnap/delta.h>

static const char go_on[] =
	"nothing is lost: run the same command again to go on; until then the "
	"origin is neither the old nor the new state";

/*
 * @begun:  it may have been written to
 * @done:   and has all there is to write
 */
struct job {
	const struct psnap_merge_args *args;
	struct psnap_operand file;
	struct psnap_operand origin;
	struct psnap_progress progress;
	struct psnap_delta *delta;
	struct psnap_delta_match match;
	struct psnap_save save;
	struct psnap_delta_applied applied;
	bool begun;
	bool done;
};

bool psnap_merge_is_delta(const struct psnap_merge_args *args)
{
	struct psnap_io *io;
	bool is;

	/* Whatever is wrong with it is said when it is opened as a store. */
	if (psnap_io_open(args->cli.operands[0], &io, NULL) < 0)
		return false;
	is = psnap_delta_is(io);
	psnap_io_close(io, NULL);
	return is;
}

/* What is about a store. */
static int check_options(const struct psnap_merge_args *args)
{
	const struct psnap_merge_options *merge = &args->merge;
	const char *option = NULL;

	if (args->target)
		option = "--target";
	else if (args->mapfile)
		option = "--mapfile";
	else if (args->origin_mapfile)
		option = "--origin-mapfile";
	else if (merge->salvage)
		option = "--salvage";
	else if (merge->only)
		option = "--range";
	else if (merge->except)
		option = "--exclude";
	else if (merge->keep_store)
		option = "--keep-store";
	else if (merge->skip_equal)
		option = "--skip-equal";
	else if (merge->verify)
		option = "--verify";
	else if (merge->accept_invalid)
		option = "--accept-invalid";
	else if (merge->batch_bytes)
		option = "--batch";
	if (!option)
		return 0;
	return psnap_msg_usage("%s: %s is a delta, and the option is for "
			       "stores%s",
			       option, args->cli.operands[0],
			       args->target ? "; psnap convert -f delta -O raw "
					      "writes a new file"
					    : "");
}

static int open_both(struct job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	int status;

	status = psnap_operand_open(&job->file, cli->operands[0], cli->quiet);
	if (status != 0)
		return status;
	status = job->args->dry_run
			 ? psnap_operand_open(&job->origin, cli->operands[1],
					      cli->quiet)
			 : psnap_operand_open_exclusive(&job->origin,
							cli->operands[1]);
	if (status == 0 && psnap_io_overlap(job->file.io, job->origin.io))
		return psnap_msg_usage("%s: DELTA and ORIGIN are the same",
				       job->origin.name);
	return status;
}

static int verify(struct job *job)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_delta_open(job->file.io, &job->delta, &err);
	if (rc == 0)
		rc = psnap_delta_verify(job->delta, job->origin.io, NULL,
					&job->progress, &job->match, &err);
	if (rc < 0)
		return psnap_delta_origin_failed(
			job->file.name, job->origin.name, &job->match, &err);
	return psnap_delta_origin_judge(job->delta, job->origin.io,
					job->origin.name, &job->match,
					job->args->force_origin);
}

/* Each range is saved once, in whole sectors, and so is each piece of one that
 * was cut by a frame. */
static uint64_t undo_bytes(const struct job *job)
{
	const struct psnap_delta_info *info = psnap_delta_info(job->delta);
	uint64_t pieces = info->range_count + info->frame_count +
			  info->data_bytes / PSNAP_UNDO_RECORD_BYTES;

	return info->data_bytes +
	       pieces * (PSNAP_UNDO_HEAD_BYTES +
			 2 * (uint64_t)(job->origin.io->align_bytes - 1)) +
	       (64 << 10);
}

static int apply(struct job *job)
{
	/* An undo file has two devices: there is no store. */
	struct psnap_operand nobody = { .io = psnap_nothing() };
	struct psnap_error err = { 0 };
	const char *failed;
	int status;
	int rc;

	nobody.name = nobody.io->name;
	status = psnap_save_open(&job->save, job->args->undo, &nobody,
				 &job->origin, undo_bytes(job), &job->progress);
	if (status != 0)
		return status;
	job->begun = true;
	psnap_msg_interrupted_words(go_on);
	rc = psnap_delta_apply(job->delta, job->save.devices[PSNAP_UNDO_ORIGIN],
			       &job->progress, &job->applied, &err);
	if (rc == 0) {
		job->done = true;
		psnap_msg_interrupted_words("the merge is done, but its report "
					    "is not complete");
		return 0;
	}
	failed = job->applied.failed ? job->origin.name : job->file.name;
	return psnap_msg_unfinished(failed, &err);
}

static void report_text(const struct job *job, struct psnap_outbuf *out)
{
	const struct psnap_delta_info *info = psnap_delta_info(job->delta);

	psnap_outbuf_text(out, "delta       ");
	psnap_outbuf_plain(out, job->file.name);
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\norigin      ",
			    job->file.io->size_bytes);
	psnap_outbuf_plain(out, job->origin.name);
	psnap_outbuf_printf(out,
			    ", %" PRIu64 " bytes\nchanges     %" PRIu64
			    " bytes in %" PRIu64 " range%s\n",
			    job->origin.io->size_bytes, info->data_bytes,
			    info->range_count,
			    info->range_count == 1 ? "" : "s");
	if (job->args->dry_run)
		psnap_outbuf_printf(out,
				    "would merge %" PRIu64 " blocks of 512 "
				    "bytes, of which %" PRIu64 " are merged "
				    "already\n",
				    job->match.old_blocks +
					    job->match.new_blocks +
					    job->match.other_blocks,
				    job->match.new_blocks);
	else if (job->done)
		psnap_outbuf_printf(out,
				    "merged      all, %" PRIu64
				    " bytes were written\n",
				    job->applied.written_bytes);
	else
		psnap_outbuf_text(out, "merged      a part\n");
	if (job->save.path)
		psnap_outbuf_printf(out, "undo        %" PRIu64 " bytes\n",
				    psnap_save_bytes(&job->save));
}

static void report_json(const struct job *job, struct psnap_outbuf *out,
			int status)
{
	const struct psnap_delta_info *info = psnap_delta_info(job->delta);

	psnap_outbuf_text(out, "{");
	psnap_json_intro(out, "merge");
	psnap_outbuf_printf(out, ",\"dry_run\":%s,\n\"delta\":",
			    job->args->dry_run ? "true" : "false");
	psnap_json_io(out, job->file.io);
	psnap_outbuf_text(out, ",\n\"store\":null,\n\"origin\":");
	psnap_json_io(out, job->origin.io);
	psnap_json_member(out, "ranges", true, info->range_count);
	psnap_json_member(out, "data_bytes", true, info->data_bytes);
	psnap_json_member(out, "old_blocks", true, job->match.old_blocks);
	psnap_json_member(out, "new_blocks", true, job->match.new_blocks);
	psnap_json_member(out, "other_blocks", true, job->match.other_blocks);
	psnap_json_member(out, "written_bytes", true,
			  job->applied.written_bytes);
	psnap_json_member(out, "undo_bytes", job->save.path != NULL,
			  psnap_save_bytes(&job->save));
	psnap_outbuf_printf(out, ",\"done\":%s,\"exit_status\":%d}\n",
			    job->done ? "true" : "false", status);
}

static int run(struct job *job)
{
	struct psnap_io *const inputs[] = { job->file.io, job->origin.io,
					    NULL };
	struct psnap_output output = { 0 };
	int status = 0;

	if (!job->args->cli.quiet)
		status = psnap_output_open(&output, NULL, false, inputs);
	if (status != 0)
		return status;
	status = verify(job);
	if (status == 0 && !job->args->dry_run)
		status = apply(job);
	psnap_meter_finish();
	if (output.buf.data &&
	    (job->begun || (status == 0 && job->args->dry_run))) {
		if (job->args->cli.format == PSNAP_FORMAT_JSON)
			report_json(job, &output.buf, status);
		else
			report_text(job, &output.buf);
	}
	return status | psnap_output_close(&output, true);
}

int psnap_merge_delta(const struct psnap_merge_args *args)
{
	struct job job = { .args = args };
	int status = check_options(args);

	if (status != 0)
		return status;
	psnap_meter_start(args->cli.progress, args->cli.quiet, &job.progress);
	status = open_both(&job);
	if (status == 0)
		status = run(&job);
	psnap_meter_finish();
	psnap_save_close(&job.save);
	psnap_delta_close(job.delta);
	psnap_operand_close(&job.origin);
	psnap_operand_close(&job.file);
	return status;
}
