/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The misbehaving io. No production code knows of it.
 */
#include "io_fault.h"

#include "fail.h"

#include <errno.h>
#include <string.h>

static struct io_fault *fault_of(struct psnap_io *io)
{
	return (struct io_fault *)(void *)io;
}

/* Count a call; is it one that misbehaves? */
static bool hit(struct io_fault *f, enum io_fault_op op)
{
	bool is_op = op == f->fail_op;
	uint64_t at = f->calls[f->fail_op];

	f->calls[op]++;
	f->reads = f->calls[IO_FAULT_READ];
	if (is_op)
		at++;
	if (f->fail_at == 0 || at < f->fail_at)
		return false;
	if (!(is_op && at == f->fail_at) && !(is_op && f->sticky) && !f->gone)
		return false;
	f->faults++;
	return true;
}

static bool is_bad(const struct io_fault *f, uint64_t offset_bytes,
		   size_t len_bytes)
{
	return f->bad_start < f->bad_end && offset_bytes < f->bad_end &&
	       offset_bytes + len_bytes > f->bad_start;
}

/* Some of @len_bytes, but for what cannot be divided. */
static size_t part(const struct io_fault *f, size_t len_bytes)
{
	size_t half = len_bytes / 2 + 1;

	return half < len_bytes && half >= f->io.align_bytes ? half : len_bytes;
}

/* What reads and writes have in common; true: -EINTR is the answer. */
static bool enter(struct io_fault *f, uint64_t offset_bytes, size_t *len_bytes)
{
	if (((offset_bytes | *len_bytes) & (f->io.align_bytes - 1u)) != 0)
		f->misaligned++;
	f->eintr_given = f->eintr_each && !f->eintr_given;
	if (f->short_bytes && *len_bytes > f->short_bytes)
		*len_bytes = f->short_bytes;
	return f->eintr_given;
}

static int64_t fault_read_some(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	struct io_fault *f = fault_of(io);
	bool is_hit;

	if (enter(f, offset_bytes, &len_bytes))
		return -EINTR;
	is_hit = hit(f, IO_FAULT_READ);
	if (!is_hit && is_bad(f, offset_bytes, len_bytes)) {
		f->faults++;
		return f->bad_errno ? -f->bad_errno : -f->os_errno;
	}
	if (is_hit && f->os_errno)
		return -f->os_errno;
	if (is_hit)
		len_bytes = part(f, len_bytes);
	return f->inner->ops->read_some(f->inner, offset_bytes, buf, len_bytes);
}

static void note_change(struct io_fault *f)
{
	if (f->watch && f->watch->flush_failed)
		f->watch->later++;
}

static int64_t fault_write_some(struct psnap_io *io, uint64_t offset_bytes,
				const void *buf, size_t len_bytes)
{
	struct io_fault *f = fault_of(io);

	note_change(f);
	if (enter(f, offset_bytes, &len_bytes))
		return -EINTR;
	if (!hit(f, IO_FAULT_WRITE))
		return f->inner->ops->write_some(f->inner, offset_bytes, buf,
						 len_bytes);
	if (f->os_errno == 0)
		return f->inner->ops->write_some(f->inner, offset_bytes, buf,
						 part(f, len_bytes));
	/* A sector is written or not. */
	if (f->torn && part(f, len_bytes) >= 512)
		(void)f->inner->ops->write_some(f->inner, offset_bytes, buf,
						part(f, len_bytes) &
							~(size_t)511);
	return -f->os_errno;
}

static int fault_sync(struct psnap_io *io)
{
	struct io_fault *f = fault_of(io);

	note_change(f);
	if (!hit(f, IO_FAULT_SYNC) || f->os_errno == 0)
		return f->inner->ops->sync(f->inner);
	if (f->watch)
		f->watch->flush_failed = true;
	return -f->os_errno;
}

static int fault_prepare(struct psnap_io *io,
			 const struct psnap_extent *extents, size_t count,
			 struct psnap_error *err)
{
	struct io_fault *f = fault_of(io);

	if (!hit(f, IO_FAULT_PREPARE) || f->os_errno == 0)
		return psnap_io_prepare(f->inner, extents, count, err);
	return psnap_fail_errno(
		err, f->os_errno == ENOSPC ? PSNAP_E_NOSPACE : PSNAP_E_IO,
		f->os_errno, "what will be overwritten cannot be saved");
}

static void fault_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	struct io_fault *f = fault_of(io);

	f->prefetches++;
	if (len_bytes > f->prefetch_bytes_max)
		f->prefetch_bytes_max = len_bytes;
	psnap_io_prefetch(f->inner, offset_bytes, len_bytes);
}

static void fault_forget(struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes)
{
	struct io_fault *f = fault_of(io);

	f->forgets++;
	psnap_io_forget(f->inner, offset_bytes, len_bytes);
}

static uint64_t fault_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	return psnap_io_next_data(fault_of(io)->inner, offset_bytes);
}

static int fault_close(struct psnap_io *io)
{
	struct io_fault *f = fault_of(io);

	return hit(f, IO_FAULT_CLOSE) ? -f->os_errno : 0;
}

static const struct psnap_io_ops fault_ops = {
	.read_some = fault_read_some,
	.prefetch = fault_prefetch,
	.forget = fault_forget,
	.next_data = fault_next_data,
	.close = fault_close,
};

static const struct psnap_io_ops fault_write_ops = {
	.read_some = fault_read_some,
	.write_some = fault_write_some,
	.sync = fault_sync,
	.prefetch = fault_prefetch,
	.forget = fault_forget,
	.next_data = fault_next_data,
	.prepare = fault_prepare,
	.close = fault_close,
};

void io_fault_init(struct io_fault *fault, struct psnap_io *inner,
		   uint32_t align_bytes)
{
	memset(fault, 0, sizeof(*fault));
	fault->io.ops = inner->ops->write_some ? &fault_write_ops : &fault_ops;
	fault->io.name = inner->name;
	fault->io.size_bytes = inner->size_bytes;
	fault->io.align_bytes = align_bytes;
	fault->io.fd = -1;
	fault->inner = inner;
	fault->os_errno = EIO;
}

void io_fault_init_bad(struct io_fault *fault, struct psnap_io *inner,
		       uint64_t start_bytes, uint64_t end_bytes)
{
	io_fault_init(fault, inner, 1);
	fault->bad_start = start_bytes;
	fault->bad_end = end_bytes;
}
