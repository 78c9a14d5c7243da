/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of findings: one row per id, with its name, severity and short
 * texts. When a finding is raised is decided in the check, the long texts are
 * in finding_text.c and finding_text_entry.c. Names are an interface: they are
 * added, never changed or removed.
 */
#include "finding_text.h"

#include <psnap/finding.h>
#include <stddef.h>
#include <string.h>

#define TEXTS(id)                                                   \
	.means = psnap_##id##_means, .arises = psnap_##id##_arises, \
	.advice = psnap_##id##_advice

static const struct psnap_finding_info infos[PSNAP_FINDING_COUNT] = {
	[PSNAP_F_MAGIC_ZERO] = {
		.name = "magic-zero",
		.severity = PSNAP_FATAL,
		.title = "the magic number is zero",
		.kernel =
			"takes it for a new store: writes a header and zeroes "
			"area 0",
		.repair =
			"write the header again, with the chunk size under "
			"which the table makes sense",
		TEXTS(magic_zero),
	},
	[PSNAP_F_MAGIC_BAD] = {
		.name = "magic-bad",
		.severity = PSNAP_FATAL,
		.title = "not the magic number of a store",
		.kernel = "refuses to load it",
		.repair =
			"if it is a store: write the header again, with the "
			"chunk size under which the table makes sense",
		TEXTS(magic_bad),
	},
	[PSNAP_F_VERSION_UNKNOWN] = {
		.name = "version-unknown",
		.severity = PSNAP_FATAL,
		.title = "unknown version of the format",
		.kernel = "refuses to load it",
		.repair = "set the version to 1 if the table makes sense",
		TEXTS(version_unknown),
	},
	[PSNAP_F_CHUNK_SIZE_BAD] = {
		.name = "chunk-size-bad",
		.severity = PSNAP_FATAL,
		.title = "impossible chunk size",
		.kernel = "refuses to load it",
		.repair =
			"write the chunk size under which the table makes "
			"sense",
		TEXTS(chunk_size_bad),
	},
	[PSNAP_F_SNAPSHOT_INVALID] = {
		.name = "snapshot-invalid",
		.severity = PSNAP_ERROR,
		.title = "the kernel marked the snapshot invalid",
		.kernel =
			"loads it as Invalid, fails every access, reads no "
			"exception",
		.repair =
			"set valid to 1 in a store with room left; chunks "
			"without an exception stay unsure",
		TEXTS(snapshot_invalid),
	},
	[PSNAP_F_VALID_ODD] = {
		.name = "valid-odd",
		.severity = PSNAP_NOTE,
		.title = "valid is neither 0 nor 1",
		.kernel = "takes every number but 0 for valid",
		.repair = "nothing needed; valid can be set to 1",
		TEXTS(valid_odd),
	},
	[PSNAP_F_HEADER_TAIL_NONZERO] = {
		.name = "header-tail-nonzero",
		.severity = PSNAP_NOTE,
		.title = "leftovers behind the header",
		.kernel =
			"ignores them, and writes zeros there with the next "
			"header",
		.repair = "nothing needed; the bytes can be zeroed",
		TEXTS(header_tail_nonzero),
	},
	[PSNAP_F_DEVICE_TAIL_PARTIAL] = {
		.name = "device-tail-partial",
		.severity = PSNAP_NOTE,
		.title = "part of a chunk at the end of the device",
		.kernel = "never uses it",
		.repair = "nothing needed",
		TEXTS(device_tail_partial),
	},
	[PSNAP_F_STORE_TRUNCATED] = {
		.name = "store-truncated",
		.severity = PSNAP_FATAL,
		.title = "the end of the store is missing",
		.kernel =
			"refuses it if an area is missing; otherwise loads "
			"it, and the first copy invalidates the snapshot",
		.repair =
			"give the store its full length back, or drop the "
			"exceptions past the end",
		TEXTS(store_truncated),
	},
	[PSNAP_F_AREA_MISSING_SUCCESSOR] = {
		.name = "area-missing-successor",
		.severity = PSNAP_FATAL,
		.title = "no room for the area that ends the table",
		.kernel = "refuses to load it: reading the next area fails",
		.repair = "lengthen the device by a chunk of zeros",
		TEXTS(area_missing_successor),
	},
	[PSNAP_F_AREA_IMPLAUSIBLE] = {
		.name = "area-implausible",
		.severity = PSNAP_ERROR,
		.title = "an area that cannot be one",
		.kernel = "loads whatever is there as exceptions",
		.repair =
			"end the table before this area; what it held cannot "
			"be rebuilt from the store",
		TEXTS(area_implausible),
	},
	[PSNAP_F_NEW_CHUNK_OUT_OF_RANGE] = {
		.name = "new-chunk-out-of-range",
		.severity = PSNAP_FATAL,
		.title = "an exception points past the end of the store",
		.kernel =
			"loads it; the first copy finds no room and "
			"invalidates the snapshot, or, where the size wraps at "
			"2^64, overwrites the start of the store",
		.repair = "drop the entry, so that the origin shows through",
		TEXTS(new_chunk_out_of_range),
	},
	[PSNAP_F_NEW_CHUNK_HUGE] = {
		.name = "new-chunk-huge",
		.severity = PSNAP_FATAL,
		.title = "a new chunk of 2^56 or above",
		.kernel =
			"takes it for a run of chunks, overwrites metadata, "
			"or stops with a BUG",
		.repair = "drop the entry, so that the origin shows through",
		TEXTS(new_chunk_huge),
	},
	[PSNAP_F_NEW_CHUNK_IN_METADATA] = {
		.name = "new-chunk-in-metadata",
		.severity = PSNAP_ERROR,
		.title = "an exception points at metadata",
		.kernel =
			"loads it; reading the chunk gives metadata, writing "
			"it overwrites an area",
		.repair = "drop the entry; its data is lost",
		TEXTS(new_chunk_in_metadata),
	},
	[PSNAP_F_CVE_2013_4299_IMMINENT] = {
		.name = "cve-2013-4299-imminent",
		.severity = PSNAP_NOTE,
		.title = "the next free chunk is an area",
		.kernel =
			"steps over the area; without the fix in Linux 3.12 "
			"it puts data there",
		.repair = "nothing needed",
		TEXTS(cve_2013_4299_imminent),
	},
	[PSNAP_F_OLD_CHUNK_OUT_OF_RANGE] = {
		.name = "old-chunk-out-of-range",
		.severity = PSNAP_ERROR,
		.title = "an exception for a chunk beyond the origin",
		.kernel = "loads it; a merge fails at it",
		.repair = "drop the entry: the origin has no such chunk",
		TEXTS(old_chunk_out_of_range),
	},
	[PSNAP_F_DUPLICATE_OLD] = {
		.name = "duplicate-old",
		.severity = PSNAP_ERROR,
		.title = "two exceptions for the same old chunk",
		.kernel =
			"uses one of the two, since Linux 5.2 the first, "
			"before that the last; a merge may fail",
		.repair = "keep the entry whose data is right, drop the other",
		TEXTS(duplicate_old),
	},
	[PSNAP_F_DUPLICATE_NEW] = {
		.name = "duplicate-new",
		.severity = PSNAP_ERROR,
		.title = "two exceptions share one new chunk",
		.kernel = "shows the same data in both places",
		.repair = "keep the entry the data belongs to, drop the other",
		TEXTS(duplicate_new),
	},
	[PSNAP_F_DUPLICATE_SAME] = {
		.name = "duplicate-same",
		.severity = PSNAP_WARNING,
		.title = "the same exception stands in the table twice",
		.kernel =
			"loads it and shows the right content; its own merge "
			"may stop there",
		.repair = "drop the second entry: nothing is lost",
		TEXTS(duplicate_same),
	},
	[PSNAP_F_ENTRIES_AFTER_TERMINATOR] = {
		.name = "entries-after-terminator",
		.severity = PSNAP_WARNING,
		.title = "entries behind the end of the table",
		.kernel =
			"ignores them, but later copies bring them back to "
			"life",
		.repair =
			"clear the entries behind the terminator; nothing is "
			"lost",
		TEXTS(entries_after_terminator),
	},
	[PSNAP_F_READ_ERROR] = {
		.name = "read-error",
		.severity = PSNAP_ERROR,
		.title = "a part cannot be read",
		.kernel =
			"refuses the store if it is in the header or an area "
			"it reads, otherwise fails reads of that chunk",
		.repair =
			"none in place: copy what can be read to another "
			"device",
		TEXTS(read_error),
	},
	[PSNAP_F_HOLES] = {
		.name = "holes",
		.severity = PSNAP_NOTE,
		.title = "chunks that no exception uses",
		.kernel = "loads it, and leaves them unused",
		.repair = "nothing needed",
		TEXTS(holes),
	},
	[PSNAP_F_OUT_OF_ORDER] = {
		.name = "out-of-order",
		.severity = PSNAP_NOTE,
		.title = "new chunks do not ascend",
		.kernel = "loads it; the order means nothing",
		.repair = "nothing needed",
		TEXTS(out_of_order),
	},
	[PSNAP_F_STALE_AREAS] = {
		.name = "stale-areas",
		.severity = PSNAP_NOTE,
		.title = "old entries in areas behind the table",
		.kernel =
			"never reads them, and zeroes an area before the "
			"table grows into it",
		.repair = "nothing needed",
		TEXTS(stale_areas),
	},
	[PSNAP_F_STORE_FULL] = {
		.name = "store-full",
		.severity = PSNAP_NOTE,
		.title = "no room for one more chunk",
		.kernel =
			"loads it; the next copy finds no room and "
			"invalidates the snapshot",
		.repair =
			"nothing needed; lengthen the store before it is used "
			"again",
		TEXTS(store_full),
	},
};

const struct psnap_finding_info *psnap_finding_info(enum psnap_finding_id id)
{
	/* Through unsigned, so that a negative number is out of range too. */
	if ((unsigned int)id >= PSNAP_FINDING_COUNT)
		return NULL;
	return &infos[id];
}

int psnap_finding_by_name(const char *name)
{
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++) {
		if (!strcmp(infos[id].name, name))
			return id;
	}
	return -1;
}

const char *psnap_severity_name(enum psnap_severity severity)
{
	static const char *const names[] = {
		[PSNAP_NOTE] = "note",
		[PSNAP_WARNING] = "warning",
		[PSNAP_ERROR] = "error",
		[PSNAP_FATAL] = "fatal",
	};

	if ((unsigned int)severity >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[severity];
}
