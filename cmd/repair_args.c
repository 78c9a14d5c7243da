/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap repair. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "parse.h"
#include "repair.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPT_DRY_RUN = 1,
	OPT_OUTPUT_FILE,
	OPT_PREEN,
	OPT_YES,
	OPT_UNDO,
	OPT_NO_UNDO,
	OPT_ONLY,
	OPT_SKIP,
	OPT_GROW,
	OPT_CARVE,
	OPT_FROM,
	OPT_ORIGIN_FILLS,
	OPT_LOG,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "output-file", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT_FILE,
	  "repair a copy of the store, the new file NEW; the store is only "
	  "read", "NEW" },
	{ "dry-run", 'n', POPT_ARG_NONE, NULL, OPT_DRY_RUN,
	  "say what would be done, and change nothing", NULL },
	{ "preen", 'p', POPT_ARG_NONE, NULL, OPT_PREEN,
	  "take every step that loses nothing, ask nobody", NULL },
	{ "yes", 'y', POPT_ARG_NONE, NULL, OPT_YES,
	  "take every step, ask nobody", NULL },
	{ "undo", 0, POPT_ARG_STRING, NULL, OPT_UNDO,
	  "first save to FILE what will be overwritten, so that psnap undo can "
	  "put it back", "FILE" },
	{ "no-undo", 0, POPT_ARG_NONE, NULL, OPT_NO_UNDO,
	  "write to the store without a way back", NULL },
	{ "only", 0, POPT_ARG_STRING, NULL, OPT_ONLY,
	  "take no steps but those for these findings", "ID[,ID...]" },
	{ "skip", 0, POPT_ARG_STRING, NULL, OPT_SKIP,
	  "do not take the steps for these findings", "ID[,ID...]" },
	{ "grow", 0, POPT_ARG_STRING, NULL, OPT_GROW,
	  "make the store this long first", "SIZE" },
	{ "carve", 0, POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, NULL, OPT_CARVE,
	  "list entries beyond the table, or take those that are named",
	  "NAME[,NAME...]" },
	{ "from", 0, POPT_ARG_STRING, NULL, OPT_FROM,
	  "write header and table as a dump (ndjson) has them", "DUMP" },
	{ "origin-fills", 0, POPT_ARG_NONE, NULL, OPT_ORIGIN_FILLS,
	  "where an area has overwritten data, what ORIGIN has now may take its "
	  "place", NULL },
	{ "log", 0, POPT_ARG_STRING, NULL, OPT_LOG,
	  "append a line of JSON to FILE for every write", "FILE" },
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text or json (default: text)", "FORMAT" },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "print no report; the exit status tells", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] STORE [ORIGIN]\n"
	"\n"
	"Bring back what can be brought back of a snapshot store that the kernel\n"
	"refuses, or would destroy. Without an option for writing the plan is\n"
	"printed and nothing changed. -o NEW repairs a copy, --undo=FILE or\n"
	"--no-undo the store itself; -p and -y say which steps, without them each\n"
	"is asked about on the terminal. STORE and ORIGIN are files, block\n"
	"devices, or UUID=, LABEL=, PARTUUID= or PARTLABEL= and a value.";

static const char after[] =
	"\n"
	"SIZE is bytes; K M G T P E mean powers of 1024, s sectors of 512 "
	"bytes.\n"
	"ID is that of a finding: psnap check --explain all lists them.\n"
	"\n"
	"Exit status: 0 nothing to do, 1 something was corrected, 4 something "
	"is left,\n"
	"or both, 8 failed, 16 usage, 32 interrupted. What failed or was "
	"interrupted\n"
	"goes on when the same command is run again.\n";

static int set_new_path(struct psnap_repair_args *args, char **arg)
{
	if (strcmp(*arg, "-") == 0)
		return psnap_cli_bad_value(
			"--output-file", *arg,
			"is standard output, which cannot be written to in any "
			"order; name a file");
	return psnap_cli_keep_file(&args->new_path, "--output-file", arg);
}

/* @list is changed while it is taken apart. */
static int add_ids(const char *option, char *list,
		   bool ids[PSNAP_FINDING_COUNT])
{
	char *name;
	int id;

	while ((name = strsep(&list, ","))) {
		id = psnap_finding_by_name(name);
		if (id < 0)
			return psnap_cli_bad_value(
				option, name,
				"is no finding; psnap check --explain all "
				"lists them");
		ids[id] = true;
	}
	return 0;
}

static int set_grow(struct psnap_repair_args *args, const char *arg)
{
	const char *problem;
	uint64_t bytes;

	problem = psnap_parse_size(arg, &bytes);
	if (!problem && (bytes == 0 || bytes > (uint64_t)INT64_MAX))
		problem = "is no size that a store can have";
	if (problem)
		return psnap_cli_bad_value("--grow", arg, problem);
	args->grow_bytes = bytes;
	return 0;
}

