/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap convert, in parts: convert_args.c reads the command line; convert.c
 * opens, checks and says whose file system it is; convert_raw.c copies the view
 * to a file, a device or standard output; convert_table.c prints it as a list of
 * places, for QEMU or device-mapper; convert_report.c prints what was done.
 */
#ifndef PSNAP_CMD_CONVERT_H
#define PSNAP_CMD_CONVERT_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"

#include <psnap/content.h>
#include <psnap/merge.h>
#include <psnap/view.h>

enum psnap_convert_format {
	PSNAP_CONVERT_RAW,
	PSNAP_CONVERT_VMDK,
	PSNAP_CONVERT_DM,
	PSNAP_CONVERT_FORMATS,
};

/** psnap_convert_names - of the formats, as in -O */
extern const char *const psnap_convert_names[PSNAP_CONVERT_FORMATS];

/**
 * struct psnap_convert_args - zero-initialise; the command line
 * @store_device, @origin_device:  what the table calls them; owned; NULL: their
 *                paths
 */
struct psnap_convert_args {
	struct psnap_cli cli;
	enum psnap_convert_format format;
	bool has_format;
	bool list_formats;
	bool force;
	bool accept_invalid;
	bool target_is_zero;
	char *store_device;
	char *origin_device;
};

/**
 * struct psnap_convert_job - one conversion
 * @path:      OUTPUT; NULL: standard output
 * @device:    OUTPUT, when it is a block device; open for writing, alone
 * @plan:      what the check of the pair led to
 * @findings:  those of that check; owned
 * @output_bytes:  that were made
 * @done:      and are all there is to make
 */
struct psnap_convert_job {
	const struct psnap_convert_args *args;
	const char *path;
	struct psnap_operand store;
	struct psnap_operand origin;
	struct psnap_operand device;
	struct psnap_progress progress;
	struct psnap_merge_plan plan;
	struct psnap_finding *findings;
	size_t finding_count;
	struct psnap_view *view;
	struct psnap_content content;
	uint64_t output_bytes;
	bool done;
};

/**
 * psnap_convert_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with
 * psnap_convert_args_end() either way.
 */
int psnap_convert_args_parse(struct psnap_convert_args *args, int argc,
			     const char **argv);

/** psnap_convert_args_end() - release what the command line held */
void psnap_convert_args_end(struct psnap_convert_args *args);

/** psnap_convert_raw() - copy the view; 0, or an exit status after a message */
int psnap_convert_raw(struct psnap_convert_job *job);

/** psnap_convert_table() - vmdk or dm; 0, or an exit status after a message */
int psnap_convert_table(struct psnap_convert_job *job);

/** psnap_convert_exists() - is there anything at that path, or a link? */
bool psnap_convert_exists(const char *path);

/** psnap_convert_segments() - how many segments of one of the devices */
uint64_t psnap_convert_segments(const struct psnap_convert_job *job,
				enum psnap_view_source source);

/** psnap_convert_refusal() - say why the pair is not converted */
void psnap_convert_refusal(const struct psnap_convert_job *job);

/** psnap_convert_content_text() - ext4, UUID ..., label "..."; or none known */
void psnap_convert_content_text(const struct psnap_content *content,
				struct psnap_outbuf *out);

/** psnap_convert_report() - what was done, or that it was refused */
void psnap_convert_report(const struct psnap_convert_job *job,
			  struct psnap_outbuf *out, int exit_status);

/** psnap_convert_main() - psnap convert; the exit status */
int psnap_convert_main(int argc, const char **argv);

#endif
