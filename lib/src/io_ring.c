/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests under way, by io_uring. One thread puts them in and takes what is done.
 */
#include "io_ring.h"

#include "io_below.h"
#include "io_depth.h"
#include "io_slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGN_BYTES_MIN 4096
/* Handed over together: a system call for each would cost more than it does. */
#define HAND_OVER_COUNT 32u
#define HAND_OVER_BYTES ((size_t)512 << 10)
/* Where there is no room, so much of it is waited for: with one request at a time
 * each would cost a system call. */
#define FULL_PART 8u
/* A system that never has the means is out of order, not busy. */
#define REFUSALS_MAX 1000u
#define PAUSE_US     1000u

/*
 * @below:   what the device stands on; one request at the most is for it, has no
 *           slot and does not count as under way
 * @under_way:  of those in @slots, not known to be done, or not handed over yet
 * @kept_count, @kept_bytes:  not handed over yet
 * @held:    a file is, by the system
 * @broken:  a negative errno: what is under way never comes back
 */
struct psnap_io_ring {
	struct io_uring uring;
	int fd;
	psnap_io_ring_done_fn *done;
	void *ctx;
	struct psnap_io_slots *slots;
	struct psnap_io_below below;
	unsigned int under_way;
	unsigned int kept_count;
	size_t kept_bytes;
	bool held;
	int broken;
};

size_t psnap_io_ring_align_bytes(void)
{
	long page_bytes = sysconf(_SC_PAGESIZE);

	return page_bytes > ALIGN_BYTES_MIN ? (size_t)page_bytes
					    : ALIGN_BYTES_MIN;
}

/* Systems that count the memory of a ring may have enough for a small one only.
 * Return: how many requests it takes; 0: there is none. */
static unsigned int begin_uring(struct io_uring *uring, unsigned int depth)
{
	while (depth >= PSNAP_IO_DEPTH_MIN) {
		if (io_uring_queue_init(depth, uring, 0) == 0)
			return depth;
		depth /= 2;
	}
	return 0;
}

struct psnap_io_ring *psnap_io_ring_new(int fd, size_t room_bytes,
					psnap_io_ring_done_fn *done, void *ctx)
{
	struct psnap_io_ring *ring = calloc(1, sizeof(*ring));
	unsigned int depth;

	if (!ring)
		return NULL;
	ring->fd = fd;
	ring->done = done;
	ring->ctx = ctx;
	ring->below = psnap_io_below_new();
	depth = begin_uring(&ring->uring, psnap_io_depth(fd));
	if (depth)
		ring->slots = psnap_io_slots_new(depth, room_bytes);
	if (ring->slots)
		return ring;
	if (depth)
		io_uring_queue_exit(&ring->uring);
	free(ring);
	return NULL;
}

int psnap_io_ring_hold(struct psnap_io_ring *ring, int fd)
{
	int rc = io_uring_register_files(&ring->uring, &fd, 1);

	ring->held = rc == 0;
	return rc;
}

static void give(struct psnap_io_ring *ring, const struct psnap_io_slot *slot)
{
	const struct psnap_io_ring_done done = {
		.offset_bytes = slot->offset_bytes,
		.data = slot->data,
		.len_bytes = slot->len_bytes,
		.result = slot->result,
	};

	ring->done(ring->ctx, &done);
}

static void take_done(struct psnap_io_ring *ring)
{
	const struct psnap_io_slot *oldest;
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&ring->uring, &cqe) == 0) {
		struct psnap_io_slot *slot = io_uring_cqe_get_data(cqe);

		if (slot) {
			ring->under_way--;
			slot->result = cqe->res;
			slot->done = true;
		} else {
			psnap_io_below_done(&ring->below, cqe->res);
		}
		io_uring_cqe_seen(&ring->uring, cqe);
	}
	while ((oldest = psnap_io_slots_oldest(ring->slots)) && oldest->done) {
		give(ring, oldest);
		psnap_io_slots_leave(ring->slots);
	}
}

static bool is_passing(int os_errno)
{
	return os_errno == EINTR || os_errno == EAGAIN || os_errno == EBUSY;
}

static bool is_idle(const struct psnap_io_ring *ring)
{
	return ring->under_way == 0 && !ring->below.asked;
}

/* Hand over what is kept, and wait until a @part th of all is done; 0: not. What
 * was waited for may have come after a call gave up: then there is nothing left
 * to wait for. */
static int hand_over(struct psnap_io_ring *ring, unsigned int part)
{
	unsigned int refusals = 0;
	unsigned int wait = 0;
	int n;

	for (;;) {
		if (part)
			wait = ring->under_way < part ? 1
						      : ring->under_way / part;
		n = io_uring_submit_and_wait(&ring->uring, wait);
		take_done(ring);
		if (is_passing(-n) && is_idle(ring))
			n = 0;
		if (n >= 0 || !is_passing(-n) || ++refusals == REFUSALS_MAX)
			break;
		(void)usleep(PAUSE_US);
	}
	ring->kept_count = 0;
	ring->kept_bytes = 0;
	if (n < 0)
		ring->broken = n;
	return ring->broken;
}

