/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that wraps another and misbehaves on demand: the nth read fails, once
 * or from then on, reads come back short, or EINTR answers first. Also counts.
 */
#ifndef PSNAP_TEST_IO_FAULT_H
#define PSNAP_TEST_IO_FAULT_H

#include <psnap/io.h>

/*
 * @fail_at:      the nth read (from 1) fails; 0: none
 * @sticky:       so do all that follow
 * @os_errno:     with this
 * @bad_start, @bad_end:  reads that touch this range fail, whenever
 * @short_bytes:  at most so many bytes a read; 0: no limit
 * @eintr_each:   every read is first answered by EINTR
 * @reads, @prefetches, @faults:  what happened
 * @misaligned:   reads that broke @io.align_bytes
 */
struct io_fault {
	struct psnap_io io;
	struct psnap_io *inner;
	uint64_t fail_at;
	bool sticky;
	int os_errno;
	uint64_t bad_start;
	uint64_t bad_end;
	size_t short_bytes;
	bool eintr_each;
	bool eintr_given;
	uint64_t reads;
	uint64_t prefetches;
	uint64_t prefetch_bytes_max;
	uint64_t faults;
	uint64_t misaligned;
};

/* Wrap @inner, which stays the caller's; @align_bytes is insisted on. */
void io_fault_init(struct io_fault *fault, struct psnap_io *inner,
		   uint32_t align_bytes);

#endif
