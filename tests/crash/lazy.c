/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes go through; what a flush does is the caller's choice.
 */
#include "lazy.h"

static int64_t lazy_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			 size_t len_bytes)
{
	struct lazy *l = (struct lazy *)(void *)io;

	return l->inner->ops->read_some(l->inner, offset_bytes, buf, len_bytes);
}

static int64_t lazy_write(struct psnap_io *io, uint64_t offset_bytes,
			  const void *buf, size_t len_bytes)
{
	struct lazy *l = (struct lazy *)(void *)io;

	return l->inner->ops->write_some(l->inner, offset_bytes, buf,
					 len_bytes);
}

static int lazy_sync(struct psnap_io *io)
{
	struct lazy *l = (struct lazy *)(void *)io;
	int rc = 0;
	int i;

	for (i = 0; i < 2 && rc == 0; i++)
		if (l->flushed[i])
			rc = l->flushed[i]->ops->sync(l->flushed[i]);
	return rc;
}

void lazy_init(struct lazy *l, struct psnap_io *inner, struct psnap_io *first,
	       struct psnap_io *second)
{
	l->inner = inner;
	l->flushed[0] = first;
	l->flushed[1] = second;
	l->io = *inner;
	l->ops = (struct psnap_io_ops){ .read_some = lazy_read,
					.write_some = lazy_write,
					.sync = lazy_sync };
	l->io.ops = &l->ops;
}
