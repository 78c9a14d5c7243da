/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two disk images as the input of a conversion: what is made lies over the first
 * and shows the second.
 */
#include "convert.h"

#include <inttypes.h>
#include <psnap/compare.h>

/* LVM's default. */
#define CHUNK_BYTES UINT64_C(4096)

int psnap_convert_pair_open(struct psnap_convert_job *job)
{
	const struct psnap_cli *cli = &job->args->cli;
	int status;

	status = psnap_operand_open(&job->origin, cli->operands[0], cli->quiet);
	if (status == 0)
		status = psnap_operand_open(&job->input, cli->operands[1],
					    cli->quiet);
	if (status != 0)
		return status;
	if (psnap_io_overlap(job->origin.io, job->input.io))
		return psnap_msg_usage("%s: ORIGIN and MODIFIED are the same",
				       job->input.name);
	return 0;
}

int psnap_convert_pair_show(struct psnap_convert_job *job)
{
	uint64_t origin_bytes = job->origin.io->size_bytes;
	uint64_t bytes = job->input.io->size_bytes;

	if (bytes != origin_bytes) {
		psnap_msg(job->input.name,
			  "not converted: it has %" PRIu64 " bytes, and %s has "
			  "%" PRIu64 "; a snapshot is as large as its origin",
			  bytes, job->origin.name, origin_bytes);
		return PSNAP_EXIT_LEFT;
	}
	job->shown = job->input.io;
	job->chunk_bytes = job->args->cli.chunk_bytes;
	if (job->chunk_bytes == 0)
		job->chunk_bytes = CHUNK_BYTES;
	return 0;
}

int psnap_convert_pair_changes(struct psnap_convert_job *job,
			       struct psnap_extents *changes)
{
	struct psnap_error err = { 0 };

	if (psnap_compare(job->origin.io, job->input.io, 0,
			  job->shown->size_bytes, job->chunk_bytes, changes,
			  &job->progress, &err) == 0)
		return 0;
	/* The text says which of them. */
	return psnap_msg_error(NULL, &err);
}
