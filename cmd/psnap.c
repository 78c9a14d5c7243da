/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program: find the command, by the name it was called under or by the
 * first argument, and run it.
 */
#include "check.h"
#include "convert.h"
#include "diff.h"
#include "dump.h"
#include "merge.h"
#include "output.h"
#include "repair.h"
#include "undo.h"

#include <psnap/error.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*main)(int argc, const char **argv);
	const char *summary;
} commands[] = {
	{ "check", psnap_check_main,
	  "say what is wrong with a store and what the kernel would do" },
	{ "convert", psnap_convert_main,
	  "make of a snapshot what another tool can read" },
	{ "diff", psnap_diff_main,
	  "print where a snapshot and its origin differ, or two snapshots" },
	{ "dump", psnap_dump_main,
	  "print header, table of exceptions, or where a byte is kept" },
	{ "merge", psnap_merge_main,
	  "copy a store back onto its origin, which becomes the snapshot" },
	{ "repair", psnap_repair_main,
	  "bring back what can be brought back of a damaged store" },
	{ "undo", psnap_undo_main,
	  "put back what a command with --undo overwrote" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* "/usr/sbin/psnap-check" is the command check; "psnap" is none. */
static const struct command *command_of_link(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (strncmp(base, "psnap-", 6) != 0)
		return NULL;
	return find_command(base + 6);
}

static int print_help(void)
{
	puts("Usage: psnap COMMAND [OPTION...] OPERAND...\n"
	     "       psnap help [COMMAND]\n"
	     "\n"
	     "Look at persistent snapshot stores of Linux device-mapper (COW\n"
	     "devices), merge and repair them, without activating anything.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-15s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "Options:\n"
	     "  -h, --help      print this help\n"
	     "  -V, --version   print the version\n"
	     "\n"
	     "psnap help COMMAND shows the options of a command. psnap-COMMAND "
	     "is the\n"
	     "same as psnap COMMAND.");
	return psnap_output_end_stdio();
}

static int list_options(void)
{
	puts("--help\n-h\n--version\n-V");
	return psnap_output_end_stdio();
}

static int unknown_command(const char *name)
{
	if (name[0] == '-')
		return psnap_msg_usage("%s: unknown option", name);
	return psnap_msg_usage("%s: unknown command", name);
}

static int help(int argc, const char **argv)
{
	const char *command_args[] = { NULL, "--help", NULL };
	const struct command *command;

	if (argc == 0)
		return print_help();
	if (argc > 1)
		return psnap_msg_usage("%s: one operand too many", argv[1]);
	command = find_command(argv[0]);
	if (!command)
		return unknown_command(argv[0]);
	return command->main(2, command_args);
}

static int run(int argc, const char **argv)
{
	const struct command *command;

	if (argc == 0)
		return psnap_msg_usage("COMMAND is missing");
	command = command_of_link(argv[0]);
	if (command)
		return command->main(argc, argv);
	if (argc < 2)
		return psnap_msg_usage("COMMAND is missing");
	command = find_command(argv[1]);
	if (command)
		return command->main(argc - 1, argv + 1);
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return psnap_cli_version();
	if (strcmp(argv[1], "--list-options") == 0)
		return list_options();
	return unknown_command(argv[1]);
}

int main(int argc, const char **argv)
{
	/* A reader that goes away is told to us by write() instead. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file that grows past a limit is a write that fails, and is cleaned
	 * up after like any other. */
	(void)signal(SIGXFSZ, SIG_IGN);
	psnap_output_guard_fds();
	return run(argc, argv);
}
