/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io of no bytes. Undo files have it in place of an origin under the name of
 * the file that holds nothing.
 */
#include "nothing.h"

#include <errno.h>

/* io.c asks for nothing outside the io, and nothing is inside. */
static int64_t nothing_read_some(struct psnap_io *io, uint64_t offset_bytes,
				 void *buf, size_t len_bytes)
{
	(void)io;
	(void)offset_bytes;
	(void)buf;
	(void)len_bytes;
	return 0;
}

static int64_t nothing_write_some(struct psnap_io *io, uint64_t offset_bytes,
				  const void *buf, size_t len_bytes)
{
	(void)io;
	(void)offset_bytes;
	(void)buf;
	(void)len_bytes;
	return -ENOSPC;
}

static int nothing_sync(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static int nothing_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops nothing_ops = {
	.read_some = nothing_read_some,
	.write_some = nothing_write_some,
	.sync = nothing_sync,
	.close = nothing_close,
};

struct psnap_io *psnap_nothing(void)
{
	static struct psnap_io nothing = {
		.ops = &nothing_ops,
		.name = "/dev/null",
		.align_bytes = 1,
		.fd = -1,
	};

	return &nothing;
}
