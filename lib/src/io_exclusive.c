/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening for writing, alone. What guards what: O_EXCL is granted by the kernel
 * for a block device that nothing mounts, swaps on or holds; regular files have
 * no such thing, so other psnaps are kept out by a lock, and loop devices and
 * swap are looked for. All of it on the descriptor that does the writing.
 */
#include "io_file.h"

#include "fail.h"
#include "use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <psnap/locate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a psnap that was killed had begun to write holds its lock or claim until
 * it is done (psnap_io_ring_hold()). "Run the same command again" is to work. */
#define WAIT_US	  50000u
#define WAITS_MAX 20u

static int refuse(void *ctx, const struct psnap_use *use)
{
	struct psnap_error *err = ctx;

	switch (use->kind) {
	case PSNAP_USE_MOUNTED:
		return psnap_fail(err, PSNAP_E_BUSY,
				  "is mounted on %s; unmount it first",
				  use->detail);
	case PSNAP_USE_SWAP:
		return psnap_fail(err, PSNAP_E_BUSY,
				  "is in use as swap; turn that off first");
	case PSNAP_USE_HOLDER:
	case PSNAP_USE_SNAPSHOT:
		return psnap_fail(err, PSNAP_E_BUSY,
				  "is held by %s; deactivate that first",
				  use->detail);
	case PSNAP_USE_LOOP:
		return psnap_fail(err, PSNAP_E_BUSY,
				  "is behind %s; detach that first",
				  use->detail);
	}
	return PSNAP_E_BUSY;
}

/* Somebody by name is a better message than "busy". */
static int refuse_used(struct psnap_io *io, struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	int rc = psnap_use_list(io, refuse, &why, &why);

	if (rc && err)
		*err = why;
	return rc;
}

/* Opened without O_EXCL only to say who has it; 0: nobody that has a name. */
static int name_holder(const char *path, struct psnap_error *err)
{
	struct psnap_io *io;
	int rc = psnap_io_open(path, &io, err);

	if (rc)
		return rc;
	rc = refuse_used(io, err);
	(void)psnap_io_close(io, NULL);
	return rc;
}

/* False: it has been long enough. */
static bool wait_a_little(unsigned int *waits)
{
	(void)usleep(WAIT_US);
	return ++*waits < WAITS_MAX;
}

static int open_claimed(const char *path, struct psnap_io **io,
			struct psnap_error *err)
{
	unsigned int waits = 0;
	int rc;

	do {
		rc = psnap_io_file_open(path, O_RDWR | O_EXCL, io, err);
		if (rc != PSNAP_E_BUSY)
			return rc;
		rc = name_holder(path, err);
		if (rc)
			return rc;
	} while (wait_a_little(&waits));
	return psnap_fail(err, PSNAP_E_BUSY,
			  "is in use: mounted, or held by another program or "
			  "device");
}

static int lock_file(int fd, struct psnap_error *err)
{
	unsigned int waits = 0;

	do {
		/* File systems without locks exist; then there is none to
		 * respect. */
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return 0;
	} while (wait_a_little(&waits));
	return psnap_fail(err, PSNAP_E_BUSY, "another psnap is at work on it");
}

/* Linux opens a device that was set read-only for writing, and only the writes
 * fail: half-way is too late. */
static int refuse_read_only(const struct psnap_io *io, struct psnap_error *err)
{
	int read_only = 0;

	if (ioctl(io->fd, BLKROGET, &read_only) || !read_only)
		return 0;
	return psnap_fail(err, PSNAP_E_UNSUPPORTED,
			  "is set read-only; blockdev --setrw makes it "
			  "writable, if that is wanted");
}

/*
 * After a flush that failed the cache may hold, as if they were on the disk,
 * pages that never got there: Linux marks them clean. Nobody may go on from
 * them, so everything is read from the disk again.
 */
static void drop_cache(const struct psnap_io *io)
{
	(void)posix_fadvise(io->fd, 0, 0, POSIX_FADV_DONTNEED);
}

int psnap_io_open_exclusive(const char *path, struct psnap_io **io,
			    struct psnap_error *err)
{
	int rc;

	*io = NULL;
	rc = open_claimed(path, io, err);
	if (rc)
		return rc;
	rc = lock_file((*io)->fd, err);
	if (rc == 0)
		rc = refuse_used(*io, err);
	if (rc == 0)
		rc = refuse_read_only(*io, err);
	if (rc) {
		(void)psnap_io_close(*io, NULL);
		*io = NULL;
		return rc;
	}
	drop_cache(*io);
	return 0;
}

/* The name of a file that was just created must survive a power cut too; it is
 * where a symbolic link points. */
static int sync_directory(const char *path, struct psnap_error *err)
{
	char *real = realpath(path, NULL);
	int rc = 0;
	int fd;

	if (!real)
		return psnap_fail_errno(err, PSNAP_E_IO, errno,
					"its directory cannot be found");
	*strrchr(real, '/') = '\0';
	fd = open(*real ? real : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: there is no such thing on this file system. */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		rc = psnap_fail_errno(err, PSNAP_E_IO, errno,
				      "its directory cannot be flushed");
	if (fd >= 0)
		close(fd);
	free(real);
	return rc;
}

int psnap_io_open_growing(const char *path, struct psnap_io **io,
			  struct psnap_error *err)
{
	struct stat st;
	int rc;

	*io = NULL;
	rc = psnap_io_file_open(path, O_RDWR | O_CREAT, io, err);
	if (rc)
		return rc;
	if (fstat((*io)->fd, &st) || !S_ISREG(st.st_mode))
		rc = psnap_fail(err, PSNAP_E_UNSUPPORTED,
				"is not a regular file");
	if (rc == 0)
		rc = lock_file((*io)->fd, err);
	if (rc == 0)
		rc = refuse_used(*io, err);
	if (rc == 0)
		rc = sync_directory(path, err);
	if (rc) {
		(void)psnap_io_close(*io, NULL);
		*io = NULL;
		return rc;
	}
	drop_cache(*io);
	(*io)->size_bytes = INT64_MAX;
	return 0;
}
