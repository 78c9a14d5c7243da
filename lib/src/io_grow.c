/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a file longer, for a store that has become too small. Of a block
 * device nothing is changed: whoever manages it has to lengthen it.
 */
#include "fail.h"

#include <errno.h>
#include <psnap/io.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_grow(struct psnap_error *err, int os_errno, const char *what)
{
	bool full = os_errno == ENOSPC || os_errno == EDQUOT;

	return psnap_fail_errno(err, full ? PSNAP_E_NOSPACE : PSNAP_E_IO,
				os_errno, "%s", what);
}

static int fail_small(const struct psnap_io *io, uint64_t size_bytes,
		      struct psnap_error *err)
{
	if (size_bytes < io->size_bytes)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "has %llu bytes, and %llu are less; nothing "
				  "is cut off",
				  (unsigned long long)io->size_bytes,
				  (unsigned long long)size_bytes);
	return psnap_fail(err, PSNAP_E_RANGE,
			  "is a device of %llu bytes, and %llu are wanted; "
			  "lengthen the device first",
			  (unsigned long long)io->size_bytes,
			  (unsigned long long)size_bytes);
}

static int grow_file(struct psnap_io *io, const struct stat *st,
		     uint64_t size_bytes, struct psnap_error *err)
{
	/* What somebody has put behind the end is not zero, and not ours. */
	if ((uint64_t)st->st_size != io->size_bytes)
		return psnap_fail(err, PSNAP_E_IO,
				  "changed its size while it was open");
	if (size_bytes > (uint64_t)INT64_MAX ||
	    ftruncate(io->fd, (off_t)size_bytes))
		return fail_grow(
			err, size_bytes > (uint64_t)INT64_MAX ? EFBIG : errno,
			"cannot be made longer");
	io->size_bytes = size_bytes;
	/* Before anything is written that relies on it. */
	if (fsync(io->fd))
		return fail_grow(err, errno,
				 "its new length did not reach the disk");
	return 0;
}

int psnap_io_grow(struct psnap_io *io, uint64_t size_bytes,
		  struct psnap_error *err)
{
	struct stat st;

	if (!io->ops->write_some || io->fd < 0)
		return psnap_fail(err, PSNAP_E_API, "is open for reading only");
	if (size_bytes < io->size_bytes)
		return fail_small(io, size_bytes, err);
	if (size_bytes == io->size_bytes)
		return 0;
	if (fstat(io->fd, &st))
		return psnap_fail_errno(err, PSNAP_E_IO, errno,
					"cannot be examined");
	if (!S_ISREG(st.st_mode))
		return fail_small(io, size_bytes, err);
	return grow_file(io, &st, size_bytes, err);
}
