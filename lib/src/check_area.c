/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging entries, and areas as a whole. What is wrong with an area's entries
 * is held back until the area ends: when half of them are impossible it is the
 * area that is wrong (overwritten, or never one), and hundreds of findings
 * about its entries would only hide that.
 */
#include "check_beyond.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Entries of one id that are held back to be named; the rest is counted. */
#define HELD_MAX 65536u
/* Huge, in metadata, old chunk out of range: each has room of its own. */
#define HELD_IDS 3u
/* An area with fewer impossible entries is judged by its entries. */
#define IMPLAUSIBLE_MIN 4u

struct held {
	enum psnap_finding_id id;
	struct psnap_run entry;
};

struct area_judge {
	struct checker *c;
	bool begun;
	uint64_t area_index;
	uint64_t entries;
	uint64_t impossible;
	/* Of the areas before this one. */
	uint64_t earlier_entries;
	uint64_t earlier_areas;
	size_t held_max;
	struct held *held;
	size_t held_count;
	size_t held_of[PSNAP_FINDING_COUNT];
	uint64_t unheld[PSNAP_FINDING_COUNT];
	/* Entries past the device, over all areas. */
	struct beyond beyond;
	uint64_t near;
	bool fatal;
	/* An implausible area, until the next one tells why. */
	bool has_implausible;
	struct psnap_finding implausible;
	/* The metadata chunk at or below the numbers looked at last. */
	uint64_t group_chunk;
};

int psnap_area_judge_new(struct checker *c, struct area_judge **judge,
			 struct psnap_error *err)
{
	struct area_judge *j = calloc(1, sizeof(*j));

	*judge = j;
	if (!j)
		return psnap_fail_nomem(err, "checking the table");
	j->c = c;
	j->group_chunk = 1;
	j->held_max =
		(size_t)min_u64(c->options->instances_max, HELD_MAX - 1) + 1;
	j->held = calloc(HELD_IDS * j->held_max, sizeof(*j->held));
	if (!j->held)
		return psnap_fail_nomem(err, "checking the table");
	return psnap_beyond_init(&j->beyond, j->held_max, err);
}

void psnap_area_judge_free(struct area_judge *judge)
{
	if (!judge)
		return;
	free(judge->held);
	psnap_beyond_release(&judge->beyond);
	free(judge);
}

static void hold(struct area_judge *j, enum psnap_finding_id id,
		 const struct psnap_run *entry)
{
	if (j->held_of[id] < j->held_max) {
		j->held_of[id]++;
		j->held[j->held_count++] = (struct held){ id, *entry };
	} else {
		j->unheld[id]++;
	}
}

/* Room for this many entries there is in the areas up to this one. */
static void take_beyond(struct area_judge *j, const struct psnap_run *e)
{
	uint64_t entries = j->earlier_entries + j->c->geo->exceptions_per_area;

	if (psnap_beyond_take(&j->beyond, e, entries, j->earlier_areas + 1))
		j->near++;
	else
		j->fatal = true;
}

/*
 * One entry that may be impossible. Each number that is possible counts, also
 * beside one that is not: a chunk that is named is in use, and may be named
 * twice.
 */
static int judge_entry(struct area_judge *j, const struct psnap_run *e,
		       struct psnap_error *err)
{
	struct checker *c = j->c;
	bool new_possible = false;
	int rc = 0;

	if (e->new_chunk >= PSNAP_NEW_CHUNK_HUGE) {
		j->fatal = true;
		hold(j, PSNAP_F_NEW_CHUNK_HUGE, e);
	} else if (e->new_chunk >= c->geo->chunk_count) {
		take_beyond(j, e);
	} else if (psnap_geometry_is_metadata(c->geo, e->new_chunk)) {
		hold(j, PSNAP_F_NEW_CHUNK_IN_METADATA, e);
	} else {
		new_possible = true;
	}
	if (e->old_chunk >= c->old_limit)
		hold(j, PSNAP_F_OLD_CHUNK_OUT_OF_RANGE, e);
	else
		rc = psnap_chunkset_add(&c->old_set, e->old_chunk, 1, err);
	/* Beyond this origin says as much about the origin as about the area. */
	if (!new_possible || e->old_chunk >= psnap_old_chunk_limit(c->geo))
		j->impossible++;
	if (!new_possible || rc)
		return rc;
	c->used++;
	if (e->new_chunk > c->max_used)
		c->max_used = e->new_chunk;
	return psnap_chunkset_add(&c->new_set, e->new_chunk, 1, err);
}

/* True when every chunk of the run is plausible; division only when the
 * numbers leave the group between two areas. */
static bool run_plausible(struct area_judge *j, const struct psnap_run *run)
{
	const struct checker *c = j->c;
	const struct psnap_geometry *geo = c->geo;
	uint64_t distance;

	if (run->new_chunk >= geo->chunk_count ||
	    run->chunks > geo->chunk_count - run->new_chunk ||
	    run->old_chunk >= c->old_limit ||
	    run->chunks > c->old_limit - run->old_chunk)
		return false;
	distance = run->new_chunk - j->group_chunk;
	if (distance >= geo->stride_chunks) {
		distance = (run->new_chunk - 1) % geo->stride_chunks;
		j->group_chunk = run->new_chunk - distance;
	}
	return distance > 0 && run->chunks <= geo->stride_chunks - distance;
}

static int judge_slowly(struct area_judge *j, const struct psnap_run *run,
			struct psnap_error *err)
{
	struct psnap_run entry = *run;
	uint64_t left = run->chunks;
	int rc = 0;

	entry.chunks = 1;
	for (; left > 0 && rc == 0; left--) {
		rc = judge_entry(j, &entry, err);
		entry.old_chunk++;
		entry.new_chunk++;
		entry.entry_index++;
	}
	return rc;
}

