/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap merge, in parts: merge_args.c reads the command line, with
 * merge_ranges.c for which part of what is meant; merge.c opens what it names
 * and merges, or has merge_target.c write a new file; merge_room.c estimates
 * and save.c keeps the undo file; merge_left.c takes note of what stays in the
 * store; merge_report.c and merge_json.c print.
 * A delta instead of a store is for merge_delta.c.
 */
#ifndef PSNAP_CMD_MERGE_H
#define PSNAP_CMD_MERGE_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"
#include "pair_check.h"
#include "save.h"

#include <psnap/merge.h>

/**
 * struct psnap_merge_args - zero-initialise; the command line
 * @merge:    what the library is asked to do; the sets of ranges are owned
 * @dry_run:  only say what would be done
 * @undo:     the undo file; owned, like the other names; NULL: none
 * @mapfile, @origin_mapfile:  what was rescued of the two; NULL: all
 * @target:   the new file to merge to; NULL: merge to the origin
 * @force_origin:  of a delta, which knows what it was made against
 */
struct psnap_merge_args {
	struct psnap_cli cli;
	struct psnap_merge_options merge;
	bool dry_run;
	char *undo;
	char *mapfile;
	char *origin_mapfile;
	char *target;
	bool force_origin;
};

/* Runs that are listed in a report at the most; all go to standard error. */
#define PSNAP_MERGE_LEFT_RUNS 1000

/* Exceptions that stay in the store although they were asked for. */
struct psnap_merge_left_run {
	struct psnap_run run;
	enum psnap_merge_left reason;
	char *message; /* owned; NULL: no read failed */
};

/**
 * struct psnap_merge_left_list - zero-initialise
 * @runs:       the first PSNAP_MERGE_LEFT_RUNS of them; owned
 * @truncated:  there were more
 * @open:       the last one may still grow, and is not told yet
 */
struct psnap_merge_left_list {
	struct psnap_merge_left_run *runs;
	size_t count;
	bool truncated;
	bool open;
	struct psnap_merge_left_run last;
};

/**
 * struct psnap_merge_job - one merge
 * @plan:      what the check of the pair led to
 * @pair:      and what it found
 * @begun:     it was not refused: @result says what was done
 * @done:      and that is all that was meant to be done
 */
struct psnap_merge_job {
	const struct psnap_merge_args *args;
	struct psnap_operand store;
	struct psnap_operand origin;
	struct psnap_merge_options options;
	struct psnap_merge_plan plan;
	struct psnap_pair pair;
	struct psnap_save save;
	struct psnap_merge_left_list left;
	struct psnap_merge_result result;
	bool begun;
	bool done;
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

/**
 * psnap_merge_range_add() - one value of --range or --exclude
 * @option:  its name, for the message
 * @set:     made when there is none yet
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_merge_range_add(const char *option, const char *value,
			  struct psnap_extents **set);

/**
 * psnap_merge_maps_read() - read the map files into options.*_unrescued
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_merge_maps_read(struct psnap_merge_args *args);

/** psnap_merge_undo_bytes() - what a new undo file may grow by at the most */
uint64_t psnap_merge_undo_bytes(const struct psnap_merge_job *job);

/**
 * psnap_merge_undo_room() - if the undo file is continued, has it room?
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_merge_undo_room(const struct psnap_merge_job *job);

/**
 * psnap_merge_left_take() - psnap_merge_left_fn; @ctx is the job
 *
 * Neighbours are told as one.
 */
int psnap_merge_left_take(void *ctx, const struct psnap_run *run,
			  enum psnap_merge_left reason,
			  const struct psnap_error *why);

/** psnap_merge_left_finish() - no more will be left: tell the last of them */
void psnap_merge_left_finish(struct psnap_merge_job *job);

/** psnap_merge_left_release() - release the list */
void psnap_merge_left_release(struct psnap_merge_left_list *list);

/** psnap_merge_left_lost() - how many of the left are nobody's wish */
uint64_t psnap_merge_left_lost(const uint64_t left[PSNAP_LEFT_REASONS]);

/** psnap_merge_left_text() - "N exceptions (unreadable N)\n" behind @before;
 * nothing when none is left */
void psnap_merge_left_text(struct psnap_outbuf *out, const char *before,
			   const uint64_t left[PSNAP_LEFT_REASONS]);

/** psnap_merge_left_json() - ,"left":{"not_asked":N,...} */
void psnap_merge_left_json(struct psnap_outbuf *out,
			   const uint64_t left[PSNAP_LEFT_REASONS]);

/** psnap_merge_left_json_runs() - ,"left_runs":[...],"left_runs_truncated":b */
void psnap_merge_left_json_runs(struct psnap_outbuf *out,
				const struct psnap_merge_left_list *list);

/**
 * psnap_merge_target_check() - may the new file be where it is to be?
 *
 * Return: 0, also without --target, or an exit status after a message.
 */
int psnap_merge_target_check(const struct psnap_merge_job *job);

/**
 * psnap_merge_target() - merge to the new file
 *
 * It appears whole or not at all. Return: 0, or an exit status after a message.
 */
int psnap_merge_target(struct psnap_merge_job *job);

/**
 * psnap_merge_failure() - say why a merge ended, and on which device
 *
 * Data of the store that cannot be read is told from all else, because for that
 * there is a way out. Return: the exit status.
 */
int psnap_merge_failure(const struct psnap_merge_job *job,
			const struct psnap_error *err);

/** psnap_merge_report_refusal() - say on standard error what is in the way */
void psnap_merge_report_refusal(const struct psnap_merge_job *job);

/** psnap_merge_report_text() - the result, or the plan of a dry run */
void psnap_merge_report_text(const struct psnap_merge_job *job,
			     struct psnap_outbuf *out);

/** psnap_merge_report_json() - the same for scripts, and the findings */
void psnap_merge_report_json(const struct psnap_merge_job *job,
			     struct psnap_outbuf *out, int exit_status);

/** psnap_merge_is_delta() - is the first operand a delta instead of a store? */
bool psnap_merge_is_delta(const struct psnap_merge_args *args);

/** psnap_merge_delta() - write it to the origin; the exit status */
int psnap_merge_delta(const struct psnap_merge_args *args);

/** psnap_merge_main() - psnap merge; exit status */
int psnap_merge_main(int argc, const char **argv);

#endif
