/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap diff. Everything that can be wrong with it is found
 * here, before anything is opened.
 */
#include "diff.h"
#include "parse.h"

/* No file system has larger blocks. */
#define BLOCK_BYTES_MAX (UINT64_C(1) << 30)

enum {
	OPT_SUMMARY = 1,
	OPT_BLOCKS,
	OPT_ACCEPT_INVALID,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text, json, ndjson or csv (default: text)", "FORMAT" },
	{ "summary", 0, POPT_ARG_NONE, NULL, OPT_SUMMARY,
	  "print sums, and no ranges", NULL },
	{ "blocks", 0, POPT_ARG_STRING, NULL, OPT_BLOCKS,
	  "print numbers of blocks of SIZE, one a line, and nothing else",
	  "SIZE" },
	{ "accept-invalid", 0, POPT_ARG_NONE, NULL, OPT_ACCEPT_INVALID,
	  "also compare a snapshot that is marked invalid", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "do not say what is in use, or what is wrong with a store", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] STORE ORIGIN\n"
	"       psnap-diff [OPTION...] STORE STORE ORIGIN\n"
	"\n"
	"Print which bytes of the origin the snapshot has otherwise, or in\n"
	"which two snapshots of one origin differ. Bytes are compared, so what\n"
	"was written and is the same again does not count. Nothing is changed.\n"
	"STORE and ORIGIN are files, block devices, or UUID=, LABEL=, PARTUUID=\n"
	"or PARTLABEL= and a value.";

static const char after[] =
	"\n"
	"SIZE is bytes, a power of 2; K M G mean powers of 1024.\n"
	"\n"
	"Exit status: 0 compared, whatever differs, 4 refused, 8 something "
	"could\n"
	"not be read or written, 16 usage, 32 interrupted.\n";

static int set_blocks(struct psnap_diff_args *args, const char *arg)
{
	const char *problem = psnap_parse_size(arg, &args->block_bytes);

	if (problem)
		return psnap_cli_bad_value("--blocks", arg, problem);
	if (args->block_bytes < PSNAP_DIFF_UNIT_BYTES ||
	    args->block_bytes > BLOCK_BYTES_MAX ||
	    (args->block_bytes & (args->block_bytes - 1)))
		return psnap_cli_bad_value("--blocks", arg,
					   "is no power of 2 from 512 to 1G");
	return 0;
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_diff_args *args = ctx;

	switch (val) {
	case OPT_SUMMARY:
		args->summary = true;
		return 0;
	case OPT_BLOCKS:
		return set_blocks(args, *arg);
	default:
		args->accept_invalid = true;
		return 0;
	}
}

static int check(void *ctx)
{
	static const char *const operands[] = { "STORE", "ORIGIN", "ORIGIN",
						NULL };
	const struct psnap_diff_args *args = ctx;

	if (args->summary && args->block_bytes)
		return psnap_msg_usage("--summary and --blocks exclude each "
				       "other");
	if (args->summary && args->cli.format == PSNAP_FORMAT_CSV)
		return psnap_msg_usage("--output csv and --summary exclude "
				       "each other");
	if (args->block_bytes && args->cli.format != PSNAP_FORMAT_TEXT)
		return psnap_msg_usage("--blocks: only with --output=text");
	return psnap_cli_operands(&args->cli, operands, 2);
}

int psnap_diff_args_parse(struct psnap_diff_args *args, int argc,
			  const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-diff",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON |
			   PSNAP_FORMAT_NDJSON | PSNAP_FORMAT_CSV,
		.no_chunk_size = true,
		.option = take_option,
		.check = check,
	};

	return psnap_cli_parse(&args->cli, &tool, args, argc, argv);
}
