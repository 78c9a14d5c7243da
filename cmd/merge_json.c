/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of psnap merge as JSON, described in psnap-json(5). It is printed
 * however the merge ended, so that a script reads one thing only.
 */
#include "json.h"
#include "merge.h"
#include "report.h"

#include <inttypes.h>

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
	psnap_merge_left_json(out, plan->left);
	psnap_outbuf_text(out, ",\"findings\":[");
	for (size_t i = 0; i < job->pair.finding_count; i++) {
		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_report_json_finding(out, &job->pair.findings[i]);
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
	psnap_outbuf_printf(out, ",\"store_kept\":%s",
			    job->options.keep_store || job->args->target
				    ? "true"
				    : "false");
	psnap_json_member(out, "origin_unrescued_bytes", true,
			  result->origin_unrescued_bytes);
	psnap_merge_left_json(out, result->left);
	psnap_merge_left_json_runs(out, &job->left);
	psnap_outbuf_text(out, "}");
}

void psnap_merge_report_json(const struct psnap_merge_job *job,
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
	psnap_json_file(out, "undo", job->save.path,
			psnap_save_bytes(&job->save));
	psnap_json_file(out, "target", job->done ? job->args->target : NULL,
			job->origin.io->size_bytes);
	psnap_report_json_verdict(out, &job->plan.check,
				  psnap_report_end(&check, &job->plan.check));
	psnap_outbuf_printf(out, ",\"exit_status\":%d}\n", exit_status);
}
