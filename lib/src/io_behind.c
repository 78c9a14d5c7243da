/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io whose writes go on behind its caller. The page cache and what goes past
 * it do not know of each other while it is under way: nothing is read or written
 * through the one before the other is done.
 */
#include <psnap/behind.h>

#include "checked.h"
#include "fail.h"
#include "io_file.h"
#include "io_ring.h"
#include "io_room.h"
#include "reopen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written before it begins, or announced before room is made for it: for less it
 * is not worth it. */
#define BEGIN_BYTES (UINT64_C(1) << 20)
#define ROOM_BYTES  ((size_t)8 << 20)
/* A longer write is cut; a multiple of every sector. */
#define WRITE_BYTES_MAX ((size_t)1 << 20)

/*
 * @ordinary_bytes:  written through @inner, until it begins
 * @end_bytes:       of the file, as far as is known
 * @ring:            NULL: not begun, or not possible
 * @lent, @lent_bytes:  what need not be copied
 * @failed_errno:    of what could not be written at all; every flush fails
 */
struct io_behind {
	struct psnap_io io;
	struct psnap_io_ops ops;
	struct psnap_io *inner;
	uint64_t ordinary_bytes;
	uint64_t end_bytes;
	struct psnap_io_ring *ring;
	int direct_fd;
	size_t align_bytes;
	bool refused;
	const uint8_t *lent;
	size_t lent_bytes;
	int failed_errno;
};

static struct io_behind *behind_of(struct psnap_io *io)
{
	return (struct io_behind *)(void *)io;
}

static void note_failure(struct io_behind *b, int os_errno)
{
	if (b->failed_errno == 0)
		b->failed_errno = os_errno ? os_errno : EIO;
}

/* Nothing else is under way in its place, and the page cache has nothing of it:
 * what it keeps until the flush, the flush tells of. */
static void write_again(void *ctx, const struct psnap_io_ring_done *done)
{
	struct io_behind *b = ctx;
	struct psnap_error err = { 0 };

	if (done->result == (int)done->len_bytes)
		return;
	/* Not a disk's failure: it will not take any of them. */
	if (done->result == -EINVAL || done->result == -EOPNOTSUPP)
		b->refused = true;
	if (psnap_io_write(b->inner, done->offset_bytes, done->data,
			   done->len_bytes, &err))
		note_failure(b, err.os_errno);
}

/* Finding room for a hole takes the file system long, one at a time. */
static bool has_holes(const struct stat *st)
{
	return (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size;
}

static bool look_at_file(struct io_behind *b)
{
	struct stat st;

	b->end_bytes = b->inner->size_bytes;
	if (fstat(b->inner->fd, &st))
		return false;
	if (S_ISBLK(st.st_mode))
		return true;
	b->end_bytes = (uint64_t)st.st_size;
	return !has_holes(&st);
}

static void begin(struct io_behind *b)
{
	b->refused = !look_at_file(b);
	if (b->refused)
		return;
	b->direct_fd = psnap_reopen(b->inner->fd, O_WRONLY | O_DIRECT);
	if (b->direct_fd >= 0)
		b->ring = psnap_io_ring_new(b->direct_fd, ROOM_BYTES,
					    write_again, b);
	/* It has the lock, which is there for what is under way, too. */
	if (b->ring && psnap_io_ring_hold(b->ring, b->inner->fd)) {
		psnap_io_ring_free(b->ring);
		b->ring = NULL;
	}
	b->refused = !b->ring;
}

/* Return: 0, or a negative errno. */
static int drain(struct io_behind *b)
{
	int rc = b->ring ? psnap_io_ring_drain(b->ring) : 0;

	if (rc)
		note_failure(b, -rc);
	return -b->failed_errno;
}

/* Behind the end of a file each would wait for the one before. */
static bool goes_behind(struct io_behind *b, uint64_t offset_bytes,
			size_t len_bytes)
{
	if (!b->ring && !b->refused && b->ordinary_bytes >= BEGIN_BYTES)
		begin(b);
	return b->ring && !b->refused &&
	       (offset_bytes | len_bytes) % b->align_bytes == 0 &&
	       offset_bytes <= b->end_bytes &&
	       len_bytes <= b->end_bytes - offset_bytes;
}

/* The disk may take memory no better than it takes offsets. */
static bool is_lent(const struct io_behind *b, const void *buf,
		    size_t len_bytes)
{
	uintptr_t at = (uintptr_t)buf;
	/* Of what lies in front, more than any memory has. */
	uintptr_t skip = at - (uintptr_t)b->lent;

	return at % b->align_bytes == 0 && skip <= b->lent_bytes &&
	       len_bytes <= b->lent_bytes - skip;
}

static int64_t behind_write_some(struct psnap_io *io, uint64_t offset_bytes,
				 const void *buf, size_t len_bytes)
{
	struct io_behind *b = behind_of(io);
	size_t len = (size_t)min_u64(len_bytes, WRITE_BYTES_MAX);
	int rc;

	if (!goes_behind(b, offset_bytes, len)) {
		rc = drain(b);
		b->ordinary_bytes += len_bytes;
		return rc ? rc
			  : b->inner->ops->write_some(b->inner, offset_bytes,
						      buf, len_bytes);
	}
	if (is_lent(b, buf, len))
		rc = psnap_io_ring_write_lent(b->ring, offset_bytes, buf, len);
	else
		rc = psnap_io_ring_write(b->ring, offset_bytes, buf, len);
	if (rc)
		note_failure(b, -rc);
	return rc ? rc : (int64_t)len;
}

static int64_t behind_read_some(struct psnap_io *io, uint64_t offset_bytes,
				void *buf, size_t len_bytes)
{
	struct io_behind *b = behind_of(io);
	int rc = drain(b);

	return rc ? rc
		  : b->inner->ops->read_some(b->inner, offset_bytes, buf,
					     len_bytes);
}

static int behind_sync(struct psnap_io *io)
{
	struct io_behind *b = behind_of(io);
	int rc = b->ring ? psnap_io_ring_finish(b->ring) : 0;

	if (rc)
		note_failure(b, -rc);
	rc = -b->failed_errno;
	if (rc == 0)
		rc = b->inner->ops->sync(b->inner);
	/* Of a device Linux keeps what somebody else read while it was being
	 * overwritten, and would show it as what stands there. */
	if (b->ring)
		psnap_io_forget(b->inner, 0, b->inner->size_bytes);
	return rc;
}

/* The page cache would take what is being overwritten. */
static void behind_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			    uint64_t len_bytes)
{
	struct io_behind *b = behind_of(io);

	if (drain(b) == 0)
		b->inner->ops->prefetch(b->inner, offset_bytes, len_bytes);
}

