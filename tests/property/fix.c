/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairing by way of the library, and comparing what it says of it.
 */
#include "fix.h"

#include <string.h>

static int count_drop(void *ctx, enum psnap_finding_id id,
		      const struct psnap_run *entry)
{
	struct fix *f = ctx;

	f->drops[id] += entry->chunks;
	return 0;
}

static int ignore_finding(void *ctx, const struct psnap_finding *finding)
{
	(void)ctx;
	(void)finding;
	return 0;
}

void fix_init(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	psnap_repair_defaults(&f->options);
	f->options.alone = true;
	f->options.dropped = count_drop;
	f->options.dropped_ctx = f;
}

static int make_plan(struct fix *f, struct psnap_io *store,
		     struct psnap_io *origin)
{
	memset(f->drops, 0, sizeof(f->drops));
	psnap_repair_plan_release(&f->plan);
	return psnap_repair_make_plan(store, origin, &f->options,
				      ignore_finding, NULL, &f->plan, &f->err);
}

int fix_plan(struct fix *f, struct psnap_io *store, struct psnap_io *origin,
	     uint64_t chunk_bytes)
{
	int rc = make_plan(f, store, origin);

	f->asked = false;
	if (rc || !f->plan.needs_chunk_size || chunk_bytes == 0)
		return rc;
	f->asked = true;
	f->options.chunk_bytes = chunk_bytes;
	return make_plan(f, store, origin);
}

void fix_end(struct fix *f)
{
	psnap_repair_plan_release(&f->plan);
}

int fix_apply(struct fix *f, struct psnap_io *store, struct psnap_io *origin)
{
	int rc = psnap_repair_apply(store, origin, &f->options, &f->plan,
				    &f->err);

	fix_end(f);
	return rc;
}

void fix_choose_safe(struct fix *f)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		f->options.chosen[i] =
			f->plan.steps[i].needed &&
			f->plan.steps[i].cost == PSNAP_REPAIR_SAFE;
}

bool fix_needs_step(const struct fix *f)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (f->options.chosen[i] && f->plan.steps[i].needed &&
		    f->plan.steps[i].cost != PSNAP_REPAIR_IMPOSSIBLE)
			return true;
	return false;
}

bool fix_is_impossible(const struct fix *f)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (f->plan.steps[i].needed &&
		    f->plan.steps[i].cost == PSNAP_REPAIR_IMPOSSIBLE)
			return true;
	return f->plan.needs_chunk_size;
}

int fix_check(struct psnap_io *store, struct psnap_io *origin,
	      uint64_t chunk_bytes, struct psnap_check_result *result,
	      struct psnap_error *err)
{
	struct psnap_check_options options;

	psnap_check_defaults(&options);
	options.chunk_bytes = chunk_bytes;
	return psnap_check(store, origin, &options, ignore_finding, NULL,
			   result, err);
}

static const char *differ_in_usage(const struct psnap_check_result *a,
				   const struct psnap_check_result *b)
{
	const struct psnap_usage *u = &a->usage;
	const struct psnap_usage *v = &b->usage;

	if (u->allocated_sectors != v->allocated_sectors ||
	    u->total_sectors != v->total_sectors ||
	    u->metadata_sectors != v->metadata_sectors)
		return "usage";
	return NULL;
}

const char *fix_differ(const struct psnap_check_result *a,
		       const struct psnap_check_result *b)
{
	if (a->header.magic != b->header.magic ||
	    a->header.valid != b->header.valid ||
	    a->header.version != b->header.version ||
	    a->header.chunk_sectors != b->header.chunk_sectors ||
	    a->header.problems != b->header.problems)
		return "header";
	if (a->has_geometry != b->has_geometry ||
	    a->geometry.chunk_bytes != b->geometry.chunk_bytes ||
	    a->geometry.area_count != b->geometry.area_count)
		return "geometry";
	if (a->state != b->state || a->kernel != b->kernel ||
	    a->safe_to_merge != b->safe_to_merge || a->worst != b->worst)
		return "verdict";
	if (memcmp(a->counts, b->counts, sizeof(a->counts)) != 0)
		return "counts of findings";
	if (memcmp(a->severities, b->severities, sizeof(a->severities)) != 0)
		return "severities";
	if (a->table_read != b->table_read || a->exceptions != b->exceptions ||
	    a->runs != b->runs || a->last_area_index != b->last_area_index ||
	    a->unreadable_bytes != b->unreadable_bytes)
		return "table";
	return differ_in_usage(a, b);
}

static bool all_chosen(const struct fix *f)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (!f->options.chosen[i])
			return false;
	return true;
}

/* A repeated exception is gone from the table, but not lost. */
static const char *add_up(const struct fix *f)
{
	const struct psnap_repair_plan *p = &f->plan;
	uint64_t same = p->steps[PSNAP_F_DUPLICATE_SAME].dropped;
	uint64_t dropped = 0;
	uint64_t regained = 0;
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++) {
		dropped += p->steps[i].dropped;
		regained += p->steps[i].regained;
	}
	if (dropped != p->lost + same || regained != p->regained)
		return "steps do not add up to the plan";
	if (!p->before.table_read || !p->after.table_read)
		return NULL;
	/* Behind a gap, what does not come back is lost, but was never read. */
	if (p->before.exceptions + p->regained < p->exceptions ||
	    p->before.exceptions + p->regained > p->exceptions + p->lost + same)
		return "before, regained, lost and after do not add up";
	if (p->regained == 0 &&
	    !p->before.counts[PSNAP_F_ENTRIES_AFTER_TERMINATOR] &&
	    !p->before.counts[PSNAP_F_STALE_AREAS] &&
	    p->before.exceptions != p->exceptions + p->lost + same)
		return "what is not after was neither lost nor repeated";
	return NULL;
}

const char *fix_sums(const struct fix *f)
{
	const struct psnap_repair_plan *p = &f->plan;
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++) {
		const struct psnap_repair_step *step = &p->steps[i];

		if (!step->needed && (step->count || step->dropped ||
				      step->regained || step->text[0]))
			return "a step that is not needed says something";
		if (step->needed && !step->text[0])
			return "a step says nothing";
		/* Of an area that is none nobody knows which entries are
		 * exceptions: it goes as a whole. */
		if (step->dropped != f->drops[i] &&
		    !(i == PSNAP_F_AREA_IMPLAUSIBLE && f->drops[i] == 0))
			return "exceptions go that nobody is told of";
	}
	if (p->exceptions != p->after.exceptions)
		return "the plan and its check count differently";
	return all_chosen(f) ? add_up(f) : NULL;
}

const char *fix_unclean(const struct psnap_check_result *result)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (result->counts[i] && result->severities[i] > PSNAP_NOTE)
			return psnap_finding_info((enum psnap_finding_id)i)
				->name;
	return NULL;
}
