/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each step of a repair does, gains and loses, in words. What is needed
 * and counted was found by the check and the survey.
 */
#include "repair_steps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void psnap_step_say(struct psnap_repair_step *step,
		    enum psnap_repair_class cost, const char *fmt, ...)
{
	va_list ap;

	step->needed = true;
	step->cost = cost;
	va_start(ap, fmt);
	vsnprintf(step->text, sizeof(step->text), fmt, ap);
	va_end(ap);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

const char *psnap_repair_class_name(enum psnap_repair_class cost)
{
	switch (cost) {
	case PSNAP_REPAIR_SAFE:
		return "safe";
	case PSNAP_REPAIR_LOSSY:
		return "lossy";
	case PSNAP_REPAIR_IMPOSSIBLE:
		return "impossible";
	}
	return "unknown";
}

static const char *why_dropped(enum psnap_finding_id id)
{
	switch ((int)id) {
	case PSNAP_F_STORE_TRUNCATED:
		return "whose data was cut off with the end of the store";
	case PSNAP_F_NEW_CHUNK_OUT_OF_RANGE:
		return "whose data would be past the end of the store";
	case PSNAP_F_NEW_CHUNK_HUGE:
		return "whose new chunk no store can have";
	case PSNAP_F_NEW_CHUNK_IN_METADATA:
		return "whose data was overwritten by an area or the header";
	case PSNAP_F_OLD_CHUNK_OUT_OF_RANGE:
		return "for chunks that the origin does not have";
	case PSNAP_F_DUPLICATE_OLD:
		return "for origin chunks that have another one; the one that "
		       "stays is what kernels since Linux 5.2 read, older ones "
		       "read the last";
	case PSNAP_F_DUPLICATE_NEW:
		return "whose new chunk is another one's; the one stays that "
		       "its neighbours in the table speak for, or the first";
	default:
		return "that another one repeats";
	}
}

static bool drops_entries(int id)
{
	return id == PSNAP_F_STORE_TRUNCATED ||
	       id == PSNAP_F_NEW_CHUNK_OUT_OF_RANGE ||
	       id == PSNAP_F_NEW_CHUNK_HUGE ||
	       id == PSNAP_F_NEW_CHUNK_IN_METADATA ||
	       id == PSNAP_F_OLD_CHUNK_OUT_OF_RANGE ||
	       id == PSNAP_F_DUPLICATE_OLD || id == PSNAP_F_DUPLICATE_NEW ||
	       id == PSNAP_F_DUPLICATE_SAME;
}

static void describe_drop(struct psnap_repair_plan *plan,
			  const struct survey *s, enum psnap_finding_id id,
			  bool origin_fills)
{
	struct psnap_repair_step *step = &plan->steps[id];
	enum psnap_repair_class cost = PSNAP_REPAIR_LOSSY;
	uint64_t n = s->dropped[id];
	const char *then = "; the snapshot shows the origin there";

	step->count = s->facts[id];
	step->dropped = n;
	if (id == PSNAP_F_DUPLICATE_SAME) {
		cost = PSNAP_REPAIR_SAFE;
		then = "";
	} else if (id == PSNAP_F_NEW_CHUNK_IN_METADATA && origin_fills) {
		cost = PSNAP_REPAIR_SAFE;
		then = "; the content of the origin stands in for it, as asked";
	} else if (id == PSNAP_F_OLD_CHUNK_OUT_OF_RANGE ||
		   id == PSNAP_F_DUPLICATE_OLD) {
		then = "";
	}
	psnap_step_say(step, cost,
		       "drop %" PRIu64 " exception%s (%" PRIu64 " bytes) %s%s",
		       n, plural(n), n * s->geo->chunk_bytes, why_dropped(id),
		       then);
}

static void describe_area(struct psnap_repair_plan *plan,
			  const struct survey *s)
{
	struct psnap_repair_step *step = &plan->steps[PSNAP_F_AREA_IMPLAUSIBLE];
	uint64_t n = s->facts[PSNAP_F_AREA_IMPLAUSIBLE];

	step->count = n;
	step->dropped = s->dropped[PSNAP_F_AREA_IMPLAUSIBLE];
	psnap_step_say(step, PSNAP_REPAIR_LOSSY,
		       "take %" PRIu64 " area%s of %" PRIu32
		       " exceptions out of the "
		       "table that %s none; areas that follow stay",
		       n, plural(n), s->geo->exceptions_per_area,
		       n == 1 ? "is" : "are");
}

static void describe_end(struct psnap_repair_plan *plan, const struct survey *s)
{
	enum psnap_finding_id torn = PSNAP_F_ENTRIES_AFTER_TERMINATOR;
	enum psnap_finding_id full = PSNAP_F_AREA_MISSING_SUCCESSOR;
	struct psnap_repair_step *step = &plan->steps[torn];

	if (s->tail_used > 0 || s->regained > 0) {
		step->count = s->tail_used;
		step->regained = s->regained;
		if (s->regained == 0)
			psnap_step_say(
				step, PSNAP_REPAIR_SAFE,
				"zero %" PRIu64
				" entr%s behind the terminator, "
				"which %s",
				s->tail_used, s->tail_used == 1 ? "y" : "ies",
				s->tail_used == 1
					? "was never in force or no longer is"
					: "were never in force or no longer "
					  "are");
		else
			psnap_step_say(step, PSNAP_REPAIR_SAFE,
				       "close a gap in the table: %" PRIu64
				       " exception%s behind it (%" PRIu64
				       " bytes) come%s back",
				       s->regained, plural(s->regained),
				       s->regained * s->geo->chunk_bytes,
				       s->regained == 1 ? "s" : "");
	}
	if (!s->facts[full])
		return;
	plan->steps[full].count = 1;
	plan->steps[full].dropped = s->dropped[full];
	if (s->dropped[full])
		psnap_step_say(
			&plan->steps[full], PSNAP_REPAIR_LOSSY,
			"drop the last exception (%" PRIu64
			" bytes), so that the table can end; a larger store "
			"(--grow) keeps it",
			s->geo->chunk_bytes);
	else
		psnap_step_say(
			&plan->steps[full], PSNAP_REPAIR_LOSSY,
			"end the table where another exception goes; should "
			"that one stay, the last exception goes instead");
}

static void refuse_all(struct psnap_repair_plan *plan, const char *why)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (plan->steps[i].needed)
			psnap_step_say(&plan->steps[i], PSNAP_REPAIR_IMPOSSIBLE,
				       "%s", why);
}

