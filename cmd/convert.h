/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap convert, in parts: convert_args.c reads the command line, of which
 * convert_options.c has the options and convert_rules.c what goes together;
 * convert_formats.c is the list of what goes in and what comes out; convert.c
 * leads from the one to the other, and says whose file system it is.
 *
 * What goes in becomes an io that shows it, and the set of ranges in which that
 * differs from the origin: convert_snapshot.c does this for a store,
 * convert_pair.c for two images. convert_dump.c has only a table.
 *
 * convert_delta.c and convert_lvmsync.c do it for streams of changes, which they
 * also make.
 *
 * What comes out: convert_output.c says whether OUTPUT may be where it is to be;
 * convert_raw.c copies to a file, a device or standard output; convert_table.c
 * prints a list of places, for QEMU or device-mapper; convert_qcow2.c makes an
 * image of QEMU's own format, convert_store.c a store, convert_delta.c and
 * convert_lvmsync.c streams of changes; convert_report.c prints what was done.
 *
 * Of what is damaged convert_salvage.c has shown what there is, convert_filled.c
 * prints what had to be filled.
 */
#ifndef PSNAP_CMD_CONVERT_H
#define PSNAP_CMD_CONVERT_H

#include "cli.h"
#include "convert_salvage.h"
#include "operand.h"
#include "outbuf.h"

#include <psnap/content.h>
#include <psnap/delta.h>
#include <psnap/extents.h>
#include <psnap/lvmsync.h>
#include <psnap/merge.h>
#include <psnap/newfile.h>
#include <psnap/qcow2.h>
#include <psnap/view.h>

struct psnap_convert_job;

/* -f: what goes in. */
enum psnap_convert_input_id {
	PSNAP_CONVERT_SNAPSHOT,
	PSNAP_CONVERT_PAIR,
	PSNAP_CONVERT_DUMP,
	PSNAP_CONVERT_FROM_DELTA,
	PSNAP_CONVERT_FROM_LVMSYNC,
	PSNAP_CONVERT_INPUTS,
};

/* -O: what comes out. */
enum psnap_convert_format_id {
	PSNAP_CONVERT_RAW,
	PSNAP_CONVERT_VMDK,
	PSNAP_CONVERT_DM,
	PSNAP_CONVERT_STORE,
	PSNAP_CONVERT_DELTA,
	PSNAP_CONVERT_LVMSYNC,
	PSNAP_CONVERT_QCOW2,
	PSNAP_CONVERT_FORMATS,
};

/* Sets of them. */
#define PSNAP_CONVERT_SET(id) (1u << (id))

/**
 * struct psnap_convert_input - one kind of input
 * @operands:  their names, NULL-terminated; the last one is OUTPUT
 * @formats:   a set of enum psnap_convert_format_id that it can become
 * @open:      open the operands but OUTPUT
 * @show:      check them, and set @shown of the job; PSNAP_EXIT_LEFT: refused
 * @changes:   fill the set with the ranges that differ from the origin; NULL:
 *             only for formats that do not ask
 *
 * Each returns 0, or an exit status after a message.
 */
struct psnap_convert_input {
	const char *name;
	const char *summary;
	const char *operands[4];
	unsigned int formats;
	int (*open)(struct psnap_convert_job *job);
	int (*show)(struct psnap_convert_job *job);
	int (*changes)(struct psnap_convert_job *job,
		       struct psnap_extents *changes);
};

/**
 * struct psnap_convert_format - one kind of output
 * @to_device:  a block device will do
 * @is_binary:  nothing for a terminal
 * @to_stdout:  can be written in one go
 * @make:       0, or an exit status after a message
 */
struct psnap_convert_format {
	const char *name;
	const char *summary;
	bool to_device;
	bool is_binary;
	bool to_stdout;
	int (*make)(struct psnap_convert_job *job);
};

