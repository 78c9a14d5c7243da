/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap merge says: why it refuses, what it would do, what it did.
 */
#include "json.h"
#include "merge.h"
#include "report.h"

#include <inttypes.h>

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Facts that are in the way, and whether the mark is all there is. */
static uint64_t obstacles(const struct psnap_check_result *check,
			  bool *only_invalid)
{
	uint64_t sum = 0;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		if (check->counts[i] > 0 && check->severities[i] >= PSNAP_ERROR)
			sum += check->counts[i];
	}
	*only_invalid = sum > 0 && check->table_read &&
			sum == check->counts[PSNAP_F_SNAPSHOT_INVALID];
	return sum;
}

void psnap_merge_report_refusal(const struct psnap_merge_job *job)
{
	const struct psnap_check_result *check = &job->plan.check;
	char place[PSNAP_REPORT_PLACE_BYTES];
	const struct psnap_finding *finding;
	bool only_invalid;
	uint64_t count = obstacles(check, &only_invalid);

	for (size_t i = 0; i < job->finding_count; i++) {
		finding = &job->findings[i];
		if (job->args->cli.quiet || finding->severity < PSNAP_ERROR)
			continue;
		psnap_msg(job->store.name, "%s %s: %s%s",
			  psnap_severity_name(finding->severity),
			  psnap_finding_info(finding->id)->name,
			  psnap_report_place(finding, place), finding->text);
	}
	if (only_invalid)
		psnap_msg(job->store.name,
			  "not merged: the snapshot is marked invalid; "
			  "--accept-invalid merges its %" PRIu64
			  " exceptions, which are exact; chunks without one "
			  "stay as the origin has them now",
			  check->exceptions);
	else if (count > 0)
		psnap_msg(job->store.name,
			  "not merged: %" PRIu64 " finding%s of severity error "
			  "or fatal; see psnap check --explain ID",
			  count, plural(count));
	else
		psnap_msg(job->store.name,
			  "not merged: it is no store that the kernel would "
			  "load (%s)",
			  psnap_state_name(check->state));
}

static void text_plan(const struct psnap_merge_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_merge_plan *plan = &job->plan;

	if (plan->refused) {
		psnap_outbuf_text(out, "verdict     would be refused\n");
		return;
	}
	psnap_outbuf_printf(
		out,
		"would merge %" PRIu64 " exception%s in %" PRIu64 " run%s\n"
		"would copy  %" PRIu64 " bytes in %" PRIu64 " batch%s\n"
		"verdict     %s\n",
		plan->exceptions, plural(plan->exceptions), plan->runs,
		plural(plan->runs), plan->copy_bytes, plan->batches,
		plan->batches == 1 ? "" : "es",
		plan->check.safe_to_merge ? "safe to merge"
					  : "marked invalid, accepted");
}

static const char *store_text(const struct psnap_merge_job *job)
{
	if (job->options.keep_store)
		return "kept";
	return psnap_header_says_invalid(&job->plan.check.header)
		       ? "empty, still marked invalid"
		       : "valid and empty";
}

static void text_result(const struct psnap_merge_job *job,
			struct psnap_outbuf *out)
{
	const struct psnap_merge_result *result = &job->result;

	psnap_outbuf_printf(
		out,
		"merged      %" PRIu64 " exception%s in %" PRIu64 " run%s\n"
		"copied      %" PRIu64 " bytes\n",
		result->exceptions, plural(result->exceptions), job->plan.runs,
		plural(job->plan.runs), result->copied_bytes);
	if (job->options.skip_equal)
		psnap_outbuf_printf(out,
				    "equal       %" PRIu64 " bytes were the "
				    "same and not written\n",
				    result->equal_bytes);
	psnap_outbuf_printf(out, "store       %s\n", store_text(job));
	if (job->save.path) {
		psnap_outbuf_text(out, "undo        ");
		psnap_outbuf_plain(out, job->save.path);
		psnap_outbuf_printf(out, " (%" PRIu64 " bytes)\n",
				    psnap_save_bytes(&job->save));
	}
}

static void json_plan(const struct psnap_merge_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_merge_plan *plan = &job->plan;

	psnap_outbuf_printf(out, ",\n\"plan\":{\"refused\":%s",
			    plan->refused ? "true" : "false");
	psnap_json_member(out, "exceptions", true, plan->exceptions);
	psnap_json_member(out, "runs", true, plan->runs);
	psnap_json_member(out, "copy_bytes", true, plan->copy_bytes);
	psnap_json_member(out, "batches", true, plan->batches);
	psnap_outbuf_text(out, ",\"findings\":[");
	for (size_t i = 0; i < job->finding_count; i++) {
		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_report_json_finding(out, &job->findings[i]);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_text(out, "]}");
}

static void json_result(const struct psnap_merge_job *job,
			struct psnap_outbuf *out)
{
	const struct psnap_merge_result *result = &job->result;

	psnap_outbuf_text(out, ",\n\"result\":");
	if (!job->begun) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{\"exceptions\":");
	psnap_json_u64(out, result->exceptions);
	psnap_json_member(out, "copied_bytes", true, result->copied_bytes);
	psnap_json_member(out, "equal_bytes", true, result->equal_bytes);
	psnap_json_member(out, "batches", true, result->batches);
	psnap_json_member(out, "exceptions_left", true,
			  result->exceptions_left);
	psnap_outbuf_printf(out, ",\"store_kept\":%s}",
			    job->options.keep_store ? "true" : "false");
}

static void json_document(const struct psnap_merge_job *job,
			  struct psnap_outbuf *out, int exit_status)
{
	struct psnap_report check = { 0 };

	psnap_outbuf_text(out, "{");
	psnap_json_intro(out, "merge");
	psnap_outbuf_printf(out, ",\"dry_run\":%s,\"store\":",
			    job->args->dry_run ? "true" : "false");
	psnap_json_io(out, job->store.io);
	psnap_outbuf_text(out, ",\"origin\":");
	psnap_json_io(out, job->origin.io);
	json_plan(job, out);
	json_result(job, out);
	psnap_outbuf_text(out, ",\n\"undo\":");
	if (job->save.path) {
		psnap_outbuf_text(out, "{\"file\":");
		psnap_json_string(out, job->save.path);
		psnap_json_member(out, "size_bytes", true,
				  psnap_save_bytes(&job->save));
		psnap_outbuf_text(out, "}");
	} else {
		psnap_outbuf_text(out, "null");
	}
	psnap_report_json_verdict(out, &job->plan.check,
				  psnap_report_end(&check, &job->plan.check));
	psnap_outbuf_printf(out, ",\"exit_status\":%d}\n", exit_status);
}

void psnap_merge_report(const struct psnap_merge_job *job,
			struct psnap_outbuf *out, int exit_status)
{
	if (job->args->cli.format == PSNAP_FORMAT_JSON)
		json_document(job, out, exit_status);
	else if (job->args->dry_run)
		text_plan(job, out);
	/* Of a merge that stopped the message says how far it got. */
	else if (job->begun && exit_status == 0)
		text_result(job, out);
}
