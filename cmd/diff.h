/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap diff, in parts: diff_args.c reads the command line; diff.c opens what it
 * names and compares; diff_report.c prints what differs.
 */
#ifndef PSNAP_CMD_DIFF_H
#define PSNAP_CMD_DIFF_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"

#include <psnap/extents.h>
#include <psnap/merge.h>
#include <psnap/view.h>

/* What is compared, and so the least that a range counts. */
#define PSNAP_DIFF_UNIT_BYTES 512u

/**
 * struct psnap_diff_args - zero-initialise; the command line
 * @block_bytes:  print numbers of blocks of this size; 0: ranges
 */
struct psnap_diff_args {
	struct psnap_cli cli;
	bool summary;
	bool accept_invalid;
	uint64_t block_bytes;
};

/**
 * struct psnap_diff_store - a store, and what it shows
 * @plan:  what the check with the origin led to
 */
struct psnap_diff_store {
	struct psnap_operand operand;
	struct psnap_merge_plan plan;
	struct psnap_view *view;
};

struct psnap_diff_job;

/**
 * struct psnap_diff_form - a form of the result
 * @begin:  what is compared
 * @range:  bytes of the origin that differ; not called for a summary
 * @end:    the sums; @exit_status is that of the program
 * @tells_refusal:  begin and end are called for a pair that is refused, too
 */
struct psnap_diff_form {
	void (*begin)(struct psnap_diff_job *job);
	void (*range)(struct psnap_diff_job *job, uint64_t start_bytes,
		      uint64_t end_bytes);
	void (*end)(struct psnap_diff_job *job, int exit_status);
	bool tells_refusal;
};

/**
 * struct psnap_diff_job - one comparison
 * @stores, @store_count:  one, which is compared with the origin, or two
 * @refused:          a store is not fit to be compared
 * @compared:         all is compared
 * @allocated_bytes:  of the origin that have an exception, in either store
 * @differing_bytes, @ranges:  what was found so far
 * @next_block:       blocks before it are printed
 */
struct psnap_diff_job {
	const struct psnap_diff_args *args;
	const struct psnap_diff_form *form;
	struct psnap_outbuf *out;
	struct psnap_diff_store stores[2];
	int store_count;
	struct psnap_operand origin;
	struct psnap_progress progress;
	bool refused;
	bool compared;
	uint64_t allocated_bytes;
	uint64_t differing_bytes;
	uint64_t ranges;
	uint64_t next_block;
};

/**
 * psnap_diff_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with psnap_cli_end() of the
 * cli either way.
 */
int psnap_diff_args_parse(struct psnap_diff_args *args, int argc,
			  const char **argv);

/** psnap_diff_form() - the one that was asked for */
const struct psnap_diff_form *
psnap_diff_form(const struct psnap_diff_args *args);

/** psnap_diff_main() - psnap diff; the exit status */
int psnap_diff_main(int argc, const char **argv);

#endif