/** psnap_convert_inputs, psnap_convert_formats - by their ids */
extern const struct psnap_convert_input
	psnap_convert_inputs[PSNAP_CONVERT_INPUTS];
extern const struct psnap_convert_format
	psnap_convert_formats[PSNAP_CONVERT_FORMATS];

/* The largest of --sparse-size. */
#define PSNAP_CONVERT_SPARSE_BYTES_MAX (UINT64_C(1) << 20)

/**
 * struct psnap_convert_args - zero-initialise; the command line
 * @size_bytes:  of a new store; 0: what it needs
 * @data_from:   a store that has the data of a dump; owned; NULL: nothing has
 * @sparse_bytes: blocks of this size that are zero are left out; 0: none are
 * @store_device, @origin_device:  what the table calls them; owned; NULL: their
 *                paths
 * @reverse:      what leads from the snapshot to the origin
 * @resume:       a delta that was cut, which is made complete; owned; NULL: none
 * @force_origin: also if it is not what the changes were made against
 * @cluster_bytes:  0: not given
 */
struct psnap_convert_args {
	struct psnap_cli cli;
	enum psnap_convert_input_id input;
	enum psnap_convert_format_id format;
	bool has_format;
	uint64_t given; /* options, by their val */
	bool list_formats;
	bool force;
	bool accept_invalid;
	bool target_is_zero;
	bool drop_equal;
	uint64_t size_bytes;
	char *data_from;
	bool discard;
	uint32_t sparse_bytes;
	char *store_device;
	char *origin_device;
	bool reverse;
	char *resume;
	bool force_origin;
	bool compress;
	bool standalone;
	uint64_t cluster_bytes;
	struct psnap_convert_salvage_args salvage;
};

/**
 * struct psnap_convert_made - zero-initialise; what a new store is like
 * @chunk_bytes:  0: none was made
 * @dropped:      chunks left out, because the origin has the same
 * @data_missing: it has a table only
 */
struct psnap_convert_made {
	uint64_t chunk_bytes;
	uint64_t exceptions;
	uint64_t dropped;
	bool data_missing;
};

/**
 * struct psnap_convert_job - one conversion
 * @path:      OUTPUT; NULL: standard output
 * @device:    OUTPUT, when it is a block device; open for writing, alone
 * @store, @origin:  zero if this kind of input has none
 * @input:     what goes in besides, or instead; zero if nothing does
 * @shown:     what OUTPUT is to show, as large as it is to show it; lives as long
 *             as the input is open; NULL if that is not known
 * @chunk_bytes:     in which the input counts; 0: it does not
 * @plan:      what the check of the pair led to
 * @view:      of store and origin; NULL for another kind of input
 * @delta, @lvmsync:  what goes in, if it is one of them; its file is @store
 * @changed:   the ranges that it has; owned
 * @output_bytes:  that were made
 * @qcow2, @cluster_bytes:  what a qcow2 image has; 0: it is none
 * @done:      and are all there is to make
 * @made:      if it is a store
 */
