/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that writes behind its caller over a file, and over an io_uring that
 * fails on demand. Includes what it tests.
 */
#ifndef PSNAP_TEST_BEHIND_SCENE_H
#define PSNAP_TEST_BEHIND_SCENE_H

#include <psnap/behind.h>

#define ABOVE_RING "../../lib/src/io_behind.c"
#include "ring_faults.h"

#include "files.h"
#include "random.h"
#include "test.h"

#define FILE_BYTES ((size_t)10 << 20)

static uint8_t wanted[FILE_BYTES];
static uint8_t found[FILE_BYTES];
/* A file without holes, unless it is to have some. */
static inline struct psnap_io *new_io(bool holes)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct psnap_io *io = NULL;

	memset(&faults, 0, sizeof(faults));
	fill_random(wanted, sizeof(wanted));
	if (holes)
		memset(wanted, 0, sizeof(wanted));
	T_OK(fd >= 0 && ftruncate(fd, FILE_BYTES) == 0 &&
		     (holes || pwrite(fd, wanted, FILE_BYTES, 0) ==
				       (ssize_t)FILE_BYTES) &&
		     fsync(fd) == 0,
	     "a file");
	close(fd);
	T_EQ_I64(psnap_io_open_exclusive("file", &io, NULL), 0);
	T_EQ_I64(psnap_io_write_behind(&io, NULL), 0);
	return io;
}

static inline int put(struct psnap_io *io, size_t at, size_t len)
{
	fill_random(wanted + at, len);
	return psnap_io_write(io, at, wanted + at, len, NULL);
}

/* What it takes for it to begin. */
static inline void put_first(struct psnap_io *io)
{
	T_EQ_I64(put(io, 0, BEGIN_BYTES), 0);
}

/* By another description, as another program would. */
static inline bool is_there(void)
{
	int fd = open("file", O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 &&
		    pread(fd, found, FILE_BYTES, 0) == (ssize_t)FILE_BYTES &&
		    memcmp(found, wanted, FILE_BYTES) == 0;

	close(fd);
	return same;
}

/* As many, one behind the other. */
static inline void put_some(struct psnap_io *io, size_t count)
{
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < count; i++)
		failed += put(io, i * 4096, 4096) != 0;
	T_EQ_U64(failed, 0);
}

/* False where the file system knows nothing but the page cache. */
static inline bool can_begin(void)
{
	struct psnap_io *io = new_io(false);
	bool can;

	put_first(io);
	T_EQ_I64(put(io, 0, 4096), 0);
	can = behind_of(io)->ring;
	T_OK(can || !system_goes_past(), "begun, where the system can");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "begun or not");
	return can;
}

/* @test is for where it can begin. Not in /tmp, which may be in memory. */
static inline int behind_main(void (*test)(void))
{
	char dir[] = "/var/tmp/psnap-behind-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	if (can_begin())
		test();
	dir_remove(dir);
	return T_DONE();
}

#endif
