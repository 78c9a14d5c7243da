/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new file as an io, so that what writes to devices can write to it too. The
 * file stays newfile.c's: it is closed, named and removed there.
 */
#include "newfile_internal.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <psnap/io.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t new_read_some(struct psnap_io *io, uint64_t offset_bytes,
			     void *buf, size_t len_bytes)
{
	ssize_t n = pread(io->fd, buf, len_bytes, (off_t)offset_bytes);

	return n < 0 ? -(int64_t)errno : (int64_t)n;
}

static int64_t new_write_some(struct psnap_io *io, uint64_t offset_bytes,
			      const void *buf, size_t len_bytes)
{
	ssize_t n = pwrite(io->fd, buf, len_bytes, (off_t)offset_bytes);

	return n < 0 ? -(int64_t)errno : (int64_t)n;
}

static int new_sync(struct psnap_io *io)
{
	return fsync(io->fd) ? -errno : 0;
}

static void new_forget(struct psnap_io *io, uint64_t offset_bytes,
		       uint64_t len_bytes)
{
	(void)posix_fadvise(io->fd, (off_t)offset_bytes, (off_t)len_bytes,
			    POSIX_FADV_DONTNEED);
}

/* Old file systems answer with an error: then all is data. */
static uint64_t new_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	off_t found = lseek(io->fd, (off_t)offset_bytes, SEEK_DATA);

	if (found >= 0)
		return (uint64_t)found;
	return errno == ENXIO ? io->size_bytes : offset_bytes;
}

static int new_close(struct psnap_io *io)
{
	free(io);
	return 0;
}

static const struct psnap_io_ops new_ops = {
	.read_some = new_read_some,
	.write_some = new_write_some,
	.sync = new_sync,
	.forget = new_forget,
	.next_data = new_next_data,
	.close = new_close,
};

static int fail_size(struct psnap_error *err, int os_errno, uint64_t size_bytes)
{
	enum psnap_err code = PSNAP_E_IO;

	if (os_errno == EFBIG)
		code = PSNAP_E_UNSUPPORTED;
	else if (os_errno == ENOSPC || os_errno == EDQUOT)
		code = PSNAP_E_NOSPACE;
	return psnap_fail_errno(err, code, os_errno,
				"cannot be made %llu bytes long",
				(unsigned long long)size_bytes);
}

int psnap_newfile_allocate(struct psnap_newfile *file, uint64_t size_bytes,
			   struct psnap_error *err)
{
	if (size_bytes == 0 ||
	    fallocate(psnap_newfile_fd(file), 0, 0, (off_t)size_bytes) == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOSYS)
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "its file system cannot reserve blocks");
	return psnap_fail_errno(err,
				errno == ENOSPC || errno == EDQUOT
					? PSNAP_E_NOSPACE
					: PSNAP_E_IO,
				errno, "%llu bytes cannot be reserved",
				(unsigned long long)size_bytes);
}

int psnap_newfile_io(struct psnap_newfile *file, uint64_t size_bytes,
		     struct psnap_io **io, struct psnap_error *err)
{
	int fd = psnap_newfile_fd(file);

	*io = NULL;
	if (size_bytes > (uint64_t)INT64_MAX)
		return fail_size(err, EFBIG, size_bytes);
	/* By way of nothing: what was written before is no hole. */
	if (ftruncate(fd, 0) || ftruncate(fd, (off_t)size_bytes))
		return fail_size(err, errno, size_bytes);
	*io = calloc(1, sizeof(**io));
	if (!*io)
		return psnap_fail_nomem(err, "creating a file");
	(*io)->ops = &new_ops;
	(*io)->name = psnap_newfile_path(file);
	(*io)->size_bytes = size_bytes;
	(*io)->align_bytes = 1;
	(*io)->fd = fd;
	return 0;
}

int psnap_newfile_io_growing(struct psnap_newfile *file, struct psnap_io **io,
			     struct psnap_error *err)
{
	int rc = psnap_newfile_io(file, 0, io, err);

	if (rc == 0 && *io)
		(*io)->size_bytes = (uint64_t)INT64_MAX;
	return rc;
}
