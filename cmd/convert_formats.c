/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes into a conversion and what can come out of it: the two tables that
 * the command line, --list-formats and the work itself go by.
 */
#include "convert_stream.h"

#include <string.h>

#define EVERY_FORMAT (PSNAP_CONVERT_SET(PSNAP_CONVERT_FORMATS) - 1)
/* Of two images: what is made of what changed. */
#define CHANGE_FORMATS                            \
	(PSNAP_CONVERT_SET(PSNAP_CONVERT_STORE) | \
	 PSNAP_CONVERT_SET(PSNAP_CONVERT_QCOW2) | \
	 PSNAP_CONVERT_SET(PSNAP_CONVERT_DELTA) | \
	 PSNAP_CONVERT_SET(PSNAP_CONVERT_LVMSYNC))
/* What has no store cannot be pointed into. */
#define STREAM_FORMATS (CHANGE_FORMATS | PSNAP_CONVERT_SET(PSNAP_CONVERT_RAW))

const struct psnap_convert_input psnap_convert_inputs[PSNAP_CONVERT_INPUTS] = {
	[PSNAP_CONVERT_SNAPSHOT] = {
		.name = "snapshot",
		.summary = "a store and its origin",
		.operands = { "STORE", "ORIGIN", "OUTPUT" },
		.formats = EVERY_FORMAT,
		.open = psnap_convert_snapshot_open,
		.show = psnap_convert_snapshot_show,
		.changes = psnap_convert_snapshot_changes,
	},
	[PSNAP_CONVERT_PAIR] = {
		.name = "raw",
		.summary = "two disk images, before and after",
		.operands = { "ORIGIN", "MODIFIED", "OUTPUT" },
		.formats = CHANGE_FORMATS,
		.open = psnap_convert_pair_open,
		.show = psnap_convert_pair_show,
		.changes = psnap_convert_pair_changes,
	},
	[PSNAP_CONVERT_DUMP] = {
		.name = "ndjson",
		.summary = "the table of a store, by psnap dump "
			   "--output=ndjson",
		.operands = { "DUMP", "OUTPUT" },
		.formats = PSNAP_CONVERT_SET(PSNAP_CONVERT_STORE),
		.open = psnap_convert_dump_open,
		.show = psnap_convert_dump_show,
	},
	[PSNAP_CONVERT_FROM_DELTA] = {
		.name = "delta",
		.summary = "changes that psnap made, and their origin",
		.operands = { "DELTA", "ORIGIN", "OUTPUT" },
		.formats = STREAM_FORMATS,
		.open = psnap_convert_changed_open,
		.show = psnap_convert_delta_show,
		.changes = psnap_convert_changed_ranges,
	},
	[PSNAP_CONVERT_FROM_LVMSYNC] = {
		.name = "lvmsync",
		.summary = "changes that lvmsync made, and their origin",
		.operands = { "CHANGES", "ORIGIN", "OUTPUT" },
		.formats = STREAM_FORMATS,
		.open = psnap_convert_changed_open,
		.show = psnap_convert_lvmsync_show,
		.changes = psnap_convert_changed_ranges,
	},
};

const struct psnap_convert_format
	psnap_convert_formats[PSNAP_CONVERT_FORMATS] = {
	[PSNAP_CONVERT_RAW] = {
		.name = "raw",
		.summary = "all of the snapshot, as a disk image",
		.to_device = true,
		.is_binary = true,
		.to_stdout = true,
		.make = psnap_convert_raw,
	},
	[PSNAP_CONVERT_VMDK] = {
		.name = "vmdk",
		.summary = "a descriptor that points into STORE and ORIGIN, "
			   "for QEMU to read",
		.to_stdout = true,
		.make = psnap_convert_table,
	},
	[PSNAP_CONVERT_DM] = {
		.name = "dm",
		.summary = "a table of linear targets, for dmsetup create "
			   "--readonly",
		.to_stdout = true,
		.make = psnap_convert_table,
	},
	[PSNAP_CONVERT_STORE] = {
		.name = "store",
		.summary = "a new store, compact, with chunks of any size",
		.to_device = true,
		.is_binary = true,
		.make = psnap_convert_store,
	},
	[PSNAP_CONVERT_DELTA] = {
		.name = "delta",
		.summary = "the changes alone, with checksums, for psnap merge",
		.is_binary = true,
		.to_stdout = true,
		.make = psnap_convert_delta,
	},
	[PSNAP_CONVERT_LVMSYNC] = {
		.name = "lvmsync",
		.summary = "the changes alone, for lvmsync --apply",
		.is_binary = true,
		.to_stdout = true,
		.make = psnap_convert_lvmsync,
	},
	[PSNAP_CONVERT_QCOW2] = {
		.name = "qcow2",
		.summary = "the changes as an image for QEMU, over ORIGIN or "
			   "on its own",
		.is_binary = true,
		.make = psnap_convert_qcow2,
	},
};

const struct psnap_convert_input *
psnap_convert_input(const struct psnap_convert_job *job)
{
	return &psnap_convert_inputs[job->args->input];
}

const struct psnap_convert_format *
psnap_convert_format(const struct psnap_convert_job *job)
{
	return &psnap_convert_formats[job->args->format];
}
