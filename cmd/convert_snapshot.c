/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store and its origin as the input of a conversion: opened, checked, refused
 * if they are not sound, and shown as a view.
 */
#include "convert.h"

#include <inttypes.h>
#include <stdlib.h>

/* Findings are shown only if the pair is refused. */
static int keep_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_convert_job *job = ctx;
	struct psnap_finding *grown;

	grown = realloc(job->findings,
			(job->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	job->findings = grown;
	grown[job->finding_count++] = *finding;
	return 0;
}

/* What may be merged may be shown. */
static int check_pair(struct psnap_convert_job *job)
{
	struct psnap_merge_options options = {
		.accept_invalid = job->args->accept_invalid,
		.progress = job->progress,
	};
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_merge_plan(job->store.io, job->origin.io, &options,
			      keep_finding, job, &job->plan, &err);
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	if (rc < 0)
		return psnap_msg_error(job->store.name, &err);
	if (!job->plan.refused)
		return 0;
	psnap_convert_refusal(job);
	return PSNAP_EXIT_LEFT;
}

static int open_view(struct psnap_convert_job *job)
{
	struct psnap_error err = { 0 };
	struct psnap_store *store;
	int rc = psnap_store_open(job->store.io, 0, &store, &err);

	if (rc == 0)
		rc = psnap_view_open(store, job->origin.io, &job->progress,
				     &job->view, &err);
	psnap_store_close(store);
	if (rc < 0)
		return psnap_msg_error(job->store.name, &err);
	job->shown = psnap_view_io(job->view);
	job->chunk_bytes = job->plan.check.geometry.chunk_bytes;
	return 0;
}

/* What --accept-invalid comes to. */
static void say_invalid(const struct psnap_convert_job *job)
{
	if (job->plan.check.state == PSNAP_STATE_INVALID &&
	    !job->args->cli.quiet)
		psnap_msg(job->store.name,
			  "the snapshot is marked invalid: its %" PRIu64
			  " exceptions are exact, other chunks are shown as "
			  "the origin has them now",
			  job->plan.exceptions);
}

int psnap_convert_snapshot_open(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;

	return psnap_operand_open_pair(&job->store, cli->operands[0],
				       &job->origin, cli->operands[1], false,
				       cli->quiet);
}

int psnap_convert_snapshot_show(struct psnap_convert_job *job)
{
	int status;

	status = check_pair(job);
	if (status == 0)
		status = open_view(job);
	if (status == 0)
		say_invalid(job);
	return status;
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
