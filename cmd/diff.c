/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap diff: open, check, compare what has an exception, hand over what
 * differs. What has none is the origin on both sides and not read.
 */
#include "diff.h"

#include "output.h"
#include "pair_check.h"

#include <psnap/compare.h>

static int open_second(struct psnap_diff_job *job, const char *name)
{
	struct psnap_operand *second = &job->stores[1].operand;
	int status;

	status = psnap_operand_open(second, name, job->args->cli.quiet);
	if (status != 0)
		return status;
	if (psnap_io_overlap(second->io, job->stores[0].operand.io))
		return psnap_msg_usage("%s: both stores are the same", name);
	if (psnap_io_overlap(second->io, job->origin.io))
		return psnap_msg_usage("%s: STORE and ORIGIN are the same",
				       name);
	return 0;
}

/* Somebody may have forgotten the third operand. */
static void say_two_stores(const struct psnap_diff_job *job)
{
	struct psnap_header header;

	if (job->store_count == 2 || job->args->cli.quiet ||
	    job->stores[0].plan.refused ||
	    psnap_header_read(job->origin.io, &header, NULL) < 0 ||
	    header.magic != PSNAP_MAGIC || header.problems != 0)
		return;
	psnap_msg(job->origin.name,
		  "taken as an origin, but it is a store itself; to compare "
		  "two stores, name their origin behind them");
}

static int open_all(struct psnap_diff_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	int last = cli->operand_count - 1;
	int status;

	job->store_count = last;
	status = psnap_operand_open_pair(
		&job->stores[0].operand, cli->operands[0], &job->origin,
		cli->operands[last], false, cli->quiet);
	if (status == 0 && last == 2)
		status = open_second(job, cli->operands[1]);
	return status;
}

static int show(struct psnap_diff_job *job, struct psnap_diff_store *store)
{
	const struct psnap_merge_options options = {
		.accept_invalid = job->args->accept_invalid,
		.progress = job->progress,
	};
	struct psnap_pair pair = { .store = &store->operand,
				   .origin = &job->origin,
				   .quiet = job->args->cli.quiet };
	int status;

	status = psnap_pair_show(&pair, &options, "compared", &store->plan,
				 &store->view);
	psnap_pair_release(&pair);
	if (status == 0)
		psnap_view_io(store->view)->name = store->operand.name;
	return status;
}

/* All are checked, so that a report has the verdict on each. */
static int show_all(struct psnap_diff_job *job)
{
	int refused = 0;
	int i;

	for (i = 0; i < job->store_count; i++) {
		int status = show(job, &job->stores[i]);

		if (status != 0 && !job->stores[i].plan.refused)
			return status;
		refused |= status;
	}
	if (refused == 0)
		say_two_stores(job);
	return refused;
}

static int find_allocated(struct psnap_diff_job *job,
			  struct psnap_extents *where, struct psnap_error *err)
{
	int rc = 0;
	int i;

	for (i = 0; i < job->store_count; i++) {
		const struct psnap_view_segment *s;
		size_t count;
		size_t k;

		s = psnap_view_segments(job->stores[i].view, &count);
		for (k = 0; k < count && rc == 0; k++)
			if (s[k].source == PSNAP_VIEW_STORE)
				rc = psnap_extents_add(
					where, s[k].start_bytes,
					s[k].start_bytes + s[k].len_bytes, err);
	}
	job->allocated_bytes = psnap_extents_common_bytes(
		where, 0, job->origin.io->size_bytes);
	return rc;
}

static int take(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	struct psnap_diff_job *job = ctx;

	job->differing_bytes += end_bytes - start_bytes;
	if (!job->args->summary)
		job->form->range(job, start_bytes, end_bytes);
	/* Whoever waits for a slow disk sees that there is something. */
	if (job->ranges++ == 0 || job->out->eager)
		psnap_outbuf_flush(job->out);
	return job->out->os_errno != 0 ? PSNAP_CLI_STOP : 0;
}

/* The message of a read error names the device, whichever it is. */
static int failure(const struct psnap_diff_job *job,
		   const struct psnap_error *err)
{
	bool named = err->code == PSNAP_E_IO || err->code == PSNAP_E_TRUNCATED;

	return psnap_msg_error(named ? NULL : job->stores[0].operand.name, err);
}

static int compare(struct psnap_diff_job *job)
{
	struct psnap_io *other = job->store_count == 2
					 ? psnap_view_io(job->stores[1].view)
					 : job->origin.io;
	struct psnap_extents *where = NULL;
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_extents_new(&where, &err);
	if (rc == 0)
		rc = find_allocated(job, where, &err);
	if (rc == 0) {
		job->form->begin(job);
		rc = psnap_compare_each(psnap_view_io(job->stores[0].view),
					other, where, PSNAP_DIFF_UNIT_BYTES,
					take, job, &job->progress, &err);
	}
	psnap_extents_free(where);
	if (rc < 0)
		return failure(job, &err);
	job->compared = rc == 0;
	return 0;
}

/* A result that is not complete has no end. */
static int report(struct psnap_diff_job *job)
{
	int status = show_all(job);

	if (status == 0)
		status = compare(job);
	else
		job->refused = job->stores[0].plan.refused ||
			       job->stores[1].plan.refused;
	psnap_meter_finish();
	if (job->refused && job->form->tells_refusal)
		job->form->begin(job);
	if (job->compared || (job->refused && job->form->tells_refusal))
		job->form->end(job, status);
	return status;
}

static int run(struct psnap_diff_job *job)
{
	struct psnap_io *const inputs[] = { job->stores[0].operand.io,
					    job->origin.io,
					    job->stores[1].operand.io, NULL };
	struct psnap_output output = { 0 };
	int status;

	status = psnap_output_open(&output, NULL, false, inputs);
	if (status != 0)
		return status;
	job->out = &output.buf;
	status = report(job);
	job->out = NULL;
	return status |
	       psnap_output_close(&output, job->compared || job->refused);
}

int psnap_diff_main(int argc, const char **argv)
{
	struct psnap_diff_args args = { 0 };
	struct psnap_diff_job job = { .args = &args };
	int status;
	int i;

	status = psnap_diff_args_parse(&args, argc, argv);
	if (status == PSNAP_CLI_GO_ON) {
		job.form = psnap_diff_form(&args);
		psnap_meter_start(args.cli.progress, args.cli.quiet,
				  &job.progress);
		status = open_all(&job);
		if (status == 0)
			status = run(&job);
		psnap_meter_finish();
	}
	for (i = 0; i < 2; i++) {
		psnap_view_close(job.stores[i].view);
		psnap_operand_close(&job.stores[i].operand);
	}
	psnap_operand_close(&job.origin);
	psnap_cli_end(&args.cli);
	return status;
}
