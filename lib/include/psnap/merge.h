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
 */
#ifndef PSNAP_MERGE_H
#define PSNAP_MERGE_H

#include <psnap/check.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/* Data copied between two flushes unless told otherwise. */
#define PSNAP_MERGE_BATCH_BYTES (UINT64_C(64) << 20)

/**
 * struct psnap_merge_options - zero-initialise for a plain merge
 * @keep_store:      copy, but leave the exceptions where they are
 * @skip_equal:      read the origin first and write only what differs
 * @verify:          read back what was written and compare
 * @accept_invalid:  also merge a snapshot that is marked invalid
 * @batch_bytes:     data between two flushes; 0: PSNAP_MERGE_BATCH_BYTES
 * @progress:        told bytes of data done
 */
struct psnap_merge_options {
	bool keep_store;
	bool skip_equal;
	bool verify;
	bool accept_invalid;
	uint64_t batch_bytes;
	struct psnap_progress progress;
};

/**
 * struct psnap_merge_plan - what a merge would do
 * @check:         the verdict it rests on
 * @refused:       the store is not fit; the findings say why
 * @exceptions:    to be copied
 * @runs:          in so many runs
 * @copy_bytes:    data, the tail of the origin taken into account
 * @batches:       flushes of the origin
 */
struct psnap_merge_plan {
	struct psnap_check_result check;
	bool refused;
	uint64_t exceptions;
	uint64_t runs;
	uint64_t copy_bytes;
	uint64_t batches;
};

/**
 * struct psnap_merge_result - what a merge did, also when it was stopped
 * @exceptions:       copied, and cleared unless keep_store
 * @copied_bytes:     written to the origin
 * @equal_bytes:      not written because they were the same (skip_equal)
 * @batches:          completed
 * @exceptions_left:  still in the store
 */
struct psnap_merge_result {
	uint64_t exceptions;
	uint64_t copied_bytes;
	uint64_t equal_bytes;
	uint64_t batches;
	uint64_t exceptions_left;
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

PSNAP_END_DECLS

#endif
