/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all commands share on the command line: the loop over the options,
 * --help, --version, the common options, and the number of operands. popt is
 * named here and in the commands' option tables only.
 */
#ifndef PSNAP_CMD_CLI_H
#define PSNAP_CMD_CLI_H

#include "message.h"
#include "meter.h"

#include <popt.h>

/* Bits of psnap_cli_tool.formats; order of the words in --output. */
enum psnap_cli_format {
	PSNAP_FORMAT_TEXT = 1 << 0,
	PSNAP_FORMAT_JSON = 1 << 1,
	PSNAP_FORMAT_NDJSON = 1 << 2,
	PSNAP_FORMAT_CSV = 1 << 3,
};

/* Values of rows that cli.c handles itself; commands count from 1. */
enum psnap_cli_option {
	PSNAP_CLI_HELP = 1000,
	PSNAP_CLI_VERSION,
	PSNAP_CLI_LIST_OPTIONS,
	PSNAP_CLI_QUIET,
	PSNAP_CLI_OUTPUT,
	PSNAP_CLI_PROGRESS,
	PSNAP_CLI_CHUNK_SIZE,
};

/**
 * struct psnap_cli_tool - what a command tells the parser
 * @name:     "psnap-check"
 * @usage:    what follows the name in --help: operands, then paragraphs
 * @after:    paragraphs below the options
 * @options:  its rows; options with a value are POPT_ARG_STRING without a
 *            pointer, so that each value passes @option (popt would leak the
 *            first of two)
 * @formats:  what --output may be
 * @no_chunk_size:  it has no --chunk-size
 * @option:   called for each option; @arg is NULL for those without a value.
 *            Sets *arg to NULL to keep the string (release with free()).
 *            Returns 0, or an exit status after a message
 * @check:    NULL, or called when there are no more options: what does not go
 *            together, and the operands. Returns the same
 */
struct psnap_cli_tool {
	const char *name;
	const char *usage;
	const char *after;
	struct poptOption *options;
	unsigned int formats;
	bool no_chunk_size;
	int (*option)(void *ctx, int val, char **arg);
	int (*check)(void *ctx);
};

/**
 * struct psnap_cli - zero-initialise; the common options as given
 * @chunk_bytes:    0: not given; otherwise a chunk size
 * @operands:       NULL-terminated
 */
struct psnap_cli {
	enum psnap_cli_format format;
	enum psnap_meter_mode progress;
	bool quiet;
	uint64_t chunk_bytes;
	const char **operands;
	int operand_count;
	poptContext con;
	struct poptOption tables[3];
};

/* psnap_cli_parse() returns it when there is work to do. */
#define PSNAP_CLI_GO_ON (-1)

/**
 * psnap_cli_parse() - read the command line
 * @cli:   out; end with psnap_cli_end() whatever is returned
 * @ctx:   handed to tool->option and tool->check
 * @argv:  argv[0] is replaced with tool->name
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status (help was printed, or a usage
 * error was reported).
 */
int psnap_cli_parse(struct psnap_cli *cli, const struct psnap_cli_tool *tool,
		    void *ctx, int argc, const char **argv);

/**
 * psnap_cli_operands() - insist on a number of operands
 * @names:  what they are called, in order, NULL-terminated
 * @min:    how many are needed
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_cli_operands(const struct psnap_cli *cli, const char *const *names,
		       int min);

/** psnap_cli_end() - release what psnap_cli_parse() took */
void psnap_cli_end(struct psnap_cli *cli);

/**
 * psnap_cli_list_options() - print each option of a table, one a line
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_cli_list_options(const struct poptOption *options);

/** psnap_cli_version() - print name and version; exit status */
int psnap_cli_version(void);

/** psnap_cli_keep() - take over the value of an option, for free() */
void psnap_cli_keep(char **kept, char **arg);

/**
 * psnap_cli_keep_file() - the same, if it can be the name of a file
 * @option:  for the message
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_cli_keep_file(char **kept, const char *option, char **arg);

/** psnap_cli_bad_value() - usage error: option, value, what is wrong */
int psnap_cli_bad_value(const char *option, const char *value,
			const char *problem);

#endif
