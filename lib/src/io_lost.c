/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io of which some ranges are lost: an image of a disk has zeros there, or a
 * hole, which would be taken for the end of a table or for data. With this they
 * are what they were on the disk: bad sectors.
 */
#include <psnap/salvage.h>

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>

struct io_lost {
	struct psnap_io io;
	struct psnap_io *inner;
	struct psnap_extents *lost;
};

static struct io_lost *lost_of(struct psnap_io *io)
{
	return (struct io_lost *)(void *)io;
}

/* The first byte of [start, end) that is lost; @end_bytes if none is. */
static uint64_t first_lost(struct io_lost *l, uint64_t start_bytes,
			   uint64_t end_bytes)
{
	const struct psnap_extent *e = psnap_extents_find(l->lost, start_bytes);

	if (!e || e->offset_bytes >= end_bytes)
		return end_bytes;
	return e->offset_bytes > start_bytes ? e->offset_bytes : start_bytes;
}

static int64_t lost_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct io_lost *l = lost_of(io);
	uint64_t end = first_lost(l, offset_bytes, offset_bytes + len_bytes);
	uint64_t len = end - offset_bytes;

	/* A sector is lost as a whole. */
	len -= len % io->align_bytes;
	if (len == 0)
		return -EIO;
	return l->inner->ops->read_some(l->inner, offset_bytes, buf,
					(size_t)len);
}

static void lost_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	psnap_io_prefetch(lost_of(io)->inner, offset_bytes, len_bytes);
}

static void lost_forget(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	psnap_io_forget(lost_of(io)->inner, offset_bytes, len_bytes);
}

static uint64_t lost_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_lost *l = lost_of(io);

	return first_lost(l, offset_bytes,
			  psnap_io_next_data(l->inner, offset_bytes));
}

static int lost_close(struct psnap_io *io)
{
	struct io_lost *l = lost_of(io);
	int rc = l->inner->ops->close(l->inner);

	free(l);
	return rc;
}

static const struct psnap_io_ops lost_ops = {
	.read_some = lost_read_some,
	.prefetch = lost_prefetch,
	.forget = lost_forget,
	.next_data = lost_next_data,
	.close = lost_close,
};

int psnap_io_open_lost(struct psnap_io *inner, struct psnap_extents *lost,
		       struct psnap_io **io, struct psnap_error *err)
{
	struct io_lost *l = calloc(1, sizeof(*l));

	*io = NULL;
	if (!l)
		return psnap_fail_nomem(err, "opening an image");
	l->io = *inner;
	l->io.ops = &lost_ops;
	l->inner = inner;
	l->lost = lost;
	*io = &l->io;
	return 0;
}
