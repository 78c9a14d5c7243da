/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging a store into its origin, offline: afterwards the origin is what the
 * snapshot showed and the store is valid and empty.
 *
 * At every instant the view (store where there is an exception, origin
 * elsewhere) is the right content, so copying may be repeated. The order is:
 * copy the exceptions at the end of the table; make the origin durable; clear
 * them, last first, and whatever stands behind them; make the store durable;
 * next batch. A power cut anywhere leaves a pair that psnap and the kernel's
 * snapshot-merge can go on with (psnap-store(5) "Merging").
 *
 * Exceptions that are not to be merged are moved to the front of the table,
 * so that it stays one without holes: into slots of merged exceptions, at most
 * 512 at a time, made durable before their old slots are cleared. In between
 * they stand in the table twice, which changes nothing in the view. psnap goes
 * on from there; the kernel's own merge may stop at such an entry, if the table
 * is not in the order in which chunks were taken.
 */
#ifndef PSNAP_MERGE_H
#define PSNAP_MERGE_H

#include <psnap/check.h>
#include <psnap/extents.h>
#include <psnap/progress.h>
#include <psnap/undo.h>
#include <psnap/walk.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/* Data copied between two flushes unless told otherwise. */
#define PSNAP_MERGE_BATCH_BYTES (UINT64_C(256) << 20)

/* Why an exception stays in the store. */
enum psnap_merge_left {
	PSNAP_LEFT_NOT_ASKED,  /* outside the ranges that were asked for */
	PSNAP_LEFT_PARTLY,     /* its chunk lies across the edge of one */
	PSNAP_LEFT_UNRESCUED,  /* a map says that its data is not the disk's */
	PSNAP_LEFT_UNREADABLE, /* its data cannot be read */
	PSNAP_LEFT_REASONS
};

/**
 * typedef psnap_merge_left_fn - told what stays in the store
 * @run:     one exception, or several of one run
 * @reason:  one of those that are nobody's wish: UNRESCUED or UNREADABLE
 * @why:     for UNREADABLE the read that failed, NULL otherwise
 *
 * A negative return stops the merge, which then returns that value.
 */
typedef int psnap_merge_left_fn(void *ctx, const struct psnap_run *run,
				enum psnap_merge_left reason,
				const struct psnap_error *why);

/**
 * struct psnap_merge_options - zero-initialise for a plain merge
 * @keep_store:      copy, but leave the exceptions where they are
 * @skip_equal:      read the origin first and write only what differs
 * @verify:          read back what was merged and compare
 * @accept_invalid:  also merge a snapshot that is marked invalid
 * @salvage:         leave exceptions whose data cannot be read, and merge the
 *                   rest; otherwise the first of them ends the merge
 * @batch_bytes:     data between two flushes; 0: PSNAP_MERGE_BATCH_BYTES
 * @only:            merge only chunks that lie wholly in these bytes of the
 *                   origin; NULL: all
 * @except:          leave every chunk that has a byte in these; NULL: none
 * @store_unrescued: bytes of the store that are not what was on its disk; NULL:
 *                   none. Exceptions whose data lies there are left; a table
 *                   that lies there is a finding of severity error
 * @origin_unrescued: the same of the origin: is made good where it is merged to
 * @left:            told of exceptions that are left; NULL: nobody is
 * @left_ctx:        handed to @left
 * @progress:        told bytes of data done
 */
struct psnap_merge_options {
	bool keep_store;
	bool skip_equal;
	bool verify;
	bool accept_invalid;
	bool salvage;
	uint64_t batch_bytes;
	struct psnap_extents *only;
	struct psnap_extents *except;
	struct psnap_extents *store_unrescued;
	struct psnap_extents *origin_unrescued;
	psnap_merge_left_fn *left;
	void *left_ctx;
	struct psnap_progress progress;
};

/**
 * struct psnap_merge_plan - what a merge would do
 * @check:         the verdict it rests on
 * @refused:       the store is not fit; the findings say why
 * @exceptions:    to be copied
 * @runs:          in so many runs
 * @copy_bytes:    data, the tail of the origin taken into account
 * @batches:       flushes of the origin, at the most
 * @left:          exceptions that would stay, by reason (UNREADABLE is 0: only
 *                 reading tells)
 */