int psnap_io_ring_drain(struct psnap_io_ring *ring)
{
	while (psnap_io_slots_oldest(ring->slots) && !ring->broken)
		(void)hand_over(ring, 1);
	return ring->broken;
}

int psnap_io_ring_finish(struct psnap_io_ring *ring)
{
	while (!is_idle(ring) && !ring->broken)
		(void)hand_over(ring, 1);
	return ring->broken ? ring->broken : -ring->below.failed_errno;
}

/* The new slot; NULL: broken. */
static struct psnap_io_slot *new_slot(struct psnap_io_ring *ring,
				      uint64_t offset_bytes, void *lent,
				      size_t len_bytes)
{
	struct psnap_io_slot *slot = NULL;

	while (!ring->broken &&
	       !(slot = psnap_io_slots_take(ring->slots, offset_bytes, lent,
					    len_bytes)))
		(void)hand_over(ring, FULL_PART);
	return slot;
}

/* There are more than are ever kept. */
static struct io_uring_sqe *new_sqe(struct psnap_io_ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	assert(sqe);
	return sqe;
}

/* Hand it over, if that is enough for a system call. */
static int keep(struct psnap_io_ring *ring, struct io_uring_sqe *sqe,
		struct psnap_io_slot *slot)
{
	io_uring_sqe_set_data(sqe, slot);
	ring->under_way++;
	ring->kept_count++;
	ring->kept_bytes += slot->len_bytes;
	if (ring->kept_count < HAND_OVER_COUNT &&
	    ring->kept_bytes < HAND_OVER_BYTES)
		return 0;
	return hand_over(ring, 0);
}

/* There is no data for a slot. */
static void begin_push(struct psnap_io_ring *ring,
		       const struct psnap_extent *part)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_sync_file_range(
		sqe, ring->below.fd, (unsigned int)part->len_bytes,
		part->offset_bytes, SYNC_FILE_RANGE_WRITE);
	io_uring_sqe_set_data(sqe, NULL);
	ring->kept_count++;
}

static struct psnap_io_slot *new_write(struct psnap_io_ring *ring,
				       uint64_t offset_bytes, void *lent,
				       size_t len_bytes)
{
	if (psnap_io_slots_meet(ring->slots, offset_bytes, len_bytes))
		(void)psnap_io_ring_drain(ring);
	return new_slot(ring, offset_bytes, lent, len_bytes);
}

static int begin_write(struct psnap_io_ring *ring, struct psnap_io_slot *slot)
{
	struct io_uring_sqe *sqe;
	struct psnap_extent part;

	if (psnap_io_below_due(&ring->below, ring->fd, slot->len_bytes, &part))
		begin_push(ring, &part);
	sqe = new_sqe(ring);
	io_uring_prep_write(sqe, ring->fd, slot->data,
			    (unsigned int)slot->len_bytes, slot->offset_bytes);
	return keep(ring, sqe, slot);
}

int psnap_io_ring_write(struct psnap_io_ring *ring, uint64_t offset_bytes,
			const void *data, size_t len_bytes)
{
	struct psnap_io_slot *slot =
		new_write(ring, offset_bytes, NULL, len_bytes);

	if (!slot)
		return ring->broken;
	memcpy(slot->data, data, len_bytes);
	return begin_write(ring, slot);
}

int psnap_io_ring_write_lent(struct psnap_io_ring *ring, uint64_t offset_bytes,
			     const void *data, size_t len_bytes)
{
	/* Nothing that is lent is written to. */
	struct psnap_io_slot *slot = new_write(
		ring, offset_bytes, (void *)(uintptr_t)data, len_bytes);

	return slot ? begin_write(ring, slot) : ring->broken;
}

int psnap_io_ring_settle(struct psnap_io_ring *ring, const void *memory,
			 size_t bytes)
{
	while (!ring->broken && psnap_io_slots_use(ring->slots, memory, bytes))
		(void)hand_over(ring, FULL_PART);
	return ring->broken;
}

int psnap_io_ring_read(struct psnap_io_ring *ring, uint64_t offset_bytes,
		       size_t len_bytes)
{
	struct psnap_io_slot *slot =
		new_slot(ring, offset_bytes, NULL, len_bytes);
	struct io_uring_sqe *sqe;

	if (!slot)
		return ring->broken;
	psnap_io_below_fetch(&ring->below, ring->fd, offset_bytes, len_bytes);
	sqe = new_sqe(ring);
	io_uring_prep_read(sqe, ring->fd, slot->data, (unsigned int)len_bytes,
			   offset_bytes);
	return keep(ring, sqe, slot);
}

void psnap_io_ring_free(struct psnap_io_ring *ring)
{
	if (!ring)
		return;
	/* The system takes its time to release a ring. Of one that is broken
	 * nobody knows what it would wait for. */
	if (ring->held && !ring->broken)
		(void)io_uring_unregister_files(&ring->uring);
	io_uring_queue_exit(&ring->uring);
	psnap_io_below_release(&ring->below);
	psnap_io_slots_free(ring->slots, !ring->broken);
	free(ring);
}