struct psnap_convert_job {
	const struct psnap_convert_args *args;
	const char *path;
	struct psnap_operand store;
	struct psnap_operand origin;
	struct psnap_operand input;
	struct psnap_operand device;
	struct psnap_progress progress;
	struct psnap_io *shown;
	uint64_t chunk_bytes;
	struct psnap_merge_plan plan;
	struct psnap_view *view;
	struct psnap_delta *delta;
	struct psnap_lvmsync *lvmsync;
	struct psnap_extents *changed;
	struct psnap_convert_salvage salvage;
	struct psnap_content content;
	uint64_t output_bytes;
	struct psnap_qcow2_result qcow2;
	uint64_t cluster_bytes;
	bool done;
	struct psnap_convert_made made;
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

/** psnap_convert_input() - what goes into a job */
const struct psnap_convert_input *
psnap_convert_input(const struct psnap_convert_job *job);

/** psnap_convert_format() - what comes out of it */
const struct psnap_convert_format *
psnap_convert_format(const struct psnap_convert_job *job);

/* What the table of inputs does with STORE and ORIGIN. */
int psnap_convert_snapshot_open(struct psnap_convert_job *job);
int psnap_convert_snapshot_show(struct psnap_convert_job *job);
int psnap_convert_snapshot_changes(struct psnap_convert_job *job,
				   struct psnap_extents *changes);

/* With ORIGIN and MODIFIED. */
int psnap_convert_pair_open(struct psnap_convert_job *job);
int psnap_convert_pair_show(struct psnap_convert_job *job);
int psnap_convert_pair_changes(struct psnap_convert_job *job,
			       struct psnap_extents *changes);

/* With DUMP: what a store made of it shows is not known. */
int psnap_convert_dump_open(struct psnap_convert_job *job);
int psnap_convert_dump_show(struct psnap_convert_job *job);

/** psnap_convert_dump_store() - a store of a dump; 0, or an exit status after a
 * message */
int psnap_convert_dump_store(struct psnap_convert_job *job);

/**
 * psnap_convert_changes() - the ranges in which @shown differs from the origin
 * @changes:  out: release with psnap_extents_free()
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_convert_changes(struct psnap_convert_job *job,
			  struct psnap_extents **changes);

/**
 * psnap_convert_output_check() - may OUTPUT be where it is to be?
 *
 * A block device is opened. Nothing is changed yet. Return: 0, or an exit status
 * after a message.
 */
int psnap_convert_output_check(struct psnap_convert_job *job);

/* Room for all of them and what ends the list. */
#define PSNAP_CONVERT_IOS 5

/** psnap_convert_ios() - everything that is open, NULL at the end */
void psnap_convert_ios(const struct psnap_convert_job *job,
		       struct psnap_io *ios[PSNAP_CONVERT_IOS]);

/**
 * psnap_convert_name_check() - refuse an OUTPUT that exists, without --force
 *
 * Asked before the work and, for somebody else may have taken the name in the
 * meantime, after it. Return: 0, or an exit status after a message.
 */
int psnap_convert_name_check(const struct psnap_convert_job *job);

/**
 * psnap_convert_commit() - give a new file its name
 * @file:  gone afterwards
 *
 * Return: 0, or an exit status after a message; somebody else may have taken
 * the name in the meantime.
 */
int psnap_convert_commit(const struct psnap_convert_job *job,
			 struct psnap_newfile *file);

/**
 * psnap_convert_failure() - say which device failed, or OUTPUT
 * @err:  of reading @shown, or writing
 *
 * Return: the exit status.
 */
int psnap_convert_failure(const struct psnap_convert_job *job,
			  const struct psnap_error *err);

/** psnap_convert_raw() - copy the view; 0, or an exit status after a message */
int psnap_convert_raw(struct psnap_convert_job *job);

/** psnap_convert_store() - a new store; 0, or an exit status after a message */
int psnap_convert_store(struct psnap_convert_job *job);

/** psnap_convert_qcow2() - qcow2; 0, or an exit status after a message */
int psnap_convert_qcow2(struct psnap_convert_job *job);

/** psnap_convert_table() - vmdk or dm; 0, or an exit status after a message */
int psnap_convert_table(struct psnap_convert_job *job);

/** psnap_convert_segments() - how many segments of one of the devices */
uint64_t psnap_convert_segments(const struct psnap_convert_job *job,
				enum psnap_view_source source);

/** psnap_convert_content_text() - ext4, UUID ..., label "..."; or none known */
void psnap_convert_content_text(const struct psnap_content *content,
				struct psnap_outbuf *out);

/** psnap_convert_report() - what was done, or that it was refused */
void psnap_convert_report(const struct psnap_convert_job *job,
			  struct psnap_outbuf *out, int exit_status);

/** psnap_convert_main() - psnap convert; the exit status */
int psnap_convert_main(int argc, const char **argv);

#endif
