/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_ref: the ways known to read the areas of a store, to measure against.
 *
 *	scan_ref METHOD STORE CHUNK_BYTES AREAS
 *
 * METHOD is pread (one at a time), willneed (256 areas advised ahead), uring
 * and uring-direct (queue depth 128) or mmap. Prints one line: nanoseconds per
 * area, the number of areas, a checksum of their bytes, which is the same for
 * every method. Nothing is decoded: AREAS says where to stop, and dropping the
 * page cache is left to the caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_AREAS	 256
#define QUEUE_DEPTH	 128
#define ADVICE_MAX_BYTES (128U * 1024) /* the kernel cuts longer ones */
#define EXCEPTION_BYTES	 16
#define BUFFER_ALIGNMENT 4096

struct scan {
	int fd;
	uint64_t area_bytes;
	uint64_t areas;
	uint64_t checksum;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t area_offset_bytes(const struct scan *s, uint64_t area_index)
{
	uint64_t stride_chunks = s->area_bytes / EXCEPTION_BYTES + 1;

	return (1 + area_index * stride_chunks) * s->area_bytes;
}

/* Order does not matter, position does: completions arrive in any order. */
static void add_area(struct scan *s, uint64_t area_index, const void *bytes)
{
	const unsigned char *p = bytes;
	uint64_t sum = 0, word;

	for (uint64_t i = 0; i < s->area_bytes; i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		sum += word;
	}
	s->checksum += sum * (2 * area_index + 1);
}

static void *new_buffer(uint64_t len_bytes)
{
	void *p = aligned_alloc(BUFFER_ALIGNMENT,
				(len_bytes + BUFFER_ALIGNMENT - 1) /
					BUFFER_ALIGNMENT * BUFFER_ALIGNMENT);

	if (!p)
		die("memory");
	return p;
}

static void read_area(struct scan *s, uint64_t area_index, void *buf)
{
	ssize_t got = pread(s->fd, buf, s->area_bytes,
			    (off_t)area_offset_bytes(s, area_index));

	if (got < 0)
		die("pread");
	if ((uint64_t)got != s->area_bytes) {
		fprintf(stderr, "scan_ref: area %" PRIu64 " is cut\n",
			area_index);
		exit(1);
	}
	add_area(s, area_index, buf);
}

static void scan_pread(struct scan *s)
{
	void *buf = new_buffer(s->area_bytes);

	for (uint64_t i = 0; i < s->areas; i++)
		read_area(s, i, buf);
	free(buf);
}

static void advise_area(const struct scan *s, uint64_t area_index)
{
	uint64_t offset_bytes = area_offset_bytes(s, area_index);
	uint64_t end_bytes = offset_bytes + s->area_bytes, step_bytes;

	if (area_index >= s->areas)
		return;
	for (; offset_bytes < end_bytes; offset_bytes += step_bytes) {
		step_bytes = end_bytes - offset_bytes;
		if (step_bytes > ADVICE_MAX_BYTES)
			step_bytes = ADVICE_MAX_BYTES;
		posix_fadvise(s->fd, (off_t)offset_bytes, (off_t)step_bytes,
			      POSIX_FADV_WILLNEED);
	}
}

static void scan_willneed(struct scan *s)
{
	void *buf = new_buffer(s->area_bytes);

	for (uint64_t i = 0; i < WINDOW_AREAS; i++)
		advise_area(s, i);
	for (uint64_t i = 0; i < s->areas; i++) {
		advise_area(s, i + WINDOW_AREAS);
		read_area(s, i, buf);
	}
	free(buf);
}

static void scan_mmap(struct scan *s)
{
	uint64_t len_bytes = area_offset_bytes(s, s->areas - 1) + s->area_bytes;
	unsigned char *map =
		mmap(NULL, len_bytes, PROT_READ, MAP_SHARED, s->fd, 0);

	if (map == MAP_FAILED)
		die("mmap");
	for (uint64_t i = 0; i < s->areas; i++)
		add_area(s, i, map + area_offset_bytes(s, i));
	munmap(map, len_bytes);
}

struct slot {
	uint64_t area_index;
	void *buf;
};

static void queue_area(const struct scan *s, struct io_uring *ring,
		       struct slot *slot, uint64_t area_index)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe) {
		fprintf(stderr, "scan_ref: submission queue full\n");
		exit(1);
	}
	slot->area_index = area_index;
	io_uring_prep_read(sqe, s->fd, slot->buf, (unsigned int)s->area_bytes,
			   area_offset_bytes(s, area_index));
	io_uring_sqe_set_data(sqe, slot);
}

/* Takes every completion there is and refills its slot; returns how many. */
static uint64_t reap(struct scan *s, struct io_uring *ring, uint64_t *next)
{
	struct io_uring_cqe *cqe;
	struct slot *slot;
	uint64_t done = 0;

	while (io_uring_peek_cqe(ring, &cqe) == 0) {
		slot = io_uring_cqe_get_data(cqe);
		if (cqe->res < 0 || (uint64_t)cqe->res != s->area_bytes) {
			errno = cqe->res < 0 ? -cqe->res : EIO;
			die("io_uring read");
		}
		io_uring_cqe_seen(ring, cqe);
		add_area(s, slot->area_index, slot->buf);
		if (*next < s->areas)
			queue_area(s, ring, slot, (*next)++);
		done++;
	}
	return done;
}

static void scan_uring(struct scan *s)
{
	struct slot slots[QUEUE_DEPTH];
	struct io_uring ring;
	uint64_t next = 0, done = 0;
	int rc = io_uring_queue_init(QUEUE_DEPTH, &ring, 0);

	if (rc < 0) {
		errno = -rc;
		die("io_uring");
	}
	for (size_t i = 0; i < QUEUE_DEPTH; i++) {
		slots[i].buf = new_buffer(s->area_bytes);
		if (next < s->areas)
			queue_area(s, &ring, &slots[i], next++);
	}
	while (done < s->areas) {
		rc = io_uring_submit_and_wait(&ring, 1);
		if (rc < 0 && rc != -EINTR) {
			errno = -rc;
			die("io_uring submit");
		}
		done += reap(s, &ring, &next);
	}
	for (size_t i = 0; i < QUEUE_DEPTH; i++)
		free(slots[i].buf);
	io_uring_queue_exit(&ring);
}

static const struct method {
	const char *name;
	void (*scan)(struct scan *s);
	int open_flags;
} methods[] = {
	{ "pread", scan_pread, 0 }, { "willneed", scan_willneed, 0 },
	{ "uring", scan_uring, 0 }, { "uring-direct", scan_uring, O_DIRECT },
	{ "mmap", scan_mmap, 0 },
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct method *method = argc == 5 ? find_method(argv[1]) : NULL;
	struct scan s = { .fd = -1 };
	uint64_t start_ns, took_ns;

	if (argc == 5) {
		s.area_bytes = strtoull(argv[3], NULL, 10);
		s.areas = strtoull(argv[4], NULL, 10);
	}
	if (!method || s.areas == 0 || s.area_bytes < 512 ||
	    s.area_bytes > 1U << 30) {
		fprintf(stderr, "usage: scan_ref pread|willneed|uring|"
				"uring-direct|mmap STORE CHUNK_BYTES AREAS\n");
		return 2;
	}
	start_ns = now_ns();
	s.fd = open(argv[2], O_RDONLY | O_CLOEXEC | method->open_flags);
	if (s.fd < 0)
		die(argv[2]);
	method->scan(&s);
	took_ns = now_ns() - start_ns;
	close(s.fd);
	printf("%" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", took_ns / s.areas,
	       s.areas, s.checksum);
	return 0;
}
