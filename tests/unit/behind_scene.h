/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that writes behind its caller over a file, and over an io_uring that
 * fails on demand. Includes what it tests.
 */
#ifndef PSNAP_TEST_BEHIND_SCENE_H
#define PSNAP_TEST_BEHIND_SCENE_H

#include <psnap/behind.h>

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * @submit:     what handing over returns, @submit_times times; nothing is then
 *              handed over
 * @result:     what writes come to, @result_times times; their bytes are not
 *              touched
 * @hold:       only who waits hands over
 * @no_memory, @no_uring, @no_direct:  not to be had
 */
static struct {
	int submit;
	unsigned int submit_times;
	int result;
	unsigned int result_times;
	bool hold;
	bool no_memory;
	bool no_uring;
	bool no_direct;
	unsigned int submits;
	unsigned int nops;
} faults;

static inline void *fake_calloc(size_t count, size_t bytes)
{
	return faults.no_memory ? NULL : calloc(count, bytes);
}

static inline int fake_init(unsigned int entries, struct io_uring *uring,
			    unsigned int flags)
{
	return faults.no_uring ? -ENOSYS
			       : io_uring_queue_init(entries, uring, flags);
}

static inline int fake_submit(struct io_uring *uring, unsigned int wait)
{
	faults.submits++;
	if (faults.submit_times) {
		faults.submit_times--;
		return faults.submit;
	}
	return faults.hold && wait == 0 ? 0
					: io_uring_submit_and_wait(uring, wait);
}

/* Nothing is written, and the failure is told when it is done. */
static inline void fake_write(struct io_uring_sqe *sqe, int fd,
			      const void *data, unsigned int len_bytes,
			      uint64_t offset_bytes)
{
	if (faults.result_times) {
		faults.result_times--;
		faults.nops++;
		io_uring_prep_nop(sqe);
		return;
	}
	io_uring_prep_write(sqe, fd, data, len_bytes, offset_bytes);
}

/* A nop comes to 0, and no write does. */
static inline int fake_peek(struct io_uring *uring, struct io_uring_cqe **cqe)
{
	int rc = io_uring_peek_cqe(uring, cqe);

	if (rc == 0 && (*cqe)->res == 0)
		(*cqe)->res = faults.result;
	return rc;
}

static inline int fake_open(const char *path, int flags)
{
	errno = EINVAL;
	return faults.no_direct ? -1 : open(path, flags);
}

#define calloc			 fake_calloc
#define open			 fake_open
#define io_uring_queue_init	 fake_init
#define io_uring_submit_and_wait fake_submit
#define io_uring_prep_write	 fake_write
#define io_uring_peek_cqe	 fake_peek
#include "../../lib/src/io_behind.c"
#include "../../lib/src/write_ring.c"
#undef calloc
#undef open
#undef io_uring_queue_init
#undef io_uring_submit_and_wait
#undef io_uring_prep_write
#undef io_uring_peek_cqe

#include "files.h"
#include "random.h"
#include "test.h"

#define FILE_BYTES ((size_t)10 << 20)

static uint8_t wanted[FILE_BYTES];
static uint8_t found[FILE_BYTES];
/* A file without holes, unless it is to have some. */
static inline struct psnap_io *new_io(bool holes)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct psnap_io *io = NULL;

	memset(&faults, 0, sizeof(faults));
	fill_random(wanted, sizeof(wanted));
	if (holes)
		memset(wanted, 0, sizeof(wanted));
	T_OK(fd >= 0 && ftruncate(fd, FILE_BYTES) == 0 &&
		     (holes || pwrite(fd, wanted, FILE_BYTES, 0) ==
				       (ssize_t)FILE_BYTES) &&
		     fsync(fd) == 0,
	     "a file");
	close(fd);
	T_EQ_I64(psnap_io_open_exclusive("file", &io, NULL), 0);
	T_EQ_I64(psnap_io_write_behind(&io, NULL), 0);
	return io;
}

static inline int put(struct psnap_io *io, size_t at, size_t len)
{
	fill_random(wanted + at, len);
	return psnap_io_write(io, at, wanted + at, len, NULL);
}

/* What it takes for it to begin. */
static inline void put_first(struct psnap_io *io)
{
	T_EQ_I64(put(io, 0, BEGIN_BYTES), 0);
}

/* By another description, as another program would. */
static inline bool is_there(void)
{
	int fd = open("file", O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 &&
		    pread(fd, found, FILE_BYTES, 0) == (ssize_t)FILE_BYTES &&
		    memcmp(found, wanted, FILE_BYTES) == 0;

	close(fd);
	return same;
}

/* As many, one behind the other. */
static inline void put_some(struct psnap_io *io, size_t count)
{
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < count; i++)
		failed += put(io, i * 4096, 4096) != 0;
	T_EQ_U64(failed, 0);
}

/* False where the file system knows nothing but the page cache. */
static inline bool can_begin(void)
{
	struct psnap_io *io = new_io(false);
	bool can;

	put_first(io);
	T_EQ_I64(put(io, 0, 4096), 0);
	can = behind_of(io)->ring;
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "begun or not");
	return can;
}

/* @test is for where it can begin. Not in /tmp, which may be in memory. */
static inline int behind_main(void (*test)(void))
{
	char dir[] = "/var/tmp/psnap-behind-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	if (can_begin())
		test();
	dir_remove(dir);
	return T_DONE();
}

#endif
