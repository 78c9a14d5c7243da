/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests under way, by io_uring. One thread puts them in and takes what is done.
 */
#include "io_ring.h"

#include "io_depth.h"
#include "io_places.h"
#include "rooms.h"

#include <assert.h>
#include <errno.h>
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

struct slot {
	uint64_t offset_bytes;
	size_t at;
	size_t len_bytes;
	int result;
	bool done;
};

/*
 * @room:    @room_bytes, taken in a circle
 * @slots:   @slot_count; @used of them from @first on, the oldest first
 * @places:  of those
 * @under_way:  of those, not known to be done, or not handed over yet
 * @kept_count, @kept_bytes:  not handed over yet
 * @held:    a file is, by the system
 * @broken:  a negative errno: what is under way never comes back
 */
struct psnap_io_ring {
	struct io_uring uring;
	int fd;
	psnap_io_ring_done_fn *done;
	void *ctx;
	uint8_t *room;
	size_t room_bytes;
	struct psnap_io_places places;
	unsigned int slot_count;
	unsigned int first;
	unsigned int used;
	unsigned int under_way;
	unsigned int kept_count;
	size_t kept_bytes;
	bool held;
	int broken;
	struct slot slots[];
};

size_t psnap_io_ring_align_bytes(void)
{
	long page_bytes = sysconf(_SC_PAGESIZE);

	return page_bytes > ALIGN_BYTES_MIN ? (size_t)page_bytes
					    : ALIGN_BYTES_MIN;
}

static struct slot *slot_of(struct psnap_io_ring *ring, unsigned int i)
{
	return &ring->slots[(ring->first + i) % ring->slot_count];
}

struct psnap_io_ring *psnap_io_ring_new(int fd, size_t room_bytes,
					psnap_io_ring_done_fn *done, void *ctx)
{
	unsigned int depth = psnap_io_depth(fd);
	struct psnap_io_ring *ring =
		calloc(1, sizeof(*ring) + depth * sizeof(ring->slots[0]));

	if (!ring)
		return NULL;
	ring->slot_count = depth;
	ring->fd = fd;
	ring->done = done;
	ring->ctx = ctx;
	ring->room = psnap_rooms_new(1, room_bytes);
	ring->room_bytes = room_bytes;
	if (!ring->room || io_uring_queue_init(depth, &ring->uring, 0) < 0) {
		free(ring->room);
		free(ring);
		return NULL;
	}
	return ring;
}

int psnap_io_ring_hold(struct psnap_io_ring *ring, int fd)
{
	int rc = io_uring_register_files(&ring->uring, &fd, 1);

	ring->held = rc == 0;
	return rc;
}

static void give_oldest(struct psnap_io_ring *ring)
{
	const struct slot *oldest = slot_of(ring, 0);
	const struct psnap_io_ring_done done = {
		.offset_bytes = oldest->offset_bytes,
		.data = ring->room + oldest->at,
		.len_bytes = oldest->len_bytes,
		.result = oldest->result,
	};

	ring->done(ring->ctx, &done);
	psnap_io_places_remove(&ring->places, oldest->offset_bytes,
			       oldest->len_bytes);
	ring->first = (ring->first + 1) % ring->slot_count;
	ring->used--;
}

static void take_done(struct psnap_io_ring *ring)
{
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&ring->uring, &cqe) == 0) {
		struct slot *slot = io_uring_cqe_get_data(cqe);

		ring->under_way--;
		slot->result = cqe->res;
		slot->done = true;
		io_uring_cqe_seen(&ring->uring, cqe);
	}
	while (ring->used > 0 && slot_of(ring, 0)->done)
		give_oldest(ring);
}

static bool is_passing(int os_errno)
{
	return os_errno == EINTR || os_errno == EAGAIN || os_errno == EBUSY;
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
		if (is_passing(-n) && ring->under_way == 0)
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
	while (ring->used > 0 && !ring->broken)
		(void)hand_over(ring, 1);
	return ring->broken;
}

/* Where @len_bytes are free, or @room_bytes. A circle that is full and one that
 * is empty must differ, so the last byte is never taken. */
static size_t find_room(struct psnap_io_ring *ring, size_t len_bytes)
{
	const struct slot *newest;
	size_t tail;
	size_t head;

	if (ring->used == 0)
		return 0;
	newest = slot_of(ring, ring->used - 1);
	tail = slot_of(ring, 0)->at;
	head = newest->at + newest->len_bytes;
	if (head > tail && len_bytes <= ring->room_bytes - head)
		return head;
	if (head > tail)
		return len_bytes < tail ? 0 : ring->room_bytes;
	return len_bytes < tail - head ? head : ring->room_bytes;
}

static bool is_under_way(struct psnap_io_ring *ring, uint64_t offset_bytes,
			 size_t len_bytes)
{
	unsigned int i;

	if (!psnap_io_places_may_meet(&ring->places, offset_bytes, len_bytes))
		return false;
	for (i = 0; i < ring->used; i++) {
		const struct slot *s = slot_of(ring, i);

		if (offset_bytes < s->offset_bytes + s->len_bytes &&
		    s->offset_bytes < offset_bytes + len_bytes)
			return true;
	}
	return false;
}

/* The new slot, with room; NULL: broken. */
static struct slot *new_slot(struct psnap_io_ring *ring, uint64_t offset_bytes,
			     size_t len_bytes)
{
	struct slot *slot;
	size_t at = ring->room_bytes;

	while (!ring->broken &&
	       (ring->used == ring->slot_count ||
		(at = find_room(ring, len_bytes)) == ring->room_bytes))
		(void)hand_over(ring, FULL_PART);
	if (ring->broken)
		return NULL;
	slot = slot_of(ring, ring->used++);
	*slot = (struct slot){ offset_bytes, at, len_bytes, 0, false };
	psnap_io_places_add(&ring->places, offset_bytes, len_bytes);
	return slot;
}

/* As many as slots, and none is kept that has no slot. */
static struct io_uring_sqe *new_sqe(struct psnap_io_ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	assert(sqe);
	return sqe;
}

/* Hand it over, if that is enough for a system call. */
static int keep(struct psnap_io_ring *ring, struct io_uring_sqe *sqe,
		struct slot *slot)
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

int psnap_io_ring_write(struct psnap_io_ring *ring, uint64_t offset_bytes,
			const void *data, size_t len_bytes)
{
	struct io_uring_sqe *sqe;
	struct slot *slot;

	if (is_under_way(ring, offset_bytes, len_bytes))
		(void)psnap_io_ring_drain(ring);
	slot = new_slot(ring, offset_bytes, len_bytes);
	if (!slot)
		return ring->broken;
	sqe = new_sqe(ring);
	memcpy(ring->room + slot->at, data, len_bytes);
	io_uring_prep_write(sqe, ring->fd, ring->room + slot->at,
			    (unsigned int)len_bytes, offset_bytes);
	return keep(ring, sqe, slot);
}

int psnap_io_ring_read(struct psnap_io_ring *ring, uint64_t offset_bytes,
		       size_t len_bytes)
{
	struct slot *slot = new_slot(ring, offset_bytes, len_bytes);
	struct io_uring_sqe *sqe;

	if (!slot)
		return ring->broken;
	sqe = new_sqe(ring);
	io_uring_prep_read(sqe, ring->fd, ring->room + slot->at,
			   (unsigned int)len_bytes, offset_bytes);
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
	if (!ring->broken)
		free(ring->room);
	free(ring);
}