static int emit_implausible(struct area_judge *j)
{
	if (!j->has_implausible)
		return 0;
	j->has_implausible = false;
	return psnap_check_emit(j->c, &j->implausible);
}

/* Entries that tell against the area; a cut device is not the area's fault. */
static uint64_t count_against(const struct area_judge *j)
{
	return j->impossible - min_u64(j->impossible, j->near);
}

/* Area 0 is no area: does the table stand where another chunk size puts it? */
static int explain_by_chunk_size(struct area_judge *j, struct psnap_error *err)
{
	struct psnap_finding *f = &j->implausible;
	struct evidence e;
	int rc = psnap_check_evidence(j->c, &e, err);

	if (rc || e.area_index != 0 || e.chunk_bytes == 0 ||
	    e.chunk_bytes == j->c->geo->chunk_bytes)
		return rc;
	psnap_finding_say(f,
			  "with chunks of %" PRIu64 " bytes this is no area, "
			  "but %" PRIu32 " exceptions stand where chunks of "
			  "%" PRIu64 " bytes put them; look with --chunk-size "
			  "%" PRIu64,
			  j->c->geo->chunk_bytes, e.entries, e.chunk_bytes,
			  e.chunk_bytes);
	return 0;
}

static int hold_implausible(struct area_judge *j, uint64_t against,
			    struct psnap_error *err)
{
	struct psnap_finding *f = &j->implausible;

	psnap_finding_init(f, PSNAP_F_AREA_IMPLAUSIBLE);
	psnap_finding_at_entry(f, j->c->geo, j->area_index, 0);
	f->entry_index = PSNAP_NOWHERE;
	f->len_bytes = j->c->geo->chunk_bytes;
	psnap_finding_say(f,
			  "%" PRIu64 " of %" PRIu64 " entries are impossible: "
			  "overwritten, or never an area",
			  against, j->entries);
	/* What the kernel would make of its entries is no better for their
	 * number. */
	if (j->fatal)
		f->severity = PSNAP_FATAL;
	j->has_implausible = true;
	return j->area_index == 0 ? explain_by_chunk_size(j, err) : 0;
}

/* The area has ended: was it one? */
static int end_area(struct area_judge *j, struct psnap_error *err)
{
	struct checker *c = j->c;
	uint64_t against = count_against(j);
	bool implausible =
		against >= IMPLAUSIBLE_MIN && against * 2 >= j->entries;
	size_t i;
	int rc = 0;

	psnap_beyond_end_area(&j->beyond, !implausible);
	if (implausible) {
		rc = hold_implausible(j, against, err);
	} else {
		for (i = 0; i < j->held_count && rc == 0; i++)
			rc = psnap_check_emit_entry(c, j->held[i].id,
						    &j->held[i].entry);
		for (i = 0; i < PSNAP_FINDING_COUNT; i++)
			psnap_check_count(c, (enum psnap_finding_id)i,
					  j->unheld[i]);
	}
	j->earlier_entries += j->entries;
	j->earlier_areas++;
	memset(j->unheld, 0, sizeof(j->unheld));
	memset(j->held_of, 0, sizeof(j->held_of));
	j->held_count = 0;
	j->impossible = 0;
	j->entries = 0;
	j->near = 0;
	j->fatal = false;
	return rc;
}

/*
 * After CVE-2013-4299 overwrote area k, the last data chunk of its group is
 * the first entry of area k + 1: new_chunk (k + 1) * stride.
 */
static void explain_by_successor(struct area_judge *j,
				 const struct psnap_run *first)
{
	const struct psnap_geometry *geo = j->c->geo;
	struct psnap_finding *f = &j->implausible;

	if (!j->has_implausible || first->entry_index != 0 ||
	    f->area_index + 1 != first->area_index ||
	    first->new_chunk != first->area_index * geo->stride_chunks)
		return;
	psnap_finding_say(f,
			  "overwritten with data, which CVE-2013-4299 does "
			  "(the next area is shifted by one): the mapping of "
			  "up to %" PRIu32 " chunks is lost, their data still "
			  "stands in chunks %" PRIu64 " to %" PRIu64,
			  geo->exceptions_per_area,
			  f->area_index * geo->stride_chunks + 2,
			  (f->area_index + 1) * geo->stride_chunks - 1);
}

int psnap_area_judge_run(struct area_judge *judge, const struct psnap_run *run,
			 struct psnap_error *err)
{
	struct checker *c = judge->c;
	int rc;

	if (!judge->begun || run->area_index != judge->area_index) {
		rc = judge->begun ? emit_implausible(judge) : 0;
		if (rc == 0 && judge->begun)
			rc = end_area(judge, err);
		if (rc)
			return rc;
		explain_by_successor(judge, run);
		judge->begun = true;
		judge->area_index = run->area_index;
	}
	judge->entries += run->chunks;
	if (!run_plausible(judge, run))
		return judge_slowly(judge, run, err);
	c->used += run->chunks;
	if (run->new_chunk + run->chunks - 1 > c->max_used)
		c->max_used = run->new_chunk + run->chunks - 1;
	rc = psnap_chunkset_add(&c->old_set, run->old_chunk, run->chunks, err);
	return rc ? rc
		  : psnap_chunkset_add(&c->new_set, run->new_chunk, run->chunks,
				       err);
}

int psnap_area_judge_finish(struct area_judge *judge, struct psnap_error *err)
{
	int rc = emit_implausible(judge);

	if (rc == 0)
		rc = end_area(judge, err);
	if (rc == 0)
		rc = emit_implausible(judge);
	return rc ? rc : psnap_beyond_report(&judge->beyond, judge->c);
}
