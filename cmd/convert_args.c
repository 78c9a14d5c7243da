/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap convert. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "convert.h"
#include "output.h"
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_FORMAT = 1,
	OPT_INPUT,
	OPT_CHUNK_SIZE,
	OPT_SIZE,
	OPT_DROP_EQUAL,
	OPT_DATA_FROM,
	OPT_LIST,
	OPT_FORCE,
	OPT_ACCEPT_INVALID,
	OPT_TARGET_IS_ZERO,
	OPT_STORE_DEVICE,
	OPT_ORIGIN_DEVICE,
	OPT_REVERSE,
	OPT_RESUME,
	OPT_FORCE_ORIGIN,
	OPT_COMPRESS,
	OPT_STANDALONE,
	OPT_CLUSTER_SIZE,
	OPT_SALVAGE,
	OPT_FILL,
	OPT_FILLED_MAP,
	OPT_MAPFILE,
	OPT_ORIGIN_MAPFILE,
	OPT_SPARSE_SIZE,
	OPT_NO_CLOBBER,
	OPT_DISCARD,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "output-format", 'O', POPT_ARG_STRING, NULL, OPT_FORMAT,
	  "what to make; see --list-formats", "FORMAT" },
	{ "input-format", 'f', POPT_ARG_STRING, NULL, OPT_INPUT,
	  "what goes in (default: snapshot)", "FORMAT" },
	{ "list-formats", 0, POPT_ARG_NONE, NULL, OPT_LIST,
	  "say what goes in and what comes out, and end", NULL },
	{ "force", 0, POPT_ARG_NONE, NULL, OPT_FORCE,
	  "replace OUTPUT if there is such a file", NULL },
	{ "accept-invalid", 0, POPT_ARG_NONE, NULL, OPT_ACCEPT_INVALID,
	  "also convert a snapshot that is marked invalid", NULL },
	{ "salvage", 0, POPT_ARG_NONE, NULL, OPT_SALVAGE,
	  "fill what is damaged or cannot be read, and say what that was",
	  NULL },
	{ "fill", 0, POPT_ARG_STRING, NULL, OPT_FILL,
	  "with --salvage: fill with origin, zero, 0xHEX or a text (default: "
	  "zero for what cannot be read, origin for what is unknown)", "WITH" },
	{ "filled-map", 0, POPT_ARG_STRING, NULL, OPT_FILLED_MAP,
	  "write a map of OUTPUT, as ddrescue has them, to the new file FILE",
	  "FILE" },
	{ "mapfile", 0, POPT_ARG_STRING, NULL, OPT_MAPFILE,
	  "ddrescue's map of the store: what was not rescued cannot be read "
	  "(implies --salvage)", "FILE" },
	{ "origin-mapfile", 0, POPT_ARG_STRING, NULL, OPT_ORIGIN_MAPFILE,
	  "the same of the origin", "FILE" },
	{ "sparse-size", 'S', POPT_ARG_STRING, NULL, OPT_SPARSE_SIZE,
	  "raw: blocks of SIZE that are zero become holes; 0: no holes "
	  "(default: 4K)", "SIZE" },
	{ "discard", 0, POPT_ARG_NONE, NULL, OPT_DISCARD,
	  "raw: discard what is zero on a device where that makes it zero",
	  NULL },
	{ "no-clobber", 0, POPT_ARG_NONE, NULL, OPT_NO_CLOBBER,
	  "refuse an OUTPUT that exists (the default)", NULL },
	{ "target-is-zero", 0, POPT_ARG_NONE, NULL, OPT_TARGET_IS_ZERO,
	  "raw: OUTPUT is a device full of zeros, so do not write any", NULL },
	{ "store-device", 0, POPT_ARG_STRING, NULL, OPT_STORE_DEVICE,
	  "dm: what STORE is called where the table is loaded", "NAME" },
	{ "origin-device", 0, POPT_ARG_STRING, NULL, OPT_ORIGIN_DEVICE,
	  "dm: what ORIGIN is called there", "NAME" },
	{ "chunk-size", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_CHUNK_SIZE,
	  "store: of the new store (default: as STORE, or 4K)", "SIZE" },
	{ "size", 0, POPT_ARG_STRING, NULL, OPT_SIZE,
	  "store: of the new file (default: what is needed)", "SIZE" },
	{ "drop-equal", 0, POPT_ARG_NONE, NULL, OPT_DROP_EQUAL,
	  "store: leave out chunks that are as in ORIGIN", NULL },
	{ "data-from", 0, POPT_ARG_STRING, NULL, OPT_DATA_FROM,
	  "ndjson: a store that has the data, at the same places", "STORE" },
	{ "reverse", 0, POPT_ARG_NONE, NULL, OPT_REVERSE,
	  "delta, lvmsync: what leads from the snapshot to the origin", NULL },
	{ "resume", 0, POPT_ARG_STRING, NULL, OPT_RESUME,
	  "delta: make this one complete, which was cut", "PARTIAL" },
	{ "force-origin", 0, POPT_ARG_NONE, NULL, OPT_FORCE_ORIGIN,
	  "-f delta: also if ORIGIN is not what it was made against", NULL },
	{ "compress", 0, POPT_ARG_NONE, NULL, OPT_COMPRESS,
	  "qcow2: compress the clusters", NULL },
	{ "standalone", 0, POPT_ARG_NONE, NULL, OPT_STANDALONE,
	  "qcow2: all of the snapshot, without a backing file", NULL },
	{ "cluster-size", 0, POPT_ARG_STRING, NULL, OPT_CLUSTER_SIZE,
	  "qcow2: size of the clusters (default: that of the chunks)",
	  "SIZE" },
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text or json (default: text)", "FORMAT" },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "print no report; the exit status tells", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] -O FORMAT STORE ORIGIN OUTPUT\n"
	"       psnap-convert [OPTION...] -f raw -O store ORIGIN MODIFIED OUTPUT\n"
	"       psnap-convert [OPTION...] -f ndjson -O store DUMP OUTPUT\n"
	"       psnap-convert [OPTION...] -f delta -O FORMAT DELTA ORIGIN OUTPUT\n"
	"       psnap-convert --list-formats\n"
	"\n"
	"Make of a snapshot store and its origin what another tool can read.\n"
	"Both are only read. OUTPUT is a new file, for raw and store also a block\n"
	"device, or - for standard output. STORE and ORIGIN are files, block devices,\n"
	"or UUID=, LABEL=, PARTUUID= or PARTLABEL= and a value.";

