/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that wraps another and misbehaves on demand: the nth call of one kind
 * fails, once or from then on, reads and writes are short, or EINTR answers
 * first. Also counts, and notices what is done after a flush has failed.
 */
#ifndef PSNAP_TEST_IO_FAULT_H
#define PSNAP_TEST_IO_FAULT_H

#include <psnap/io.h>

/* Reads come first, so that they are what fails if nobody says otherwise. */
enum io_fault_op {
	IO_FAULT_READ,
	IO_FAULT_WRITE,
	IO_FAULT_SYNC,
	IO_FAULT_PREPARE,
	IO_FAULT_CLOSE,
	IO_FAULT_OPS
};

/*
 * What several ios have in common.
 * @flush_failed:  on one of them
 * @later:         writes and flushes on any of them after that
 */
struct io_fault_watch {
	bool flush_failed;
	uint64_t later;
};

/*
 * @watch:        shared with other ios; NULL: nobody looks
 * @fail_op:      which calls @fail_at counts
 * @fail_at:      the nth of them (from 1) fails; 0: none
 * @sticky:       so do all that follow
 * @gone:         so do all calls of whatever kind: the device is gone
 * @os_errno:     with this; 0: they are done by half, which is no failure
 * @torn:         a write that fails has written its first half, whole sectors
 *                of it
 * @bad_start, @bad_end:  reads that touch this range fail, whenever
 * @bad_errno:    with this; 0: @os_errno
 * @short_bytes:  at most so many bytes a read or write; 0: no limit
 * @eintr_each:   every read and write is first answered by EINTR
 * @calls, @prefetches, @forgets, @faults:  what happened; @reads is that of
 *                IO_FAULT_READ
 * @misaligned:   calls that broke @io.align_bytes
 */
struct io_fault {
	struct psnap_io io;
	struct psnap_io *inner;
	struct io_fault_watch *watch;
	enum io_fault_op fail_op;
	uint64_t fail_at;
	bool sticky;
	bool gone;
	int os_errno;
	bool torn;
	uint64_t bad_start;
	uint64_t bad_end;
	int bad_errno;
	size_t short_bytes;
	bool eintr_each;
	bool eintr_given;
	uint64_t reads;
	uint64_t calls[IO_FAULT_OPS];
	uint64_t prefetches;
	uint64_t prefetch_bytes_max;
	uint64_t forgets;
	uint64_t faults;
	uint64_t misaligned;
};

/* Wrap @inner, which stays the caller's; @align_bytes is insisted on. Can be
 * written to, and told what will be, if @inner can be written to. */
void io_fault_init(struct io_fault *fault, struct psnap_io *inner,
		   uint32_t align_bytes);
/* So that reading any byte of [start, end) fails, at no alignment. */
void io_fault_init_bad(struct io_fault *fault, struct psnap_io *inner,
		       uint64_t start_bytes, uint64_t end_bytes);

#endif
