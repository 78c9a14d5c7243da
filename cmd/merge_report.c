/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap merge says to people: why it refuses, what it would do, what it
 * did. The same for scripts is in merge_json.c.
 */
#include "merge.h"
#include "report.h"

#include <inttypes.h>

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Facts that are in the way. */
static uint64_t obstacles(const struct psnap_check_result *check)
{
	uint64_t sum = 0;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		if (check->counts[i] > 0 && check->severities[i] >= PSNAP_ERROR)
			sum += check->counts[i];
	}
	return sum;
}

void psnap_merge_report_refusal(const struct psnap_merge_job *job)
{
	const struct psnap_check_result *check = &job->plan.check;
	uint64_t count = obstacles(check);

	psnap_pair_say_findings(&job->pair);
	if (psnap_pair_is_swapped(&job->pair, &job->plan))
		psnap_msg(job->store.name,
			  "not merged: it is no store, but %s is one; the "
			  "store comes first, then the origin",
			  job->origin.name);
	else if (psnap_pair_only_invalid(check))
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
			  "load (%s); psnap check says what is there",
			  psnap_state_name(check->state));
}

static void text_target(const struct psnap_merge_job *job, const char *before,
			struct psnap_outbuf *out)
{
	if (!job->args->target)
		return;
	psnap_outbuf_text(out, before);
	psnap_outbuf_plain(out, job->args->target);
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\n",
			    job->origin.io->size_bytes);
}

static void text_plan(const struct psnap_merge_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_merge_plan *plan = &job->plan;

	if (plan->refused) {
		psnap_outbuf_text(out, "verdict     would be refused\n");
		return;
	}
	/* A batch in which everything stays does not flush the origin. */
	psnap_outbuf_printf(
		out,
		"would merge %" PRIu64 " exception%s in %" PRIu64 " run%s\n"
		"would copy  %" PRIu64 " bytes in %s%" PRIu64 " batch%s\n",
		plan->exceptions, plural(plan->exceptions), plan->runs,
		plural(plan->runs), plan->copy_bytes,
		plan->exceptions < plan->check.exceptions ? "at most " : "",
		plan->batches, plan->batches == 1 ? "" : "es");
	psnap_merge_left_text(out, "would leave ", plan->left);
	text_target(job, "would write ", out);
	psnap_outbuf_printf(out, "verdict     %s\n",
			    plan->check.safe_to_merge
				    ? "safe to merge"
				    : "marked invalid, accepted");
}

static void text_merged(const struct psnap_merge_job *job,
			struct psnap_outbuf *out)
{
	const struct psnap_merge_result *result = &job->result;

	psnap_outbuf_printf(out, "merged      %" PRIu64 " exception%s",
			    result->exceptions, plural(result->exceptions));
	/* What could not be read has cut some runs. */
	if (result->left[PSNAP_LEFT_UNREADABLE] == 0)
		psnap_outbuf_printf(out, " in %" PRIu64 " run%s",
				    job->plan.runs, plural(job->plan.runs));
	psnap_outbuf_printf(out, "\ncopied      %" PRIu64 " bytes\n",
			    result->copied_bytes);
	if (job->options.skip_equal)
		psnap_outbuf_printf(out,
				    "equal       %" PRIu64 " bytes were the "
				    "same and not written\n",
				    result->equal_bytes);
	psnap_merge_left_text(out, "left        ", result->left);
}

static void text_store(const struct psnap_merge_job *job,
		       struct psnap_outbuf *out)
{
	bool invalid = psnap_header_says_invalid(&job->plan.check.header);
	uint64_t left = job->result.exceptions_left;

	if (job->options.keep_store)
		psnap_outbuf_text(out, "store       kept\n");
	else if (left == 0)
		psnap_outbuf_printf(out, "store       %s\n",
				    invalid ? "empty, still marked invalid"
					    : "valid and empty");
	else
		psnap_outbuf_printf(
			out, "store       %s, %" PRIu64 " exception%s left\n",
			invalid ? "still marked invalid" : "valid", left,
			plural(left));
}

static void text_result(const struct psnap_merge_job *job,
			struct psnap_outbuf *out)
{
	text_merged(job, out);
	if (job->result.origin_unrescued_bytes > 0)
		psnap_outbuf_printf(out,
				    "origin      %" PRIu64 " bytes were not "
				    "rescued, and nothing was merged to them\n",
				    job->result.origin_unrescued_bytes);
	if (job->args->target)
		text_target(job, "target      ", out);
	else
		text_store(job, out);
	if (job->save.path) {
		psnap_outbuf_text(out, "undo        ");
		psnap_outbuf_plain(out, job->save.path);
		psnap_outbuf_printf(out, " (%" PRIu64 " bytes)\n",
				    psnap_save_bytes(&job->save));
	}
}

void psnap_merge_report_text(const struct psnap_merge_job *job,
			     struct psnap_outbuf *out)
{
	if (job->args->dry_run)
		text_plan(job, out);
	/* Of a merge that stopped the message says how far it got. */
	else if (job->done)
		text_result(job, out);
}