static const char after[] =
	"\n"
	"SIZE is bytes; K and M mean powers of 1024.\n"
	"\n"
	"Exit status: 0 converted, 4 refused, or something had to be filled, 8 "
	"failed, 16\n"
	"usage, 32 interrupted. A file appears whole or not at all.\n";

static int set_format(struct psnap_convert_args *args, const char *name)
{
	int i;

	for (i = 0; i < PSNAP_CONVERT_FORMATS; i++)
		if (strcmp(name, psnap_convert_formats[i].name) == 0) {
			args->format = (enum psnap_convert_format_id)i;
			args->has_format = true;
			return 0;
		}
	return psnap_cli_bad_value("--output-format", name,
				   "is no format; psnap convert "
				   "--list-formats names them");
}

static int set_input(struct psnap_convert_args *args, const char *name)
{
	int i;

	for (i = 0; i < PSNAP_CONVERT_INPUTS; i++)
		if (strcmp(name, psnap_convert_inputs[i].name) == 0) {
			args->input = (enum psnap_convert_input_id)i;
			return 0;
		}
	return psnap_cli_bad_value("--input-format", name,
				   "is no format of an input; psnap convert "
				   "--list-formats names them");
}

static int set_size(struct psnap_convert_args *args, const char *arg)
{
	const char *problem = psnap_parse_size(arg, &args->size_bytes);

	if (!problem && (args->size_bytes == 0 ||
			 args->size_bytes % PSNAP_SECTOR_BYTES != 0))
		problem = "is not a whole number of sectors of 512 bytes";
	return problem ? psnap_cli_bad_value("--size", arg, problem) : 0;
}

static int set_name(char **name, const char *option, char **arg)
{
	if ((*arg)[0] == '\0')
		return psnap_cli_bad_value(option, *arg, "is no name");
	free(*name);
	*name = *arg;
	*arg = NULL;
	return 0;
}

