/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap repair says to people: a line for each step, what that loses and
 * gains, the verdict before and after, and what to run next. The lists between
 * them are in repair_lists.c.
 */
#include "repair.h"

#include <inttypes.h>

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Return: were there any? */
static bool text_steps(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out)
{
	bool any = false;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;
		const struct psnap_repair_step *step = &job->plan.steps[id];

		if (!step->needed)
			continue;
		psnap_outbuf_printf(
			out, "%s %s: ", psnap_repair_class_name(step->cost),
			psnap_finding_info(id)->name);
		psnap_outbuf_plain(out, step->text);
		psnap_outbuf_text(out, "\n");
		any = true;
	}
	return any;
}

static void text_amount(const struct psnap_repair_job *job,
			struct psnap_outbuf *out, const char *before,
			uint64_t count)
{
	uint64_t chunk_bytes = job->plan.before.geometry.chunk_bytes;

	psnap_outbuf_printf(out,
			    "%s %" PRIu64 " exception%s (%" PRIu64 " bytes)\n",
			    before, count, plural(count), count * chunk_bytes);
}

static void text_amounts(const struct psnap_repair_job *job,
			 struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	text_amount(job, out, job->done ? "lost       " : "would lose ",
		    plan->lost);
	text_amount(job, out, job->done ? "regained   " : "would gain ",
		    plan->regained);
	if (plan->carved > 0)
		text_amount(job, out, job->done ? "carved     " : "would carve",
			    plan->carved);
	if (job->options.origin_fills &&
	    psnap_repair_is_taken(job, PSNAP_F_NEW_CHUNK_IN_METADATA))
		text_amount(job, out, "from origin",
			    plan->steps[PSNAP_F_NEW_CHUNK_IN_METADATA].dropped);
}

static void text_verdict(struct psnap_outbuf *out, const char *before,
			 const struct psnap_check_result *check)
{
	psnap_outbuf_printf(out, "%s %s, kernel %s, %s", before,
			    psnap_state_name(check->state),
			    psnap_kernel_action_name(check->kernel),
			    check->safe_to_merge ? "safe to merge"
						 : "not safe to merge");
	if (check->table_read)
		psnap_outbuf_printf(out, ", %" PRIu64 " exception%s",
				    check->exceptions,
				    plural(check->exceptions));
	psnap_outbuf_text(out, "\n");
}

static void text_left(const struct psnap_repair_job *job,
		      struct psnap_outbuf *out)
{
	const char *before = "left        ";

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;

		if (!job->plan.steps[id].needed ||
		    psnap_repair_is_taken(job, id))
			continue;
		psnap_outbuf_text(out, before);
		psnap_outbuf_text(out, psnap_finding_info(id)->name);
		before = ", ";
	}
	if (before[0] == ',')
		psnap_outbuf_text(out, "\n");
}

static void text_file(struct psnap_outbuf *out, const char *before,
		      const char *path, uint64_t size_bytes)
{
	psnap_outbuf_text(out, before);
	psnap_outbuf_plain(out, path);
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\n", size_bytes);
}

void psnap_repair_text_files(const struct psnap_repair_job *job,
			     struct psnap_outbuf *out)
{
	const struct psnap_repair_args *args = job->args;

	text_file(out, args->new_path ? "new file    " : "store       ",
		  args->new_path ? args->new_path : job->store.name,
		  job->view->size_bytes);
	if (job->save.path)
		text_file(out, "undo        ", job->save.path,
			  psnap_save_bytes(&job->save));
	if (args->log) {
		psnap_outbuf_text(out, "log         ");
		psnap_outbuf_plain(out, args->log);
		psnap_outbuf_text(out, "\n");
	}
}

/* The command line itself is the user's: only what is to be added. */
static void text_next(const struct psnap_repair_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	if (plan->needs_chunk_size)
		psnap_outbuf_text(out, "next        the same command with "
				       "--chunk-size SIZE, if you know it\n");
	else if (psnap_repair_has_work(job))
		psnap_outbuf_text(out, "next        the same command with -o "
				       "NEW -y repairs a copy; with -p for "
				       "-y it loses nothing\n");
	else if (psnap_repair_has_problems(&plan->before))
		psnap_outbuf_text(out,
				  "next        nothing that is chosen can be "
				  "done; psnap check --explain ID says more\n");
	else
		psnap_outbuf_text(out, "next        nothing to do\n");
	if (job->carving_count > 0)
		psnap_outbuf_printf(out,
				    "            --carve=NAME[,NAME...] takes "
				    "what was part of the snapshot\n");
	else if (plan->before.counts[PSNAP_F_STALE_AREAS] > 0)
		psnap_outbuf_text(out, "            --carve lists what stands "
				       "behind the end of the table\n");
	if (psnap_repair_is_taken(job, PSNAP_F_SNAPSHOT_INVALID) &&
	    job->args->grow_bytes == 0)
		psnap_outbuf_text(out, "            if it overflowed: --grow "
				       "SIZE, or the kernel will invalidate it "
				       "again\n");
}

void psnap_repair_text(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out)
{
	const struct psnap_repair_plan *plan = &job->plan;

	if (text_steps(job, out))
		psnap_outbuf_text(out, "\n");
	psnap_repair_text_geometry(job, out);
	if (plan->needs_chunk_size) {
		text_next(job, out);
		return;
	}
	psnap_repair_text_carvings(job, out);
	psnap_repair_text_drops(job, out);
	text_verdict(out, "before     ", &plan->before);
	if (psnap_repair_has_work(job)) {
		text_verdict(out, "after      ", &plan->after);
		text_amounts(job, out);
	}
	if (!job->done) {
		text_next(job, out);
		return;
	}
	text_left(job, out);
	psnap_repair_text_files(job, out);
}
