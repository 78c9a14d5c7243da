/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a repair share. A survey says of every slot of the table
 * whether its entry stays; the table that follows from it is the kept entries
 * and nothing else.
 */
#ifndef PSNAP_REPAIR_INTERNAL_H
#define PSNAP_REPAIR_INTERNAL_H

#include "ondisk.h"
#include "repair_slots.h"

#include <psnap/io.h>
#include <psnap/repair.h>

/*
 * @chosen:       entries go only for these reasons
 * @old_limit:    old chunks from here on cannot be
 * @truncated:    numbers not far beyond the device are of a store that was cut
 * @duplicates:   the check found some in what the kernel reads
 * @keep:         slots whose entry stays
 * @end:          slots that belong to the table, holes included
 * @kernel_end:   the slot at which a kernel stops reading
 * @carved_from:  slots from here on are those that were asked for by name;
 *                UINT64_MAX: none were
 * @told:         told of entries that go; may be NULL
 * @facts:        what there is to correct, chosen or not, by finding
 * @dropped:      entries that go, by finding
 * @tail_used:    entries behind the end, in its area
 * @regained:     kept, and not read by a kernel
 * @carved:       kept because they were asked for
 * @no_successor: the last area is full and the device ends
 */
struct survey {
	struct psnap_io *io;
	const struct psnap_geometry *geo;
	const struct psnap_repair_options *options;
	bool chosen[PSNAP_FINDING_COUNT];
	uint64_t old_limit;
	bool truncated;
	bool duplicates;
	psnap_repair_drop_fn *told;
	struct slots keep;
	uint64_t end;
	uint64_t kernel_end;
	uint64_t carved_from;
	uint64_t facts[PSNAP_FINDING_COUNT];
	uint64_t dropped[PSNAP_FINDING_COUNT];
	uint64_t tail_used;
	uint64_t regained;
	uint64_t carved;
	bool no_successor;
};

/* What a plan keeps. */
struct psnap_survey {
	struct survey s;
};

/* The header was damaged, although its other fields may look right. */
#define REPAIR_HEADER_LOST                                  \
	(PSNAP_HEADER_MAGIC_ZERO | PSNAP_HEADER_MAGIC_BAD | \
	 PSNAP_HEADER_VERSION)
/* An area of which so many entries are impossible, and half of all, is none. */
#define REPAIR_IMPLAUSIBLE_MIN 4u

/* repair_survey.c: fill @s from its first members. Release in any case. */
int psnap_survey_run(struct survey *s, struct psnap_error *err);
void psnap_survey_release(struct survey *s);

/* repair_survey.c: the entry of @slot goes because of @id: count it, tell of
 * it, and unless that was not chosen, clear its bit. */
int psnap_survey_drop(struct survey *s, uint64_t slot,
		      const struct disk_exception *entry,
		      enum psnap_finding_id id);

/* repair_survey.c: read one entry. */
int psnap_survey_entry(const struct survey *s, uint64_t slot,
		       struct disk_exception *entry, struct psnap_error *err);

/* repair_area.c: survey one area. */
struct area_scan;
int psnap_area_scan_new(struct survey *s, struct area_scan **scan,
			struct psnap_error *err);
/* @more: out: the table goes on in the next area. */
int psnap_area_scan_run(struct area_scan *scan, uint64_t area_index, bool *more,
			struct psnap_error *err);
/* Take what is plausible of [first, end) of an area, whatever ends there. */
int psnap_area_scan_take(struct area_scan *scan, const struct psnap_slots *from,
			 struct psnap_error *err);
void psnap_area_scan_free(struct area_scan *scan);

/* repair_duplicates.c: of those that claim the same chunk, one stays. */
int psnap_survey_duplicates(struct survey *s, struct psnap_error *err);

/* repair_winner.c: what a kernel since Linux 5.2 reads. */
struct winner_entry {
	uint64_t slot;
	uint64_t old_chunk;
	uint64_t new_chunk;
};
/* Larger groups are made, not found: there the first entry wins. */
#define WINNER_GROUP_MAX 1024u
/* old_chunk .. old_chunk + more. */
struct winner_run {
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t more;
};
/*
 * @entries:  all of one group of 256 old chunks, in table order; not copied
 * @runs:     as the kernel lists them
 */
