/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap dump. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "dump.h"
#include "parse.h"

#include <stdlib.h>

enum {
	OPT_EXCEPTIONS = 1,
	OPT_OLD,
	OPT_NEW,
	OPT_ALL,
	OPT_CRC32,
	OPT_LOOKUP,
	OPT_HEADER_ONLY,
	OPT_METADATA_IMAGE,
	OPT_ALL_AREAS,
	OPT_OUTPUT_FILE,
	OPT_COMPRESS,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text, json, ndjson or csv (default: text)", "FORMAT" },
	{ "exceptions", 0, POPT_ARG_NONE, NULL, OPT_EXCEPTIONS,
	  "print each exception instead of runs", NULL },
	{ "old", 0, POPT_ARG_STRING, NULL, OPT_OLD,
	  "only these chunks of the origin", "RANGE" },
	{ "new", 0, POPT_ARG_STRING, NULL, OPT_NEW,
	  "only these chunks of the store", "RANGE" },
	{ "all", 0, POPT_ARG_NONE, NULL, OPT_ALL,
	  "also print entries that the kernel does not read: behind the "
	  "terminator and in stale areas", NULL },
	{ "crc32", 0, POPT_ARG_NONE, NULL, OPT_CRC32,
	  "print each exception with the CRC-32 of its data", NULL },
	{ "lookup", 0, POPT_ARG_STRING, NULL, OPT_LOOKUP,
	  "say where this byte of the origin is kept, and what this byte of "
	  "the store is; may be repeated", "OFFSET" },
	{ "header-only", 0, POPT_ARG_NONE, NULL, OPT_HEADER_ONLY,
	  "print header and geometry, do not read the table", NULL },
	{ "metadata-image", 0, POPT_ARG_STRING, NULL, OPT_METADATA_IMAGE,
	  "write header and areas, without any data, to a sparse FILE",
	  "FILE" },
	{ "all-areas", 0, POPT_ARG_NONE, NULL, OPT_ALL_AREAS,
	  "with --metadata-image: look for stale areas to the end of the "
	  "device", NULL },
	{ "output-file", 'o', POPT_ARG_STRING, NULL, OPT_OUTPUT_FILE,
	  "write to FILE, which appears when it is complete", "FILE" },
	{ "compress", 0, POPT_ARG_NONE, NULL, OPT_COMPRESS,
	  "compress what is printed with gzip", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "do not say that the store is in use or what cannot be read", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] STORE\n"
	"\n"
	"Print what a persistent snapshot store holds: header, geometry and\n"
	"the table of exceptions. Nothing is changed and nothing activated.\n"
	"STORE is a file, a block device, or UUID=, LABEL=, PARTUUID= or\n"
	"PARTLABEL= and a value.";

static const char after[] =
	"\n"
	"SIZE and OFFSET are bytes; K M G T P E mean powers of 1024, s sectors\n"
	"of 512 bytes. RANGE is A..B without B, or A, in chunks.\n"
	"\n"
	"Exit status: 0 done, 4 not a store or not a sound one, 8 something\n"
	"could not be read or written, 16 usage, 32 interrupted.\n";

/* The first option of each mode is the one that messages name. */
static void choose(struct psnap_dump_args *args, enum psnap_dump_mode mode,
		   const char *option)
{
	args->mode = mode;
	if (!args->chosen_by[mode])
		args->chosen_by[mode] = option;
}

static int set_range(const char *option, const char *arg,
		     struct psnap_range *range)
{
	const char *problem = psnap_parse_range(arg, range);

