/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a file longer: what is new is zero, nothing is cut off, a device stays
 * as it is, and every failure is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the next change of size, flush or look at a file answers; 0 asks the
 * system. */
static int size_errno;
static int flush_errno;
static int stat_errno;
static mode_t pretended_mode;
static unsigned int flushes;

static int fake_ftruncate(int fd, off_t size_bytes)
{
	errno = size_errno;
	return errno ? -1 : ftruncate(fd, size_bytes);
}

static int fake_fsync(int fd)
{
	flushes++;
	errno = flush_errno;
	return errno ? -1 : fsync(fd);
}

static int fake_fstat(int fd, struct stat *st)
{
	int rc;

	errno = stat_errno;
	rc = errno ? -1 : fstat(fd, st);
	if (rc == 0 && pretended_mode)
		st->st_mode = pretended_mode;
	return rc;
}

#define ftruncate fake_ftruncate
#define fsync	  fake_fsync
#define fstat	  fake_fstat
#include "../../lib/src/io_grow.c"
#undef ftruncate
#undef fsync
#undef fstat

#include "test.h"

#define OLD_BYTES 6000u

static struct psnap_io *make(const char *name)
{
	uint8_t bytes[OLD_BYTES];
	struct psnap_io *io = NULL;
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(bytes, 0xa5, sizeof(bytes));
	T_EQ_I64(write(fd, bytes, sizeof(bytes)), OLD_BYTES);
	close(fd);
	T_EQ_I64(psnap_io_open_exclusive(name, &io, NULL), 0);
	return io;
}

static uint64_t size_of(const char *name)
{
	struct stat st = { 0 };

	return stat(name, &st) ? UINT64_MAX : (uint64_t)st.st_size;
}

static void refused(struct psnap_io *io, uint64_t size_bytes, int want,
		    const char *text)
{
	struct psnap_error err = { 0 };
	uint64_t before = size_of("file");

	T_EQ_I64(psnap_io_grow(io, size_bytes, &err), want);
	T_OK(err.code == want && strstr(err.message, text), "%s", err.message);
	T_EQ_I64(psnap_io_grow(io, size_bytes, NULL), want);
	T_EQ_U64(size_of("file"), before);
	T_EQ_U64(io->size_bytes, before);
}

static void test_grows(struct psnap_io *io)
{
	uint8_t bytes[20000];
	unsigned int odd = 0;
	size_t i;

	flushes = 0;
	T_EQ_I64(psnap_io_grow(io, sizeof(bytes), NULL), 0);
	T_EQ_U64(flushes, 1);
	T_EQ_U64(io->size_bytes, sizeof(bytes));
	T_EQ_U64(size_of("file"), sizeof(bytes));
	T_EQ_I64(psnap_io_read(io, 0, bytes, sizeof(bytes), NULL), 0);
	for (i = 0; i < sizeof(bytes); i++)
		odd += bytes[i] != (i < OLD_BYTES ? 0xa5 : 0);
	T_EQ_U64(odd, 0);
	T_EQ_I64(psnap_io_write(io, sizeof(bytes) - 1, "x", 1, NULL), 0);
	/* As long as it is: nothing to do, and no flush. */
	T_EQ_I64(psnap_io_grow(io, sizeof(bytes), NULL), 0);
	T_EQ_U64(flushes, 1);
}

static void test_refused(struct psnap_io *io)
{
	struct psnap_io *memory = NULL;
	struct psnap_io *reader = NULL;

	refused(io, io->size_bytes - 1, PSNAP_E_RANGE, "nothing is cut off");
	refused(io, 0, PSNAP_E_RANGE, "nothing is cut off");
	T_EQ_I64(psnap_io_open("file", &reader, NULL), 0);
	if (reader)
		refused(reader, io->size_bytes + 1, PSNAP_E_API, "reading");
	psnap_io_close(reader, NULL);
	T_EQ_I64(psnap_io_open_memory("x", 1, 1, &memory, NULL), 0);
	if (memory)
		T_EQ_I64(psnap_io_grow(memory, 2, NULL), PSNAP_E_API);
	psnap_io_close(memory, NULL);
}

static void test_device(struct psnap_io *io)
{
	pretended_mode = S_IFBLK | 0600;
	refused(io, io->size_bytes + 1, PSNAP_E_RANGE, "lengthen the device");
	T_EQ_I64(psnap_io_grow(io, io->size_bytes, NULL), 0);
	pretended_mode = 0;
}

static void test_fails(struct psnap_io *io)
{
	static const struct {
		int os_errno;
		int want;
	} cases[] = { { ENOSPC, PSNAP_E_NOSPACE },
		      { EDQUOT, PSNAP_E_NOSPACE },
		      { EFBIG, PSNAP_E_IO },
		      { EIO, PSNAP_E_IO } };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_errno = cases[i].os_errno;
		refused(io, io->size_bytes + 1, cases[i].want, "made longer");
		size_errno = 0;
		flush_errno = cases[i].os_errno;
		T_EQ_I64(psnap_io_grow(io, io->size_bytes + 1, NULL),
			 cases[i].want);
		flush_errno = 0;
	}
	stat_errno = EIO;
	refused(io, io->size_bytes + 1, PSNAP_E_IO, "cannot be examined");
	stat_errno = 0;
	refused(io, (uint64_t)INT64_MAX + 1, PSNAP_E_IO, "made longer");
	refused(io, UINT64_MAX, PSNAP_E_IO, "made longer");
	/* A write of somebody else made it longer: that is not zero. */
	T_EQ_I64(truncate("file", (off_t)io->size_bytes + 7), 0);
	T_EQ_I64(psnap_io_grow(io, io->size_bytes + 100, NULL), PSNAP_E_IO);
	T_EQ_U64(size_of("file"), io->size_bytes + 7);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_io_grow-XXXXXX";
	struct psnap_io *io;

	if (!T_OK(mkdtemp(dir) && chdir(dir) == 0, "a directory"))
		return T_DONE();
	io = make("file");
	if (io) {
		test_grows(io);
		test_refused(io);
		test_device(io);
		test_fails(io);
	}
	psnap_io_close(io, NULL);
	T_EQ_I64(unlink("file"), 0);
	T_EQ_I64(rmdir(dir), 0);
	return T_DONE();
}
