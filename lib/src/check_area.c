/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging entries, and areas as a whole. What is wrong with an area's entries
 * is held back until the area ends: when half of them are impossible it is the
 * area that is wrong (overwritten, or never one), and hundreds of findings
 * about its entries would only hide that.
 */
#include "check_internal.h"

#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>

/* Impossible entries of one area that are held back one by one. */
#define HELD_MAX 32u
/* An area with fewer impossible entries is judged by its entries. */
#define IMPLAUSIBLE_MIN 4u
/* Entries beyond the device that are named when they turn out to be stray. */
#define BEYOND_MAX 32u

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
	struct held held[HELD_MAX];
	unsigned int held_count;
	uint64_t unheld[PSNAP_FINDING_COUNT];
	/* Entries past the device, over all areas. */
	struct psnap_run beyond[BEYOND_MAX];
	uint64_t beyond_count;
	uint64_t area_beyond_count;
	uint64_t max_beyond;
	uint64_t area_max_beyond;
	/* An implausible area, until the next one tells why. */
	bool has_implausible;
	struct psnap_finding implausible;
	/* The metadata chunk at or below the numbers looked at last. */
	uint64_t group_chunk;
};

int psnap_area_judge_new(struct checker *c, struct area_judge **judge,
			 struct psnap_error *err)
{
	*judge = calloc(1, sizeof(**judge));
	if (!*judge)
		return psnap_fail_nomem(err, "checking the table");
	(*judge)->c = c;
	(*judge)->group_chunk = 1;
	return 0;
}

void psnap_area_judge_free(struct area_judge *judge)
{
	free(judge);
}

static void hold(struct area_judge *j, enum psnap_finding_id id,
		 const struct psnap_run *entry)
{
	if (j->held_count < HELD_MAX)
		j->held[j->held_count++] = (struct held){ id, *entry };
	else
		j->unheld[id]++;
}

static void say_in_metadata(const struct checker *c, struct psnap_finding *f,
			    const struct psnap_run *e)
{
	uint64_t area = (e->new_chunk - 1) / c->geo->stride_chunks;
	uint64_t start = e->old_chunk * c->geo->chunk_bytes;
	const char *cause = "";

	/* next_free starts at 2, so chunk 1 was never handed out; a store with
	 * holes leaves the entry in the area before. */
	if (area > 0 && e->area_index == area)
		cause = ", the mark of CVE-2013-4299";
	else if (area > 0 && e->area_index + 1 == area)
		cause = ", as CVE-2013-4299 leaves it in a table with holes";
	psnap_finding_say(f,
			  "new chunk %" PRIu64 " is area %" PRIu64 "%s: the "
			  "data of origin chunk %" PRIu64 " (bytes %" PRIu64
			  " to %" PRIu64 ") is lost",
			  e->new_chunk, area, cause, e->old_chunk, start,
			  start + c->geo->chunk_bytes);
}

static void say_entry(const struct checker *c, struct psnap_finding *f,
		      const struct psnap_run *e)
{
	switch ((int)f->id) {
	case PSNAP_F_NEW_CHUNK_HUGE:
		psnap_finding_say(f,
				  "new chunk %" PRIu64 " is 2^56 or more, "
				  "which the kernel takes for a run of %" PRIu64
				  " chunks from %" PRIu64,
				  e->new_chunk, (e->new_chunk >> 56) + 1,
				  e->new_chunk & (PSNAP_NEW_CHUNK_HUGE - 1));
		break;
	case PSNAP_F_NEW_CHUNK_IN_METADATA:
		say_in_metadata(c, f, e);
		break;
	case PSNAP_F_NEW_CHUNK_OUT_OF_RANGE:
		psnap_finding_say(f,
				  "new chunk %" PRIu64 " of origin chunk "
				  "%" PRIu64 " lies beyond the device, which "
				  "has %" PRIu64 " chunks",
				  e->new_chunk, e->old_chunk,
				  c->geo->chunk_count);
		break;
	default:
		psnap_finding_say(f,
				  "old chunk %" PRIu64 " lies beyond the %s, "
				  "which has %" PRIu64 " chunks",
				  e->old_chunk,
				  c->origin ? "origin" : "largest device",
				  c->old_limit);
		break;
	}
}

static int emit_entry(struct checker *c, enum psnap_finding_id id,
		      const struct psnap_run *e)
{
	struct psnap_finding f;

	if (!psnap_check_shows(c, id)) {
		psnap_check_count(c, id, 1);
		return 0;
	}
	psnap_finding_init(&f, id);
	psnap_finding_at_entry(&f, c->geo, e->area_index, e->entry_index);
	psnap_finding_chunks(&f, e->old_chunk, e->new_chunk);
	say_entry(c, &f, e);
	return psnap_check_emit(c, &f);
}

static void take_beyond(struct area_judge *j, const struct psnap_run *e)
{
	uint64_t at = j->beyond_count + j->area_beyond_count;

	if (at < BEYOND_MAX)
		j->beyond[at] = *e;
	j->area_beyond_count++;
	if (e->new_chunk > j->area_max_beyond)
		j->area_max_beyond = e->new_chunk;
}

/* One entry that may be impossible. */
static int judge_entry(struct area_judge *j, const struct psnap_run *e,
		       struct psnap_error *err)
{
	struct checker *c = j->c;
	bool impossible = true;
	int rc;

