/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of jobs. The caller's thread puts them in at one end and takes the
 * results at the other, the threads go round between the two, each taking the
 * oldest job that nobody has. What a job means is the business of those who
 * filled in the options.
 */
#include "pool.h"

#include "fail.h"
#include "rooms.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#define THREADS_MAX 64u
/* So many for each thread: one under way, one to go on with, and one that waits
 * for an older one to be ready. */
#define JOBS_PER_THREAD 3u

struct slot {
	struct psnap_pool_job job;
	struct psnap_error err;
	int rc;
	bool ready;
};

struct worker {
	struct psnap_pool *pool;
	void *own;
	pthread_t thread;
};

/**
 * struct psnap_pool - the ring
 * @put, @begun, @taken:  jobs put in, taken by threads, given back as results,
 *           since the beginning; taken <= begun <= put <= taken + slot_count,
 *           without threads begun is unused. Number n is in slot n % slot_count
 * @thread_count:  that run; 0: the caller works
 * @failed, @failure:  the first failure of a result
 * @stop:    threads are to end
 */
struct psnap_pool {
	struct psnap_pool_options o;
	struct slot *slots;
	unsigned int slot_count;
	uint8_t *in_rooms;
	uint8_t *out_rooms;
	struct worker *workers;
	unsigned int worker_count;
	unsigned int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t work_there;
	pthread_cond_t result_there;
	uint64_t put;
	uint64_t begun;
	uint64_t taken;
	bool stop;
	int failed;
	struct psnap_error failure;
};

static struct slot *slot_of(struct psnap_pool *pool, uint64_t number)
{
	return &pool->slots[number % pool->slot_count];
}

static void work_on(struct psnap_pool *pool, void *own, struct slot *slot)
{
	slot->rc = pool->o.work(pool->o.ctx, own, &slot->job, &slot->err);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	struct psnap_pool *pool = worker->pool;
	struct slot *slot;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->stop && pool->begun == pool->put)
			pthread_cond_wait(&pool->work_there, &pool->lock);
		if (pool->stop)
			break;
		slot = slot_of(pool, pool->begun++);
		pthread_mutex_unlock(&pool->lock);
		work_on(pool, worker->own, slot);
		pthread_mutex_lock(&pool->lock);
		slot->ready = true;
		pthread_cond_signal(&pool->result_there);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned int processors(void)
{
	cpu_set_t set;
	int count;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	count = CPU_COUNT(&set);
	return count > 0 ? (unsigned int)count : 1;
}

/* How many threads and jobs the memory allows. */
static void set_counts(struct psnap_pool *pool)
{
	const struct psnap_pool_options *o = &pool->o;
	size_t room_bytes = o->in_room_bytes + o->out_room_bytes;
	size_t jobs = room_bytes ? o->memory_bytes / room_bytes : 1;
	unsigned int threads = o->threads ? o->threads : processors();

	if (jobs == 0)
		jobs = 1;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	/* One is being filled while the others are worked on. */
	if (threads > 1 && threads + 1 > jobs)
		threads = jobs > 2 ? (unsigned int)jobs - 1 : 1;
	pool->worker_count = threads;
	pool->slot_count = 1;
	if (threads == 1)
		return;
	pool->slot_count = threads * JOBS_PER_THREAD;
	if (pool->slot_count > jobs)
		pool->slot_count = (unsigned int)jobs;
}

static int make_slots(struct psnap_pool *pool, struct psnap_error *err)
{
	const size_t in_bytes = pool->o.in_room_bytes;
	const size_t out_bytes = pool->o.out_room_bytes;
	unsigned int i;

	assert(pool->slot_count > 0);
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	if (!pool->slots)
		return psnap_fail_nomem(err, "preparing buffers");
	pool->in_rooms = psnap_rooms_new(pool->slot_count, in_bytes);
	pool->out_rooms = psnap_rooms_new(pool->slot_count, out_bytes);
	if (!pool->in_rooms || !pool->out_rooms)
		return psnap_fail_nomem(err, "preparing buffers");
	for (i = 0; i < pool->slot_count; i++) {
		struct psnap_pool_job *job = &pool->slots[i].job;

		job->in = pool->in_rooms + i * psnap_rooms_step_bytes(in_bytes);
		job->out =
			pool->out_rooms + i * psnap_rooms_step_bytes(out_bytes);
	}
	return 0;
}

