/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools of threads: the same results in the same order whatever the number of
 * threads, memory bounded, failures passed on, nothing left behind; and blocks
 * compressed in them, which zlib unpacks again.
 */
#define ZLIB_CONST
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* So many threads the system has to give. */
static int threads_left;

static int fake_create(pthread_t *thread, const pthread_attr_t *attr,
		       void *(*run)(void *), void *arg)
{
	if (threads_left == 0)
		return EAGAIN;
	threads_left--;
	return pthread_create(thread, attr, run, arg);
}

#define pthread_create fake_create
#include "../../lib/src/pool.c"
#undef pthread_create

#include "deflate.h"
#include "random.h"
#include "test.h"

#define ROOM_BYTES 64u

/*
 * @work_fails, @result_fails:  the number of the job at which; none: UINT64_MAX
 * @workers:  that are there
 */
struct scene {
	uint64_t work_fails;
	uint64_t result_fails;
	int worker_new_fails;
	int workers;
	int workers_made;
	uint64_t results;
	uint64_t wrong;
	pthread_t caller;
};

static struct scene *shared;

static int worker_new(void *ctx, void **worker, struct psnap_error *err)
{
	struct scene *s = ctx;

	if (s->workers_made == s->worker_new_fails)
		return psnap_fail_nomem(err, "making a worker");
	*worker = calloc(1, 1);
	s->workers_made++;
	s->workers++;
	return *worker ? 0 : psnap_fail_nomem(err, "making a worker");
}

static void worker_free(void *worker)
{
	if (worker)
		shared->workers--;
	free(worker);
}

/* Early jobs take longer than late ones, so that these overtake them. */
static int work(void *ctx, void *worker, struct psnap_pool_job *job,
		struct psnap_error *err)
{
	const struct scene *s = ctx;
	size_t i;

	*(char *)worker = 1;
	if (job->tag % 3 == 0)
		usleep((useconds_t)(job->tag % 7) * 100);
	if (job->tag == s->work_fails)
		return psnap_fail_at(err, PSNAP_E_API, job->tag, "no more");
	if (((uintptr_t)job->in | (uintptr_t)job->out) %
	    PSNAP_ROOMS_ALIGN_BYTES)
		return psnap_fail(err, PSNAP_E_API, "not aligned");
	for (i = 0; i < job->in_bytes; i++)
		job->out[i] = (uint8_t)(job->in[i] ^ 0xff);
	job->out_bytes = job->in_bytes;
	return 0;
}

static int result(void *ctx, const struct psnap_pool_job *job,
		  struct psnap_error *err)
{
	struct scene *s = ctx;
	size_t i;

	s->wrong += job->tag != s->results ||
		    !pthread_equal(pthread_self(), s->caller) ||
		    job->out_bytes != job->tag % ROOM_BYTES;
	for (i = 0; i < job->out_bytes; i++)
		s->wrong += job->out[i] != (uint8_t)((job->tag + i) ^ 0xff);
	if (job->tag == s->result_fails)
		return psnap_fail(err, PSNAP_E_NOSPACE, "full");
	s->results++;
	return 0;
}

static struct psnap_pool_options options_of(struct scene *s, unsigned threads)
{
	shared = s;
	threads_left = 1000;
	*s = (struct scene){ .work_fails = UINT64_MAX,
			     .result_fails = UINT64_MAX,
			     .worker_new_fails = -1,
			     .caller = pthread_self() };
	return (struct psnap_pool_options){
		.threads = threads,
		.in_room_bytes = ROOM_BYTES,
		.out_room_bytes = ROOM_BYTES,
		.memory_bytes = 1 << 20,
		.worker_new = worker_new,
		.worker_free = worker_free,
		.work = work,
		.result = result,
		.ctx = s,
	};
}

static int feed(struct psnap_pool *pool, uint64_t count,
		struct psnap_error *err)
{
	struct psnap_pool_job *job;
	uint64_t n;
	size_t i;
	int rc = 0;

	for (n = 0; rc == 0 && n < count; n++) {
		rc = psnap_pool_get(pool, &job, err);
		if (rc)
			break;
		job->tag = n;
		job->in_bytes = n % ROOM_BYTES;
		for (i = 0; i < job->in_bytes; i++)
			job->in[i] = (uint8_t)(n + i);
		psnap_pool_put(pool);
	}
	return rc ? rc : psnap_pool_finish(pool, err);
}

static void test_order(unsigned int threads, int can_have)
{
	struct psnap_pool *pool;
	struct psnap_error err = { 0 };
	struct scene s;
	struct psnap_pool_options o = options_of(&s, threads);

	threads_left = can_have;
	if (!T_OK(psnap_pool_open(&o, &pool, &err) == 0, "%u threads", threads))
		return;
	T_EQ_I64(feed(pool, 1000, &err), 0);
	T_EQ_U64(s.results, 1000);
	T_EQ_U64(s.wrong, 0);
	/* Nothing is left to finish, and it goes on. */
	T_EQ_I64(psnap_pool_finish(pool, &err), 0);
	T_EQ_U64(s.results, 1000);
	psnap_pool_close(pool);
	T_EQ_I64(s.workers, 0);
	T_OK(s.workers_made > 0, "each thread has something to itself");
}

