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

	return psnap_operand_open_pair(&job->store, cli->operands[0],
				       &job->origin, cli->operands[1], false,
				       cli->quiet);
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

	status = psnap_pair_show(&pair, &options, "converted", &job->plan,
				 &job->view);
	psnap_pair_release(&pair);
	if (status != 0)
		return status;
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
	return 0;
}
