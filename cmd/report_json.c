/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of psnap check as JSON and ndjson, written while the check runs:
 * what has been found is there even if the check is interrupted.
 */
#include "json.h"
#include "report.h"

#include <inttypes.h>

static void json_uses(struct psnap_outbuf *out,
		      const struct psnap_operand *operand, const char *device,
		      const char **comma)
{
	if (!operand)
		return;
	for (size_t i = 0; i < operand->use_count; i++) {
		psnap_outbuf_printf(
			out, "%s{\"device\":\"%s\",\"kind\":\"%s\",\"detail\":",
			*comma, device,
			psnap_operand_use_kind(operand->uses[i].kind));
		psnap_json_string(out, operand->uses[i].detail);
		psnap_outbuf_text(out, "}");
		*comma = ",";
	}
}

static void json_begin(struct psnap_report *report)
{
	struct psnap_outbuf *out = report->out;
	const char *comma = "";

	psnap_outbuf_text(out, report->ndjson ? "{\"type\":\"store\"," : "{");
	psnap_json_intro(out, "check");
	psnap_outbuf_text(out, ",\"store\":");
	psnap_json_io(out, report->store->io);
	psnap_outbuf_text(out, ",\"origin\":");
	if (report->origin)
		psnap_json_io(out, report->origin->io);
	else
		psnap_outbuf_text(out, "null");
	psnap_outbuf_text(out, ",\"in_use\":[");
	json_uses(out, report->store, "store", &comma);
	json_uses(out, report->origin, "origin", &comma);
	psnap_outbuf_text(out, report->ndjson ? "]}\n" : "],\n\"findings\":[");
}

void psnap_report_json_finding(struct psnap_outbuf *out,
			       const struct psnap_finding *finding)
{
	const struct psnap_finding_info *info = psnap_finding_info(finding->id);

	psnap_outbuf_printf(out,
			    "\"id\":\"%s\",\"severity\":\"%s\","
			    "\"device\":\"%s\"",
			    info->name, psnap_severity_name(finding->severity),
			    finding->on_origin ? "origin" : "store");
	psnap_json_member(out, "offset_bytes",
			  finding->offset_bytes != PSNAP_NOWHERE,
			  finding->offset_bytes);
	psnap_json_member(out, "length_bytes", finding->len_bytes > 0,
			  finding->len_bytes);
	psnap_json_member(out, "area", finding->area_index != PSNAP_NOWHERE,
			  finding->area_index);
	psnap_json_member(out, "entry", finding->entry_index != PSNAP_NOWHERE,
			  finding->entry_index);
	psnap_json_member(out, "old_chunk",
			  finding->has_chunks ||
				  finding->old_chunk != PSNAP_NOWHERE,
			  finding->old_chunk);
	psnap_json_member(out, "new_chunk",
			  finding->has_chunks ||
				  finding->new_chunk != PSNAP_NOWHERE,
			  finding->new_chunk);
	psnap_json_member(out, "count", true, finding->count);
	psnap_outbuf_text(out, ",\"text\":");
	psnap_json_string(out, finding->text);
	psnap_outbuf_text(out, ",\"kernel\":");
	psnap_json_string(out, info->kernel);
	psnap_outbuf_text(out, ",\"repair\":");
	psnap_json_string(out, info->repair);
}

static void json_finding(struct psnap_report *report,
			 const struct psnap_finding *finding)
{
	struct psnap_outbuf *out = report->out;

	if (report->ndjson)
		psnap_outbuf_text(out, "{\"type\":\"finding\",");
	else
		psnap_outbuf_text(out, report->lines > 0 ? ",\n{" : "\n{");
	psnap_report_json_finding(out, finding);
	psnap_outbuf_text(out, report->ndjson ? "}\n" : "}");
}

static void json_counts(struct psnap_report *report,
			const struct psnap_check_result *result)
{
	const char *comma = "";

	psnap_outbuf_text(report->out, "\"counts\":{");
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;

		if (result->counts[id] == 0 || report->ignored[id])
			continue;
		psnap_outbuf_printf(report->out, "%s\"%s\":%" PRIu64, comma,
				    psnap_finding_info(id)->name,
				    result->counts[id]);
		comma = ",";
	}
	psnap_outbuf_text(report->out, "}");
}

static void json_table(struct psnap_outbuf *out,
		       const struct psnap_check_result *result)
{
	psnap_outbuf_text(out, ",\"table\":");
	if (!result->table_read) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(out,
			    "{\"exceptions\":%" PRIu64 ",\"runs\":%" PRIu64
			    ",\"last_area\":%" PRIu64
			    ",\"unreadable_bytes\":%" PRIu64 "}",
			    result->exceptions, result->runs,
			    result->last_area_index, result->unreadable_bytes);
}

static const char *merge_json(const struct psnap_check_result *result)
{
	if (!psnap_report_merge_known(result))
		return "null";
	return result->safe_to_merge ? "true" : "false";
}

void psnap_report_json_verdict(struct psnap_outbuf *out,
			       const struct psnap_check_result *result,
			       int exit_status)
{
	psnap_outbuf_printf(
		out,
		",\"verdict\":{\"state\":\"%s\",\"kernel\":\"%s\","
		"\"safe_to_merge\":%s,\"do_not_activate\":%s,"
		"\"worst_severity\":",
		psnap_state_name(result->state),
		psnap_kernel_action_name(result->kernel), merge_json(result),
		psnap_report_do_not_activate(result) ? "true" : "false");
	if (psnap_report_found(result))
		psnap_outbuf_printf(out, "\"%s\"",
				    psnap_severity_name(result->worst));
	else
		psnap_outbuf_text(out, "null");
	psnap_outbuf_printf(out, ",\"exit_status\":%d}", exit_status);
}

static void json_end(struct psnap_report *report,
		     const struct psnap_check_result *result, int exit_status)
{
	struct psnap_outbuf *out = report->out;

	if (report->ndjson)
		psnap_outbuf_text(out, "{\"type\":\"verdict\",");
	else
		psnap_outbuf_text(out, report->lines > 0 ? "\n],\n" : "],\n");
	json_counts(report, result);
	psnap_outbuf_text(out, ",\"header\":");
	psnap_json_header(out, &result->header);
	psnap_outbuf_text(out, ",\"geometry\":");
	psnap_json_geometry(out,
			    result->has_geometry ? &result->geometry : NULL);
	json_table(out, result);
	psnap_outbuf_text(out, ",\"usage\":");
	psnap_json_usage(out, &result->header,
			 result->table_read ? &result->usage : NULL);
	psnap_json_member(out, "data_bytes_read", true,
			  result->data_bytes_read);
	psnap_report_json_verdict(out, result, exit_status);
	psnap_outbuf_text(out, "}\n");
}

const struct psnap_report_ops psnap_report_json = {
	.begin = json_begin,
	.finding = json_finding,
	.end = json_end,
};
