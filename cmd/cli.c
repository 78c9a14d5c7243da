/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common part of every command line. popt is used without its automatic
 * help (it has no -h and leaves the program), without exec and without the
 * configuration files in /etc and $HOME, which could change what a command
 * means.
 */
#include "cli.h"

#include "output.h"
#include "parse.h"

#include <psnap/store.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const format_words[] = { "text", "json", "ndjson", "csv",
					    NULL };
static const char *const progress_words[] = { "auto", "bar", "json", "none",
					      NULL };

/* clang-format off */
static struct poptOption common_options[] = {
	/* First, so that a table without it begins one row later. */
	{ "chunk-size", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_CHUNK_SIZE,
	  "use this chunk size whatever the header says", "SIZE" },
	{ "progress", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_PROGRESS,
	  "show progress on standard error: auto (a bar on a terminal, after "
	  "a second), bar, json or none", "WHEN" },
	{ "help", 'h', POPT_ARG_NONE, NULL, PSNAP_CLI_HELP,
	  "print this help", NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, PSNAP_CLI_VERSION,
	  "print the version", NULL },
	{ "list-options", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, NULL,
	  PSNAP_CLI_LIST_OPTIONS, NULL, NULL },
	POPT_TABLEEND
};
/* clang-format on */

int psnap_cli_bad_value(const char *option, const char *value,
			const char *problem)
{
	return psnap_msg_usage("%s: '%s' %s", option, value, problem);
}

int psnap_cli_version(void)
{
	printf("psnap %s\n", psnap_version());
	return psnap_output_end_stdio();
}

static void list_table(const struct poptOption *options)
{
	for (; options->longName || options->shortName || options->arg;
	     options++) {
		if (options->argInfo & POPT_ARGFLAG_DOC_HIDDEN)
			continue;
		if ((options->argInfo & POPT_ARG_MASK) ==
		    POPT_ARG_INCLUDE_TABLE) {
			list_table(options->arg);
			continue;
		}
		if (options->longName)
			printf("--%s\n", options->longName);
		if (options->shortName)
			printf("-%c\n", options->shortName);
	}
}

int psnap_cli_list_options(const struct poptOption *options)
{
	list_table(options);
	return psnap_output_end_stdio();
}

static int print_help(struct psnap_cli *cli, const struct psnap_cli_tool *tool)
{
	poptPrintHelp(cli->con, stdout, 0);
	fputs(tool->after, stdout);
	return psnap_output_end_stdio();
}

/* The words that a command's --output takes, for the message. */
static int bad_format(const struct psnap_cli_tool *tool, const char *value)
{
	char list[60] = "is none of";
	size_t used = sizeof("is none of") - 1;

	for (unsigned int i = 0; format_words[i]; i++) {
		if (tool->formats & 1u << i)
			used += (size_t)snprintf(list + used,
						 sizeof(list) - used, " %s",
						 format_words[i]);
	}
	return psnap_cli_bad_value("--output", value, list);
}

static int set_chunk_size(struct psnap_cli *cli, const char *arg)
{
	struct psnap_geometry geo;
	const char *problem;
	uint64_t bytes;

	problem = psnap_parse_size(arg, &bytes);
	/* The store's size plays no part in whether it is a chunk size. */
	if (!problem && psnap_geometry_init(&geo, 0, bytes, NULL) < 0)
		problem = "is no chunk size: a power of two from 512 to 1G";
	if (problem)
		return psnap_cli_bad_value("--chunk-size", arg, problem);
	cli->chunk_bytes = bytes;
	return 0;
}

static int set_common(struct psnap_cli *cli, const struct psnap_cli_tool *tool,
		      int val, const char *arg)
{
	int word;

	switch (val) {
	case PSNAP_CLI_QUIET:
		cli->quiet = true;
		return 0;
	case PSNAP_CLI_OUTPUT:
		word = psnap_parse_choice(arg, format_words);
		if (word < 0 || !(tool->formats & 1u << word))
			return bad_format(tool, arg);
		cli->format = (enum psnap_cli_format)(1 << word);
		return 0;
	case PSNAP_CLI_PROGRESS:
		word = psnap_parse_choice(arg, progress_words);
		if (word < 0)
			return psnap_cli_bad_value(
				"--progress", arg,
				"is none of auto bar json none");
		cli->progress = (enum psnap_meter_mode)word;
		return 0;
	default:
		return set_chunk_size(cli, arg);
	}
}