struct winner_group {
	const struct winner_entry *entries;
	size_t count;
	struct winner_run runs[WINNER_GROUP_MAX];
	size_t run_count;
};
void psnap_winner_group(struct winner_group *g,
			const struct winner_entry *entries, size_t count);
/* The index of the entry that a lookup of @old_chunk comes to. */
size_t psnap_winner(const struct winner_group *g, uint64_t old_chunk);

/* repair_table.c: make the table what the survey says. Durable on return. */
int psnap_repair_table(struct survey *s, struct psnap_io *io,
		       struct psnap_error *err);

/* repair_geometry.c: which chunk size is it? Fills candidates, inferred,
 * needs_chunk_size; *chunk_bytes is 0 when nobody knows. */
int psnap_repair_geometry(struct psnap_io *store, struct psnap_io *origin,
			  const struct psnap_repair_options *options,
			  struct psnap_repair_plan *plan, uint64_t *chunk_bytes,
			  struct psnap_error *err);
/* repair_geometry.c: fill plan->tail_chunk_bytes. */
int psnap_repair_look_behind_header(struct psnap_io *store,
				    struct psnap_io *origin,
				    const struct psnap_repair_options *options,
				    struct psnap_repair_plan *plan,
				    struct psnap_error *err);
/* repair_header.c: write an inferred chunk size, and nothing else, into a header
 * that stays refused: what it follows from may be gone when a repair was cut.
 * Durable on return. */
int psnap_repair_keep_size(struct psnap_io *io,
			   const struct psnap_repair_plan *plan,
			   const bool *chosen, struct psnap_error *err);
/* repair_header.c: write what is chosen of the header. Durable on return. */
int psnap_repair_header(struct psnap_io *io,
			const struct psnap_repair_plan *plan,
			const bool *chosen, struct psnap_error *err);
/* repair_header.c: is it one of the findings that a new header corrects? */
bool psnap_repair_is_header(enum psnap_finding_id id);

/* repair.c: a check with a chunk size; @report may be NULL. */
int psnap_repair_check(struct psnap_io *store, struct psnap_io *origin,
		       uint64_t chunk_bytes,
		       const struct psnap_repair_options *options,
		       psnap_finding_fn *report, void *ctx,
		       struct psnap_check_result *result,
		       struct psnap_error *err);
/* repair.c: what can be done of what is chosen. */
void psnap_repair_possible(const struct psnap_repair_plan *plan,
			   const struct psnap_repair_options *options,
			   bool chosen[PSNAP_FINDING_COUNT]);
/* repair.c: a survey for those steps alone that are taken; @s stays empty when
 * the check has seen nothing that makes it worth while. */
int psnap_repair_survey(struct psnap_io *store, struct psnap_io *origin,
			const struct psnap_repair_options *options,
			const struct psnap_repair_plan *plan,
			const bool *chosen, struct survey *s,
			struct psnap_error *err);
/* repair.c: take the steps of a survey on @store, then those of the header. */
int psnap_repair_take(struct psnap_io *store,
		      const struct psnap_repair_plan *plan, struct survey *s,
		      const bool *chosen, struct psnap_error *err);

/* repair_preview.c: do two choices come to the same steps of a plan? */
bool psnap_repair_same_steps(const struct psnap_repair_plan *plan,
			     const bool *a, const bool *b);
/* repair_preview.c: the verdict afterwards, and the sums. @s: the survey for
 * all steps, which may become another one. */
int psnap_repair_preview(struct psnap_io *store, struct psnap_io *origin,
			 const struct psnap_repair_options *options,
			 struct psnap_repair_plan *plan, struct survey *s,
			 struct psnap_error *err);

/* repair_steps.c: say what each step comes to. */
void psnap_repair_describe(struct psnap_repair_plan *plan,
			   const struct survey *s, bool origin_fills);

#endif
