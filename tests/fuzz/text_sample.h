/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that the writers of psnap can be handed, filled from the input of
 * a fuzz target: arbitrary numbers and bytes, within what the types and the
 * library's doc comments allow.
 */
#ifndef PSNAP_FUZZ_TEXT_SAMPLE_H
#define PSNAP_FUZZ_TEXT_SAMPLE_H

#include "fuzz.h"
#include "lookup.h"
#include "operand.h"

#include <psnap/check.h>
#include <psnap/dump.h>

#define SAMPLE_RECORDS_MAX  12
#define SAMPLE_FINDINGS_MAX 8
#define SAMPLE_USES_MAX	    3
#define SAMPLE_NAME_BYTES   300

struct text_sample {
	bool eager;
	bool exceptions;
	bool all;
	bool crc32;
	bool filtered;
	bool header_only;
	bool has_origin;
	char store_name[SAMPLE_NAME_BYTES];
	char origin_name[SAMPLE_NAME_BYTES];
	struct psnap_io store;
	struct psnap_io origin;
	struct psnap_operand store_operand;
	struct psnap_operand origin_operand;
	struct psnap_operand_use uses[SAMPLE_USES_MAX];
	char details[SAMPLE_USES_MAX][SAMPLE_NAME_BYTES];
	struct psnap_header header;
	struct psnap_geometry geometry;
	struct psnap_walk_totals totals;
	struct psnap_check_result result;
	bool ignored[PSNAP_FINDING_COUNT];
	struct psnap_dump_record records[SAMPLE_RECORDS_MAX];
	size_t record_count;
	struct psnap_finding findings[SAMPLE_FINDINGS_MAX];
	size_t finding_count;
	struct psnap_lookup lookup;
	struct psnap_run hits[4];
};

/* Owns nothing; points into itself. */
void text_sample_make(struct text_sample *s, struct fuzz_cursor *c);

#endif
