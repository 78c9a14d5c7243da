/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over the table: entries go to check_area.c, and what only shows in
 * the whole (order, holes, leftovers, where it ends) is counted here.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <string.h>

struct counts {
	uint64_t out_of_order;
	uint64_t previous_new;
	uint64_t torn;
	struct psnap_run first_torn;
	uint64_t stale_areas;
	uint64_t stale_entries;
	uint64_t stale_area_index;
	uint64_t first_stale_area;
};

static void count_leftover(const struct checker *c, struct counts *n,
			   const struct psnap_run *run)
{
	/* A run may cross from one area into the next. */
	uint64_t crossed = (run->entry_index + run->chunks - 1) /
			   c->geo->exceptions_per_area;

	if (run->state == PSNAP_ENTRY_AFTER_TERMINATOR) {
		if (n->torn == 0)
			n->first_torn = *run;
		n->torn += run->chunks;
		return;
	}
	if (n->stale_areas == 0)
		n->first_stale_area = run->area_index;
	if (n->stale_areas == 0 || run->area_index != n->stale_area_index)
		n->stale_areas++;
	n->stale_areas += crossed;
	n->stale_area_index = run->area_index + crossed;
	n->stale_entries += run->chunks;
}

/* A run may cross from one area into the next; the judge wants areas. */
static int judge_by_area(struct checker *c, struct area_judge *judge,
			 struct psnap_run run, struct psnap_error *err)
{
	int rc = 0;

	while (run.chunks > 0 && rc == 0) {
		struct psnap_run part = run;

		part.chunks = min_u64(run.chunks, c->geo->exceptions_per_area -
							  run.entry_index);
		rc = psnap_area_judge_run(judge, &part, err);
		run.old_chunk += part.chunks;
		run.new_chunk += part.chunks;
		run.chunks -= part.chunks;
		run.area_index++;
		run.entry_index = 0;
	}
	return rc;
}

static int take_live(struct checker *c, struct counts *n,
		     struct area_judge *judge, const struct psnap_run *run,
		     struct psnap_error *err)
{
	c->result->runs++;
	if (run->new_chunk < n->previous_new)
		n->out_of_order++;
	n->previous_new = run->new_chunk + (run->chunks - 1);
	if (run->chunks <= c->geo->exceptions_per_area - run->entry_index)
		return psnap_area_judge_run(judge, run, err);
	return judge_by_area(c, judge, *run, err);
}

static int walk_all(struct checker *c, struct counts *n,
		    struct area_judge *judge, struct psnap_error *err)
{
	struct psnap_walk_options options = {
		.past_terminator = true,
		.stale_areas_max = c->options->stale_areas_max,
		.progress = c->options->progress,
	};
	struct psnap_walk *walk;
	struct psnap_error why = { 0 };
	struct psnap_run run;
	int rc;

	rc = psnap_walk_open(c->store, &options, &walk, err);
	if (rc)
		return rc;
	for (;;) {
		rc = psnap_walk_next_run(walk, &run, &why);
		if (rc == 0)
			break;
		if (rc == 1 && (run.state == PSNAP_ENTRY_LIVE ||
				run.state == PSNAP_ENTRY_UNCERTAIN)) {
			rc = take_live(c, n, judge, &run, &why);
		} else if (rc == 1) {
			count_leftover(c, n, &run);
			rc = 0;
		} else if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED) {
			rc = psnap_check_walk_fault(c, walk, &why);
		}
		if (rc) {
			if (err)
				*err = why;
			break;
		}
	}
	c->totals = *psnap_walk_totals(walk);
	psnap_walk_close(walk);
	return rc;
}

static int emit_end(struct checker *c)
{
	const struct psnap_walk_totals *t = &c->totals;
	struct psnap_finding f;
	uint64_t next;

	if (t->end != PSNAP_WALK_END_DEVICE)
		return 0;
	next = t->last_area_index + 1;
	psnap_finding_init(&f, PSNAP_F_AREA_MISSING_SUCCESSOR);
	f.area_index = t->last_area_index;
	f.offset_bytes = psnap_geometry_entry_offset(c->geo, next, 0);
	psnap_finding_say(&f,
			  "area %" PRIu64 " is full, so area %" PRIu64 " has "
			  "to follow, but the device ends at byte %" PRIu64
			  "; it needs at least %" PRIu64 " bytes",
			  t->last_area_index, next, c->io->size_bytes,
			  f.offset_bytes + c->geo->chunk_bytes);
	return psnap_check_emit(c, &f);
}

static int emit_torn(struct checker *c, const struct counts *n)
{
	struct psnap_finding f;

	if (n->torn == 0)
		return 0;
	psnap_finding_init(&f, PSNAP_F_ENTRIES_AFTER_TERMINATOR);
	psnap_finding_at_entry(&f, c->geo, n->first_torn.area_index,
			       n->first_torn.entry_index);
	f.count = n->torn;
	psnap_finding_say(&f,
			  "%" PRIu64 " entr%s behind the terminator at entry "
			  "%" PRIu32 "; later writes to the snapshot would "
			  "bring %s back",
			  n->torn, n->torn == 1 ? "y stands" : "ies stand",
			  c->totals.last_area_entries,
			  n->torn == 1 ? "it" : "them");
	return psnap_check_emit(c, &f);
}