/* Those of streams of changes. */
static int take_stream_option(struct psnap_convert_args *args, int val,
			      char **arg)
{
	switch (val) {
	case OPT_REVERSE:
		args->reverse = true;
		return 0;
	case OPT_RESUME:
		return set_name(&args->resume, "--resume", arg);
	default:
		args->force_origin = true;
		return 0;
	}
}

static int set_cluster_size(struct psnap_convert_args *args, const char *text)
{
	const char *problem = psnap_parse_size(text, &args->cluster_bytes);
	uint64_t bytes = args->cluster_bytes;

	if (!problem && (bytes < PSNAP_QCOW2_CLUSTER_BYTES_MIN ||
			 bytes > PSNAP_QCOW2_CLUSTER_BYTES_MAX ||
			 (bytes & (bytes - 1)) != 0))
		problem = "is none of 512, 1K, 2K, and so on to 2M";
	return problem ? psnap_cli_bad_value("--cluster-size", text, problem)
		       : 0;
}

static int set_fill(struct psnap_convert_args *args, const char *arg)
{
	const char *problem = psnap_convert_fill_set(&args->salvage, arg);

	return problem ? psnap_cli_bad_value("--fill", arg, problem) : 0;
}

static int set_sparse_size(struct psnap_convert_args *args, const char *arg)
{
	const char *problem;
	uint64_t bytes;

	problem = psnap_parse_size(arg, &bytes);
	if (!problem && bytes != 0 &&
	    (bytes < 512 || bytes > PSNAP_CONVERT_SPARSE_BYTES_MAX ||
	     (bytes & (bytes - 1)) != 0))
		problem = "is neither 0 nor a power of two from 512 to 1M";
	if (problem)
		return psnap_cli_bad_value("--sparse-size", arg, problem);
	args->sparse_bytes = (uint32_t)bytes;
	return 0;
}

/* What is about damage, and where zeros go. */
static int take_other(struct psnap_convert_args *args, int val, char **arg)
{
	struct psnap_convert_salvage_args *salvage = &args->salvage;

	switch (val) {
	case OPT_SALVAGE:
		salvage->asked = true;
		return 0;
	case OPT_FILL:
		return set_fill(args, *arg);
	case OPT_FILLED_MAP:
		return set_name(&salvage->filled_map, "--filled-map", arg);
	case OPT_MAPFILE:
		salvage->asked = true;
		return set_name(&salvage->mapfile, "--mapfile", arg);
	case OPT_ORIGIN_MAPFILE:
		salvage->asked = true;
		return set_name(&salvage->origin_mapfile, "--origin-mapfile",
				arg);
	case OPT_SPARSE_SIZE:
		return set_sparse_size(args, *arg);
	case OPT_DISCARD:
		args->discard = true;
		return 0;
	case OPT_NO_CLOBBER:
		args->force = false;
		return 0;
	default:
		return take_stream_option(args, val, arg);
	}
}

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_convert_args *args = ctx;

	args->given |= UINT64_C(1) << val;
	switch (val) {
	case OPT_FORMAT:
		return set_format(args, *arg);
	case OPT_INPUT:
		return set_input(args, *arg);
	case OPT_LIST:
		args->list_formats = true;
		return 0;
	case OPT_FORCE:
		args->force = true;
		return 0;
	case OPT_ACCEPT_INVALID:
		args->accept_invalid = true;
		return 0;
	case OPT_TARGET_IS_ZERO:
		args->target_is_zero = true;
		return 0;
	case OPT_SIZE:
		return set_size(args, *arg);
	case OPT_DROP_EQUAL:
		args->drop_equal = true;
		return 0;
	case OPT_DATA_FROM:
		return set_name(&args->data_from, "--data-from", arg);
	case OPT_STORE_DEVICE:
		return set_name(&args->store_device, "--store-device", arg);
	case OPT_COMPRESS:
		args->compress = true;
		return 0;
	case OPT_STANDALONE:
		args->standalone = true;
		return 0;
	case OPT_CLUSTER_SIZE:
		return set_cluster_size(args, *arg);
	case OPT_ORIGIN_DEVICE:
		return set_name(&args->origin_device, "--origin-device", arg);
	default:
		return take_other(args, val, arg);
	}
}