/* Without names it lists; of names given again all count. */
static int set_carve(struct psnap_repair_args *args, char **arg)
{
	char *joined;

	if (!*arg || (*arg)[0] == '\0') {
		args->carve_list = true;
		return 0;
	}
	if (!args->carve_names) {
		args->carve_names = *arg;
		*arg = NULL;
		return 0;
	}
	if (asprintf(&joined, "%s,%s", args->carve_names, *arg) < 0)
		return psnap_msg_nomem();
	free(args->carve_names);
	args->carve_names = joined;
	return 0;
}

/* Options that have a value. */
static int take_value(struct psnap_repair_args *args, int val, char **arg)
{
	switch (val) {
	case OPT_OUTPUT_FILE:
		return set_new_path(args, arg);
	case OPT_UNDO:
		return psnap_cli_keep_file(&args->undo, "--undo", arg);
	case OPT_ONLY:
		args->any_only = true;
		return add_ids("--only", *arg, args->only);
	case OPT_SKIP:
		args->any_skip = true;
		return add_ids("--skip", *arg, args->skip);
	case OPT_GROW:
		return set_grow(args, *arg);
	case OPT_FROM:
		return psnap_cli_keep_file(&args->from, "--from", arg);
	case OPT_LOG:
		return psnap_cli_keep_file(&args->log, "--log", arg);
	default:
		return set_carve(args, arg);
	}
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_repair_args *args = ctx;

	switch (val) {
	case OPT_DRY_RUN:
		args->dry_run = true;
		return 0;
	case OPT_PREEN:
		args->preen = true;
		return 0;
	case OPT_YES:
		args->yes = true;
		return 0;
	case OPT_NO_UNDO:
		args->no_undo = true;
		return 0;
	case OPT_ORIGIN_FILLS:
		args->repair.origin_fills = true;
		return 0;
	default:
		return take_value(args, val, arg);
	}
}

/* What --from does is one step, and needs nothing else. */
static int check_from(const struct psnap_repair_args *args)
{
	const char *option = NULL;

	if (args->any_only)
		option = "--only";
	else if (args->any_skip)
		option = "--skip";
	else if (args->carve_list || args->carve_names)
		option = "--carve";
	else if (args->repair.origin_fills)
		option = "--origin-fills";
	else if (args->cli.chunk_bytes)
		option = "--chunk-size";
	if (!option)
		return 0;
	return psnap_msg_usage("--from and %s exclude each other", option);
}

static int check_combination(const struct psnap_repair_args *args)
{
	if (args->preen && args->yes)
		return psnap_msg_usage("--preen and --yes exclude each other");
	if (args->undo && args->no_undo)
		return psnap_msg_usage("--undo and --no-undo exclude each "
				       "other");
	if (args->new_path && args->undo)
		return psnap_msg_usage("--undo: --output-file leaves the store "
				       "alone anyway");
	if (args->carve_list &&
	    (args->preen || args->yes || args->new_path || args->undo ||
	     args->no_undo || args->carve_names))
		return psnap_msg_usage("--carve: without names it lists what "
				       "there is, and changes nothing");
	if (args->from)
		return check_from(args);
	if (args->repair.origin_fills && args->cli.operand_count == 1)
		return psnap_msg_usage("--origin-fills: ORIGIN is missing");
	return 0;
}

/* Both may be given, in any order: --skip takes away from --only. */
static void set_steps(struct psnap_repair_args *args)
{
	bool origin_fills = args->repair.origin_fills;

	psnap_repair_defaults(&args->repair);
	args->repair.origin_fills = origin_fills;
	args->repair.chunk_bytes = args->cli.chunk_bytes;
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++)
		args->repair.chosen[id] =
			(!args->any_only || args->only[id]) && !args->skip[id];
}

static int check(void *ctx)
{
	static const char *const operands[] = { "STORE", "ORIGIN", NULL };
	static const char *const store[] = { "STORE", NULL };
	struct psnap_repair_args *args = ctx;
	int status;

	set_steps(args);
	status = psnap_cli_operands(&args->cli, args->from ? store : operands,
				    1);
	return status ? status : check_combination(args);
}

/* popt would take the operand behind it for its value. */
static void detach_carve(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--carve") == 0)
			argv[i] = "--carve=";
	}
}

int psnap_repair_args_parse(struct psnap_repair_args *args, int argc,
			    const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-repair",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON,
		.option = take_option,
		.check = check,
	};

	detach_carve(argc, argv);
	return psnap_cli_parse(&args->cli, &tool, args, argc, argv);
}

void psnap_repair_args_end(struct psnap_repair_args *args)
{
	psnap_cli_end(&args->cli);
	free(args->carve_names);
	free(args->undo);
	free(args->new_path);
	free(args->log);
	free(args->from);
	*args = (struct psnap_repair_args){ 0 };
}
