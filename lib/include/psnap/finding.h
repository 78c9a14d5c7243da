/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: facts about an image that psnap check reports. Ids are stable and
 * documented in psnap-check(8); one table in lib/src/finding.c holds id,
 * severity and the short texts, lib/src/finding_text.c the long explanation.
 */
#ifndef PSNAP_FINDING_H
#define PSNAP_FINDING_H

#include <psnap/export.h>
#include <stdbool.h>
#include <stdint.h>

PSNAP_BEGIN_DECLS

enum psnap_severity {
	PSNAP_NOTE,    /* legal; alone it is exit status 0 */
	PSNAP_WARNING, /* a hazard that repair removes without loss */
	PSNAP_ERROR,   /* something is lost or unknown */
	PSNAP_FATAL,   /* the kernel refuses, formats or corrupts */
};

/* Order: the header, the table as a whole, entries, reading, legal states. */
enum psnap_finding_id {
	PSNAP_F_MAGIC_ZERO,
	PSNAP_F_MAGIC_BAD,
	PSNAP_F_VERSION_UNKNOWN,
	PSNAP_F_CHUNK_SIZE_BAD,
	PSNAP_F_SNAPSHOT_INVALID,
	PSNAP_F_VALID_ODD,
	PSNAP_F_HEADER_TAIL_NONZERO,
	PSNAP_F_DEVICE_TAIL_PARTIAL,
	PSNAP_F_STORE_TRUNCATED,
	PSNAP_F_AREA_MISSING_SUCCESSOR,
	PSNAP_F_AREA_IMPLAUSIBLE,
	PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
	PSNAP_F_NEW_CHUNK_HUGE,
	PSNAP_F_NEW_CHUNK_IN_METADATA,
	PSNAP_F_CVE_2013_4299_IMMINENT,
	PSNAP_F_OLD_CHUNK_OUT_OF_RANGE,
	PSNAP_F_DUPLICATE_OLD,
	PSNAP_F_DUPLICATE_NEW,
	PSNAP_F_DUPLICATE_SAME,
	PSNAP_F_ENTRIES_AFTER_TERMINATOR,
	PSNAP_F_READ_ERROR,
	PSNAP_F_HOLES,
	PSNAP_F_OUT_OF_ORDER,
	PSNAP_F_STALE_AREAS,
	PSNAP_F_STORE_FULL,
	PSNAP_FINDING_COUNT
};

/**
 * struct psnap_finding_info - what is the same for every finding of an id
 * @name:      the stable id, as users type it
 * @severity:  the usual severity; a finding may carry another one (magic-zero
 *             on a blank device is a note)
 * @title:     a few words
 * @kernel:    what the kernel does with such a store
 * @repair:    what a repair can do
 * @means, @arises, @advice:  paragraphs for --explain
 */
struct psnap_finding_info {
	const char *name;
	enum psnap_severity severity;
	const char *title;
	const char *kernel;
	const char *repair;
	const char *means;
	const char *arises;
	const char *advice;
};

/* "No such number" in the optional fields below. */
#define PSNAP_NOWHERE UINT64_MAX

#define PSNAP_FINDING_TEXT_BYTES 320

/**
 * struct psnap_finding - one finding
 * @id, @severity:  which, how bad here
 * @offset_bytes:   on the store (on the origin when @on_origin), or
 *                  PSNAP_NOWHERE
 * @len_bytes:      length of the range, 0 when it is a point
 * @area_index, @entry_index:  the entry, or PSNAP_NOWHERE
 * @old_chunk, @new_chunk:     of the entry, or PSNAP_NOWHERE. An entry may
 *                  hold that number itself: then @has_chunks tells
 * @has_chunks:     @old_chunk and @new_chunk are those of an entry
 * @count:          how many facts this one finding stands for, at least 1
 * @text:           found and expected in one sentence, without the place
 */
struct psnap_finding {
	enum psnap_finding_id id;
	enum psnap_severity severity;
	bool on_origin;
	bool has_chunks;
	uint64_t offset_bytes;
	uint64_t len_bytes;
	uint64_t area_index;
	uint64_t entry_index;
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t count;
	char text[PSNAP_FINDING_TEXT_BYTES];
};

/**
 * psnap_finding_info() - the table row of an id
 * @id:  [0, PSNAP_FINDING_COUNT)
 *
 * Return: a constant row, NULL for another number.
 */
PSNAP_API const struct psnap_finding_info *
psnap_finding_info(enum psnap_finding_id id);

/**
 * psnap_finding_by_name() - the id behind a name
 *
 * Return: an enum psnap_finding_id, or -1 when nothing has that name.
 */
PSNAP_API int psnap_finding_by_name(const char *name);

/** psnap_severity_name() - "note", "warning", "error" or "fatal" */
PSNAP_API const char *psnap_severity_name(enum psnap_severity severity);

PSNAP_END_DECLS

#endif
