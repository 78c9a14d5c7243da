/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes past the page cache that are under way together (io_uring): a
 * thousand requests cost a processor, and a disk, much less than one after the
 * other; how many there may be, psnap_io_depth() knows.
 * What is written is copied to a circle of memory, unless it stays where it is;
 * what is read arrives there. It is used again when the request and all before
 * it are done.
 */
#ifndef PSNAP_IO_RING_H
#define PSNAP_IO_RING_H

#include <stddef.h>
#include <stdint.h>

/* No request is longer: a MiB, wherever it begins. */
#define PSNAP_IO_RING_LEN_MAX (((size_t)1 << 20) + ((size_t)128 << 10))

struct psnap_io_ring;

/**
 * psnap_io_ring_align_bytes() - what offsets and lengths are multiples of
 *
 * At least 4096, which nearly every device takes, and a page: of what is smaller
 * the page cache might hold what stands beside, and write that back.
 * Return: a power of two, at most 65536.
 */
size_t psnap_io_ring_align_bytes(void);

/**
 * struct psnap_io_ring_done - a request that is done
 * @data:    what was to be written, or was read; until the call returns
 * @result:  how many bytes were, or a negative errno
 */
struct psnap_io_ring_done {
	uint64_t offset_bytes;
	const uint8_t *data;
	size_t len_bytes;
	int result;
};

/**
 * typedef psnap_io_ring_done_fn - told of each request, in the order of them
 *
 * Must not begin another.
 */
typedef void psnap_io_ring_done_fn(void *ctx,
				   const struct psnap_io_ring_done *done);

/**
 * psnap_io_ring_new() - get ready
 * @fd:          opened with O_DIRECT; stays the caller's, and open
 * @room_bytes:  memory for what is under way; more than a request may have
 *
 * Return: NULL where the system has no io_uring, does not allow it, or has no
 * memory for it.
 */
struct psnap_io_ring *psnap_io_ring_new(int fd, size_t room_bytes,
					psnap_io_ring_done_fn *done, void *ctx);

/**
 * psnap_io_ring_hold() - have a file stay open as long as requests are under way
 * @fd:  one, once; it may be closed when the ring is freed
 *
 * A process that is killed leaves requests behind that the system still carries
 * out. With this they are done before a lock or a claim of @fd is gone.
 * Return: 0 or a negative errno.
 */
int psnap_io_ring_hold(struct psnap_io_ring *ring, int fd);

/**
 * psnap_io_ring_write() - begin a write
 *
 * Waits when too much is under way, or something in the same place is: the order
 * of the two would be the disk's choice.
 * Return: 0, or a negative errno: the system takes no more, and nobody knows
 * what of those under way was done.
 */
int psnap_io_ring_write(struct psnap_io_ring *ring, uint64_t offset_bytes,
			const void *data, size_t len_bytes);

/**
 * psnap_io_ring_write_lent() - begin a write that needs no copy
 * @data:  a multiple of psnap_io_ring_align_bytes(); stays as it is until
 *         psnap_io_ring_settle()
 *
 * Waits, and returns, as psnap_io_ring_write().
 */
int psnap_io_ring_write_lent(struct psnap_io_ring *ring, uint64_t offset_bytes,
			     const void *data, size_t len_bytes);

/**
 * psnap_io_ring_settle() - wait until nothing is under way from this memory
 *
 * Return: as psnap_io_ring_write(); not 0: the system may still read it.
 */
int psnap_io_ring_settle(struct psnap_io_ring *ring, const void *memory,
			 size_t bytes);

/**
 * psnap_io_ring_read() - begin a read
 *
 * Waits when too much is under way, and not for a write in the same place.
 * Return: as psnap_io_ring_write().
 */
int psnap_io_ring_read(struct psnap_io_ring *ring, uint64_t offset_bytes,
		       size_t len_bytes);

/** psnap_io_ring_drain() - wait for all; Return: as psnap_io_ring_write() */
int psnap_io_ring_drain(struct psnap_io_ring *ring);

/**
 * psnap_io_ring_finish() - wait for all, also of what the device stands on
 *
 * Of a loop device, which leaves what it is given to another file, some is written
 * to the disk early.
 * Return: as psnap_io_ring_write(), or a negative errno: what was written before is
 * not all there, and a flush might not hear of it.
 */
int psnap_io_ring_finish(struct psnap_io_ring *ring);

/**
 * psnap_io_ring_free() - release it, drained or broken
 * @ring:  or NULL. The memory of one that is broken stays: the system may still
 *         be at work on it
 */
void psnap_io_ring_free(struct psnap_io_ring *ring);

#endif
