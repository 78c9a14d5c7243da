/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling a new file: the same bytes whatever way they take, blocks shared only
 * between whole files, holes and zeros left out, every failure told.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* How the file system answers when it is to share blocks. */
static int share_errno = EOPNOTSUPP;
static unsigned int shares;
static int shared_from;
static bool no_memory;

static int fake_ioctl(int fd, unsigned long request, int from)
{
	uint8_t buf[4096];
	off_t at = 0;
	ssize_t n;

	errno = share_errno;
	if (request != FICLONE || errno)
		return -1;
	shares++;
	shared_from = from;
	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (pwrite(fd, buf, (size_t)n, at) != n)
			return -1;
		at += n;
	}
	return 0;
}

static void *fake_malloc(size_t size)
{
	return no_memory ? NULL : malloc(size);
}

#define ioctl  fake_ioctl
#define malloc fake_malloc
#include "../../lib/src/newfile_copy.c"
#undef ioctl
#undef malloc

#include "io_fault.h"
#include "test.h"

#define MIB	  ((uint64_t)1 << 20)
#define FROM_SIZE (3 * MIB + 4096 + 100)
#define TO_SIZE	  (4 * MIB)

/* Where there is data: at the start, over the border of two pieces, a single
 * byte in a block, and in the last block, which is not whole. */
static const struct {
	uint64_t start;
	uint64_t len;
} parts[] = { { 0, 10 },
	      { MIB - 5, 9000 },
	      { 2 * MIB + 4095, 1 },
	      { FROM_SIZE - 3, 3 } };
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static uint8_t wanted[TO_SIZE];
static uint8_t got[TO_SIZE];

static void make_source(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t i;

	T_EQ_I64(ftruncate(fd, FROM_SIZE), 0);
	for (i = 0; i < PARTS; i++) {
		memset(wanted + parts[i].start, 'a' + (int)i, parts[i].len);
		T_EQ_I64(pwrite(fd, wanted + parts[i].start, parts[i].len,
				(off_t)parts[i].start),
			 (int64_t)parts[i].len);
	}
	close(fd);
}

/* A new file of TO_SIZE and its io, behind one that counts. */
struct target {
	struct psnap_newfile *file;
	struct psnap_io *io;
	struct io_fault fault;
};

static bool open_target(struct target *t)
{
	memset(t, 0, sizeof(*t));
	T_EQ_I64(psnap_newfile_create("new", NULL, &t->file, NULL), 0);
	if (t->file)
		T_EQ_I64(psnap_newfile_io(t->file, TO_SIZE, &t->io, NULL), 0);
	if (t->io)
		io_fault_init(&t->fault, t->io, 1);
	return t->io != NULL;
}

static void close_target(struct target *t)
{
	psnap_io_close(t->io, NULL);
	psnap_newfile_abandon(t->file);
}

static void holds_wanted(struct target *t)
{
	struct stat st = { 0 };

	T_EQ_I64(psnap_io_read(t->io, 0, got, TO_SIZE, NULL), 0);
	T_OK(memcmp(got, wanted, TO_SIZE) == 0, "the same bytes");
	T_EQ_I64(fstat(psnap_newfile_fd(t->file), &st), 0);
	T_EQ_U64((uint64_t)st.st_size, TO_SIZE);
}

static void test_copied(struct psnap_io *from)
{
	uint64_t total = 0;
	struct target t;
	struct stat st = { 0 };

	if (!open_target(&t))
		return;
	T_EQ_I64(psnap_newfile_copy(t.file, &t.fault.io, from, NULL, NULL), 0);
	holds_wanted(&t);
	/* A write for each part, one more for that over the border. */
	T_EQ_U64(t.fault.calls[IO_FAULT_WRITE], PARTS + 1);
	T_EQ_I64(fstat(psnap_newfile_fd(t.file), &st), 0);
	total = (uint64_t)st.st_blocks * 512;
	T_OK(total <= MIB / 2, "%llu bytes of it are no hole",
	     (unsigned long long)total);
	close_target(&t);
}

static void test_shared(struct psnap_io *from)
{
	struct target t;

	if (!open_target(&t))
		return;
	share_errno = 0;
	shares = 0;
	T_EQ_I64(psnap_newfile_copy(t.file, &t.fault.io, from, NULL, NULL), 0);
	T_EQ_U64(shares, 1);
	T_EQ_I64(shared_from, from->fd);
	T_EQ_U64(t.fault.calls[IO_FAULT_WRITE], 0);
	share_errno = EOPNOTSUPP;
	holds_wanted(&t);
	close_target(&t);
}