static int emit_stale(struct checker *c, const struct counts *n)
{
	struct psnap_finding f;

	if (n->stale_areas == 0)
		return 0;
	psnap_finding_init(&f, PSNAP_F_STALE_AREAS);
	f.area_index = n->first_stale_area;
	f.offset_bytes =
		psnap_geometry_entry_offset(c->geo, n->first_stale_area, 0);
	f.count = n->stale_areas;
	psnap_finding_say(&f,
			  "%" PRIu64 " of %" PRIu64 " areas behind the last "
			  "hold%s %" PRIu64 " entr%s of earlier use, which the "
			  "kernel does not read",
			  n->stale_areas, c->totals.stale_areas_seen,
			  n->stale_areas == 1 ? "s" : "", n->stale_entries,
			  n->stale_entries == 1 ? "y" : "ies");
	return psnap_check_emit(c, &f);
}

/* Data chunks up to the highest one in use that nothing maps. */
static uint64_t count_holes(const struct checker *c)
{
	uint64_t metadata = (c->max_used - 1) / c->geo->stride_chunks + 1;

	return c->max_used - metadata - (c->used - c->new_set.duplicates);
}

static int emit_layout(struct checker *c, const struct counts *n)
{
	struct psnap_finding f;
	uint64_t holes = c->used ? count_holes(c) : 0;
	int rc = 0;

	if (holes) {
		psnap_finding_init(&f, PSNAP_F_HOLES);
		f.count = holes;
		psnap_finding_say(&f,
				  "no exception names %" PRIu64
				  " chunk%s below "
				  "chunk %" PRIu64 ", the highest in use",
				  holes, holes == 1 ? "" : "s", c->max_used);
		rc = psnap_check_emit(c, &f);
	}
	if (rc == 0 && n->out_of_order) {
		psnap_finding_init(&f, PSNAP_F_OUT_OF_ORDER);
		f.count = n->out_of_order;
		psnap_finding_say(&f,
				  "new chunks go backwards %" PRIu64
				  " time%s in the table",
				  n->out_of_order,
				  n->out_of_order == 1 ? "" : "s");
		rc = psnap_check_emit(c, &f);
	}
	return rc;
}

static int emit_future(struct checker *c)
{
	const struct psnap_usage *u = &c->result->usage;
	uint64_t loaded_next = c->totals.next_free_chunk;
	struct psnap_finding f;
	int rc = 0;

	/* Of a table with gaps nobody knows where it ends. */
	if (psnap_header_says_invalid(&c->result->header) ||
	    c->unreadable_live || c->totals.end != PSNAP_WALK_END_TERMINATOR)
		return 0;
	if (!u->next_fits && loaded_next <= c->geo->chunk_count) {
		psnap_finding_init(&f, PSNAP_F_STORE_FULL);
		psnap_finding_say(&f, "no room for one more chunk: the next "
				      "write invalidates the snapshot");
		rc = psnap_check_emit(c, &f);
	}
	if (rc == 0 && c->totals.exceptions > 0 &&
	    loaded_next % c->geo->stride_chunks == 1 &&
	    loaded_next < c->geo->chunk_count) {
		psnap_finding_init(&f, PSNAP_F_CVE_2013_4299_IMMINENT);
		f.offset_bytes = loaded_next * c->geo->chunk_bytes;
		psnap_finding_say(&f,
				  "the next free chunk is %" PRIu64
				  ", an area; "
				  "kernels before 3.12 would put data there",
				  loaded_next);
		rc = psnap_check_emit(c, &f);
	}
	return rc;
}

static int emit_whole(struct checker *c, const struct counts *n)
{
	int rc = emit_end(c);

	if (rc == 0)
		rc = emit_torn(c, n);
	if (rc == 0)
		rc = emit_layout(c, n);
	if (rc == 0)
		rc = emit_stale(c, n);
	return rc ? rc : emit_future(c);
}

int psnap_check_table(struct checker *c, struct psnap_error *err)
{
	struct counts n = { 0 };
	struct area_judge *judge = NULL;
	int rc;

	rc = psnap_chunkset_init(&c->old_set, c->old_limit, CHUNKSET_NOTED_MAX,
				 err);
	if (rc == 0)
		rc = psnap_chunkset_init(&c->new_set, c->geo->chunk_count,
					 CHUNKSET_NOTED_MAX, err);
	if (rc == 0)
		rc = psnap_area_judge_new(c, &judge, err);
	if (rc == 0)
		rc = walk_all(c, &n, judge, err);
	if (rc == 0)
		rc = psnap_area_judge_finish(judge, err);
	psnap_area_judge_free(judge);
	if (rc)
		return rc;
	psnap_chunkset_finish(&c->old_set);
	psnap_chunkset_finish(&c->new_set);
	c->result->table_read = true;
	c->result->exceptions = c->totals.exceptions;
	c->result->last_area_index = c->totals.last_area_index;
	c->result->unreadable_bytes = c->totals.unreadable_bytes;
	psnap_usage_compute(c->geo, &c->totals, &c->result->usage);
	rc = psnap_check_duplicates(c, err);
	return rc ? rc : emit_whole(c, &n);
}
