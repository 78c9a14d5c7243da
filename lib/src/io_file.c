/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular files and block devices, opened read-only. Size and sector size come
 * from probe.c; who else uses the device is use.c's business.
 */
#include "io_file.h"

#include "checked.h"
#include "fail.h"
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what was written, so much at most waits in memory for the flush to begin
 * with it. Less would keep a disk with heads from sorting it. */
#define WAITING_BYTES_MAX (UINT64_C(16) << 20)

/*
 * @waiting_bytes:  written since the system was last told to begin
 */
struct io_file {
	struct psnap_io io;
	char *name;
	uint64_t waiting_bytes;
};

static int64_t file_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	ssize_t n = pread(io->fd, buf, len_bytes, (off_t)offset_bytes);

	return n < 0 ? -(int64_t)errno : (int64_t)n;
}

/* Failure is ignored: without the hint the read is merely slower. */
static void file_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	(void)posix_fadvise(io->fd, (off_t)offset_bytes, (off_t)len_bytes,
			    POSIX_FADV_WILLNEED);
}

static void file_forget(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	(void)posix_fadvise(io->fd, (off_t)offset_bytes, (off_t)len_bytes,
			    POSIX_FADV_DONTNEED);
}

/* Block devices and old file systems answer with an error: all is data. */
static uint64_t file_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	off_t found = lseek(io->fd, (off_t)offset_bytes, SEEK_DATA);

	if (found >= 0)
		return (uint64_t)found;
	return errno == ENXIO ? io->size_bytes : offset_bytes;
}

static bool file_source(struct psnap_io *io, uint64_t offset_bytes,
			struct psnap_io_source *source)
{
	source->fd = io->fd;
	source->offset_bytes = offset_bytes;
	source->len_bytes = io->size_bytes - offset_bytes;
	return true;
}

static int file_close(struct psnap_io *io)
{
	struct io_file *file = (struct io_file *)(void *)io;
	int rc = close(io->fd) ? -errno : 0;

	free(file->name);
	free(file);
	return rc;
}

static const struct psnap_io_ops file_ops = {
	.read_some = file_read_some,
	.prefetch = file_prefetch,
	.forget = file_forget,
	.next_data = file_next_data,
	.source = file_source,
	.close = file_close,
};

/*
 * The disk is to write while the next is read, or one of them always waits.
 * Durable is nothing before file_sync(), which also tells of what failed here:
 * without a flag to wait the call leaves errors of the disk to it.
 */
