/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap merge. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "merge.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPT_DRY_RUN = 1,
	OPT_UNDO,
	OPT_KEEP_STORE,
	OPT_SKIP_EQUAL,
	OPT_VERIFY,
	OPT_ACCEPT_INVALID,
	OPT_BATCH,
	OPT_RANGE,
	OPT_EXCLUDE,
	OPT_SALVAGE,
	OPT_MAPFILE,
	OPT_ORIGIN_MAPFILE,
	OPT_TARGET,
	OPT_FORCE_ORIGIN,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "dry-run", 'n', POPT_ARG_NONE, NULL, OPT_DRY_RUN,
	  "say what would be done, and change nothing", NULL },
	{ "undo", 0, POPT_ARG_STRING, NULL, OPT_UNDO,
	  "first save to FILE what will be overwritten, so that psnap undo can "
	  "put it back", "FILE" },
	{ "keep-store", 0, POPT_ARG_NONE, NULL, OPT_KEEP_STORE,
	  "copy, but leave the exceptions in the store", NULL },
	{ "skip-equal", 0, POPT_ARG_NONE, NULL, OPT_SKIP_EQUAL,
	  "read the origin first and write only what differs", NULL },
	{ "verify", 0, POPT_ARG_NONE, NULL, OPT_VERIFY,
	  "read back what was written and compare", NULL },
	{ "accept-invalid", 0, POPT_ARG_NONE, NULL, OPT_ACCEPT_INVALID,
	  "also merge a snapshot that is marked invalid", NULL },
	{ "range", 0, POPT_ARG_STRING, NULL, OPT_RANGE,
	  "merge only chunks that lie wholly in these sectors of the origin; "
	  "may be given again", "A..B" },
	{ "exclude", 0, POPT_ARG_STRING, NULL, OPT_EXCLUDE,
	  "leave every chunk that has one of these sectors; may be given again",
	  "A..B" },
	{ "salvage", 0, POPT_ARG_NONE, NULL, OPT_SALVAGE,
	  "leave in the store what cannot be read there, and merge the rest",
	  NULL },
	{ "mapfile", 0, POPT_ARG_STRING, NULL, OPT_MAPFILE,
	  "ddrescue's map of the store: leave what was not rescued (implies "
	  "--salvage)", "FILE" },
	{ "origin-mapfile", 0, POPT_ARG_STRING, NULL, OPT_ORIGIN_MAPFILE,
	  "ddrescue's map of the origin: say how much of it stays lost",
	  "FILE" },
	{ "target", 0, POPT_ARG_STRING, NULL, OPT_TARGET,
	  "write the merged origin to the new file NEW, and change neither "
	  "STORE nor ORIGIN", "NEW" },
	{ "batch", 0, POPT_ARG_STRING, NULL, OPT_BATCH,
	  "data between two flushes (default: 256M)", "SIZE" },
	{ "force-origin", 0, POPT_ARG_NONE, NULL, OPT_FORCE_ORIGIN,
	  "DELTA: also if ORIGIN is not what it was made against", NULL },
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text or json (default: text)", "FORMAT" },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "print no report; the exit status tells", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] STORE ORIGIN\n"
	"       psnap-merge [OPTION...] DELTA ORIGIN\n"
	"\n"
	"Copy every exception of a snapshot store back onto its origin: the\n"
	"origin becomes what the snapshot showed, the store valid and empty.\n"
	"Neither may be in use. A merge that was cut at any point goes on when\n"
	"the same command is run again. STORE and ORIGIN are files, block\n"
	"devices, or UUID=, LABEL=, PARTUUID= or PARTLABEL= and a value.\n"
	"DELTA is a file that psnap convert -O delta made; it goes to the\n"
	"origin that it was made against.";

static const char after[] =
	"\n"
	"SIZE is bytes; K M G T P E mean powers of 1024, s sectors of 512 "
	"bytes.\n"
	"A..B are sectors of 512 bytes, from A on, without B.\n"
	"\n"
	"Exit status: 0 merged, or there was nothing to merge, 4 refused, or "
	"some data\n"
	"is lost, 8 failed, 16 usage, 32 interrupted. What failed or was "
	"interrupted\n"
	"goes on when the same command is run again.\n";

