/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap convert, from --help to the released arguments.
 */
#include "convert_options.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"[OPTION...] -O FORMAT STORE ORIGIN OUTPUT\n"
	"       psnap-convert [OPTION...] -f raw -O FORMAT ORIGIN MODIFIED OUTPUT\n"
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

int psnap_convert_args_parse(struct psnap_convert_args *args, int argc,
			     const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-convert",
		.usage = usage,
		.after = after,
		.options = psnap_convert_options,
		.formats = PSNAP_FORMAT_TEXT | PSNAP_FORMAT_JSON,
		.no_chunk_size = true,
		.option = psnap_convert_take_option,
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
	status = psnap_convert_rules_check(args);
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