static void begin_writing(struct io_file *file, size_t len_bytes)
{
	file->waiting_bytes += len_bytes;
	if (file->waiting_bytes < WAITING_BYTES_MAX)
		return;
	file->waiting_bytes = 0;
	(void)sync_file_range(file->io.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static int64_t file_write_some(struct psnap_io *io, uint64_t offset_bytes,
			       const void *buf, size_t len_bytes)
{
	struct io_file *file = (struct io_file *)(void *)io;
	ssize_t n = pwrite(io->fd, buf, len_bytes, (off_t)offset_bytes);

	if (n < 0)
		return -(int64_t)errno;
	begin_writing(file, (size_t)n);
	return (int64_t)n;
}

static int file_sync(struct psnap_io *io)
{
	struct io_file *file = (struct io_file *)(void *)io;

	file->waiting_bytes = 0;
	return fsync(io->fd) ? -errno : 0;
}

/* Of a device the kernel grants it only if zeros can be read afterwards. */
static int file_punch(struct psnap_io *io, uint64_t offset_bytes,
		      uint64_t len_bytes)
{
	return fallocate(io->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)offset_bytes, (off_t)len_bytes)
		       ? -errno
		       : 0;
}

static const struct psnap_io_ops file_write_ops = {
	.read_some = file_read_some,
	.write_some = file_write_some,
	.sync = file_sync,
	.prefetch = file_prefetch,
	.forget = file_forget,
	.next_data = file_next_data,
	.source = file_source,
	.punch = file_punch,
	.close = file_close,
};

bool psnap_io_file_is_writable(const struct psnap_io *io)
{
	return io->ops == &file_write_ops;
}

static const char *unusable_kind(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a pipe";
	if (S_ISCHR(mode))
		return "a character device";
	if (S_ISSOCK(mode))
		return "a socket";
	return NULL;
}

static int refuse_kind(mode_t mode, struct psnap_error *err)
{
	const char *kind = unusable_kind(mode);

	if (!kind)
		return 0;
	return psnap_fail(err, PSNAP_E_UNSUPPORTED,
			  "is %s, not a file or block device", kind);
}

static int fail_open(int os_errno, struct psnap_error *err)
{
	int code = PSNAP_E_IO;

	if (os_errno == ENOENT || os_errno == ENOTDIR)
		code = PSNAP_E_NOT_FOUND;
	else if (os_errno == EBUSY)
		code = PSNAP_E_BUSY;
	return psnap_fail_errno(err, code, os_errno, "cannot open");
}

/*
 * Looked at before it is opened: opening alone starts a watchdog and rewinds a
 * tape. And once more on the descriptor, for what came in between; O_NONBLOCK
 * so that a FIFO that did cannot make the open wait for ever.
 */
static int open_checked(const char *path, int flags, int *fd, bool *is_block,
			struct psnap_error *err)
{
	struct stat st;
	int rc = stat(path, &st) ? errno : 0;

	if (rc && !(rc == ENOENT && flags & O_CREAT))
		return fail_open(rc, err);
	if (rc == 0) {
		rc = refuse_kind(st.st_mode, err);
		if (rc)
			return rc;
		/* It guards block devices, and means nothing to files. */
		if (!S_ISBLK(st.st_mode))
			flags &= ~O_EXCL;
	}
	*fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (*fd < 0)
		return fail_open(errno, err);
	if (fstat(*fd, &st))
		return psnap_fail_errno(err, PSNAP_E_IO, errno,
					"cannot be examined");
	*is_block = S_ISBLK(st.st_mode);
	return refuse_kind(st.st_mode, err);
}

static int file_init(struct io_file *file, const char *path, int fd,
		     bool is_block, struct psnap_error *err)
{
	uint32_t sector_bytes = 0;
	int rc;

	rc = psnap_probe_size(fd, &file->io.size_bytes, &sector_bytes, err);
	if (rc)
		return rc;
	if (file->io.size_bytes > (uint64_t)INT64_MAX)
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "is larger than 2^63 bytes");
	/* A file may end anywhere; only a device insists on whole sectors. */
	file->io.align_bytes = 1;
	if (is_block && is_power_of_two_u64(sector_bytes) &&
	    sector_bytes <= PSNAP_IO_ALIGN_BYTES_MAX &&
	    file->io.size_bytes % sector_bytes == 0)
		file->io.align_bytes = sector_bytes;
	file->name = strdup(path);
	if (!file->name)
		return psnap_fail_nomem(err, "opening a file");
	file->io.ops = &file_ops;
	file->io.name = file->name;
	file->io.fd = fd;
	return 0;
}

int psnap_io_open(const char *path, struct psnap_io **io,
		  struct psnap_error *err)
{
	return psnap_io_file_open(path, O_RDONLY, io, err);
}

int psnap_io_file_open(const char *path, int flags, struct psnap_io **io,
		       struct psnap_error *err)
{
	struct io_file *file = NULL;
	bool is_block = false;
	int fd = -1;
	int rc;

	*io = NULL;
	rc = open_checked(path, flags, &fd, &is_block, err);
	if (rc)
		goto fail;
	file = calloc(1, sizeof(*file));
	if (!file) {
		rc = psnap_fail_nomem(err, "opening a file");
		goto fail;
	}
	rc = file_init(file, path, fd, is_block, err);
	if (rc)
		goto fail;
	if ((flags & O_ACCMODE) != O_RDONLY)
		file->io.ops = &file_write_ops;
	*io = &file->io;
	return 0;

fail:
	free(file);
	if (fd >= 0)
		close(fd);
	return rc;
}
