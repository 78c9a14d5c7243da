/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool whose work is to read. Threads touch nothing but descriptors: the io,
 * which is not made for several threads, is asked beforehand where a piece
 * stands.
 */
#include "io_ahead.h"

#include "fail.h"
#include "pool.h"
#include "reopen.h"
#include "rooms.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Enough for a disk that is far away, and little enough not to make one with
 * heads seek. */
#define THREADS 8u
#define PIECES	12u
/* As many more are being written, when they need not be copied for that. */
#define LENT_PIECES 12u
/* What every device takes that is read past the page cache. */
#define DIRECT_ALIGN_BYTES 4096u

/*
 * @rooms:  @room_count for pieces, used in turn, the next is @room; no fewer
 *          than can be read at a time
 * @fd, @direct_fd:  the same file; the second past the page cache, or -1
 */
struct psnap_ahead {
	struct psnap_ahead_options o;
	struct psnap_pool *pool;
	uint8_t *rooms;
	unsigned int room_count;
	unsigned int room;
	bool lent;
	int fd;
	int direct_fd;
};

/* A job of the pool, in its @in; at @at_bytes of the file, unless @elsewhere. */
struct order {
	uint64_t offset_bytes;
	uint64_t at_bytes;
	size_t len_bytes;
	uint8_t *to;
	bool elsewhere;
};

static bool read_whole(int fd, const struct order *order)
{
	size_t done = 0;

	while (done < order->len_bytes) {
		ssize_t n = pread(fd, order->to + done, order->len_bytes - done,
				  (off_t)(order->at_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* A sector that cannot be read is not asked for again: the caller will. */
static bool read_piece(const struct psnap_ahead *a, const struct order *order)
{
	if (a->direct_fd < 0 ||
	    (order->at_bytes | order->len_bytes) % DIRECT_ALIGN_BYTES != 0)
		return read_whole(a->fd, order);
	return read_whole(a->direct_fd, order) ||
	       (errno == EINVAL && read_whole(a->fd, order));
}

static int work(void *ctx, void *worker, struct psnap_pool_job *job,
		struct psnap_error *err)
{
	const struct psnap_ahead *a = ctx;
	const struct order *order = (const void *)job->in;

	(void)worker;
	(void)err;
	job->out_bytes = 0;
	if (!order->elsewhere && read_piece(a, order))
		job->out_bytes = order->len_bytes;
	return 0;
}

static int result(void *ctx, const struct psnap_pool_job *job,
		  struct psnap_error *err)
{
	const struct psnap_ahead *a = ctx;
	const struct order *order = (const void *)job->in;
	const struct psnap_ahead_piece piece = {
		.offset_bytes = order->offset_bytes,
		.len_bytes = order->len_bytes,
		.tag = job->tag,
		.data = job->out_bytes ? order->to : NULL,
	};

	return a->o.take(a->o.ctx, &piece, err);
}

static size_t rooms_bytes(const struct psnap_ahead *a)
{
	return a->room_count * psnap_rooms_step_bytes(a->o.piece_bytes);
}

static int open_pool(struct psnap_ahead *a, struct psnap_error *err)
{
	const struct psnap_pool_options options = {
		.threads = THREADS,
		.in_room_bytes = sizeof(struct order),
		.memory_bytes = PIECES * sizeof(struct order),
		.work = work,
		.result = result,
		.ctx = a,
	};

	a->room_count = PIECES + (a->o.to ? LENT_PIECES : 0);
	a->rooms = psnap_rooms_new(a->room_count, a->o.piece_bytes);
	if (!a->rooms)
		return psnap_fail_nomem(err, "reading ahead");
	return psnap_pool_open(&options, &a->pool, err);
}

/* What is of no use is never touched, and takes no memory. */
static void lend_rooms(struct psnap_ahead *a)
{
	a->lent = a->o.to && psnap_io_lend(a->o.to, a->rooms, rooms_bytes(a));
	if (!a->lent)
		a->room_count = PIECES;
}

int psnap_ahead_open(const struct psnap_ahead_options *options,
		     struct psnap_ahead **ahead, struct psnap_error *err)
{
	struct psnap_io_source source;
	struct psnap_ahead *a;
	int rc;

	*ahead = NULL;
	if (options->io->size_bytes == 0 ||
	    !psnap_io_source(options->io, 0, &source))
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "is not something that threads can read");
	a = calloc(1, sizeof(*a));
	if (!a)
		return psnap_fail_nomem(err, "reading ahead");
	a->o = *options;
	a->fd = source.fd;
	rc = open_pool(a, err);
	if (rc) {
		free(a->rooms);
		free(a);
		return rc;
	}
	lend_rooms(a);
	a->direct_fd = psnap_reopen(a->fd, O_RDONLY | O_DIRECT);
	*ahead = a;
	return 0;
}

/* Those in between were taken: of this one at most some writes are left. Return:
 * false: it cannot be had again. */
static bool next_room(struct psnap_ahead *a, uint8_t **room)
{
	*room = a->rooms + a->room * psnap_rooms_step_bytes(a->o.piece_bytes);
	a->room = (a->room + 1) % a->room_count;
	return !a->lent || psnap_io_settle(a->o.to, *room, a->o.piece_bytes);
}

int psnap_ahead_read(struct psnap_ahead *ahead, uint64_t offset_bytes,
		     size_t len_bytes, uint64_t tag, struct psnap_error *err)
{
	struct psnap_io_source source = { .fd = -1 };
	struct psnap_pool_job *job;
	struct order *order;
	int rc = psnap_pool_get(ahead->pool, &job, err);

	if (rc)
		return rc;
	order = (void *)job->in;
	order->elsewhere =
		!next_room(ahead, &order->to) ||
		!psnap_io_source(ahead->o.io, offset_bytes, &source) ||
		source.fd != ahead->fd || source.len_bytes < len_bytes;
	order->offset_bytes = offset_bytes;
	order->at_bytes = source.offset_bytes;
	order->len_bytes = len_bytes;
	job->tag = tag;
	psnap_pool_put(ahead->pool);
	return 0;
}

int psnap_ahead_finish(struct psnap_ahead *ahead, struct psnap_error *err)
{
	return psnap_pool_finish(ahead->pool, err);
}

/* Return: false: the system may yet read what was lent. */
static bool settle_all(struct psnap_ahead *a)
{
	bool settled = psnap_io_settle(a->o.to, a->rooms, rooms_bytes(a));

	(void)psnap_io_lend(a->o.to, NULL, 0);
	return settled;
}

void psnap_ahead_close(struct psnap_ahead *ahead)
{
	if (!ahead)
		return;
	psnap_pool_close(ahead->pool);
	if (!ahead->lent || settle_all(ahead))
		free(ahead->rooms);
	if (ahead->direct_fd >= 0)
		close(ahead->direct_fd);
	free(ahead);
}