/* What has no file behind it, or is not all of one, or not yet, is copied. */
static void test_not_shared(struct psnap_io *from)
{
	struct io_fault unlike;
	struct psnap_io *memory = NULL;
	struct target t;

	if (!open_target(&t))
		return;
	share_errno = 0;
	shares = 0;
	T_EQ_I64(psnap_io_open_memory(wanted, FROM_SIZE, 1, &memory, NULL), 0);
	if (memory)
		T_EQ_I64(psnap_newfile_copy(t.file, t.io, memory, NULL, NULL),
			 0);
	holds_wanted(&t);
	psnap_io_close(memory, NULL);
	io_fault_init(&unlike, from, 1);
	unlike.io.fd = from->fd;
	unlike.io.size_bytes = from->size_bytes - 1;
	T_EQ_I64(psnap_newfile_copy(t.file, t.io, &unlike.io, NULL, NULL), 0);
	T_EQ_U64(shares, 0);
	share_errno = EOPNOTSUPP;
	close_target(&t);
}

static int stop_at_second(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	unsigned int *ticks = ctx;

	T_EQ_U64(total_bytes, FROM_SIZE);
	T_OK(done_bytes <= total_bytes, "no further than the end");
	return ++*ticks == 2;
}

static void test_stopped(struct psnap_io *from)
{
	unsigned int ticks = 0;
	struct psnap_progress progress = { stop_at_second, &ticks };
	struct psnap_error err = { 0 };
	struct target t;

	if (!open_target(&t))
		return;
	T_EQ_I64(psnap_newfile_copy(t.file, t.io, from, &progress, &err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_I64(err.code, PSNAP_E_INTERRUPTED);
	T_EQ_U64(ticks, 2);
	close_target(&t);
}

static void fails(struct target *t, struct psnap_io *from, int want)
{
	struct psnap_error err = { 0 };

	T_EQ_I64(psnap_newfile_copy(t->file, &t->fault.io, from, NULL, &err),
		 want);
	T_OK(err.code == want && err.message[0], "%s", err.message);
}

static void test_fails(struct psnap_io *from)
{
	struct io_fault bad;
	struct target t;
	uint64_t n;

	if (!open_target(&t))
		return;
	for (n = 1; n <= PARTS + 1; n++) {
		t.fault.fail_op = IO_FAULT_WRITE;
		t.fault.fail_at = t.fault.calls[IO_FAULT_WRITE] + n;
		t.fault.os_errno = n % 2 ? ENOSPC : EIO;
		fails(&t, from, n % 2 ? PSNAP_E_NOSPACE : PSNAP_E_IO);
	}
	t.fault.fail_at = 0;
	io_fault_init_bad(&bad, from, 2 * MIB + 4095, 2 * MIB + 4095 + 1);
	bad.bad_errno = EIO;
	fails(&t, &bad.io, PSNAP_E_IO);
	no_memory = true;
	fails(&t, from, PSNAP_E_NOMEM);
	no_memory = false;
	/* All that did no harm. */
	T_EQ_I64(psnap_newfile_copy(t.file, t.io, from, NULL, NULL), 0);
	holds_wanted(&t);
	close_target(&t);
}

static void test_too_large(struct psnap_io *from)
{
	struct psnap_newfile *file = NULL;
	struct psnap_io *io = NULL;
	struct psnap_error err = { 0 };

	T_EQ_I64(psnap_newfile_create("small", NULL, &file, NULL), 0);
	if (!file)
		return;
	T_EQ_I64(psnap_newfile_io(file, FROM_SIZE - 1, &io, NULL), 0);
	if (io)
		T_EQ_I64(psnap_newfile_copy(file, io, from, NULL, &err),
			 PSNAP_E_NOSPACE);
	psnap_io_close(io, NULL);
	psnap_newfile_abandon(file);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_newfile_copy-XXXXXX";
	struct psnap_io *from = NULL;

	if (!T_OK(mkdtemp(dir) && chdir(dir) == 0, "a directory"))
		return T_DONE();
	make_source("store");
	T_EQ_I64(psnap_io_open("store", &from, NULL), 0);
	if (from) {
		test_copied(from);
		test_shared(from);
		test_not_shared(from);
		test_stopped(from);
		test_fails(from);
		test_too_large(from);
	}
	psnap_io_close(from, NULL);
	T_EQ_I64(unlink("store"), 0);
	T_EQ_I64(rmdir(dir), 0);
	return T_DONE();
}
