/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The misbehaving io. No production code knows of it.
 */
#include "io_fault.h"

#include <errno.h>
#include <string.h>

static bool must_fail(const struct io_fault *f, uint64_t offset_bytes,
		      size_t len_bytes)
{
	if (f->fail_at &&
	    (f->reads == f->fail_at || (f->sticky && f->reads > f->fail_at)))
		return true;
	return f->bad_start < f->bad_end && offset_bytes < f->bad_end &&
	       offset_bytes + len_bytes > f->bad_start;
}

static int64_t fault_read_some(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	struct io_fault *f = (struct io_fault *)(void *)io;

	if (((offset_bytes | len_bytes) & (io->align_bytes - 1u)) != 0)
		f->misaligned++;
	f->eintr_given = f->eintr_each && !f->eintr_given;
	if (f->eintr_given)
		return -EINTR;
	f->reads++;
	if (f->short_bytes && len_bytes > f->short_bytes)
		len_bytes = f->short_bytes;
	if (must_fail(f, offset_bytes, len_bytes)) {
		f->faults++;
		return -f->os_errno;
	}
	return f->inner->ops->read_some(f->inner, offset_bytes, buf, len_bytes);
}

static void fault_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	struct io_fault *f = (struct io_fault *)(void *)io;

	f->prefetches++;
	if (len_bytes > f->prefetch_bytes_max)
		f->prefetch_bytes_max = len_bytes;
	psnap_io_prefetch(f->inner, offset_bytes, len_bytes);
}

static uint64_t fault_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_fault *f = (struct io_fault *)(void *)io;

	return psnap_io_next_data(f->inner, offset_bytes);
}

static int fault_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops fault_ops = {
	.read_some = fault_read_some,
	.prefetch = fault_prefetch,
	.next_data = fault_next_data,
	.close = fault_close,
};

void io_fault_init(struct io_fault *fault, struct psnap_io *inner,
		   uint32_t align_bytes)
{
	memset(fault, 0, sizeof(*fault));
	fault->io.ops = &fault_ops;
	fault->io.name = inner->name;
	fault->io.size_bytes = inner->size_bytes;
	fault->io.align_bytes = align_bytes;
	fault->io.fd = -1;
	fault->inner = inner;
	fault->os_errno = EIO;
}