	return problem ? psnap_cli_bad_value(option, arg, problem) : 0;
}

static int add_lookup(struct psnap_dump_args *args, const char *arg)
{
	const char *problem;
	uint64_t *grown;

	grown = realloc(args->lookups_bytes,
			(args->lookup_count + 1) * sizeof(*grown));
	if (!grown)
		return psnap_msg_nomem();
	args->lookups_bytes = grown;
	problem = psnap_parse_size(arg, &grown[args->lookup_count]);
	if (problem)
		return psnap_cli_bad_value("--lookup", arg, problem);
	args->lookup_count++;
	return 0;
}

/* Options that say what the records are. */
static int take_table_option(struct psnap_dump_args *args, int val,
			     const char *arg)
{
	switch (val) {
	case OPT_EXCEPTIONS:
		choose(args, PSNAP_DUMP_TABLE, "--exceptions");
		args->table.exceptions = true;
		return 0;
	case OPT_ALL:
		choose(args, PSNAP_DUMP_TABLE, "--all");
		args->table.all = true;
		return 0;
	case OPT_CRC32:
		choose(args, PSNAP_DUMP_TABLE, "--crc32");
		args->table.crc32 = true;
		args->table.exceptions = true;
		return 0;
	case OPT_OLD:
		choose(args, PSNAP_DUMP_TABLE, "--old");
		return set_range("--old", arg, &args->table.old_range);
	default:
		choose(args, PSNAP_DUMP_TABLE, "--new");
		return set_range("--new", arg, &args->table.new_range);
	}
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_dump_args *args = ctx;

	switch (val) {
	case OPT_LOOKUP:
		choose(args, PSNAP_DUMP_LOOKUP, "--lookup");
		return add_lookup(args, *arg);
	case OPT_HEADER_ONLY:
		choose(args, PSNAP_DUMP_HEADER, "--header-only");
		return 0;
	case OPT_METADATA_IMAGE:
		choose(args, PSNAP_DUMP_IMAGE, "--metadata-image");
		psnap_cli_keep(&args->image_file, arg);
		return 0;
	case OPT_ALL_AREAS:
		args->all_areas = true;
		return 0;
	case OPT_OUTPUT_FILE:
		psnap_cli_keep(&args->output_file, arg);
		return 0;
	case OPT_COMPRESS:
		args->compress = true;
		return 0;
	default:
		return take_table_option(args, val, *arg);
	}
}

static int exclude(const char *a, const char *b)
{
	return psnap_msg_usage("%s and %s exclude each other", a, b);
}

static int check(void *ctx)
{
	static const char *const operands[] = { "STORE", NULL };
	const struct psnap_dump_args *args = ctx;
	const char *chosen = NULL;

	for (int mode = 0; mode < PSNAP_DUMP_MODES; mode++) {
		if (!args->chosen_by[mode])
			continue;
		if (chosen)
			return exclude(chosen, args->chosen_by[mode]);
		chosen = args->chosen_by[mode];
	}
	if (args->cli.format == PSNAP_FORMAT_CSV &&
	    args->mode != PSNAP_DUMP_TABLE)
		return exclude("--output csv", chosen);
	if (args->mode == PSNAP_DUMP_IMAGE && args->output_file)
		return exclude(chosen, "--output-file");
	if (args->mode == PSNAP_DUMP_IMAGE && args->compress)
		return exclude(chosen, "--compress");
	if (args->all_areas && args->mode != PSNAP_DUMP_IMAGE)
		return psnap_msg_usage("--all-areas: only with "
				       "--metadata-image");
	return psnap_cli_operands(&args->cli, operands, 1);
}

int psnap_dump_args_parse(struct psnap_dump_args *args, int argc,
			  const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-dump",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON |
			   PSNAP_FORMAT_NDJSON | PSNAP_FORMAT_CSV,
		.option = take_option,
		.check = check,
	};

	return psnap_cli_parse(&args->cli, &tool, args, argc, argv);
}

void psnap_dump_args_end(struct psnap_dump_args *args)
{
	psnap_cli_end(&args->cli);
	free(args->lookups_bytes);
	free(args->output_file);
	free(args->image_file);
	args->lookups_bytes = NULL;
	args->output_file = NULL;
	args->image_file = NULL;
}