static int list_formats(void)
{
	int i;

	for (i = 0; i < PSNAP_CONVERT_INPUTS; i++)
		printf("-f %-9s %s\n", psnap_convert_inputs[i].name,
		       psnap_convert_inputs[i].summary);
	for (i = 0; i < PSNAP_CONVERT_FORMATS; i++)
		printf("-O %-9s %s\n", psnap_convert_formats[i].name,
		       psnap_convert_formats[i].summary);
	return psnap_output_end_stdio();
}

#define NEW_STORE PSNAP_CONVERT_SET(PSNAP_CONVERT_STORE)
/* A dump has positions, and a store made of it keeps them. */
#define WITH_CHANGES (~PSNAP_CONVERT_SET(PSNAP_CONVERT_DUMP))

#define AS_DUMPED "a store of a dump is as the one that was dumped"

/* Options that go with some formats only, or some inputs; 0: with all. */
static const struct {
	int val;
	const char *option;
	unsigned int formats;
	unsigned int inputs;
	const char *reason;
} rules[] = {
	{ OPT_TARGET_IS_ZERO, "--target-is-zero",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_RAW), 0,
	  "only raw is written to a device" },
	{ OPT_STORE_DEVICE, "--store-device",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_DM), 0,
	  "only a dm table names devices" },
	{ OPT_ORIGIN_DEVICE, "--origin-device",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_DM), 0,
	  "only a dm table names devices" },
	{ OPT_CHUNK_SIZE, "--chunk-size", NEW_STORE, 0,
	  "only a new store gets chunks of another size" },
	{ OPT_SIZE, "--size", NEW_STORE, 0,
	  "only a new store can be larger than it has to be" },
	{ OPT_DROP_EQUAL, "--drop-equal", NEW_STORE, 0,
	  "only a new store can be without them" },
	{ OPT_CHUNK_SIZE, "--chunk-size", 0, WITH_CHANGES, AS_DUMPED },
	{ OPT_SIZE, "--size", 0, WITH_CHANGES, AS_DUMPED },
	{ OPT_DROP_EQUAL, "--drop-equal", 0, WITH_CHANGES, AS_DUMPED },
	{ OPT_DATA_FROM, "--data-from", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_DUMP),
	  "only a dump (-f ndjson) has no data of its own" },
	{ OPT_ACCEPT_INVALID, "--accept-invalid", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_SNAPSHOT),
	  "only a store and its origin are refused for that" },
	{ OPT_REVERSE, "--reverse",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_DELTA) |
		  PSNAP_CONVERT_SET(PSNAP_CONVERT_LVMSYNC),
	  0, "only changes have a direction" },
	{ OPT_RESUME, "--resume", PSNAP_CONVERT_SET(PSNAP_CONVERT_DELTA), 0,
	  "only a delta can be made complete" },
	{ OPT_FORCE_ORIGIN, "--force-origin", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_FROM_DELTA),
	  "only a delta knows what it was made against" },
	{ OPT_COMPRESS, "--compress", PSNAP_CONVERT_SET(PSNAP_CONVERT_QCOW2), 0,
	  "only a qcow2 image can be compressed" },
	{ OPT_STANDALONE, "--standalone",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_QCOW2), 0,
	  "only a qcow2 image has a backing file" },
	{ OPT_CLUSTER_SIZE, "--cluster-size",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_QCOW2), 0,
	  "only a qcow2 image has clusters" },
	{ OPT_SPARSE_SIZE, "--sparse-size",
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_RAW), 0, "only raw has holes" },
	{ OPT_DISCARD, "--discard", PSNAP_CONVERT_SET(PSNAP_CONVERT_RAW), 0,
	  "only raw is written to a device" },
	{ OPT_SALVAGE, "--salvage", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_SNAPSHOT),
	  "only a store and its origin can be salvaged" },
	{ OPT_MAPFILE, "--mapfile", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_SNAPSHOT),
	  "only a store and its origin can be salvaged" },
	{ OPT_ORIGIN_MAPFILE, "--origin-mapfile", 0,
	  PSNAP_CONVERT_SET(PSNAP_CONVERT_SNAPSHOT),
	  "only a store and its origin can be salvaged" },
	{ OPT_FILL, "--fill",
	  ~(PSNAP_CONVERT_SET(PSNAP_CONVERT_VMDK) |
	    PSNAP_CONVERT_SET(PSNAP_CONVERT_DM)),
	  0, "nothing is copied, so there is nothing to fill" },
};

