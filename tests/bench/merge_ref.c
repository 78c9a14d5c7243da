/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge_ref: the fastest way known to write the chunks of a store to an origin,
 * to measure against.
 *
 *	merge_ref STORE ORIGIN
 *
 * io_uring, past the page cache on both sides: 16 reads of at most 1 MiB of
 * the store, and all the writes of what they brought, are under way at a time;
 * one flush at the end. What that takes the disk takes, and no program less.
 * Refuses nothing, clears nothing, survives nothing. Chunks have to be
 * multiples of 4 KiB, and the origin one of chunks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <psnap/io.h>
#include <psnap/walk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECES	    16u
#define PIECE_BYTES ((uint64_t)1 << 20)
#define QUEUE_DEPTH 512u
/* All that can be under way: pieces of single chunks of 4 KiB. */
#define RESULTS	    8192u
#define ALIGN_BYTES ((size_t)2 << 20)

/*
 * @first, @count:  of the runs
 * @under_way:      the read, then writes
 */
struct piece {
	unsigned char *data;
	size_t first;
	size_t count;
	unsigned int under_way;
	bool is_read;
};

struct job {
	struct io_uring ring;
	int store_fd;
	int origin_fd;
	uint64_t chunk_bytes;
	struct psnap_run *runs;
	size_t run_count;
	size_t next;
	unsigned int under_way;
	struct piece pieces[PIECES];
};

static void die(const char *what, int os_errno)
{
	fprintf(stderr, "merge_ref: %s: %s\n", what, strerror(os_errno));
	exit(1);
}

/* A piece holds whole runs, so a long one is several. */
static void add_run(struct job *j, struct psnap_run run)
{
	uint64_t most = PIECE_BYTES / j->chunk_bytes;

	while (run.chunks > 0) {
		struct psnap_run part = run;

		if (j->run_count % 65536 == 0)
			j->runs = realloc(j->runs, (j->run_count + 65536) *
							   sizeof(*j->runs));
		if (!j->runs)
			die("memory", ENOMEM);
		if (part.chunks > most)
			part.chunks = most;
		j->runs[j->run_count++] = part;
		run.old_chunk += part.chunks;
		run.new_chunk += part.chunks;
		run.chunks -= part.chunks;
	}
}

static int load(struct job *j, const char *path, struct psnap_error *err)
{
	struct psnap_store *store = NULL;
	struct psnap_walk *walk = NULL;
	struct psnap_io *io;
	struct psnap_run run;
	int rc = psnap_io_open(path, &io, err);

	if (rc == 0)
		rc = psnap_store_open(io, 0, &store, err);
	if (rc == 0)
		rc = psnap_walk_open(store, NULL, &walk, err);
	if (rc == 0)
		j->chunk_bytes = psnap_store_geometry(store)->chunk_bytes;
	while (rc == 0 && (rc = psnap_walk_next(walk, &run, err)) > 0) {
		add_run(j, run);
		rc = 0;
	}
	psnap_walk_close(walk);
	psnap_store_close(store);
	(void)psnap_io_close(io, NULL);
	return rc;
}

static struct io_uring_sqe *new_request(struct job *j, struct piece *p)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&j->ring)))
		io_uring_submit(&j->ring);
	p->under_way++;
	j->under_way++;
	return sqe;
}

/* The next runs, as many as lie in 1 MiB of the store. */
static void begin_read(struct job *j, struct piece *p)
{
	uint64_t start_bytes = j->runs[j->next].new_chunk * j->chunk_bytes;
	uint64_t end_bytes = start_bytes;
	struct io_uring_sqe *sqe;

	p->first = j->next;
	while (j->next < j->run_count) {
		const struct psnap_run *run = &j->runs[j->next];
		uint64_t end = (run->new_chunk + run->chunks) * j->chunk_bytes;

		if (run->new_chunk * j->chunk_bytes < start_bytes ||
		    end - start_bytes > PIECE_BYTES)
			break;
		if (end > end_bytes)
			end_bytes = end;
		j->next++;
	}
	p->count = j->next - p->first;
	p->is_read = false;
	sqe = new_request(j, p);
	io_uring_prep_read(sqe, j->store_fd, p->data,
			   (unsigned int)(end_bytes - start_bytes),
			   start_bytes);
	io_uring_sqe_set_data(sqe, p);
}

static void begin_writes(struct job *j, struct piece *p)
{
	uint64_t start_chunk = j->runs[p->first].new_chunk;
	size_t i;

	p->is_read = true;
	for (i = p->first; i < p->first + p->count; i++) {
		const struct psnap_run *run = &j->runs[i];
		struct io_uring_sqe *sqe = new_request(j, p);

		io_uring_prep_write(
			sqe, j->origin_fd,
			p->data +
				(run->new_chunk - start_chunk) * j->chunk_bytes,
			(unsigned int)(run->chunks * j->chunk_bytes),
			run->old_chunk * j->chunk_bytes);
		io_uring_sqe_set_data(sqe, p);
	}
}

static void take_one(struct job *j)
{
	struct io_uring_cqe *cqe;
	struct piece *p;
	int rc = io_uring_submit_and_wait(&j->ring, 1);

	if (rc < 0 && rc != -EINTR)
		die("io_uring", -rc);
	while (io_uring_peek_cqe(&j->ring, &cqe) == 0) {
		p = io_uring_cqe_get_data(cqe);
		if (cqe->res <= 0)
			die(p->is_read ? "write" : "read", -cqe->res);
		io_uring_cqe_seen(&j->ring, cqe);
		p->under_way--;
		j->under_way--;
		if (!p->is_read)
			begin_writes(j, p);
		else if (p->under_way == 0 && j->next < j->run_count)
			begin_read(j, p);
	}
}

static void copy(struct job *j)
{
	struct io_uring_params params = { .flags = IORING_SETUP_CQSIZE,
					  .cq_entries = RESULTS };
	unsigned char *data = aligned_alloc(ALIGN_BYTES, PIECES * PIECE_BYTES);
	unsigned int i;
	int rc = io_uring_queue_init_params(QUEUE_DEPTH, &j->ring, &params);

	if (rc < 0)
		die("io_uring", -rc);
	if (!data)
		die("memory", ENOMEM);
	/* Fewer pages are fewer parts of a request. */
	(void)madvise(data, PIECES * PIECE_BYTES, MADV_HUGEPAGE);
	for (i = 0; i < PIECES && j->next < j->run_count; i++) {
		j->pieces[i].data = data + i * PIECE_BYTES;
		begin_read(j, &j->pieces[i]);
	}
	while (j->under_way > 0)
		take_one(j);
	if (fsync(j->origin_fd) != 0)
		die("flush", errno);
	io_uring_queue_exit(&j->ring);
	free(data);
}

int main(int argc, char **argv)
{
	struct psnap_error err = { .code = 0 };
	struct job j = { .under_way = 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: merge_ref STORE ORIGIN\n");
		return 2;
	}
	if (load(&j, argv[1], &err) < 0) {
		fprintf(stderr, "merge_ref: %s: %s\n", argv[1], err.message);
		return 1;
	}
	j.store_fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
	j.origin_fd = open(argv[2], O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (j.store_fd < 0 || j.origin_fd < 0)
		die("open", errno);
	copy(&j);
	close(j.store_fd);
	close(j.origin_fd);
	free(j.runs);
	return 0;
}
