/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of psnap convert, and what each of them sets. What goes together
 * is the business of convert_rules.c.
 */
#include "convert_options.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
struct poptOption psnap_convert_options[] = {
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
	psnap_cli_keep(name, arg);
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

int psnap_convert_take_option(void *ctx, int val, char **arg)
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
