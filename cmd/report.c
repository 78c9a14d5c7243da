/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What text and JSON reports have in common: ignoring, counting, the exit
 * status.
 */
#include "report.h"

#include "message.h"

void psnap_report_begin(struct psnap_report *report)
{
	if (report->ops)
		report->ops->begin(report);
}

int psnap_report_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_report *report = ctx;

	if (!report->ops || report->ignored[finding->id])
		return 0;
	report->ops->finding(report, finding);
	report->shown[finding->id] += finding->count;
	/* What has been found is shown now, however long the rest takes. */
	if (report->lines++ == 0 || report->out->eager)
		psnap_outbuf_flush(report->out);
	return report->out->os_errno != 0 ? PSNAP_CLI_STOP : 0;
}

static int exit_status(const struct psnap_report *report,
		       const struct psnap_check_result *result)
{
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++) {
		if (!report->ignored[id] && result->counts[id] > 0 &&
		    result->severities[id] >= PSNAP_WARNING)
			return PSNAP_EXIT_LEFT;
	}
	return PSNAP_EXIT_DONE;
}

int psnap_report_end(struct psnap_report *report,
		     const struct psnap_check_result *result)
{
	int status = exit_status(report, result);

	if (report->ops)
		report->ops->end(report, result, status);
	return status;
}

bool psnap_report_found(const struct psnap_check_result *result)
{
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++) {
		if (result->counts[id] > 0)
			return true;
	}
	return false;
}

bool psnap_report_merge_known(const struct psnap_check_result *result)
{
	return result->table_read || result->worst >= PSNAP_ERROR ||
	       result->kernel != PSNAP_KERNEL_LOADS;
}

bool psnap_report_do_not_activate(const struct psnap_check_result *result)
{
	return result->kernel == PSNAP_KERNEL_FORMATS &&
	       result->state != PSNAP_STATE_BLANK;
}