static int set_batch(struct psnap_merge_args *args, const char *arg)
{
	const char *problem;
	uint64_t bytes;

	problem = psnap_parse_size(arg, &bytes);
	if (!problem && bytes == 0)
		problem = "is no amount of data";
	if (problem)
		return psnap_cli_bad_value("--batch", arg, problem);
	args->merge.batch_bytes = bytes;
	return 0;
}

static int set_target(struct psnap_merge_args *args, char **arg)
{
	if (strcmp(*arg, "-") == 0)
		return psnap_cli_bad_value(
			"--target", *arg,
			"is standard output, which cannot be written to in any "
			"order; name a file");
	return psnap_cli_keep_file(&args->target, "--target", arg);
}

/* Options that have a value. */
static int take_value(struct psnap_merge_args *args, int val, char **arg)
{
	switch (val) {
	case OPT_UNDO:
		return psnap_cli_keep_file(&args->undo, "--undo", arg);
	case OPT_RANGE:
		return psnap_merge_range_add("--range", *arg,
					     &args->merge.only);
	case OPT_EXCLUDE:
		return psnap_merge_range_add("--exclude", *arg,
					     &args->merge.except);
	case OPT_MAPFILE:
		args->merge.salvage = true;
		return psnap_cli_keep_file(&args->mapfile, "--mapfile", arg);
	case OPT_ORIGIN_MAPFILE:
		return psnap_cli_keep_file(&args->origin_mapfile,
					   "--origin-mapfile", arg);
	case OPT_TARGET:
		return set_target(args, arg);
	default:
		return set_batch(args, *arg);
	}
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_merge_args *args = ctx;

	switch (val) {
	case OPT_DRY_RUN:
		args->dry_run = true;
		return 0;
	case OPT_KEEP_STORE:
		args->merge.keep_store = true;
		return 0;
	case OPT_SKIP_EQUAL:
		args->merge.skip_equal = true;
		return 0;
	case OPT_VERIFY:
		args->merge.verify = true;
		return 0;
	case OPT_ACCEPT_INVALID:
		args->merge.accept_invalid = true;
		return 0;
	case OPT_SALVAGE:
		args->merge.salvage = true;
		return 0;
	case OPT_FORCE_ORIGIN:
		args->force_origin = true;
		return 0;
	default:
		return take_value(args, val, arg);
	}
}

/* What is about the origin or the store as something that is written to. */
static int check_combination(const struct psnap_merge_args *args)
{
	const char *option = NULL;

	if (!args->target)
		return 0;
	if (args->undo)
		option = "--undo";
	else if (args->merge.keep_store)
		option = "--keep-store";
	else if (args->merge.skip_equal)
		option = "--skip-equal";
	if (!option)
		return 0;
	return psnap_msg_usage("%s: --target leaves the store and the origin "
			       "alone anyway",
			       option);
}

static int check(void *ctx)
{
	static const char *const operands[] = { "STORE", "ORIGIN", NULL };
	const struct psnap_merge_args *args = ctx;
	int status = check_combination(args);

	return status ? status : psnap_cli_operands(&args->cli, operands, 2);
}

int psnap_merge_args_parse(struct psnap_merge_args *args, int argc,
			   const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-merge",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON,
		.no_chunk_size = true,
		.option = take_option,
		.check = check,
	};

	return psnap_cli_parse(&args->cli, &tool, args, argc, argv);
}

void psnap_merge_args_end(struct psnap_merge_args *args)
{
	psnap_cli_end(&args->cli);
	psnap_extents_free(args->merge.only);
	psnap_extents_free(args->merge.except);
	psnap_extents_free(args->merge.store_unrescued);
	psnap_extents_free(args->merge.origin_unrescued);
	free(args->undo);
	free(args->mapfile);
	free(args->origin_mapfile);
	free(args->target);
	*args = (struct psnap_merge_args){ 0 };
}
