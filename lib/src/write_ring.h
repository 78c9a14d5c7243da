/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes that are under way. What is to be written is copied to a circle of
 * memory, from which the system takes it (io_uring); memory is used again when
 * the write from it and all before it are done. Two writes to one place are
 * never under way together: their order would be the disk's choice.
 */
#ifndef PSNAP_WRITE_RING_H
#define PSNAP_WRITE_RING_H

#include <stddef.h>
#include <stdint.h>

/* No write is longer. */
#define PSNAP_WRITE_RING_LEN_MAX ((size_t)1 << 20)
/* Offsets and lengths are multiples of it: every device takes such. */
#define PSNAP_WRITE_RING_ALIGN_BYTES 4096u

struct psnap_write_ring;

/**
 * typedef psnap_write_failed_fn - told of a write that was not done, or in part
 * @os_errno:  positive; 0: part of it was written
 *
 * @data is the caller's until it returns.
 */
typedef void psnap_write_failed_fn(void *ctx, uint64_t offset_bytes,
				   const void *data, size_t len_bytes,
				   int os_errno);

/**
 * psnap_write_ring_new() - get ready
 * @fd:  opened with O_DIRECT; stays the caller's, and open
 *
 * Return: NULL where the system has no io_uring, does not allow it, or has no
 * memory for it (8 MiB).
 */
struct psnap_write_ring *
psnap_write_ring_new(int fd, psnap_write_failed_fn *failed, void *ctx);

/**
 * psnap_write_ring_put() - begin a write
 *
 * Waits when too much is under way, or something in the same place is.
 * Return: 0, or a negative errno: the system takes no more, and nobody knows
 * what of those under way was written.
 */
int psnap_write_ring_put(struct psnap_write_ring *ring, uint64_t offset_bytes,
			 const void *data, size_t len_bytes);

/** psnap_write_ring_drain() - wait for all; Return: as psnap_write_ring_put() */
int psnap_write_ring_drain(struct psnap_write_ring *ring);

/**
 * psnap_write_ring_free() - release it, drained or broken
 * @ring:  or NULL. The memory of one that is broken stays: the system may still
 *         be writing from it
 */
void psnap_write_ring_free(struct psnap_write_ring *ring);

#endif
