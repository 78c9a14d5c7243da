/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on pieces of data by several threads, as if one had done it: jobs go in
 * in order, results come out in the same order, and only so many are under way
 * that memory stays bounded. Threads see nothing but a job and what belongs to
 * them; reading and writing stay with the caller's thread.
 */
#ifndef PSNAP_POOL_H
#define PSNAP_POOL_H

#include <psnap/error.h>
#include <stddef.h>

struct psnap_pool;

/**
 * struct psnap_pool_job - one piece
 * @in:         of in_room_bytes; the caller fills @in_bytes of it
 * @out:        of out_room_bytes; the work fills @out_bytes of it
 * @tag:        the caller's own, such as where the piece belongs
 */
struct psnap_pool_job {
	uint8_t *in;
	size_t in_bytes;
	uint8_t *out;
	size_t out_bytes;
	uint64_t tag;
};

/**
 * struct psnap_pool_options - what a pool does
 * @threads:        0: one for each processor that may be used; 1: no thread is
 *                  made, the work is done while the caller waits
 * @memory_bytes:   for the rooms of all jobs; there are as few threads as that
 *                  asks for, and never less than one job
 * @worker_new:     make what a thread has to itself, such as a compressor;
 *                  called in the caller's thread. NULL: nothing
 * @worker_free:    release it; NULL is handed in where none was made
 * @work:           in any thread; a failure is passed to the caller in the
 *                  place of the result
 * @result:         in the caller's thread, in order; a failure ends the work
 */
struct psnap_pool_options {
	unsigned int threads;
	size_t in_room_bytes;
	size_t out_room_bytes;
	size_t memory_bytes;
	int (*worker_new)(void *ctx, void **worker, struct psnap_error *err);
	void (*worker_free)(void *worker);
	int (*work)(void *ctx, void *worker, struct psnap_pool_job *job,
		    struct psnap_error *err);
	int (*result)(void *ctx, const struct psnap_pool_job *job,
		      struct psnap_error *err);
	void *ctx;
};

/**
 * psnap_pool_open() - make the threads
 * @pool:  out: release with psnap_pool_close(); NULL on failure
 *
 * If the system has no more threads to give, those that there are have to do.
 * Return: 0, PSNAP_E_NOMEM, or what @worker_new returned.
 */
PSNAP_MUST_USE int psnap_pool_open(const struct psnap_pool_options *options,
				   struct psnap_pool **pool,
				   struct psnap_error *err);

/**
 * psnap_pool_get() - a job to fill
 * @job:  out: in_bytes, out_bytes and tag are 0; goes in with psnap_pool_put()
 *
 * Takes the oldest result first, if all jobs are under way.
 * Return: 0, or the failure of a result or of the work on it; the pool does
 * nothing more then, and answers the same to every call.
 */
PSNAP_MUST_USE int psnap_pool_get(struct psnap_pool *pool,
				  struct psnap_pool_job **job,
				  struct psnap_error *err);

/** psnap_pool_put() - let the work on the job begin that was got last */
void psnap_pool_put(struct psnap_pool *pool);

/** psnap_pool_finish() - take all results; Return: as psnap_pool_get() */
PSNAP_MUST_USE int psnap_pool_finish(struct psnap_pool *pool,
				     struct psnap_error *err);

/** psnap_pool_close() - end the threads, drop what is under way; NULL is fine */
void psnap_pool_close(struct psnap_pool *pool);

#endif
