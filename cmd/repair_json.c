/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of psnap repair as JSON, described in psnap-json(5). It is printed
 * however the repair ended, so that a script reads one thing only.
 */
#include "json.h"
#include "repair.h"
#include "report.h"

#include <inttypes.h>

static const char *word(bool value)
{
	return value ? "true" : "false";
}

static void json_candidates(const struct psnap_repair_job *job,
			    struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	psnap_outbuf_text(out, ",\"candidates\":[");
	for (size_t i = 0; i < plan->candidate_count; i++) {
		const struct psnap_candidate *c = &plan->candidates[i];

		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_outbuf_text(out, "\"chunk_size_bytes\":");
		psnap_json_u64(out, c->chunk_bytes);
		psnap_json_member(out, "score", true, c->score);
		psnap_json_member(out, "areas", true, c->areas);
		psnap_json_member(out, "exceptions", true, c->exceptions);
		psnap_json_member(out, "impossible", true, c->impossible);
		psnap_json_member(out, "first_area", true, c->first_area);
		psnap_outbuf_text(out, ",\"text\":");
		psnap_json_string(out, c->text);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_text(out, "]");
}

static void json_findings(const struct psnap_repair_job *job,
			  struct psnap_outbuf *out)
{
	psnap_outbuf_text(out, ",\"findings\":[");
	for (size_t i = 0; i < job->finding_count; i++) {
		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_report_json_finding(out, &job->findings[i]);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_text(out, "]");
}

static void json_steps(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out)
{
	const char *comma = "\n";

	psnap_outbuf_text(out, ",\"steps\":[");
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;
		const struct psnap_repair_step *step = &job->plan.steps[id];

		if (!step->needed)
			continue;
		psnap_outbuf_printf(out,
				    "%s{\"id\":\"%s\",\"class\":\"%s\","
				    "\"chosen\":%s",
				    comma, psnap_finding_info(id)->name,
				    psnap_repair_class_name(step->cost),
				    word(psnap_repair_is_taken(job, id)));
		psnap_json_member(out, "count", true, step->count);
		psnap_json_member(out, "dropped", true, step->dropped);
		psnap_json_member(out, "regained", true, step->regained);
		psnap_outbuf_text(out, ",\"text\":");
		psnap_json_string(out, step->text);
		psnap_outbuf_text(out, "}");
		comma = ",\n";
	}
	psnap_outbuf_text(out, "]");
}

static void json_drops(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out)
{
	psnap_outbuf_text(out, ",\"dropped\":[");
	for (size_t i = 0; i < job->drop_count; i++) {
		const struct psnap_repair_drop *drop = &job->drops[i];

		psnap_outbuf_printf(out, "%s{\"id\":\"%s\"",
				    i > 0 ? ",\n" : "\n",
				    psnap_finding_info(drop->id)->name);
		psnap_json_member(out, "old_chunk", true, drop->run.old_chunk);
		psnap_json_member(out, "new_chunk", true, drop->run.new_chunk);
		psnap_json_member(out, "chunks", true, drop->run.chunks);
		psnap_json_member(out, "area", true, drop->run.area_index);
		psnap_json_member(out, "entry", true, drop->run.entry_index);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_printf(out, "],\"dropped_truncated\":%s",
			    word(job->unnamed > 0));
}

static void json_amount(const struct psnap_repair_job *job,
			struct psnap_outbuf *out, const char *key,
			uint64_t count)
{
	uint64_t chunk_bytes = job->plan.before.geometry.chunk_bytes;

	psnap_outbuf_printf(out, ",\"%s\":{\"exceptions\":%" PRIu64, key,
			    count);
	psnap_json_member(out, "bytes", true, count * chunk_bytes);
	psnap_outbuf_text(out, "}");
}

/* The verdict, under another name than in a check. */
static void json_verdict(struct psnap_outbuf *out, const char *key,
			 const struct psnap_check_result *check)
{
	psnap_outbuf_printf(out, ",\n\"%s\":{\"exceptions\":", key);
	if (check->table_read)
		psnap_json_u64(out, check->exceptions);
	else
		psnap_outbuf_text(out, "null");
	psnap_report_json_verdict(out, check,
				  psnap_repair_has_problems(check)
					  ? PSNAP_EXIT_LEFT
					  : PSNAP_EXIT_DONE);
	psnap_outbuf_text(out, "}");
}

static void json_plan(const struct psnap_repair_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	psnap_outbuf_text(out, ",\n\"plan\":");
	if (job->args->from) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(out, "{\"needs_chunk_size\":%s,\"inferred\":%s",
			    word(plan->needs_chunk_size), word(plan->inferred));
	psnap_json_member(out, "chunk_size_bytes", plan->before.has_geometry,
			  plan->before.geometry.chunk_bytes);
	json_candidates(job, out);
	json_findings(job, out);
	json_steps(job, out);
	json_drops(job, out);
	json_amount(job, out, "lost", plan->lost);
	json_amount(job, out, "regained", plan->regained);
	json_amount(job, out, "carved", plan->carved);
	psnap_outbuf_printf(out, ",\"origin_fills\":%s",
			    word(job->options.origin_fills));
	psnap_json_member(out, "exceptions", true, plan->exceptions);
	psnap_json_member(out, "write_bytes", true, plan->write_bytes);
	json_verdict(out, "before", &plan->before);
	json_verdict(out, "after", &plan->after);
	psnap_outbuf_text(out, "}");
}

static void json_carvings(const struct psnap_repair_job *job,
			  struct psnap_outbuf *out)
{
	psnap_outbuf_text(out, ",\n\"carvings\":");
	if (!job->args->carve_list) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "[");
	for (size_t i = 0; i < job->carving_count; i++) {
		const struct psnap_carving *c = &job->carvings[i];

		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_outbuf_printf(out, "\"name\":\"%s\"", c->name);
		psnap_json_member(out, "area", true, c->slots.area_index);
		psnap_json_member(out, "entry", true, c->slots.first);
		psnap_json_member(out, "entries", true, c->slots.count);
		psnap_json_member(out, "exceptions", true, c->entries);
		psnap_json_member(out, "in_sequence", true, c->in_sequence);
		psnap_json_member(out, "conflicts_old", true, c->conflicts_old);
		psnap_json_member(out, "conflicts_new", true, c->conflicts_new);
		psnap_outbuf_printf(out, ",\"continues\":%s",
				    word(c->continues));
		psnap_json_member(out, "data_zero", true, c->data_zero);
		psnap_json_member(out, "data_looked_at", true,
				  c->data_looked_at);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_text(out, "]");
}

static const char *mode(const struct psnap_repair_job *job)
{
	if (job->consent == PSNAP_REPAIR_NOBODY)
		return "plan";
	return job->args->new_path ? "copy" : "in-place";
}

static void json_store(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out)
{
	psnap_outbuf_printf(out,
			    ",\"mode\":\"%s\",\"store\":{\"name\":", mode(job));
	psnap_json_string(out, job->store.io->name);
	psnap_json_member(out, "size_bytes", true, job->old_bytes);
	psnap_outbuf_text(out, "},\"origin\":");
	if (job->origin.io)
		psnap_json_io(out, job->origin.io);
	else
		psnap_outbuf_text(out, "null");
	psnap_json_member(out, "grow_to_bytes",
			  job->view->size_bytes > job->old_bytes,
			  job->view->size_bytes);
}

void psnap_repair_json(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out, int exit_status)
{
	const struct psnap_repair_args *args = job->args;

	psnap_outbuf_text(out, "{");
	psnap_json_intro(out, "repair");
	json_store(job, out);
	psnap_outbuf_text(out, ",\n\"from\":");
	if (args->from)
		psnap_repair_from_json(&job->from, out);
	else
		psnap_outbuf_text(out, "null");
	json_plan(job, out);
	json_carvings(job, out);
	psnap_outbuf_printf(out, ",\n\"done\":%s", word(job->done));
	psnap_json_file(out, "new_file", job->done ? args->new_path : NULL,
			job->view->size_bytes);
	psnap_json_file(out, "undo", job->save.path,
			psnap_save_bytes(&job->save));
	psnap_outbuf_text(out, ",\n\"log\":");
	if (job->done && args->log)
		psnap_json_string(out, args->log);
	else
		psnap_outbuf_text(out, "null");
	psnap_outbuf_printf(out, ",\"exit_status\":%d}\n", exit_status);
}
