/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing: the counterpart of io.c for ios that were opened for it.
 */
#include <psnap/io.h>

#include "checked.h"
#include "fail.h"
#include "io_common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fail_write(struct psnap_error *err, int os_errno,
		      uint64_t offset_bytes)
{
	int rc;

	if (os_errno == ENOMEM)
		return psnap_fail_nomem(err, "writing");
	rc = psnap_fail_io(err, os_errno, offset_bytes, "cannot write");
	if (os_errno != ENOSPC && os_errno != EDQUOT)
		return rc;
	if (err)
		err->code = PSNAP_E_NOSPACE;
	return PSNAP_E_NOSPACE;
}

static int write_aligned(struct psnap_io *io, uint64_t offset_bytes,
			 const void *buf, size_t len_bytes,
			 struct psnap_error *err)
{
	const uint8_t *from = buf;
	unsigned int interruptions = 0;

	while (len_bytes > 0) {
		int64_t n =
			io->ops->write_some(io, offset_bytes, from, len_bytes);

		if (n == -EINTR && ++interruptions < PSNAP_IO_EINTR_LIMIT)
			continue;
		if (n < 0)
			return fail_write(err, (int)-n, offset_bytes);
		if ((uint64_t)n > len_bytes)
			return psnap_fail_at(err, PSNAP_E_API, offset_bytes,
					     "wrote more than was asked for");
		/* As for reads: go on from a sector boundary. */
		if ((uint64_t)n < len_bytes)
			n -= n % (int64_t)io->align_bytes;
		if (n == 0)
			return fail_write(err, EIO, offset_bytes);
		from += n;
		offset_bytes += (uint64_t)n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* Part of one sector: read it, change it, write it whole. */
static int write_part(struct psnap_io *io, uint8_t *sector,
		      uint64_t offset_bytes, const void *buf, size_t len_bytes,
		      struct psnap_error *err)
{
	uint64_t skip = offset_bytes & (io->align_bytes - 1u);
	uint64_t start = offset_bytes - skip;
	int rc = psnap_io_read(io, start, sector, io->align_bytes, err);

	if (rc)
		return rc;
	memcpy(sector + skip, buf, len_bytes);
	return write_aligned(io, start, sector, io->align_bytes, err);
}

static int write_misaligned(struct psnap_io *io, uint64_t offset_bytes,
			    const void *buf, size_t len_bytes,
			    struct psnap_error *err)
{
	size_t sector_bytes = io->align_bytes;
	const uint8_t *from = buf;
	uint8_t *sector;
	int rc = 0;

	sector = malloc(sector_bytes);
	if (!sector)
		return psnap_fail_nomem(err, "writing part of a sector");
	while (len_bytes > 0 && rc == 0) {
		size_t skip = (size_t)(offset_bytes & (sector_bytes - 1));
		size_t n = sector_bytes - skip;

		if (n > len_bytes)
			n = len_bytes;
		if (skip == 0 && len_bytes >= sector_bytes) {
			n = len_bytes - len_bytes % sector_bytes;
			rc = write_aligned(io, offset_bytes, from, n, err);
		} else {
			rc = write_part(io, sector, offset_bytes, from, n, err);
		}
		from += n;
		offset_bytes += n;
		len_bytes -= n;
	}
	free(sector);
	return rc;
}

int psnap_io_write(struct psnap_io *io, uint64_t offset_bytes, const void *buf,
		   size_t len_bytes, struct psnap_error *err)
{
	int rc;

	if (!io->ops->write_some)
		return psnap_fail(err, PSNAP_E_API, "is open for reading only");
	rc = psnap_io_check_range(io, offset_bytes, len_bytes, err);
	if (rc)
		return rc;
	if (((offset_bytes | len_bytes) & (io->align_bytes - 1u)) == 0)
		return write_aligned(io, offset_bytes, buf, len_bytes, err);
	return write_misaligned(io, offset_bytes, buf, len_bytes, err);
}

int psnap_io_prepare(struct psnap_io *io, const struct psnap_extent *extents,
		     size_t count, struct psnap_error *err)
{
	return io->ops->prepare ? io->ops->prepare(io, extents, count, err) : 0;
}

bool psnap_io_lend(struct psnap_io *io, const void *memory, size_t bytes)
{
	/* Who lends would not hear when it may use the memory again. */
	return io->ops->lend && io->ops->settle &&
	       io->ops->lend(io, memory, bytes);
}

bool psnap_io_settle(struct psnap_io *io, const void *memory, size_t bytes)
{
	return !io->ops->settle || io->ops->settle(io, memory, bytes);
}

int psnap_io_punch(struct psnap_io *io, uint64_t offset_bytes,
		   uint64_t len_bytes, struct psnap_error *err)
{
	int rc = psnap_io_check_range(io, offset_bytes, len_bytes, err);

	if (rc)
		return rc;
	rc = -EOPNOTSUPP;
	if (io->ops->punch &&
	    ((offset_bytes | len_bytes) & (io->align_bytes - 1u)) == 0)
		rc = io->ops->punch(io, offset_bytes, len_bytes);
	if (rc == 0)
		return 0;
	if (rc == -EOPNOTSUPP || rc == -ENODEV || rc == -ENOSYS ||
	    rc == -EINVAL || rc == -EPERM)
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "cannot give blocks back");
	return psnap_fail_io(err, -rc, offset_bytes, "cannot write zeros");
}

int psnap_io_sync(struct psnap_io *io, struct psnap_error *err)
{
	int rc;

	if (!io->ops->sync)
		return psnap_fail(err, PSNAP_E_API, "is open for reading only");
	rc = io->ops->sync(io);
	if (rc == 0)
		return 0;
	return psnap_fail_errno(err,
				rc == -ENOSPC || rc == -EDQUOT ? PSNAP_E_NOSPACE
							       : PSNAP_E_IO,
				-rc, "what was written did not reach the disk");
}
