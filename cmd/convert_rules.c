/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which options of psnap convert go with which formats and inputs. Everything
 * that can be wrong with a command line is found here, before anything is opened.
 */
#include "convert_options.h"

#include <string.h>

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

int psnap_convert_rules_check(const struct psnap_convert_args *args)
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