static int bad_option(poptContext con, int rc)
{
	const char *option = poptBadOption(con, POPT_BADOPTION_NOALIAS);

	switch (rc) {
	case POPT_ERROR_NOARG:
		return psnap_msg_usage("%s: a value is missing", option);
	case POPT_ERROR_UNWANTEDARG:
		return psnap_msg_usage("%s: it takes no value", option);
	case POPT_ERROR_BADOPT:
		return psnap_msg_usage("%s: unknown option", option);
	default:
		return psnap_msg_usage("%s: %s", option, poptStrerror(rc));
	}
}

static int take_option(struct psnap_cli *cli, const struct psnap_cli_tool *tool,
		       void *ctx, int val)
{
	char *arg = poptGetOptArg(cli->con);
	int status;

	if (val == PSNAP_CLI_HELP)
		status = print_help(cli, tool);
	else if (val == PSNAP_CLI_VERSION)
		status = psnap_cli_version();
	else if (val == PSNAP_CLI_LIST_OPTIONS)
		status = psnap_cli_list_options(cli->tables);
	else if (val > PSNAP_CLI_LIST_OPTIONS)
		status = set_common(cli, tool, val, arg);
	else
		status = tool->option(ctx, val, &arg);
	free(arg);
	if (status == 0 && (val < PSNAP_CLI_HELP || val >= PSNAP_CLI_QUIET))
		return PSNAP_CLI_GO_ON;
	return status;
}

int psnap_cli_parse(struct psnap_cli *cli, const struct psnap_cli_tool *tool,
		    void *ctx, int argc, const char **argv)
{
	int status = PSNAP_CLI_GO_ON;
	int val;

	psnap_msg_program(tool->name);
	argv[0] = tool->name;
	cli->format = PSNAP_FORMAT_TEXT;
	cli->tables[0] = (struct poptOption){
		.argInfo = POPT_ARG_INCLUDE_TABLE,
		.arg = tool->options,
		.descrip = "Options:",
	};
	cli->tables[1] = (struct poptOption){
		.argInfo = POPT_ARG_INCLUDE_TABLE,
		.arg = common_options + (tool->no_chunk_size ? 1 : 0),
		.descrip = "Common options:",
	};
	cli->con = poptGetContext(tool->name, argc, argv, cli->tables,
				  POPT_CONTEXT_NO_EXEC);
	if (!cli->con)
		return psnap_msg_nomem();
	poptSetOtherOptionHelp(cli->con, tool->usage);
	while (status == PSNAP_CLI_GO_ON &&
	       (val = poptGetNextOpt(cli->con)) != -1) {
		status = val < 0 ? bad_option(cli->con, val)
				 : take_option(cli, tool, ctx, val);
	}
	if (status != PSNAP_CLI_GO_ON)
		return status;
	cli->operands = poptGetArgs(cli->con);
	while (cli->operands && cli->operands[cli->operand_count])
		cli->operand_count++;
	status = tool->check ? tool->check(ctx) : 0;
	return status == 0 ? PSNAP_CLI_GO_ON : status;
}

int psnap_cli_operands(const struct psnap_cli *cli, const char *const *names,
		       int min)
{
	int max = 0;

	while (names[max])
		max++;
	if (cli->operand_count < min)
		return psnap_msg_usage("%s is missing",
				       names[cli->operand_count]);
	if (cli->operand_count > max)
		return psnap_msg_usage("%s: one operand too many",
				       cli->operands[max]);
	return 0;
}

void psnap_cli_keep(char **kept, char **arg)
{
	free(*kept);
	*kept = *arg;
	*arg = NULL;
}

int psnap_cli_keep_file(char **kept, const char *option, char **arg)
{
	if ((*arg)[0] == '\0')
		return psnap_cli_bad_value(option, *arg, "is no file name");
	psnap_cli_keep(kept, arg);
	return 0;
}

void psnap_cli_end(struct psnap_cli *cli)
{
	if (cli->con)
		poptFreeContext(cli->con);
	cli->con = NULL;
}