/* A disk that fails is read once, by a program that is made for it. */
static void refuse_unreadable(struct psnap_repair_plan *plan)
{
	struct psnap_repair_step *step = &plan->steps[PSNAP_F_READ_ERROR];

	step->needed = true;
	step->count = plan->before.counts[PSNAP_F_READ_ERROR];
	refuse_all(plan, "a part of the store cannot be read: copy it with "
			 "ddrescue, then repair the copy");
}

void psnap_repair_describe(struct psnap_repair_plan *plan,
			   const struct survey *s, bool origin_fills)
{
	int i;

	psnap_steps_header(plan);
	if (s) {
		for (i = 0; i < PSNAP_FINDING_COUNT; i++)
			if (drops_entries(i) && s->facts[i])
				describe_drop(plan, s, (enum psnap_finding_id)i,
					      origin_fills);
		if (s->facts[PSNAP_F_AREA_IMPLAUSIBLE])
			describe_area(plan, s);
		describe_end(plan, s);
	}
	if (plan->needs_chunk_size)
		refuse_all(plan, "the chunk size is not known beyond doubt; "
				 "give it with --chunk-size");
	if (plan->before.counts[PSNAP_F_READ_ERROR] &&
	    plan->before.severities[PSNAP_F_READ_ERROR] != PSNAP_NOTE)
		refuse_unreadable(plan);
}
