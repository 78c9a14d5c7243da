/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newfile.c and newfile_io.c, with a system that fails when a test wants it
 * to.
 */
#ifndef PSNAP_TEST_NEWFILE_FAKED_H
#define PSNAP_TEST_NEWFILE_FAKED_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the next flush of a file, of a directory, the next creation and the next
 * change of size to something answer; 0 asks the system. */
static int file_errno;
static int dir_errno;
static int create_errno;
static int size_errno;
static bool no_memory;

static inline int fake_fsync(int fd)
{
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	errno = is_dir ? dir_errno : file_errno;
	return errno ? -1 : fsync(fd);
}

static inline int fake_openat(int dir_fd, const char *name, int flags,
			      mode_t mode)
{
	errno = create_errno;
	return errno ? -1 : openat(dir_fd, name, flags, mode);
}

static inline int fake_ftruncate(int fd, off_t size_bytes)
{
	errno = size_bytes > 0 ? size_errno : 0;
	return errno ? -1 : ftruncate(fd, size_bytes);
}

static inline void *fake_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : calloc(count, size);
}

#define fsync	  fake_fsync
#define openat	  fake_openat
#define ftruncate fake_ftruncate
#define calloc	  fake_calloc
#include "../../lib/src/newfile.c"
#include "../../lib/src/newfile_io.c"
#undef fsync
#undef openat
#undef ftruncate
#undef calloc

#endif
