/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of psnap check: findings as they come, then the verdict, as text
 * or JSON. What is ignored is left out here, so both forms agree about it.
 */
#ifndef PSNAP_CMD_REPORT_H
#define PSNAP_CMD_REPORT_H

#include "operand.h"
#include "outbuf.h"

#include <psnap/check.h>

struct psnap_report;

/**
 * struct psnap_report_ops - one form
 * @begin:    before the check starts
 * @finding:  one that is to be shown
 * @end:      the verdict and the exit status that goes with it
 */
struct psnap_report_ops {
	void (*begin)(struct psnap_report *report);
	void (*finding)(struct psnap_report *report,
			const struct psnap_finding *finding);
	void (*end)(struct psnap_report *report,
		    const struct psnap_check_result *result, int exit_status);
};

/**
 * struct psnap_report - zero-initialise and fill in
 * @ops, @out:   NULL: nothing is printed
 * @store, @origin:  what is checked; @origin may be NULL
 * @ignored:     ids that are neither shown nor counted
 * @ndjson:      one object a line instead of one in all
 * @lines:       findings shown
 * @shown:       facts shown, for each id
 */
struct psnap_report {
	const struct psnap_report_ops *ops;
	struct psnap_outbuf *out;
	const struct psnap_operand *store;
	const struct psnap_operand *origin;
	bool ignored[PSNAP_FINDING_COUNT];
	bool ndjson;
	uint64_t lines;
	uint64_t shown[PSNAP_FINDING_COUNT];
};

extern const struct psnap_report_ops psnap_report_text;
extern const struct psnap_report_ops psnap_report_json;

/** psnap_report_begin() - before the check starts */
void psnap_report_begin(struct psnap_report *report);

/** psnap_report_finding() - the library's callback; @ctx is the report */
int psnap_report_finding(void *ctx, const struct psnap_finding *finding);

/**
 * psnap_report_end() - print the verdict
 *
 * Return: the exit status: PSNAP_EXIT_LEFT when anything worse than a note
 * was found that is not ignored.
 */
int psnap_report_end(struct psnap_report *report,
		     const struct psnap_check_result *result);

#define PSNAP_REPORT_PLACE_BYTES 130

/**
 * psnap_report_place() - where a finding is, as it begins a sentence
 * @place:  out: filled and returned; "byte 4128, area 0 entry 2: ", as much as
 *          is known of it
 */
const char *psnap_report_place(const struct psnap_finding *finding,
			       char place[PSNAP_REPORT_PLACE_BYTES]);

/** psnap_report_json_finding() - the members of a finding, without braces */
void psnap_report_json_finding(struct psnap_outbuf *out,
			       const struct psnap_finding *finding);

/** psnap_report_json_verdict() - ,"verdict":{...} */
void psnap_report_json_verdict(struct psnap_outbuf *out,
			       const struct psnap_check_result *result,
			       int exit_status);

/** psnap_report_found() - was anything found at all, ignored or not? */
bool psnap_report_found(const struct psnap_check_result *result);

/**
 * psnap_report_merge_known() - did the check get far enough to judge merging?
 *
 * Not after --header-only, unless the header already rules it out.
 */
bool psnap_report_merge_known(const struct psnap_check_result *result);

/** psnap_report_do_not_activate() - would the kernel destroy what is there? */
bool psnap_report_do_not_activate(const struct psnap_check_result *result);

#endif