static bool allows(unsigned int set, unsigned int id)
{
	return set == 0 || (set & PSNAP_CONVERT_SET(id));
}

static int check_rules(const struct psnap_convert_args *args)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((args->given & UINT64_C(1) << rules[i].val) &&
		    !(allows(rules[i].formats, (unsigned int)args->format) &&
		      allows(rules[i].inputs, (unsigned int)args->input)))
			return psnap_msg_usage("%s: %s", rules[i].option,
					       rules[i].reason);
	return 0;
}

static int check_output(const struct psnap_convert_args *args,
			const char *output)
{
	const struct psnap_convert_format *format =
		&psnap_convert_formats[args->format];

	if (output[0] == '\0')
		return psnap_msg_usage("OUTPUT is no file name");
	if (strcmp(output, "-") != 0)
		return 0;
	if (!format->to_stdout)
		return psnap_msg_usage("%s needs a file, standard output will "
				       "not do",
				       format->name);
	if (args->target_is_zero)
		return psnap_msg_usage("--target-is-zero: standard output is "
				       "no block device");
	if (args->discard)
		return psnap_msg_usage("--discard: standard output is no block "
				       "device");
	if (args->given & UINT64_C(1) << OPT_SPARSE_SIZE)
		return psnap_msg_usage("--sparse-size: standard output has no "
				       "holes");
	if (args->cli.format == PSNAP_FORMAT_JSON)
		return psnap_msg_usage("--output=json: standard output has "
				       "what is converted");
	return 0;
}

static int check_salvage(const struct psnap_convert_args *args)
{
	if (args->salvage.fill != PSNAP_CONVERT_FILL_DEFAULT &&
	    !args->salvage.asked)
		return psnap_msg_usage("--fill: nothing is filled without "
				       "--salvage");
	return 0;
}

static int check_combination(const struct psnap_convert_args *args)
{
	const struct psnap_convert_input *input =
		&psnap_convert_inputs[args->input];
	int count = 0;
	int status;

	if (!args->has_format)
		return psnap_msg_usage("--output-format is missing; psnap "
				       "convert --list-formats names them");
	while (input->operands[count])
		count++;
	status = psnap_cli_operands(&args->cli, input->operands, count);
	if (status != 0)
		return status;
	if (!(input->formats & PSNAP_CONVERT_SET(args->format)))
		return psnap_msg_usage(
			"%s cannot be made of %s; psnap convert --list-formats "
			"says what can",
			psnap_convert_formats[args->format].name,
			input->summary);
	status = check_rules(args);
	if (status == 0)
		status = check_salvage(args);
	return status ? status
		      : check_output(args, args->cli.operands[count - 1]);
}

int psnap_convert_args_parse(struct psnap_convert_args *args, int argc,
			     const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-convert",
		.usage = usage,
		.after = after,
		.options = options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON,
		.no_chunk_size = true,
		.option = take_option,
	};
	int status;

	args->sparse_bytes = 4096;
	status = psnap_cli_parse(&args->cli, &tool, args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		return status;
	if (args->cli.chunk_bytes)
		args->given |= UINT64_C(1) << OPT_CHUNK_SIZE;
	if (args->list_formats)
		return args->cli.operand_count == 0
			       ? list_formats()
			       : psnap_msg_usage("--list-formats: it has no "
						 "operands");
	status = check_combination(args);
	return status == 0 ? PSNAP_CLI_GO_ON : status;
}

void psnap_convert_args_end(struct psnap_convert_args *args)
{
	psnap_cli_end(&args->cli);
	free(args->data_from);
	free(args->store_device);
	free(args->origin_device);
	free(args->resume);
	psnap_convert_salvage_args_end(&args->salvage);
	*args = (struct psnap_convert_args){ 0 };
}
