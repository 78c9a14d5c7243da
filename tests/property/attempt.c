/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairing one store, and asking library and model what came of it.
 */
#include "attempt.h"

#include "run.h"
#include "table.h"

#include <string.h>

void attempt_tally_add(struct attempt_tally *to,
		       const struct attempt_tally *from)
{
	const uint64_t *more = (const uint64_t *)(const void *)from;
	uint64_t *sums = (uint64_t *)(void *)to;
	size_t i;

	for (i = 0; i < sizeof(*to) / sizeof(*sums); i++)
		sums[i] += more[i];
}

/* A table of some exceptions, no more than a quarter of them damaged. */
static bool could_be_found(const struct run *r)
{
	uint64_t standing = model_standing(r->sound, r->damaged);

	return standing >= 4 &&
	       standing * 4 >= table_first_end(r->damaged) * 3 &&
	       !r->damaged->shifted;
}

/*
 * Where no table is found nobody is asked for the chunk size, and nothing can be
 * done. Who knows the size still can say it.
 */
static const char *tell_size(struct run *r)
{
	const struct psnap_repair_plan *p = &r->fix.plan;
	int rc;

	if (p->after.has_geometry || p->after.state == PSNAP_STATE_BLANK)
		return NULL;
	if (!fix_is_impossible(&r->fix))
		return "there is no geometry, and nobody says so";
	if (could_be_found(r))
		r->tally->overlooked++;
	else
		r->tally->hopeless++;
	r->fix.options.chunk_bytes = r->told_bytes;
	rc = fix_plan(&r->fix, run_store_of(r), run_origin_of(r),
		      r->told_bytes);
	return rc ? run_say_error(r, "planning, the size told", rc) : NULL;
}

static const char *plan(struct run *r)
{
	const struct psnap_repair_plan *p = &r->fix.plan;
	const char *wrong;
	int rc;

	rc = fix_plan(&r->fix, run_store_of(r), run_origin_of(r),
		      r->told_bytes);
	if (rc)
		return run_say_error(r, "planning", rc);
	wrong = tell_size(r);
	if (wrong)
		return wrong;
	if (r->ram.event_count)
		return "planning writes";
	if (p->needs_chunk_size)
		return "asks for the chunk size although it was told";
	r->misled |= p->inferred && p->after.has_geometry &&
		     p->after.geometry.chunk_bytes != r->damaged->chunk_bytes;
	if (r->misled && !r->damaged->shifted)
		return "is sure of the wrong chunk size";
	wrong = fix_sums(&r->fix);
	return wrong ? run_say(r, "plan", wrong) : NULL;
}

/* With nothing but what is safe, everything that the kernel reads stays. */
static const char *repair_safely(struct run *r)
{
	struct sample now = *r->damaged;
	const char *wrong = plan(r);
	int rc;

	if (wrong)
		return wrong;
	fix_choose_safe(&r->fix);
	wrong = plan(r);
	if (wrong)
		return wrong;
	if (r->fix.plan.lost)
		return "what is safe loses something";
	rc = fix_apply(&r->fix, run_store_of(r), run_origin_of(r));
	if (rc)
		return run_say_error(r, "what is safe", rc);
	now.bytes = r->ram.devices[0].bytes;
	if (!r->misled && !table_same_data(r->damaged, now.bytes))
		return "what is safe writes to data";
	if (!r->other_size && !r->misled && !table_keeps_live(r->damaged, &now))
		return "what is safe drops an exception";
	r->tally->safe_first++;
	ram_forget(&r->ram);
	fix_init(&r->fix);
	r->fix.options.chunk_bytes = r->other_size ? r->told_bytes : 0;
	return NULL;
}

static void count(struct run *r, bool written)
{
	r->tally->repaired += written;
	r->tally->inferred += r->fix.plan.inferred;
	r->tally->asked += r->fix.asked;
	r->tally->other_size += r->other_size;
	r->tally->misled += r->misled;
	r->tally->lossy += r->fix.plan.lost > 0;
	r->tally->lossless += written && r->fix.plan.lost == 0;
}

static const char *repair(struct run *r, uint64_t seed)
{
	bool saving = seed % 4 == 0;
	uint64_t written;
	const char *wrong;
	int rc;

	r->fix.options.alone = seed % 2;
	wrong = plan(r);
	if (wrong)
		return wrong;
	rc = run_apply(r, saving);
	if (rc)
		return run_say_error(r, "repairing", rc);
	written = run_written_bytes(r);
	count(r, written > 0);
	if (written > r->fix.plan.write_bytes)
		return "writes more than the plan said";
	if ((written > 0) != fix_needs_step(&r->fix))
		return written ? "writes without a step" : "steps, no write";
	if (run_origin_written(r))
		return "writes to the origin";
	if (!run_ends_flushed(r))
		return "is done but not flushed";
	wrong = run_is_clean(r);
	if (!wrong && !r->misled &&
	    !table_same_data(r->damaged, r->ram.devices[0].bytes))
		wrong = "writes to data";
	if (!wrong && !r->misled)
		wrong = model_judge(r->sound, r->damaged,
				    r->ram.devices[0].bytes, &r->tally->model,
				    r->text);
	if (!wrong)
		wrong = run_is_finished(r);
	if (!wrong && saving && written)
		wrong = run_undo(r);
	return wrong;
}

/* What is repaired safely moves entries, and is what the rest finds. */
static const char *in_two_steps(struct run *r, uint64_t seed)
{
	struct sample after;
	const char *wrong = repair_safely(r);

	if (wrong)
		return wrong;
	sample_copy(&after, r->damaged);
	memcpy(after.bytes, r->ram.devices[0].bytes, after.size_bytes);
	r->damaged = &after;
	wrong = repair(r, seed);
	sample_release(&after);
	return wrong;
}

const char *attempt(const struct sample *sound, const struct sample *damaged,
		    uint64_t seed, struct attempt_tally *tally, char *text)
{
	struct run r = { .sound = sound,
			 .damaged = damaged,
			 .told_bytes = damaged->chunk_bytes,
			 .other_size = run_has_other_size(damaged),
			 .tally = tally,
			 .text = text };
	const char *wrong;

	run_load(&r);
	/* A check advises that, and who has no other size in mind needs it. */
	if (r.other_size)
		r.fix.options.chunk_bytes = r.told_bytes;
	wrong = seed % 8 == 1 ? in_two_steps(&r, seed) : repair(&r, seed);
	ram_release(&r.ram);
	return wrong;
}
