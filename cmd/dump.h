/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump, in three parts: dump_args.c reads the command line, dump.c opens
 * what it names and runs it, emit*.c and lookup*.c print.
 */
#ifndef PSNAP_CMD_DUMP_H
#define PSNAP_CMD_DUMP_H

#include "cli.h"

#include <psnap/dump.h>

/* What a dump shows; one excludes the others. */
enum psnap_dump_mode {
	PSNAP_DUMP_TABLE,
	PSNAP_DUMP_LOOKUP,
	PSNAP_DUMP_IMAGE,
	PSNAP_DUMP_HEADER,
	PSNAP_DUMP_MODES,
};

/**
 * struct psnap_dump_args - zero-initialise; the command line
 * @mode:         what was asked for
 * @chosen_by:    the first option that chose each mode, NULL: none did
 * @table:        ranges and kinds of records
 * @lookups_bytes, @lookup_count:  the questions; owned
 * @output_file, @image_file:      names; owned, NULL: not given
 */
struct psnap_dump_args {
	struct psnap_cli cli;
	enum psnap_dump_mode mode;
	const char *chosen_by[PSNAP_DUMP_MODES];
	struct psnap_dump_options table;
	bool compress;
	bool all_areas;
	uint64_t *lookups_bytes;
	size_t lookup_count;
	char *output_file;
	char *image_file;
};

/**
 * psnap_dump_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with
 * psnap_dump_args_end() either way.
 */
int psnap_dump_args_parse(struct psnap_dump_args *args, int argc,
			  const char **argv);

/** psnap_dump_args_end() - release what the command line held */
void psnap_dump_args_end(struct psnap_dump_args *args);

/** psnap_dump_main() - psnap dump; exit status */
int psnap_dump_main(int argc, const char **argv);

#endif
