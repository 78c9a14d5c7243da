/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap merge, in four parts: merge_args.c reads the command line, merge.c
 * opens what it names and merges, save.c keeps the undo file, merge_report.c
 * prints.
 */
#ifndef PSNAP_CMD_MERGE_H
#define PSNAP_CMD_MERGE_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"
#include "save.h"

#include <psnap/merge.h>

/**
 * struct psnap_merge_args - zero-initialise; the command line
 * @merge:    what the library is asked to do
 * @dry_run:  only say what would be done
 * @undo:     the undo file; owned, NULL: none
 */
struct psnap_merge_args {
	struct psnap_cli cli;
	struct psnap_merge_options merge;
	bool dry_run;
	char *undo;
};

/**
 * struct psnap_merge_job - one merge
 * @plan:      what the check of the pair led to
 * @findings:  those of that check; owned
 * @begun:     it was not refused: @result says what was done
 */
struct psnap_merge_job {
	const struct psnap_merge_args *args;
	struct psnap_operand store;
	struct psnap_operand origin;
	struct psnap_merge_options options;
	struct psnap_merge_plan plan;
	struct psnap_finding *findings;
	size_t finding_count;
	struct psnap_save save;
	struct psnap_merge_result result;
	bool begun;
};

/**
 * psnap_merge_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with
 * psnap_merge_args_end() either way.
 */
int psnap_merge_args_parse(struct psnap_merge_args *args, int argc,
			   const char **argv);

/** psnap_merge_args_end() - release what the command line held */
void psnap_merge_args_end(struct psnap_merge_args *args);

/** psnap_merge_report_refusal() - say on standard error what is in the way */
void psnap_merge_report_refusal(const struct psnap_merge_job *job);

/** psnap_merge_report() - the result, as text or JSON */
void psnap_merge_report(const struct psnap_merge_job *job,
			struct psnap_outbuf *out, int exit_status);

/** psnap_merge_main() - psnap merge; exit status */
int psnap_merge_main(int argc, const char **argv);

#endif
