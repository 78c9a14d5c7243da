/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists in what psnap repair says to people: findings, candidates for the
 * chunk size, exceptions that go, and what could be carved.
 */
#include "repair.h"
#include "report.h"

#include <inttypes.h>

/* Exceptions that go are named one by one up to here; JSON has more. */
#define DROPS_SHOWN 100

void psnap_repair_text_findings(const struct psnap_repair_job *job,
				struct psnap_outbuf *out)
{
	const struct psnap_check_result *check = &job->plan.before;
	struct psnap_report report = { .ops = &psnap_report_text,
				       .out = out,
				       .store = &job->store };

	for (size_t i = 0; i < job->finding_count; i++)
		(void)psnap_report_finding(&report, &job->findings[i]);
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;

		if (check->counts[id] <= report.shown[id])
			continue;
		psnap_outbuf_printf(out, "%s %s: and %" PRIu64 " more\n",
				    psnap_severity_name(check->severities[id]),
				    psnap_finding_info(id)->name,
				    check->counts[id] - report.shown[id]);
		report.lines++;
	}
	if (report.lines > 0)
		psnap_outbuf_text(out, "\n");
}

void psnap_repair_text_geometry(const struct psnap_repair_job *job,
				struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	if (plan->needs_chunk_size)
		psnap_outbuf_text(out,
				  plan->candidate_count > 0
					  ? "chunk size  not known: the "
					    "table alone does not decide\n"
					  : "chunk size  not known, and no "
					    "table was found\n");
	else if (plan->inferred)
		psnap_outbuf_printf(out,
				    "chunk size  %" PRIu64 " bytes, inferred "
				    "from the table\n",
				    plan->before.geometry.chunk_bytes);
	if (!plan->needs_chunk_size && !plan->inferred)
		return;
	for (size_t i = 0; i < plan->candidate_count; i++) {
		psnap_outbuf_printf(out,
				    "candidate   %" PRIu64 " bytes, score "
				    "%" PRIu64 ": ",
				    plan->candidates[i].chunk_bytes,
				    plan->candidates[i].score);
		psnap_outbuf_plain(out, plan->candidates[i].text);
		psnap_outbuf_text(out, "\n");
	}
}

static void text_drop(const struct psnap_repair_drop *drop, const char *before,
		      struct psnap_outbuf *out)
{
	const struct psnap_run *run = &drop->run;

	psnap_outbuf_printf(
		out,
		"%s area %" PRIu64 " entry %" PRIu32 ": origin chunk %" PRIu64,
		before, run->area_index, run->entry_index, run->old_chunk);
	if (run->chunks > 1)
		psnap_outbuf_printf(out, " and %" PRIu64 " more",
				    run->chunks - 1);
	psnap_outbuf_printf(out, ", in store chunk %" PRIu64 " (%s)\n",
			    run->new_chunk, psnap_finding_info(drop->id)->name);
}

void psnap_repair_text_drops(const struct psnap_repair_job *job,
			     struct psnap_outbuf *out)
{
	uint64_t more = job->unnamed;

	for (size_t i = 0; i < job->drop_count; i++) {
		if (i < DROPS_SHOWN)
			text_drop(&job->drops[i],
				  job->done ? "dropped    " : "would drop ",
				  out);
		else
			more += job->drops[i].run.chunks;
	}
	if (more > 0)
		psnap_outbuf_printf(out, "%s and %" PRIu64 " more exceptions\n",
				    job->done ? "dropped    " : "would drop ",
				    more);
}

void psnap_repair_text_carvings(const struct psnap_repair_job *job,
				struct psnap_outbuf *out)
{
	if (!job->args->carve_list)
		return;
	if (job->carving_count == 0)
		psnap_outbuf_text(out, "carve       nothing: beyond the table "
				       "there are no entries\n");
	for (size_t i = 0; i < job->carving_count; i++) {
		const struct psnap_carving *c = &job->carvings[i];

		psnap_outbuf_printf(
			out,
			"carve %s: %" PRIu64 " exception%s, %" PRIu64
			" in sequence%s; old chunk in the table already: "
			"%" PRIu64 ", new chunk: %" PRIu64
			"; data all zero: %" PRIu64 " of %" PRIu64 "\n",
			c->name, c->entries, c->entries == 1 ? "" : "s",
			c->in_sequence,
			c->continues ? ", going on where those before end" : "",
			c->conflicts_old, c->conflicts_new, c->data_zero,
			c->data_looked_at);
	}
	if (job->carvings_truncated)
		psnap_outbuf_text(out, "carve       there are more\n");
}