static void behind_forget(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	psnap_io_forget(behind_of(io)->inner, offset_bytes, len_bytes);
}

static uint64_t behind_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_behind *b = behind_of(io);

	(void)drain(b);
	return psnap_io_next_data(b->inner, offset_bytes);
}

/* Of what lies behind the end of a file, there is room for much of it first. */
static int behind_prepare(struct psnap_io *io,
			  const struct psnap_extent *extents, size_t count,
			  struct psnap_error *err)
{
	struct io_behind *b = behind_of(io);
	uint64_t end_bytes = 0;
	size_t i;

	for (i = 0; i < count; i++)
		end_bytes = max_u64(end_bytes, extents[i].offset_bytes +
						       extents[i].len_bytes);
	if (!b->refused &&
	    psnap_io_make_room(b->inner->fd, end_bytes, BEGIN_BYTES))
		b->end_bytes = end_bytes;
	return psnap_io_prepare(b->inner, extents, count, err);
}

/* For whoever reads there without this knowing of it. */
static bool behind_source(struct psnap_io *io, uint64_t offset_bytes,
			  struct psnap_io_source *source)
{
	struct io_behind *b = behind_of(io);

	return drain(b) == 0 && psnap_io_source(b->inner, offset_bytes, source);
}

static int behind_punch(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	struct io_behind *b = behind_of(io);
	int rc = drain(b);

	return rc ? rc
		  : b->inner->ops->punch(b->inner, offset_bytes, len_bytes);
}

static bool behind_lend(struct psnap_io *io, const void *memory, size_t bytes)
{
	struct io_behind *b = behind_of(io);

	b->lent = memory;
	b->lent_bytes = memory ? bytes : 0;
	return true;
}

static bool behind_settle(struct psnap_io *io, const void *memory, size_t bytes)
{
	struct io_behind *b = behind_of(io);
	int rc = b->ring ? psnap_io_ring_settle(b->ring, memory, bytes) : 0;

	if (rc)
		note_failure(b, -rc);
	return rc == 0;
}

static int behind_close(struct psnap_io *io)
{
	struct io_behind *b = behind_of(io);
	int failed = drain(b);
	int rc;

	psnap_io_ring_free(b->ring);
	if (b->direct_fd >= 0)
		close(b->direct_fd);
	rc = b->inner->ops->close(b->inner);
	free(b);
	return failed ? failed : rc;
}

static const struct psnap_io_ops behind_ops = {
	.read_some = behind_read_some,
	.write_some = behind_write_some,
	.sync = behind_sync,
	.prefetch = behind_prefetch,
	.forget = behind_forget,
	.next_data = behind_next_data,
	.source = behind_source,
	.punch = behind_punch,
	.lend = behind_lend,
	.settle = behind_settle,
	.close = behind_close,
};

int psnap_io_write_behind(struct psnap_io **io, struct psnap_error *err)
{
	struct io_behind *b;

	/* Of a wrapper, what it is there for would be passed by. */
	if (!psnap_io_file_is_writable(*io))
		return psnap_fail(err, PSNAP_E_API,
				  "is not a file that is open for writing");
	b = calloc(1, sizeof(*b));
	if (!b)
		return psnap_fail_nomem(err, "writing");
	b->inner = *io;
	b->direct_fd = -1;
	b->align_bytes = (size_t)max_u64(psnap_io_ring_align_bytes(),
					 b->inner->align_bytes);
	b->io = *b->inner;
	b->ops = behind_ops;
	/* Others have nothing to announce, and need not make lists of it. */
	if (b->inner->size_bytes == (uint64_t)INT64_MAX)
		b->ops.prepare = behind_prepare;
	b->io.ops = &b->ops;
	*io = &b->io;
	return 0;
}
