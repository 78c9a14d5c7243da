/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store and its origin as the input of a conversion: opened, checked, refused
 * if they are not sound, and shown as a view.
 */
#include "convert.h"
#include "pair_check.h"

int psnap_convert_snapshot_open(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	int status;

	status = psnap_operand_open_pair(&job->store, cli->operands[0],
					 &job->origin, cli->operands[1], false,
					 cli->quiet);
	return status ? status : psnap_convert_salvage_maps(job);
}

/* As psnap_pair_show(), but the check need not be content with the pair. */
static int salvage(struct psnap_convert_job *job, struct psnap_pair *pair,
		   const struct psnap_merge_options *options)
{
	struct psnap_error err = { 0 };
	struct psnap_store *store;
	int status;

	status = psnap_pair_plan(pair, options, &job->plan);
	if (status != 0)
		return status;
	if (job->plan.refused && !psnap_convert_salvage_takes(job)) {
		psnap_pair_refuse(pair, &job->plan, "converted");
		return PSNAP_EXIT_LEFT;
	}
	job->plan.refused = false;
	psnap_pair_say_findings(pair);
	/* The check has found the chunk size, and knows how it was found. */
	if (psnap_store_open(job->store.io,
			     job->plan.check.geometry.chunk_bytes, &store,
			     &err) < 0)
		return psnap_msg_error(job->store.name, &err);
	status = psnap_convert_salvage_view(job, store);
	psnap_store_close(store);
	if (status == 0)
		psnap_pair_say_invalid(pair, &job->plan);
	return status;
}

int psnap_convert_snapshot_show(struct psnap_convert_job *job)
{
	const struct psnap_merge_options options = {
		.accept_invalid = job->args->accept_invalid,
		.progress = job->progress,
	};
	struct psnap_pair pair = { .store = &job->store,
				   .origin = &job->origin,
				   .quiet = job->args->cli.quiet };
	int status;

	if (job->args->salvage.asked) {
		status = salvage(job, &pair, &options);
	} else {
		pair.hint = ", --salvage shows what is sound";
		status = psnap_pair_show(&pair, &options, "converted",
					 &job->plan, &job->view);
	}
	psnap_pair_release(&pair);
	if (status != 0)
		return status;
	if (!job->shown)
		job->shown = psnap_view_io(job->view);
	job->chunk_bytes = job->plan.check.geometry.chunk_bytes;
	return 0;
}

int psnap_convert_snapshot_changes(struct psnap_convert_job *job,
				   struct psnap_extents *changes)
{
	struct psnap_error err = { 0 };
	const struct psnap_view_segment *s;
	size_t count;
	size_t i;
	int rc;

	s = psnap_view_segments(job->view, &count);
	for (i = 0; i < count; i++) {
		if (s[i].source != PSNAP_VIEW_STORE)
			continue;
		rc = psnap_extents_add(changes, s[i].start_bytes,
				       s[i].start_bytes + s[i].len_bytes, &err);
		if (rc < 0)
			return psnap_msg_error(job->store.name, &err);
	}
	return psnap_convert_salvage_changes(job, changes);
}