static int make_workers(struct psnap_pool *pool, struct psnap_error *err)
{
	unsigned int i;
	int rc = 0;

	pool->workers = calloc(pool->worker_count, sizeof(*pool->workers));
	if (!pool->workers)
		return psnap_fail_nomem(err, "preparing to work");
	for (i = 0; rc == 0 && i < pool->worker_count; i++) {
		pool->workers[i].pool = pool;
		if (pool->o.worker_new)
			rc = pool->o.worker_new(pool->o.ctx,
						&pool->workers[i].own, err);
	}
	return rc;
}

/* Signals are for the caller's thread, which knows what to do about them. */
static void start_threads(struct psnap_pool *pool)
{
	struct worker *worker = pool->workers;
	sigset_t all;
	sigset_t before;

	if (pool->worker_count == 1)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->thread_count < pool->worker_count &&
	       pthread_create(&worker->thread, NULL, run, worker) == 0) {
		pool->thread_count++;
		worker++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int psnap_pool_open(const struct psnap_pool_options *options,
		    struct psnap_pool **pool, struct psnap_error *err)
{
	struct psnap_pool *p = calloc(1, sizeof(*p));
	int rc;

	*pool = NULL;
	if (!p)
		return psnap_fail_nomem(err, "preparing to work");
	p->o = *options;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work_there, NULL);
	pthread_cond_init(&p->result_there, NULL);
	set_counts(p);
	rc = make_slots(p, err);
	if (rc == 0)
		rc = make_workers(p, err);
	if (rc) {
		psnap_pool_close(p);
		return rc;
	}
	start_threads(p);
	*pool = p;
	return 0;
}

static int again(const struct psnap_pool *pool, struct psnap_error *err)
{
	if (err && pool->failed)
		*err = pool->failure;
	return pool->failed;
}

/* Without @wait: is the oldest one ready? */
static bool is_ready(struct psnap_pool *pool, struct slot *slot, bool wait)
{
	bool ready;

	if (pool->thread_count == 0) {
		work_on(pool, pool->workers[0].own, slot);
		return true;
	}
	pthread_mutex_lock(&pool->lock);
	while (wait && !slot->ready)
		pthread_cond_wait(&pool->result_there, &pool->lock);
	ready = slot->ready;
	pthread_mutex_unlock(&pool->lock);
	return ready;
}

/* Take the oldest result, if there is one. Return: was there? */
static bool take(struct psnap_pool *pool, bool wait)
{
	struct slot *slot = slot_of(pool, pool->taken);

	if (pool->failed || pool->taken == pool->put ||
	    !is_ready(pool, slot, wait))
		return false;
	pool->failed = slot->rc;
	if (slot->rc)
		pool->failure = slot->err;
	else
		pool->failed =
			pool->o.result(pool->o.ctx, &slot->job, &pool->failure);
	pool->taken++;
	return true;
}

int psnap_pool_get(struct psnap_pool *pool, struct psnap_pool_job **job,
		   struct psnap_error *err)
{
	struct slot *slot;

	/* And not those that are ready while there is room: threads would have
	 * nothing to do until the last of them is written. */
	while (pool->put - pool->taken == pool->slot_count && take(pool, true))
		;
	*job = NULL;
	if (pool->failed)
		return again(pool, err);
	slot = slot_of(pool, pool->put);
	slot->ready = false;
	slot->job.in_bytes = 0;
	slot->job.out_bytes = 0;
	slot->job.tag = 0;
	*job = &slot->job;
	return 0;
}

void psnap_pool_put(struct psnap_pool *pool)
{
	assert(pool->put - pool->taken < pool->slot_count);
	pthread_mutex_lock(&pool->lock);
	pool->put++;
	pthread_cond_signal(&pool->work_there);
	pthread_mutex_unlock(&pool->lock);
}

int psnap_pool_finish(struct psnap_pool *pool, struct psnap_error *err)
{
	while (take(pool, true))
		;
	return again(pool, err);
}

static void stop_threads(struct psnap_pool *pool)
{
	unsigned int i;

	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work_there);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->thread_count; i++)
		pthread_join(pool->workers[i].thread, NULL);
}

void psnap_pool_close(struct psnap_pool *pool)
{
	unsigned int i;

	if (!pool)
		return;
	stop_threads(pool);
	free(pool->in_rooms);
	free(pool->out_rooms);
	for (i = 0; pool->workers && i < pool->worker_count; i++)
		if (pool->o.worker_free)
			pool->o.worker_free(pool->workers[i].own);
	free(pool->workers);
	free(pool->slots);
	pthread_cond_destroy(&pool->result_there);
	pthread_cond_destroy(&pool->work_there);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
