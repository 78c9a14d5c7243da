/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large the undo file of a merge may become. A merge that stops half-way
 * because its undo file has no room is worse than one that does not begin, so
 * this is an upper bound; but not one that refuses what would fit.
 *
 * Every byte of the origin that is merged to is saved once, and every byte of
 * the table that is cleared; when the file is continued, what it has not. (What
 * its fingerprint is of may be saved once more then: 512 bytes, or a sector, up
 * to 64 times on each device.) Exceptions that stay move to the front of the
 * table, again with each batch. A device is written in whole sectors, which
 * chunks consist of but exceptions do not: then a piece of the table that begins
 * or ends within a sector is saved a second time, with the whole sector.
 */
#include "merge.h"

#include "message.h"
#include "save_room.h"

/* A head of a record in the undo file, and the data in one at the most. */
#define HEAD_BYTES   ((uint64_t)PSNAP_UNDO_HEAD_BYTES)
#define RECORD_BYTES (UINT64_C(1) << 20)
/* Tables are cleared in pieces of this size. */
#define PIECE_BYTES (UINT64_C(128) << 10)
/* The header, which a file that is continued has, and some more. */
#define BEGIN_BYTES (UINT64_C(64) << 10)
/* Exceptions that are moved between two flushes. */
#define MOVES UINT64_C(512)

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* @bytes in @count ranges. */
static uint64_t saved_bytes(uint64_t bytes, uint64_t count)
{
	return bytes + (count + bytes / RECORD_BYTES) * HEAD_BYTES;
}

/* How often an exception is moved: one that stays at most once a batch, and
 * each time it takes the place of one that was merged. */
static uint64_t moves(const struct psnap_merge_job *job, uint64_t staying)
{
	uint64_t sum;

	if (__builtin_mul_overflow(staying, job->plan.batches, &sum))
		return job->plan.exceptions;
	return min_u64(sum, job->plan.exceptions);
}

static uint64_t store_bytes(const struct psnap_merge_job *job)
{
	const struct psnap_merge_plan *plan = &job->plan;
	uint64_t align_bytes = job->store.io->align_bytes;
	uint64_t areas = plan->check.last_area_index + 2;
	uint64_t table_bytes = areas * plan->check.geometry.chunk_bytes;
	uint64_t staying = job->options.salvage ? plan->exceptions : 0;
	uint64_t moved_bytes;
	uint64_t moved;
	uint64_t pieces;
	uint64_t sectors;
	uint64_t sum;

	for (int i = 0; i < PSNAP_LEFT_REASONS; i++)
		staying += plan->left[i];
	moved = moves(job, staying);
	moved_bytes = moved * PSNAP_EXCEPTION_BYTES;
	/* Cleared: what was behind the last, once a round, and by areas. */
	pieces = moved / MOVES + 2 * plan->batches + areas +
		 table_bytes / PIECE_BYTES + 1;
	sum = saved_bytes(table_bytes, pieces) +
	      saved_bytes(moved_bytes, moved);
	if (align_bytes == 1)
		return sum;
	/* New places follow one another, so that one sector is saved for many
	 * of them; in each round there is one that was begun before. */
	sectors = min_u64(moved,
			  (table_bytes + moved_bytes) / align_bytes + pieces) +
		  2 * pieces;
	return sum + saved_bytes(table_bytes, pieces) +
	       saved_bytes(sectors * align_bytes, sectors);
}

/* @origin_bytes: what is saved of the origin, and of it the heads. */
static uint64_t undo_bytes(const struct psnap_merge_job *job,
			   uint64_t origin_bytes)
{
	uint64_t sum = origin_bytes;

	if (!job->options.keep_store)
		sum += store_bytes(job);
	return sum + sum / 64;
}

uint64_t psnap_merge_undo_bytes(const struct psnap_merge_job *job)
{
	const struct psnap_merge_plan *plan = &job->plan;

	return undo_bytes(job, saved_bytes(plan->copy_bytes,
					   plan->runs + plan->batches)) +
	       BEGIN_BYTES;
}

int psnap_merge_undo_room(const struct psnap_merge_job *job)
{
	struct psnap_undo_need need;
	struct psnap_error err = { 0 };
	uint64_t bytes;
	int rc;

	if (!job->save.continued)
		return 0;
	rc = psnap_merge_need(job->store.io, job->origin.io, &job->options,
			      &job->plan, job->save.undo, &need, &err);
	if (rc < 0)
		return psnap_msg_error(job->store.name, &err);
	bytes = saved_bytes(need.bytes, need.ranges + job->plan.batches);
	return psnap_save_room(&job->save,
			       undo_bytes(job, bytes) + BEGIN_BYTES / 2);
}
