/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap undo, in three parts: undo_args.c reads the command line, undo.c opens
 * what it names and puts it back, undo_report.c prints.
 */
#ifndef PSNAP_CMD_UNDO_H
#define PSNAP_CMD_UNDO_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"

#include <psnap/undo.h>

/**
 * struct psnap_undo_args - zero-initialise; the command line
 * @dry_run:  only see whether the devices are the right ones
 * @verify:   only read the undo file
 * @accept_changed_origin:  also one that others have written to since
 */
struct psnap_undo_args {
	struct psnap_cli cli;
	bool dry_run;
	bool verify;
	bool accept_changed_origin;
};

/**
 * struct psnap_undo_job - one undo
 * @file:      the undo file
 * @devices:   not open with --verify
 * @info:      what the file holds
 */
struct psnap_undo_job {
	const struct psnap_undo_args *args;
	struct psnap_operand file;
	struct psnap_operand devices[PSNAP_UNDO_DEVICES];
	struct psnap_undo_options options;
	struct psnap_undo_info info;
};

/**
 * psnap_undo_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with psnap_undo_args_end()
 * either way.
 */
int psnap_undo_args_parse(struct psnap_undo_args *args, int argc,
			  const char **argv);

/** psnap_undo_args_end() - release what the command line held */
void psnap_undo_args_end(struct psnap_undo_args *args);

/** psnap_undo_report() - the result, as text or JSON */
void psnap_undo_report(const struct psnap_undo_job *job,
		       struct psnap_outbuf *out);

/** psnap_undo_main() - psnap undo; exit status */
int psnap_undo_main(int argc, const char **argv);

#endif
