/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io that tells of every write before it happens, with what stands there.
 * What is made of that, a log or a refusal, is its owner's business.
 */
#include <psnap/watch.h>

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>

/* Larger writes are told, and done, in pieces of this size: a multiple of
 * every alignment, so that io.c goes on behind one. */
#define PIECE_BYTES ((size_t)1 << 20)

/*
 * @ops:          without what @inner cannot do
 * @old_bytes:    PIECE_BYTES long
 * @failed_at:    where a piece broke off that was told and partly done; io.c
 *                comes back for the rest, and is given
 * @failed_errno: the reason; 0: none is waiting
 */
struct io_watch {
	struct psnap_io io;
	struct psnap_io_ops ops;
	struct psnap_io *inner;
	psnap_watch_fn *watch;
	void *ctx;
	uint8_t *old_bytes;
	uint64_t failed_at;
	int failed_errno;
};

static struct io_watch *watch_of(struct psnap_io *io)
{
	return (struct io_watch *)(void *)io;
}

static int64_t watch_read_some(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	struct psnap_io *inner = watch_of(io)->inner;

	return inner->ops->read_some(inner, offset_bytes, buf, len_bytes);
}

/* One write is told once, however many short ones it takes. */
static int64_t watch_write_some(struct psnap_io *io, uint64_t offset_bytes,
				const void *buf, size_t len_bytes)
{
	struct io_watch *w = watch_of(io);
	size_t len = (size_t)min_u64(len_bytes, PIECE_BYTES);
	struct psnap_error err = { 0 };
	int waiting = w->failed_errno;
	bool known;

	w->failed_errno = 0;
	if (waiting && w->failed_at == offset_bytes)
		return -(int64_t)waiting;
	known = psnap_io_read(w->inner, offset_bytes, w->old_bytes, len,
			      NULL) == 0;
	if (w->watch(w->ctx, offset_bytes, known ? w->old_bytes : NULL, buf,
		     len) < 0)
		return -ECANCELED;
	if (psnap_io_write(w->inner, offset_bytes, buf, len, &err) == 0)
		return (int64_t)len;
	w->failed_errno = err.os_errno ? err.os_errno : EIO;
	if (err.code == PSNAP_E_NOMEM)
		w->failed_errno = ENOMEM;
	w->failed_at = err.offset_bytes;
	if (err.has_offset && err.offset_bytes > offset_bytes)
		return (int64_t)(err.offset_bytes - offset_bytes);
	waiting = w->failed_errno;
	w->failed_errno = 0;
	return -(int64_t)waiting;
}

static int watch_sync(struct psnap_io *io)
{
	struct psnap_io *inner = watch_of(io)->inner;

	return inner->ops->sync(inner);
}

static void watch_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	struct psnap_io *inner = watch_of(io)->inner;

	if (inner->ops->prefetch)
		inner->ops->prefetch(inner, offset_bytes, len_bytes);
}

static void watch_forget(struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes)
{
	psnap_io_forget(watch_of(io)->inner, offset_bytes, len_bytes);
}

static uint64_t watch_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	return psnap_io_next_data(watch_of(io)->inner, offset_bytes);
}

static int watch_prepare(struct psnap_io *io,
			 const struct psnap_extent *extents, size_t count,
			 struct psnap_error *err)
{
	return psnap_io_prepare(watch_of(io)->inner, extents, count, err);
}

static int watch_close(struct psnap_io *io)
{
	struct io_watch *w = watch_of(io);

	free(w->old_bytes);
	free(w);
	return 0;
}

static const struct psnap_io_ops watch_ops = {
	.read_some = watch_read_some,
	.write_some = watch_write_some,
	.sync = watch_sync,
	.prefetch = watch_prefetch,
	.forget = watch_forget,
	.next_data = watch_next_data,
	.prepare = watch_prepare,
	.close = watch_close,
};

int psnap_io_open_watch(struct psnap_io *inner, psnap_watch_fn *watch,
			void *ctx, struct psnap_io **io,
			struct psnap_error *err)
{
	struct io_watch *w = calloc(1, sizeof(*w));

	*io = NULL;
	if (!w)
		return psnap_fail_nomem(err, "watching writes");
	w->old_bytes = malloc(PIECE_BYTES);
	if (!w->old_bytes) {
		free(w);
		return psnap_fail_nomem(err, "watching writes");
	}
	w->ops = watch_ops;
	if (!inner->ops->write_some)
		w->ops.write_some = NULL;
	if (!inner->ops->sync)
		w->ops.sync = NULL;
	w->io = *inner;
	w->io.ops = &w->ops;
	w->inner = inner;
	w->watch = watch;
	w->ctx = ctx;
	*io = &w->io;
	return 0;
}
