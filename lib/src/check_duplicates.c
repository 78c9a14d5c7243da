/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Naming duplicates. The first walk only learns which chunk numbers occur
 * twice; a second one finds the entries. As long as all of them can be held,
 * those that only repeat an entry are told from those that contradict one;
 * beyond that all are errors and the walk ends when enough are named.
 */
#include "check_internal.h"

#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Most numbers are no duplicates; a small filter says so at once. */
#define FILTER_BITS 4096u

struct side {
	enum psnap_finding_id id;
	bool by_new;
	const struct chunkset *set;
	uint64_t filter[FILTER_BITS / 64];
	struct psnap_run first[CHUNKSET_NOTED_MAX];
	bool seen[CHUNKSET_NOTED_MAX];
	bool tells_same;
	uint64_t named;
	uint64_t wanted;
};

static void side_init(struct side *s, struct checker *c,
		      enum psnap_finding_id id, const struct chunkset *set)
{
	uint64_t max = CHUNKSET_NOTED_MAX;
	size_t i;

	s->id = id;
	s->by_new = id == PSNAP_F_DUPLICATE_NEW;
	s->set = set;
	s->tells_same = set->duplicates <= max;
	if (!s->tells_same && c->options->instances_max < max)
		max = c->options->instances_max;
	s->wanted = set->duplicates < max ? set->duplicates : max;
	for (i = 0; i < set->noted_count; i++) {
		uint64_t bit = set->noted[i] % FILTER_BITS;

		s->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
}

/* Index of the first noted number >= @chunk. */
static size_t lower_bound(const struct chunkset *set, uint64_t chunk)
{
	size_t low = 0;
	size_t high = set->noted_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->noted[mid] < chunk)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int name_pair(struct checker *c, struct side *s,
		     const struct psnap_run *first,
		     const struct psnap_run *second)
{
	bool same = s->tells_same && first->old_chunk == second->old_chunk &&
		    first->new_chunk == second->new_chunk;
	struct psnap_finding f;

	s->named++;
	/* Both numbers occur twice, and it is one fact. */
	if (same && s->by_new)
		return 0;
	psnap_finding_init(&f, same ? PSNAP_F_DUPLICATE_SAME : s->id);
	psnap_finding_at_entry(&f, c->geo, second->area_index,
			       second->entry_index);
	psnap_finding_chunks(&f, second->old_chunk, second->new_chunk);
	if (same)
		psnap_finding_say(&f,
				  "origin chunk %" PRIu64 " is mapped to chunk "
				  "%" PRIu64 " in area %" PRIu64
				  " entry %" PRIu32 " already",
				  second->old_chunk, second->new_chunk,
				  first->area_index, first->entry_index);
	else if (s->by_new)
		psnap_finding_say(&f,
				  "new chunk %" PRIu64 " is used for origin "
				  "chunk %" PRIu64 " and, in area %" PRIu64
				  " entry %" PRIu32 ", for %" PRIu64,
				  second->new_chunk, second->old_chunk,
				  first->area_index, first->entry_index,
				  first->old_chunk);
	else
		psnap_finding_say(&f,
				  "origin chunk %" PRIu64 " is mapped to chunk "
				  "%" PRIu64 " and, in area %" PRIu64
				  " entry %" PRIu32 ", to %" PRIu64,
				  second->old_chunk, second->new_chunk,
				  first->area_index, first->entry_index,
				  first->new_chunk);
	return psnap_check_emit(c, &f);
}

/* Most runs are one entry that is no duplicate: told without a call. */
static inline bool may_be_noted(const struct side *s, uint64_t start,
				uint64_t chunks)
{
	return chunks > 1 ||
	       (s->filter[start % FILTER_BITS / 64] >> (start % 64) & 1) != 0;
}

static int look(struct checker *c, struct side *s, const struct psnap_run *run)
{
	uint64_t start = s->by_new ? run->new_chunk : run->old_chunk;
	size_t i;

	if (s->named >= s->wanted || !may_be_noted(s, start, run->chunks))
		return 0;
	for (i = lower_bound(s->set, start);
	     i < s->set->noted_count && s->set->noted[i] - start < run->chunks;
	     i++) {
		struct psnap_run entry = *run;
		int rc;

		psnap_run_skip(c->geo, &entry, s->set->noted[i] - start);
		entry.chunks = 1;
		if (!s->seen[i]) {
			s->seen[i] = true;
			s->first[i] = entry;
			continue;
		}
		if (s->named >= s->wanted)
			return 0;
		rc = name_pair(c, s, &s->first[i], &entry);
		if (rc)
			return rc;
	}
	return 0;
}

static int walk_sides(struct checker *c, struct side sides[2],
		      struct psnap_error *err)
{
	struct psnap_walk_options options = { 0 };
	struct psnap_walk *walk;
	struct psnap_error why = { 0 };
	struct psnap_run run;
	int rc;

	options.progress = c->options->progress;
	rc = psnap_walk_open(c->store, &options, &walk, err);
	if (rc)
		return rc;
	while (sides[0].named < sides[0].wanted ||
	       sides[1].named < sides[1].wanted) {
		rc = psnap_walk_next_run(walk, &run, &why);
		if (rc == 0)
			break;
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED) {
			rc = psnap_check_walk_fault(c, walk, &why);
		} else if (rc == 1) {
			rc = 0;
			if (!may_be_noted(&sides[0], run.old_chunk,
					  run.chunks) &&
			    !may_be_noted(&sides[1], run.new_chunk, run.chunks))
				continue;
			rc = look(c, &sides[0], &run);
			if (rc == 0)
				rc = look(c, &sides[1], &run);
		} else if (err) {
			*err = why;
		}
		if (rc)
			break;
	}
	psnap_walk_close(walk);
	return rc;
}

int psnap_check_duplicates(struct checker *c, struct psnap_error *err)
{
	struct side *sides;
	int rc = 0;
	int i;

	if (c->old_set.duplicates == 0 && c->new_set.duplicates == 0)
		return 0;
	sides = calloc(2, sizeof(*sides));
	if (!sides)
		return psnap_fail_nomem(err, "naming duplicates");
	side_init(&sides[0], c, PSNAP_F_DUPLICATE_OLD, &c->old_set);
	side_init(&sides[1], c, PSNAP_F_DUPLICATE_NEW, &c->new_set);
	rc = walk_sides(c, sides, err);
	/* What was not named one by one still counts. */
	for (i = 0; i < 2; i++)
		psnap_check_count(c, sides[i].id,
				  sides[i].set->duplicates - sides[i].named);
	free(sides);
	return rc;
}
