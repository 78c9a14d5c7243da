/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap check. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "check.h"
#include "explain.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPT_HEADER_ONLY = 1,
	OPT_DATA,
	OPT_ALL_AREAS,
	OPT_IGNORE,
	OPT_MAX_FINDINGS,
	OPT_EXPLAIN,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text, json or ndjson (default: text)", "FORMAT" },
	{ "header-only", 0, POPT_ARG_NONE, NULL, OPT_HEADER_ONLY,
	  "judge the header, do not read the table", NULL },
	{ "data", 0, POPT_ARG_NONE, NULL, OPT_DATA,
	  "also read every data chunk, and with ORIGIN the chunks of the "
	  "origin under them", NULL },
	{ "all-areas", 0, POPT_ARG_NONE, NULL, OPT_ALL_AREAS,
	  "look for stale areas to the end of the device, not only at the "
	  "next 256", NULL },
	{ "ignore", 0, POPT_ARG_STRING, NULL, OPT_IGNORE,
	  "do not show these findings and leave them out of the exit status; "
	  "the verdict stays", "ID[,ID...]" },
	{ "max-findings", 0, POPT_ARG_STRING, NULL, OPT_MAX_FINDINGS,
	  "show at most N findings of each id (default: 20)", "N" },
	{ "explain", 0, POPT_ARG_STRING, NULL, OPT_EXPLAIN,
	  "explain a finding, or all of them, and exit", "ID" },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "print no report; the exit status tells", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] STORE [ORIGIN]\n"
	"\n"
	"Check a persistent snapshot store: what is wrong with it, what the\n"
	"kernel would do with it, and whether it is safe to merge. Nothing is\n"
	"changed and nothing activated. STORE and ORIGIN are files, block\n"
	"devices, or UUID=, LABEL=, PARTUUID= or PARTLABEL= and a value.";

static const char after[] =
	"\n"
	"SIZE is bytes; K M G T P E mean powers of 1024, s sectors of 512 "
	"bytes.\n"
	"\n"
	"Exit status: 0 nothing worse than a note, 4 problems were found, 8 "
	"could\n"
	"not look, 16 usage, 32 interrupted.\n";

/* @list is changed while it is taken apart. */
static int ignore_ids(struct psnap_check_args *args, char *list)
{
	char *name;
	int id;

	while ((name = strsep(&list, ","))) {
		id = psnap_finding_by_name(name);
		if (id < 0)
			return psnap_cli_bad_value(
				"--ignore", name,
				"is no finding; --explain all lists them");
		args->ignored[id] = true;
	}
	return 0;
}

static int set_explain(struct psnap_check_args *args, char **arg)
{
	if (!psnap_explain_knows(*arg))
		return psnap_cli_bad_value(
			"--explain", *arg,
			"is no finding; --explain all lists them");
	psnap_cli_keep(&args->explain, arg);
	return 0;
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_check_args *args = ctx;
	const char *problem;

	switch (val) {
	case OPT_HEADER_ONLY:
		args->check.header_only = true;
		return 0;
	case OPT_DATA:
		args->check.data = true;
		return 0;
	case OPT_ALL_AREAS:
		args->check.stale_areas_max = PSNAP_ALL_AREAS;
		return 0;
	case OPT_IGNORE:
		return ignore_ids(args, *arg);
	case OPT_EXPLAIN:
		return set_explain(args, arg);
	default:
		problem = psnap_parse_u64(*arg, &args->check.instances_max);
		if (problem)
			return psnap_cli_bad_value("--max-findings", *arg,
						   problem);
		return 0;
	}
}

static int check(void *ctx)
{
	static const char *const none[] = { NULL };
	static const char *const operands[] = { "STORE", "ORIGIN", NULL };
	struct psnap_check_args *args = ctx;

	args->check.chunk_bytes = args->cli.chunk_bytes;
	if (args->explain)
		return psnap_cli_operands(&args->cli, none, 0);
	if (args->check.header_only && args->check.data)
		return psnap_msg_usage("--header-only and --data exclude each "
				       "other");
	if (args->check.header_only &&
	    args->check.stale_areas_max == PSNAP_ALL_AREAS)
		return psnap_msg_usage("--header-only and --all-areas exclude "
				       "each other");
	return psnap_cli_operands(&args->cli, operands, 1);
}

int psnap_check_args_parse(struct psnap_check_args *args, int argc,
			   const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-check",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON |
			   PSNAP_FORMAT_NDJSON,
		.option = take_option,
		.check = check,
	};

	psnap_check_defaults(&args->check);
	return psnap_cli_parse(&args->cli, &tool, args, argc, argv);
}

void psnap_check_args_end(struct psnap_check_args *args)
{
	psnap_cli_end(&args->cli);
	free(args->explain);
	args->explain = NULL;
}
