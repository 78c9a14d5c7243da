/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every io has in common: bounds, short reads, EINTR, alignment, the size
 * of prefetch steps. Backends stay dumb.
 */
#include <psnap/io.h>

#include "checked.h"
#include "fail.h"
#include "io_common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Linux cuts a longer WILLNEED down to the device's readahead without a word. */
#define PREFETCH_STEP_BYTES ((size_t)128 << 10)

int psnap_io_check_range(const struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes, struct psnap_error *err)
{
	if (offset_bytes <= io->size_bytes &&
	    len_bytes <= io->size_bytes - offset_bytes)
		return 0;
	return psnap_fail_at(err, PSNAP_E_RANGE, offset_bytes,
			     "%llu bytes from here reach past the end at "
			     "byte %llu",
			     (unsigned long long)len_bytes,
			     (unsigned long long)io->size_bytes);
}

static int read_aligned(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes, struct psnap_error *err)
{
	uint8_t *to = buf;
	unsigned int interruptions = 0;

	while (len_bytes > 0) {
		int64_t n = io->ops->read_some(io, offset_bytes, to, len_bytes);

		if (n == -EINTR && ++interruptions < PSNAP_IO_EINTR_LIMIT)
			continue;
		if (n == -ENOMEM)
			return psnap_fail_nomem(err, "reading");
		if (n < 0)
			return psnap_fail_io(err, (int)-n, offset_bytes,
					     "cannot read");
		if (n == 0)
			return psnap_fail_at(err, PSNAP_E_TRUNCATED,
					     offset_bytes,
					     "became shorter while being read");
		if ((uint64_t)n > len_bytes)
			return psnap_fail_at(err, PSNAP_E_API, offset_bytes,
					     "read more than was asked for");
		/* A short read that breaks the alignment cannot be continued
		 * in place on a device, so go back to the boundary. */
		if ((uint64_t)n < len_bytes)
			n -= n % (int64_t)io->align_bytes;
		if (n == 0)
			return psnap_fail_io(err, EIO, offset_bytes,
					     "cannot read a whole sector");
		to += n;
		offset_bytes += (uint64_t)n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* One piece through a buffer of whole sectors; @len_bytes may be any number
 * that stays inside the buffer. */
static int read_bounced(struct psnap_io *io, uint8_t *bounce,
			size_t bounce_bytes, uint64_t offset_bytes, void *buf,
			size_t len_bytes, struct psnap_error *err)
{
	uint64_t skip = offset_bytes & (io->align_bytes - 1u);
	uint64_t start = offset_bytes - skip;
	uint64_t span = min_u64(bounce_bytes, io->size_bytes - start);
	int rc;

	rc = read_aligned(io, start, bounce, (size_t)span, err);
	if (rc)
		return rc;
	memcpy(buf, bounce + skip, len_bytes);
	return 0;
}

static int read_misaligned(struct psnap_io *io, uint64_t offset_bytes,
			   void *buf, size_t len_bytes, struct psnap_error *err)
{
	size_t sector = io->align_bytes;
	uint8_t *bounce;
	uint8_t *to = buf;
	int rc = 0;

	bounce = malloc(sector);
	if (!bounce)
		return psnap_fail_nomem(err, "reading part of a sector");
	while (len_bytes > 0 && rc == 0) {
		size_t skip = (size_t)(offset_bytes & (sector - 1));
		size_t n = sector - skip;

		if (n > len_bytes)
			n = len_bytes;
		if (skip == 0 && len_bytes >= sector) {
			n = len_bytes - len_bytes % sector;
			rc = read_aligned(io, offset_bytes, to, n, err);
		} else {
			rc = read_bounced(io, bounce, sector, offset_bytes, to,
					  n, err);
		}
		to += n;
		offset_bytes += n;
		len_bytes -= n;
	}
	free(bounce);
	return rc;
}

int psnap_io_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
		  size_t len_bytes, struct psnap_error *err)
{
	int rc = psnap_io_check_range(io, offset_bytes, len_bytes, err);

	if (rc)
		return rc;
	if (((offset_bytes | len_bytes) & (io->align_bytes - 1u)) == 0)
		return read_aligned(io, offset_bytes, buf, len_bytes, err);
	return read_misaligned(io, offset_bytes, buf, len_bytes, err);
}

void psnap_io_prefetch(struct psnap_io *io, uint64_t offset_bytes,
		       uint64_t len_bytes)
{
	uint64_t end_bytes;

	if (!io->ops->prefetch || offset_bytes >= io->size_bytes)
		return;
	end_bytes = offset_bytes +
		    min_u64(len_bytes, io->size_bytes - offset_bytes);
	while (offset_bytes < end_bytes) {
		uint64_t step =
			min_u64(PREFETCH_STEP_BYTES, end_bytes - offset_bytes);

		io->ops->prefetch(io, offset_bytes, step);
		offset_bytes += step;
	}
}

void psnap_io_forget(struct psnap_io *io, uint64_t offset_bytes,
		     uint64_t len_bytes)
{
	if (io->ops->forget && len_bytes > 0)
		io->ops->forget(io, offset_bytes, len_bytes);
}

uint64_t psnap_io_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	uint64_t found;

	if (offset_bytes >= io->size_bytes)
		return io->size_bytes;
	if (!io->ops->next_data)
		return offset_bytes;
	found = io->ops->next_data(io, offset_bytes);
	return min_u64(found, io->size_bytes);
}

bool psnap_io_source(struct psnap_io *io, uint64_t offset_bytes,
		     struct psnap_io_source *source)
{
	return io->ops->source && offset_bytes < io->size_bytes &&
	       io->ops->source(io, offset_bytes, source);
}

int psnap_io_close(struct psnap_io *io, struct psnap_error *err)
{
	int rc;

	if (!io)
		return 0;
	rc = io->ops->close(io);
	if (rc < 0)
		return psnap_fail_errno(err, PSNAP_E_IO, -rc, "closing failed");
	return 0;
}
