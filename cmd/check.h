/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap check, in three parts: check_args.c reads the command line, check.c
 * opens what it names and runs it, report*.c print.
 */
#ifndef PSNAP_CMD_CHECK_H
#define PSNAP_CMD_CHECK_H

#include "cli.h"

#include <psnap/check.h>

/**
 * struct psnap_check_args - zero-initialise; the command line
 * @check:    what the library is asked to do
 * @ignored:  --ignore
 * @explain:  what to explain instead of checking; owned, NULL: nothing
 */
struct psnap_check_args {
	struct psnap_cli cli;
	struct psnap_check_options check;
	bool ignored[PSNAP_FINDING_COUNT];
	char *explain;
};

/**
 * psnap_check_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with
 * psnap_check_args_end() either way.
 */
int psnap_check_args_parse(struct psnap_check_args *args, int argc,
			   const char **argv);

/** psnap_check_args_end() - release what the command line held */
void psnap_check_args_end(struct psnap_check_args *args);

/** psnap_check_main() - psnap check; exit status */
int psnap_check_main(int argc, const char **argv);

#endif
