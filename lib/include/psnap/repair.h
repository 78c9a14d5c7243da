/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairing a store: from what a check finds to a store that loads, with as
 * much of the snapshot as is really there. A plan first, one step for each kind
 * of finding; then those steps that were chosen.
 *
 * The unit of choice is the finding id: a step corrects all facts of one id.
 */
#ifndef PSNAP_REPAIR_H
#define PSNAP_REPAIR_H

#include <psnap/check.h>
#include <psnap/infer.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/* What taking a step costs. */
enum psnap_repair_class {
	PSNAP_REPAIR_SAFE,  /* nothing that is really there is lost */
	PSNAP_REPAIR_LOSSY, /* exceptions go, or the truth becomes a guess */
	PSNAP_REPAIR_IMPOSSIBLE, /* nothing can be done; the text says who can */
};

#define PSNAP_REPAIR_TEXT_BYTES 320

/**
 * struct psnap_repair_step - what would be done about the findings of one id
 * @needed:   there is something to do; otherwise the rest is 0
 * @count:    facts it corrects
 * @dropped:  exceptions that go
 * @regained: exceptions that the kernel does not read now and will then
 * @text:     what is done, what that gains and loses, in one sentence
 */
struct psnap_repair_step {
	bool needed;
	enum psnap_repair_class cost;
	uint64_t count;
	uint64_t dropped;
	uint64_t regained;
	char text[PSNAP_REPAIR_TEXT_BYTES];
};

/**
 * typedef psnap_repair_drop_fn - told of each exception that goes; the entries of
 * an area that is none are no exceptions
 * @id:     the finding that is the reason
 * @entry:  a run of one; numbers as on disk
 *
 * A negative return stops the planning, which then returns that value.
 */
typedef int psnap_repair_drop_fn(void *ctx, enum psnap_finding_id id,
				 const struct psnap_run *entry);

/**
 * struct psnap_slots - a range of table slots: entry @first of area
 *                      @area_index and what follows, in table order
 */
struct psnap_slots {
	uint64_t area_index;
	uint64_t first;
	uint64_t count;
};

/**
 * struct psnap_repair_options - zero-initialise, then psnap_repair_defaults()
 * @chunk_bytes:   0: by the header, or inferred; otherwise as told
 * @chosen:        finding ids whose step is taken; all by default
 * @origin_fills:  data that was lost to CVE-2013-4299 may be what the origin
 *                 has: new-chunk-in-metadata is then a safe step. Needs origin
 * @carve:         slots beyond what the kernel reads whose entries are to be
 *                 taken into the table, ascending; see psnap_carve()
 * @alone:         the store is open alone since before the plan was made:
 *                 psnap_repair_apply() goes by what the plan knows of the table
 *                 and does not read it again
 * @dropped:       told of what goes while a plan is made; NULL: nobody
 * @progress:      told offsets on the store
 */
struct psnap_repair_options {
	uint64_t chunk_bytes;
	bool chosen[PSNAP_FINDING_COUNT];
	bool origin_fills;
	const struct psnap_slots *carve;
	size_t carve_count;
	bool alone;
	psnap_repair_drop_fn *dropped;
	void *dropped_ctx;
	struct psnap_progress progress;
};

struct psnap_survey;

/**
 * struct psnap_repair_plan - what is found, and what can be done. Made by
 * psnap_repair_make_plan(), and stays where it was made
 * @before:       the verdict of psnap_check() with the geometry that is used
 * @after:        the verdict once all chosen steps are taken
 * @needs_chunk_size:  the header is lost and the table does not tell the chunk
 *                size beyond doubt: nothing can be planned until it is told
 * @inferred:     the chunk size is from the table, not from header or caller
 * @tail_chunk_bytes:  what stands behind the header fields reads like a table of
 *                this chunk size, which is less than that of the header; or 0
 * @candidates, @candidate_count:  chunk sizes, best first, when the header
 *                gives none
 * @steps:        by finding id
 * @exceptions:   in the table afterwards
 * @lost, @regained, @carved: sums over the chosen steps: exceptions
 * @write_bytes:  of the store that are written at the most, for an undo file
 * @survey:       what is known of each slot; NULL when nothing is to be done
 */
struct psnap_repair_plan {
	struct psnap_check_result before;
	struct psnap_check_result after;
	bool needs_chunk_size;
	bool inferred;
	uint64_t tail_chunk_bytes;
	struct psnap_candidate candidates[PSNAP_CANDIDATES_MAX];
	size_t candidate_count;
	struct psnap_repair_step steps[PSNAP_FINDING_COUNT];
	uint64_t exceptions;
	uint64_t lost;
	uint64_t regained;
	uint64_t carved;
	uint64_t write_bytes;
	struct psnap_survey *survey;
};

/** psnap_repair_defaults() - every step is chosen */
PSNAP_API void psnap_repair_defaults(struct psnap_repair_options *options);

/**
 * psnap_repair_make_plan() - check a store and say what can be done
 * @store:    only read
 * @origin:   the origin, or NULL
 * @report:   receives the findings of the check; may be NULL
 * @plan:     out
 *
 * The verdict afterwards is that of a check of the repaired store, which is
 * made in memory. Steps that are not chosen are planned as well, but not taken.
 * Memory: as psnap_check(), a bit for each slot of the table, and what is written;
 * with more than a thousand duplicates 32 bytes for each exception.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED, PSNAP_E_RANGE (chunk_bytes),
 * PSNAP_E_IO when the store could be read by the check and then no more, or what
 * a callback returned. After 0: psnap_repair_plan_release(), also before a plan is
 * made anew in its place.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_repair_make_plan(struct psnap_io *store, struct psnap_io *origin,
		       const struct psnap_repair_options *options,
		       psnap_finding_fn *report, void *ctx,
		       struct psnap_repair_plan *plan, struct psnap_error *err);

/** psnap_repair_plan_release() - NULL and a zeroed plan are allowed */
PSNAP_API void psnap_repair_plan_release(struct psnap_repair_plan *plan);

/**
 * psnap_repair_apply() - take the chosen steps
 * @store:    open for writing, alone; what the plan was made from
 * @origin:   as for the plan
 * @options:  as for the plan; @chosen may be less
 * @plan:     made from this store
 *
 * The table first, the header last: until then a store that the kernel refuses
 * stays one. Entries move so that a cut leaves them twice, never not at all;
 * run again it goes on to the same end.
 * Return: 0, PSNAP_E_CORRUPT (the store changed since), PSNAP_E_IO,
 * PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_repair_apply(struct psnap_io *store, struct psnap_io *origin,
		   const struct psnap_repair_options *options,
		   const struct psnap_repair_plan *plan,
		   struct psnap_error *err);

/** psnap_repair_class_name() - "safe", "lossy" or "impossible" */
PSNAP_API const char *psnap_repair_class_name(enum psnap_repair_class cost);

PSNAP_END_DECLS

#endif