static void test_failures(unsigned int threads)
{
	struct psnap_pool *pool;
	struct psnap_pool_job *job;
	struct psnap_error err = { 0 };
	struct scene s;
	struct psnap_pool_options o = options_of(&s, threads);

	s.work_fails = 500;
	if (!T_OK(psnap_pool_open(&o, &pool, &err) == 0, "work fails"))
		return;
	T_EQ_I64(feed(pool, 1000, &err), PSNAP_E_API);
	T_EQ_U64(err.offset_bytes, 500);
	T_EQ_U64(s.results, 500);
	T_EQ_U64(s.wrong, 0);
	err = (struct psnap_error){ 0 };
	T_EQ_I64(psnap_pool_get(pool, &job, &err), PSNAP_E_API);
	T_OK(job == NULL && err.offset_bytes == 500, "and so it stays");
	T_EQ_I64(psnap_pool_finish(pool, NULL), PSNAP_E_API);
	psnap_pool_close(pool);
	T_EQ_I64(s.workers, 0);

	o = options_of(&s, threads);
	s.result_fails = 300;
	if (!T_OK(psnap_pool_open(&o, &pool, &err) == 0, "a result fails"))
		return;
	T_EQ_I64(feed(pool, 1000, &err), PSNAP_E_NOSPACE);
	T_EQ_STR(err.message, "full");
	T_EQ_U64(s.results, 300);
	psnap_pool_close(pool);
	T_EQ_I64(s.workers, 0);
}

/* Closed in the middle of everything. */
static void test_dropped(unsigned int threads)
{
	struct psnap_pool *pool;
	struct psnap_pool_job *job;
	struct scene s;
	struct psnap_pool_options o = options_of(&s, threads);
	int n;

	if (!T_OK(psnap_pool_open(&o, &pool, NULL) == 0, "is left"))
		return;
	for (n = 0; n < 20 && psnap_pool_get(pool, &job, NULL) == 0; n++) {
		job->tag = (uint64_t)n;
		psnap_pool_put(pool);
	}
	T_EQ_I64(n, 20);
	psnap_pool_close(pool);
	T_EQ_I64(s.workers, 0);
	psnap_pool_close(NULL);
}

static void test_memory(void)
{
	struct psnap_pool *pool;
	struct psnap_error err = { 0 };
	struct scene s;
	struct psnap_pool_options o = options_of(&s, 8);
	size_t jobs;

	for (jobs = 0; jobs <= 12; jobs++) {
		o = options_of(&s, 8);
		o.memory_bytes = jobs * 2 * ROOM_BYTES;
		if (!T_OK(psnap_pool_open(&o, &pool, &err) == 0, "%zu", jobs))
			return;
		T_OK(pool->slot_count <= (jobs ? jobs : 1),
		     "%u jobs where there is room for %zu", pool->slot_count,
		     jobs);
		T_OK(pool->worker_count == 1 ||
			     pool->worker_count < pool->slot_count,
		     "%u workers", pool->worker_count);
		T_EQ_I64(feed(pool, 100, &err), 0);
		T_EQ_U64(s.results, 100);
		psnap_pool_close(pool);
	}
	o = options_of(&s, 4);
	s.worker_new_fails = 2;
	T_EQ_I64(psnap_pool_open(&o, &pool, &err), PSNAP_E_NOMEM);
	T_OK(pool == NULL, "no pool");
	T_EQ_I64(s.workers, 0);
	o = options_of(&s, 0);
	if (T_OK(psnap_pool_open(&o, &pool, &err) == 0, "as many as there are"))
		T_EQ_U64(pool->worker_count, processors());
	psnap_pool_close(pool);
}

static bool unpacks(const uint8_t *in, size_t in_bytes, const uint8_t *want,
		    size_t want_bytes)
{
	uint8_t *got = malloc(want_bytes + 1);
	z_stream z = { 0 };
	bool same = false;

	if (got && inflateInit2(&z, -12) == Z_OK) {
		z.next_in = in;
		z.avail_in = (uInt)in_bytes;
		z.next_out = got;
		z.avail_out = (uInt)want_bytes + 1;
		same = inflate(&z, Z_FINISH) == Z_STREAM_END &&
		       z.total_out == want_bytes &&
		       memcmp(got, want, want_bytes) == 0;
		inflateEnd(&z);
	}
	free(got);
	return same;
}

static void test_deflate(void)
{
	static uint8_t in[65536];
	static uint8_t out[65536];
	struct psnap_deflate *d;
	size_t n;
	size_t i;

	if (!T_OK(psnap_deflate_new(-12, 6, &d, NULL) == 0, "a compressor"))
		return;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)((next_random() % 8) + i / 4096);
	for (i = 0; i < 5; i++) {
		n = psnap_deflate_block(d, in, sizeof(in), out, sizeof(out));
		T_OK(n > 0 && n < sizeof(in), "smaller: %zu", n);
		T_OK(unpacks(out, n, in, sizeof(in)), "and back");
		/* One byte less, and it does not fit; the next does. */
		T_EQ_U64(psnap_deflate_block(d, in, sizeof(in), out, n - 1), 0);
	}
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(next_random() % 256);
	T_EQ_U64(psnap_deflate_block(d, in, sizeof(in), out, sizeof(in) - 1),
		 0);
	psnap_deflate_free(d);
	psnap_deflate_free(NULL);
}

int main(void)
{
	unsigned int threads;

	for (threads = 0; threads <= 5; threads++) {
		test_order(threads, 100);
		test_failures(threads);
		test_dropped(threads);
	}
	/* Fewer than were asked for, and none. */
	test_order(4, 2);
	test_order(4, 1);
	test_order(4, 0);
	test_memory();
	test_deflate();
	return T_DONE();
}
