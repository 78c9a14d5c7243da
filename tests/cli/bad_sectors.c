/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk with bad sectors, as a library to be preloaded: reads of the file
 * $BAD_FILE that begin in one of the ranges $BAD_BYTES ("4096-8192 65536-66048",
 * in order) fail with EIO, and those that run into one end before it, as the
 * kernel's do.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef ssize_t pread_fn(int, void *, size_t, off64_t);

static int is_bad_file(int fd)
{
	const char *path = getenv("BAD_FILE");
	struct stat bad;
	struct stat st;

	return path && stat(path, &bad) == 0 && fstat(fd, &st) == 0 &&
	       bad.st_dev == st.st_dev && bad.st_ino == st.st_ino;
}

/* How much of [offset, offset + len) can be read; 0: nothing. */
static size_t readable(size_t len, off64_t offset)
{
	const char *text = getenv("BAD_BYTES");
	char *end;

	while (text && *text) {
		off64_t start = strtoll(text, &end, 10);
		off64_t stop = strtoll(end + 1, &end, 10);

		if (offset < stop && offset + (off64_t)len > start)
			return offset < start ? (size_t)(start - offset) : 0;
		text = end;
	}
	return len;
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
	static pread_fn *next;

	if (!next)
		next = (pread_fn *)dlsym(RTLD_NEXT, "pread64");
	if (is_bad_file(fd)) {
		len = readable(len, offset);
		if (len == 0) {
			errno = EIO;
			return -1;
		}
	}
	return next(fd, buf, len, offset);
}