struct psnap_merge_plan {
	struct psnap_check_result check;
	bool refused;
	uint64_t exceptions;
	uint64_t runs;
	uint64_t copy_bytes;
	uint64_t batches;
	uint64_t left[PSNAP_LEFT_REASONS];
};

/**
 * struct psnap_merge_result - what a merge did, also when it was stopped
 * @exceptions:       copied, and cleared unless keep_store
 * @copied_bytes:     written to the origin
 * @equal_bytes:      not written because they were the same (skip_equal)
 * @batches:          completed
 * @exceptions_left:  still in the store, for whatever reason
 * @left:             seen and left, by reason
 * @origin_unrescued_bytes:  of the origin that were not merged to
 * @failed:           the device that the failure was on; NULL: not of a device
 */
struct psnap_merge_result {
	uint64_t exceptions;
	uint64_t copied_bytes;
	uint64_t equal_bytes;
	uint64_t batches;
	uint64_t exceptions_left;
	uint64_t left[PSNAP_LEFT_REASONS];
	uint64_t origin_unrescued_bytes;
	const struct psnap_io *failed;
};

/**
 * psnap_merge_plan() - check a pair and say what a merge would do
 * @store, @origin:  both may be read-only
 * @report:          receives the findings of the check; NULL: nobody does
 * @plan:            out
 *
 * Return: 0 also when the plan is refused; otherwise as psnap_check().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_merge_plan(struct psnap_io *store, struct psnap_io *origin,
		 const struct psnap_merge_options *options,
		 psnap_finding_fn *report, void *ctx,
		 struct psnap_merge_plan *plan, struct psnap_error *err);

/**
 * psnap_merge() - carry out a plan
 * @store, @origin:  open for writing (@store not with keep_store)
 * @plan:            of this pair, not refused
 * @result:          out, also on failure
 *
 * Stops between two steps when the tick asks to, after a failed flush at once.
 * Whatever is returned: running it again goes on.
 * Return: 0, or
 *   PSNAP_E_API          the plan was refused, or an io is read-only
 *   PSNAP_E_CORRUPT      @verify found something else on the origin than was
 *                        written
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 * Source: snapshot_merge_next_chunks(), persistent_commit_merge().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_merge(struct psnap_io *store, struct psnap_io *origin,
	    const struct psnap_merge_options *options,
	    const struct psnap_merge_plan *plan,
	    struct psnap_merge_result *result, struct psnap_error *err);

/**
 * psnap_merge_to() - write what the merged origin would be to a new file
 * @store, @origin:  only read
 * @target:          open for writing, as long as the origin, all zero
 * @plan:            of the pair, not refused
 * @result:          out, also on failure; exceptions_left is what the store has
 *
 * What is zero in the result is not written, so a sparse file stays sparse.
 * Where an exception is left, the origin's content is written. options.keep_store
 * and skip_equal mean nothing here. Ends with a flush of @target.
 * Return: as psnap_merge(); PSNAP_E_API also when the sizes differ.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_merge_to(struct psnap_io *store, struct psnap_io *origin,
	       struct psnap_io *target,
	       const struct psnap_merge_options *options,
	       const struct psnap_merge_plan *plan,
	       struct psnap_merge_result *result, struct psnap_error *err);

/**
 * psnap_merge_need() - how much of the origin is yet to be saved?
 * @undo:  an undo file of the pair: what it has from a merge that was cut is not
 *         saved again
 * @need:  out: for all that the plan would overwrite, at the most
 *
 * Return: 0, or as psnap_merge(). The tick is told bytes of the table.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_merge_need(struct psnap_io *store, struct psnap_io *origin,
		 const struct psnap_merge_options *options,
		 const struct psnap_merge_plan *plan,
		 const struct psnap_undo *undo, struct psnap_undo_need *need,
		 struct psnap_error *err);

PSNAP_END_DECLS

#endif
