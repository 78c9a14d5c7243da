/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of psnap undo. Everything that can be wrong with it is
 * found here, before anything is opened.
 */
#include "undo.h"

enum {
	OPT_DRY_RUN = 1,
	OPT_VERIFY,
	OPT_ACCEPT_CHANGED_ORIGIN,
};

/* clang-format off */
static struct poptOption options[] = {
	{ "dry-run", 'n', POPT_ARG_NONE, NULL, OPT_DRY_RUN,
	  "see whether FILE is whole and made for these devices, and change "
	  "nothing", NULL },
	{ "verify", 0, POPT_ARG_NONE, NULL, OPT_VERIFY,
	  "read FILE and verify every record; open no device", NULL },
	{ "accept-changed-origin", 0, POPT_ARG_NONE, NULL,
	  OPT_ACCEPT_CHANGED_ORIGIN,
	  "put back also if ORIGIN was written to since; what was written "
	  "beside stays, which can spoil a file system", NULL },
	{ "output", 0, POPT_ARG_STRING, NULL, PSNAP_CLI_OUTPUT,
	  "print text or json (default: text)", "FORMAT" },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, PSNAP_CLI_QUIET,
	  "print no report; the exit status tells", NULL },
	POPT_TABLEEND
};
/* clang-format on */

static const char usage[] =
	"[OPTION...] FILE [STORE [ORIGIN]]\n"
	"\n"
	"Put back what a command with --undo=FILE overwrote, on both devices,\n"
	"byte for byte; also when that command was cut, and also when this one\n"
	"was: run it again. Neither device may be in use. Without STORE and\n"
	"ORIGIN the names are those in FILE.";

static const char after[] =
	"\n"
	"Exit status: 0 done, 4 FILE is no undo file or was made for other "
	"devices,\n"
	"8 failed, 16 usage, 32 interrupted. What failed or was interrupted "
	"can be\n"
	"run again.\n";

static int take_option(void *ctx, int val, char **arg)
{
	struct psnap_undo_args *args = ctx;

	(void)arg;
	if (val == OPT_DRY_RUN)
		args->dry_run = true;
	else if (val == OPT_VERIFY)
		args->verify = true;
	else
		args->accept_changed_origin = true;
	return 0;
}

static int check(void *ctx)
{
	static const char *const file[] = { "FILE", NULL };
	static const char *const all[] = { "FILE", "STORE", "ORIGIN", NULL };
	const struct psnap_undo_args *args = ctx;

	if (args->dry_run && args->verify)
		return psnap_msg_usage("--dry-run and --verify exclude each "
				       "other");
	if (args->accept_changed_origin && args->verify)
		return psnap_msg_usage(
			"--accept-changed-origin: --verify opens no "
			"device");
	return psnap_cli_operands(&args->cli, args->verify ? file : all, 1);
}

int psnap_undo_args_parse(struct psnap_undo_args *args, int argc,
			  const char **argv)
{
	static const struct psnap_cli_tool tool = {
		.name = "psnap-undo",
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

void psnap_undo_args_end(struct psnap_undo_args *args)
{
	psnap_cli_end(&args->cli);
}