	if (e->new_chunk >= PSNAP_NEW_CHUNK_HUGE)
		hold(j, PSNAP_F_NEW_CHUNK_HUGE, e);
	else if (e->new_chunk >= c->geo->chunk_count)
		take_beyond(j, e);
	else if (psnap_geometry_is_metadata(c->geo, e->new_chunk))
		hold(j, PSNAP_F_NEW_CHUNK_IN_METADATA, e);
	else
		impossible = false;
	if (e->old_chunk >= c->old_limit) {
		hold(j, PSNAP_F_OLD_CHUNK_OUT_OF_RANGE, e);
		impossible = true;
	}
	if (impossible) {
		j->impossible++;
		return 0;
	}
	c->plausible++;
	if (e->new_chunk > c->max_used)
		c->max_used = e->new_chunk;
	rc = psnap_chunkset_add(&c->old_set, e->old_chunk, 1, err);
	return rc ? rc : psnap_chunkset_add(&c->new_set, e->new_chunk, 1, err);
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

/* The area has ended: was it one? */
static int end_area(struct area_judge *j)
{
	struct checker *c = j->c;
	unsigned int i;
	int rc = 0;

	if (j->impossible >= IMPLAUSIBLE_MIN &&
	    j->impossible * 2 >= j->entries) {
		struct psnap_finding *f = &j->implausible;

		psnap_finding_init(f, PSNAP_F_AREA_IMPLAUSIBLE);
		psnap_finding_at_entry(f, c->geo, j->area_index, 0);
		f->entry_index = PSNAP_NOWHERE;
		f->len_bytes = c->geo->chunk_bytes;
		psnap_finding_say(f,
				  "%" PRIu64 " of %" PRIu64 " entries are "
				  "impossible: overwritten, or never an area",
				  j->impossible, j->entries);
		j->has_implausible = true;
	} else {
		for (i = 0; i < j->held_count && rc == 0; i++)
			rc = emit_entry(c, j->held[i].id, &j->held[i].entry);
		for (i = 0; i < PSNAP_FINDING_COUNT; i++)
			psnap_check_count(c, (enum psnap_finding_id)i,
					  j->unheld[i]);
		j->beyond_count += j->area_beyond_count;
		if (j->area_max_beyond > j->max_beyond)
			j->max_beyond = j->area_max_beyond;
	}
	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		j->unheld[i] = 0;
	j->held_count = 0;
	j->impossible = 0;
	j->entries = 0;
	j->area_beyond_count = 0;
	j->area_max_beyond = 0;
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
			  (f->area_index + 1) * geo->stride_chunks + 1);
}

int psnap_area_judge_run(struct area_judge *judge, const struct psnap_run *run,
			 struct psnap_error *err)
{
	struct checker *c = judge->c;
	int rc;

	if (!judge->begun || run->area_index != judge->area_index) {
		rc = judge->begun ? emit_implausible(judge) : 0;
		if (rc == 0 && judge->begun)
			rc = end_area(judge);
		if (rc)
			return rc;
		explain_by_successor(judge, run);
		judge->begun = true;
		judge->area_index = run->area_index;
	}
	judge->entries += run->chunks;
	if (!run_plausible(judge, run))
		return judge_slowly(judge, run, err);
	c->plausible += run->chunks;
	if (run->new_chunk + run->chunks - 1 > c->max_used)
		c->max_used = run->new_chunk + run->chunks - 1;
	rc = psnap_chunkset_add(&c->old_set, run->old_chunk, run->chunks, err);
	return rc ? rc
		  : psnap_chunkset_add(&c->new_set, run->new_chunk, run->chunks,
				       err);
}

/*
 * Numbers past the end are a truncated store when they go on where the device
 * stops, stray when they are far from anything this table could have used.
 */
static bool looks_truncated(const struct area_judge *j)
{
	uint64_t entries = j->c->totals.exceptions;
	uint64_t areas = j->c->totals.last_area_index + 1;

	return j->max_beyond <= 2 * (entries + areas) + 2;
}

static int emit_truncated(struct area_judge *j)
{
	struct checker *c = j->c;
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_STORE_TRUNCATED);
	f.offset_bytes = c->io->size_bytes;
	f.count = j->beyond_count;
	psnap_finding_say(&f,
			  "%" PRIu64 " exceptions point past the end of the "
			  "device, the first at origin chunk %" PRIu64
			  "; it once had at least %" PRIu64 " bytes",
			  j->beyond_count, j->beyond[0].old_chunk,
			  (j->max_beyond + 1) * c->geo->chunk_bytes);
	return psnap_check_emit(c, &f);
}

int psnap_area_judge_finish(struct area_judge *judge, struct psnap_error *err)
{
	struct checker *c = judge->c;
	uint64_t i;
	int rc;

	(void)err;
	rc = emit_implausible(judge);
	if (rc == 0)
		rc = end_area(judge);
	if (rc == 0)
		rc = emit_implausible(judge);
	if (rc || judge->beyond_count == 0)
		return rc;
	if (looks_truncated(judge))
		return emit_truncated(judge);
	for (i = 0; i < judge->beyond_count && i < BEYOND_MAX && rc == 0; i++)
		rc = emit_entry(c, PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
				&judge->beyond[i]);
	if (judge->beyond_count > BEYOND_MAX)
		psnap_check_count(c, PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
				  judge->beyond_count - BEYOND_MAX);
	return rc;
}
