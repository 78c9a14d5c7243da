/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of psnap check for people: a line for each finding, then a short
 * summary. Lines begin with severity and id, so that grep finds them.
 */
#include "json.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

static void text_begin(struct psnap_report *report)
{
	(void)report;
}

static void text_id(struct psnap_outbuf *out, enum psnap_severity severity,
		    enum psnap_finding_id id)
{
	psnap_outbuf_printf(out, "%s %s: ", psnap_severity_name(severity),
			    psnap_finding_info(id)->name);
}

const char *psnap_report_place(const struct psnap_finding *finding,
			       char place[PSNAP_REPORT_PLACE_BYTES])
{
	char byte[40] = "";
	char area[40] = "";
	char entry[40] = "";

	if (finding->offset_bytes != PSNAP_NOWHERE)
		snprintf(byte, sizeof(byte), "%sbyte %" PRIu64,
			 finding->on_origin ? "origin " : "",
			 finding->offset_bytes);
	if (finding->area_index != PSNAP_NOWHERE) {
		snprintf(area, sizeof(area), "%sarea %" PRIu64,
			 byte[0] != '\0' ? ", " : "", finding->area_index);
		if (finding->entry_index != PSNAP_NOWHERE)
			snprintf(entry, sizeof(entry), " entry %" PRIu64,
				 finding->entry_index);
	}
	snprintf(place, PSNAP_REPORT_PLACE_BYTES, "%s%s%s%s", byte, area, entry,
		 byte[0] != '\0' || area[0] != '\0' ? ": " : "");
	return place;
}

static void text_finding(struct psnap_report *report,
			 const struct psnap_finding *finding)
{
	char place[PSNAP_REPORT_PLACE_BYTES];

	text_id(report->out, finding->severity, finding->id);
	psnap_outbuf_text(report->out, psnap_report_place(finding, place));
	psnap_outbuf_plain(report->out, finding->text);
	psnap_outbuf_text(report->out, "\n");
}

static void text_more(struct psnap_report *report,
		      const struct psnap_check_result *result)
{
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;

		if (report->ignored[id] ||
		    result->counts[id] <= report->shown[id])
			continue;
		text_id(report->out, result->severities[id], id);
		psnap_outbuf_printf(report->out, "and %" PRIu64 " more\n",
				    result->counts[id] - report->shown[id]);
		report->lines++;
	}
}

static void text_header(struct psnap_outbuf *out,
			const struct psnap_check_result *result)
{
	const struct psnap_header *header = &result->header;
	const uint32_t no_store =
		PSNAP_HEADER_MAGIC_ZERO | PSNAP_HEADER_MAGIC_BAD;

	if (header->problems & PSNAP_HEADER_SHORT)
		psnap_outbuf_text(out, "header:  none that can be read");
	else if (header->problems & no_store)
		psnap_outbuf_printf(out, "header:  magic 0x%08" PRIx32,
				    header->magic);
	else
		psnap_outbuf_printf(
			out, "header:  valid %" PRIu32 ", version %" PRIu32,
			header->valid, header->version);
	if (!result->has_geometry) {
		psnap_outbuf_text(out, ", no usable chunk size\n");
		return;
	}
	psnap_outbuf_printf(
		out, ", chunk size %" PRIu32 " sectors (%" PRIu64 " bytes)%s\n",
		result->geometry.chunk_sectors, result->geometry.chunk_bytes,
		result->geometry.chunk_sectors == header->chunk_sectors
			? ""
			: " as given");
}

static void text_table(struct psnap_outbuf *out,
		       const struct psnap_check_result *result)
{
	char status[PSNAP_STATUS_BYTES];

	if (!result->table_read)
		return;
	psnap_outbuf_printf(out,
			    "table:   %" PRIu64 " exception%s in %" PRIu64
			    " run%s, last area %" PRIu64 "\n",
			    result->exceptions,
			    result->exceptions == 1 ? "" : "s", result->runs,
			    result->runs == 1 ? "" : "s",
			    result->last_area_index);
	psnap_outbuf_printf(
		out, "status:  %s\n",
		psnap_status_text(&result->header, &result->usage, status));
	if (result->unreadable_bytes > 0)
		psnap_outbuf_printf(out,
				    "         without what %" PRIu64
				    " unreadable bytes of the table hold\n",
				    result->unreadable_bytes);
}

static const char *merge_text(const struct psnap_check_result *result)
{
	if (!psnap_report_merge_known(result))
		return "not known, the table was not read";
	return result->safe_to_merge ? "safe" : "not safe";
}

static void text_end(struct psnap_report *report,
		     const struct psnap_check_result *result, int exit_status)
{
	struct psnap_outbuf *out = report->out;

	(void)exit_status;
	text_more(report, result);
	psnap_outbuf_text(out, report->lines > 0 ? "\nstore:   " : "store:   ");
	psnap_outbuf_plain(out, report->store->io->name);
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\n",
			    report->store->io->size_bytes);
	text_header(out, result);
	text_table(out, result);
	psnap_outbuf_printf(out, "state:   %s\nkernel:  %s\nmerge:   %s\n",
			    psnap_state_name(result->state),
			    psnap_kernel_action_name(result->kernel),
			    merge_text(result));
	if (psnap_report_do_not_activate(result))
		psnap_outbuf_text(out, "DO NOT ACTIVATE: the kernel would take "
				       "this for a new snapshot and overwrite "
				       "it\n");
}

const struct psnap_report_ops psnap_report_text = {
	.begin = text_begin,
	.finding = text_finding,
	.end = text_end,
};
