/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io_uring that fails on demand, below io_ring.c and what stands above it,
 * which is named by ABOVE_RING. Includes what it tests.
 */
#ifndef PSNAP_TEST_RING_FAULTS_H
#define PSNAP_TEST_RING_FAULTS_H

#include "../../lib/src/io_depth.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

/*
 * @submit:     what handing over returns, @submit_times times, when it has been
 *              done @submit_first times; nothing is then handed over
 * @late:       so often who waits is interrupted, when one request is done
 * @result:     what requests come to, @result_times times; their bytes are not
 *              touched
 * @hold:       only who waits hands over
 * @no_memory, @no_uring, @no_direct, @no_room, @no_hold:  not to be
 *              had
 * @entries_max:  no larger io_uring is to be had; 0: as the system likes
 * @depth:     as many under way; 0: as a loop device takes
 * @fs_type:   what the file system says it is; 0: what it is
 * @held:      the file that is, and those before it were released; -1: none
 * @submits, @reads:  how many there were
 * @wait_max:         as many were waited for together
 * @memory:           where the first read goes
 */
static struct {
	int submit;
	unsigned int submit_times;
	unsigned int submit_first;
	unsigned int late;
	int result;
	unsigned int result_times;
	bool hold;
	bool no_memory;
	bool no_uring;
	bool no_direct;
	bool no_room;
	bool no_hold;
	unsigned int depth;
	unsigned int entries_max;
	long fs_type;
	int held;
	unsigned int submits;
	unsigned int reads;
	unsigned int wait_max;
	void *memory;
	unsigned int nops;
} faults;

static inline void *fake_calloc(size_t count, size_t bytes)
{
	return faults.no_memory ? NULL : calloc(count, bytes);
}

static inline int fake_init(unsigned int entries, struct io_uring *uring,
			    unsigned int flags)
{
	if (faults.entries_max && entries > faults.entries_max)
		return -ENOMEM;
	return faults.no_uring ? -ENOSYS
			       : io_uring_queue_init(entries, uring, flags);
}

static inline int fake_submit(struct io_uring *uring, unsigned int wait)
{
	faults.submits++;
	if (faults.wait_max < wait)
		faults.wait_max = wait;
	if (faults.submit_times && faults.submits > faults.submit_first) {
		faults.submit_times--;
		return faults.submit;
	}
	if (faults.late && wait) {
		faults.late--;
		(void)io_uring_submit_and_wait(uring, 1);
		return -EINTR;
	}
	return faults.hold && wait == 0 ? 0
					: io_uring_submit_and_wait(uring, wait);
}

/* Nothing is done then, and the failure is told when that is done. */
static inline bool fake_failure(struct io_uring_sqe *sqe)
{
	if (faults.result_times == 0)
		return false;
	faults.result_times--;
	faults.nops++;
	io_uring_prep_nop(sqe);
	return true;
}

static inline void fake_write(struct io_uring_sqe *sqe, int fd,
			      const void *data, unsigned int len_bytes,
			      uint64_t offset_bytes)
{
	if (!fake_failure(sqe))
		io_uring_prep_write(sqe, fd, data, len_bytes, offset_bytes);
}

static inline void fake_read(struct io_uring_sqe *sqe, int fd, void *to,
			     unsigned int len_bytes, uint64_t offset_bytes)
{
	if (faults.reads++ == 0)
		faults.memory = to;
	if (!fake_failure(sqe))
		io_uring_prep_read(sqe, fd, to, len_bytes, offset_bytes);
}

/* A nop comes to 0, and nothing else does. */
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

static inline int fake_fallocate(int fd, int mode, off_t offset_bytes,
				 off_t len_bytes)
{
	errno = EOPNOTSUPP;
	return faults.no_room ? -1
			      : fallocate(fd, mode, offset_bytes, len_bytes);
}

static inline int fake_fstatfs(int fd, struct statfs *fs)
{
	int rc = fstatfs(fd, fs);

	if (faults.fs_type)
		fs->f_type = faults.fs_type;
	return rc;
}

static inline unsigned int fake_depth(int fd)
{
	(void)fd;
	return faults.depth ? faults.depth : 128;
}

static inline int fake_register(struct io_uring *uring, const int *fds,
				unsigned int count)
{
	if (faults.no_hold)
		return -EINVAL;
	faults.held = *fds;
	return io_uring_register_files(uring, fds, count);
}

static inline int fake_unregister(struct io_uring *uring)
{
	faults.held = -1;
	return io_uring_unregister_files(uring);
}

#define calloc			  fake_calloc
#define psnap_io_depth		  fake_depth
#define io_uring_register_files	  fake_register
#define io_uring_unregister_files fake_unregister
#define fstatfs			  fake_fstatfs
#define fallocate		  fake_fallocate
#define open			  fake_open
#define io_uring_queue_init	  fake_init
#define io_uring_submit_and_wait  fake_submit
#define io_uring_prep_write	  fake_write
#define io_uring_prep_read	  fake_read
#define io_uring_peek_cqe	  fake_peek
#include ABOVE_RING
#include "../../lib/src/io_ring.c"
#include "../../lib/src/io_room.c"
#include "../../lib/src/io_slots.c"
#undef calloc
#undef psnap_io_depth
#undef io_uring_register_files
#undef io_uring_unregister_files
#undef fstatfs
#undef fallocate
#undef open
#undef io_uring_queue_init
#undef io_uring_submit_and_wait
#undef io_uring_prep_write
#undef io_uring_prep_read
#undef io_uring_peek_cqe

/* Can anybody here go past the page cache, by io_uring? Not asked of what is
 * tested: that would excuse itself. */
static inline bool system_goes_past(void)
{
	int fd = open("past", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0666);
	void *block = aligned_alloc(65536, 65536);
	struct io_uring uring;
	bool can = fd >= 0 && block && memset(block, 1, 65536) &&
		   pwrite(fd, block, 65536, 0) == 65536 &&
		   pread(fd, block, 65536, 0) == 65536 &&
		   io_uring_queue_init(8, &uring, 0) == 0;

	if (can)
		io_uring_queue_exit(&uring);
	free(block);
	if (fd >= 0)
		close(fd);
	return can;
}

#endif
