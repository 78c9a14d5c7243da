/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files: whole or not at all, never over an input, through links, with
 * the right mode, and nothing left behind after any failure. Written to by
 * descriptor or as an io.
 */
#include <dirent.h>
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

static int fake_fsync(int fd)
{
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	errno = is_dir ? dir_errno : file_errno;
	return errno ? -1 : fsync(fd);
}

static int fake_openat(int dir_fd, const char *name, int flags, mode_t mode)
{
	errno = create_errno;
	return errno ? -1 : openat(dir_fd, name, flags, mode);
}

static int fake_ftruncate(int fd, off_t size_bytes)
{
	errno = size_bytes > 0 ? size_errno : 0;
	return errno ? -1 : ftruncate(fd, size_bytes);
}

static void *fake_calloc(size_t count, size_t size)
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

#include "files.h"
#include "test.h"

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? 0 : st.st_mode & 07777;
}

/* Names in the working directory, dot and dot-dot left out. */
static unsigned int names(void)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir = opendir(".");

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			n++;
	closedir(dir);
	return n;
}

static void write_new(const char *path, const char *text, bool commit)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	int rc = psnap_newfile_create(path, NULL, &file, &err);
	size_t len = strlen(text);

	if (!T_OK(rc == 0 && file, "%s: created: %s", path, err.message))
		return;
	T_EQ_I64(write(psnap_newfile_fd(file), text, len), (int64_t)len);
	if (commit)
		T_EQ_I64(psnap_newfile_commit(file, &err), 0);
	else
		psnap_newfile_abandon(file);
}

static void refused(const char *path, struct psnap_io *const *inputs, int want)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	unsigned int before = names();

	T_EQ_I64(psnap_newfile_create(path, inputs, &file, &err), want);
	T_OK(file == NULL, "%s: refused: %s", path, err.message);
	T_OK(err.message[0] != '\0', "%s: told why", path);
	T_EQ_U64(names(), before);
	T_EQ_I64(psnap_newfile_create(path, inputs, &file, NULL), want);
}

static void test_new(void)
{
	mode_t mask = umask(027);

	write_new("new", "one", true);
	T_EQ_STR(file_get("new"), "one");
	T_EQ_U64(mode_of("new"), 0640);
	T_EQ_U64(names(), 1);
	umask(mask);

	write_new("other", "x", false);
	T_EQ_STR(file_get("other"), NULL);
	T_EQ_U64(names(), 1);
	psnap_newfile_abandon(NULL);
}

static void test_replace(void)
{
	T_EQ_I64(chmod("new", 0604), 0);
	write_new("new", "gone", false);
	T_EQ_STR(file_get("new"), "one");
	write_new("./new", "two", true);
	T_EQ_STR(file_get("new"), "two");
	T_EQ_U64(mode_of("new"), 0604);
	T_EQ_U64(names(), 1);
}

static void test_old_until_commit(void)
{
	struct psnap_newfile *file = NULL;

	T_EQ_I64(psnap_newfile_create("new", NULL, &file, NULL), 0);
	if (!file)
		return;
	T_EQ_I64(write(psnap_newfile_fd(file), "3", 1), 1);
	T_EQ_STR(file_get("new"), "two");
	/* The name is taken by a directory meanwhile: the rename fails. */
	T_EQ_I64(unlink("new"), 0);
	T_EQ_I64(mkdir("new", 0700), 0);
	T_EQ_I64(psnap_newfile_commit(file, NULL), PSNAP_E_IO);
	T_EQ_U64(names(), 1);
	T_EQ_I64(rmdir("new"), 0);
}

static void test_links(void)
{
	struct stat st = { 0 };

	T_EQ_I64(mkdir("dir", 0700), 0);
	file_put("dir/real", "old");
	T_EQ_I64(symlink("dir/real", "link"), 0);
	write_new("link", "new", true);
	T_EQ_STR(file_get("dir/real"), "new");
	T_EQ_I64(lstat("link", &st), 0);
	T_OK(S_ISLNK(st.st_mode), "the link is still a link");

	T_EQ_I64(symlink("nowhere", "dangling"), 0);
	refused("dangling", NULL, PSNAP_E_UNSUPPORTED);
	T_EQ_I64(symlink("circle", "circle"), 0);
	refused("circle", NULL, PSNAP_E_IO);
}

static void test_inputs(void)
{
	struct psnap_io *inputs[3] = { NULL, NULL, NULL };
	struct psnap_newfile *file = NULL;

	file_put("input", "data");
	T_EQ_I64(link("input", "input-too"), 0);
	T_EQ_I64(symlink("input", "input-link"), 0);
	T_EQ_I64(psnap_io_open_memory("x", 1, 1, &inputs[0], NULL), 0);
	T_EQ_I64(psnap_io_open("input", &inputs[1], NULL), 0);
	if (!inputs[0] || !inputs[1])
		return;
	refused("input", inputs, PSNAP_E_BUSY);
	refused("input-too", inputs, PSNAP_E_BUSY);
	refused("input-link", inputs, PSNAP_E_BUSY);
	T_EQ_I64(psnap_newfile_create("output", inputs, &file, NULL), 0);
	psnap_newfile_abandon(file);
	T_EQ_STR(file_get("input"), "data");
	psnap_io_close(inputs[0], NULL);
	psnap_io_close(inputs[1], NULL);
}

static void test_refused(void)
{
	T_EQ_I64(mkfifo("pipe", 0600), 0);
	refused("pipe", NULL, PSNAP_E_UNSUPPORTED);
	refused("dir", NULL, PSNAP_E_UNSUPPORTED);
	refused("dir/", NULL, PSNAP_E_UNSUPPORTED);
	refused("/", NULL, PSNAP_E_UNSUPPORTED);
	refused("/dev/null", NULL, PSNAP_E_UNSUPPORTED);
	refused("missing/file", NULL, PSNAP_E_NOT_FOUND);
	refused("missing/", NULL, PSNAP_E_NOT_FOUND);
	refused("input/file", NULL, PSNAP_E_NOT_FOUND);
	refused("", NULL, PSNAP_E_NOT_FOUND);
}

/* A crash left a temporary file of a process that had the same number. */
static void test_leftover(void)
{
	char name[64];

	snprintf(name, sizeof(name), ".psnap-%ld-0.tmp", (long)getpid());
	file_put(name, "left");
	write_new("after", "crash", true);
	T_EQ_STR(file_get("after"), "crash");
	T_EQ_STR(file_get(name), "left");
}

static void test_create_fails(int os_errno, int want)
{
	create_errno = os_errno;
	refused("failing", NULL, want);
	create_errno = 0;
}

static void test_flush_fails(int os_errno, int want)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	unsigned int before = names();

	file_put("kept", "old");
	T_EQ_I64(psnap_newfile_create("kept", NULL, &file, NULL), 0);
	if (!file)
		return;
	file_errno = os_errno;
	T_EQ_I64(psnap_newfile_commit(file, &err), want);
	file_errno = 0;
	T_EQ_I64(err.os_errno, os_errno);
	T_EQ_STR(file_get("kept"), "old");
	T_EQ_I64(unlink("kept"), 0);
	T_EQ_U64(names(), before);
}

/* The rename is done by then; only its durability is in question. */
static void test_dir_flush_fails(int os_errno, int want)
{
	struct psnap_newfile *file = NULL;

	T_EQ_I64(psnap_newfile_create("named", NULL, &file, NULL), 0);
	if (!file)
		return;
	dir_errno = os_errno;
	T_EQ_I64(psnap_newfile_commit(file, NULL), want);
	dir_errno = 0;
	T_EQ_STR(file_get("named"), "");
	T_EQ_I64(unlink("named"), 0);
}

#define IO_BYTES ((uint64_t)3 << 20)

/* What was written before is not in the hole. */
static void test_io_hole(struct psnap_newfile *file, struct psnap_io *io)
{
	struct stat st = { 0 };
	char buf[4] = "dirt";

	T_EQ_U64(io->size_bytes, IO_BYTES);
	T_EQ_U64(io->align_bytes, 1);
	T_EQ_I64(io->fd, psnap_newfile_fd(file));
	T_OK(strcmp(io->name, "by-io") == 0 || strstr(io->name, "/by-io"),
	     "named as it will be: %s", io->name);
	T_EQ_I64(fstat(psnap_newfile_fd(file), &st), 0);
	T_EQ_U64((uint64_t)st.st_size, IO_BYTES);
	T_EQ_U64(psnap_io_next_data(io, 0), IO_BYTES);
	T_EQ_I64(psnap_io_read(io, 0, buf, 4, NULL), 0);
	T_OK(memcmp(buf, "\0\0\0\0", 4) == 0, "zeros");
}

static void test_io_written(struct psnap_io *io)
{
	char buf[4] = "dirt";

	T_EQ_I64(psnap_io_write(io, 2 << 20, "data", 4, NULL), 0);
	T_EQ_I64(psnap_io_write(io, IO_BYTES - 1, "!", 1, NULL), 0);
	T_EQ_I64(psnap_io_write(io, IO_BYTES, "!", 1, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_read(io, 2 << 20, buf, 4, NULL), 0);
	T_OK(memcmp(buf, "data", 4) == 0, "read back");
	T_OK(psnap_io_next_data(io, 0) <= 2 << 20, "no data skipped");
	T_EQ_U64(psnap_io_next_data(io, 2 << 20), 2 << 20);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	file_errno = EIO;
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_IO);
	file_errno = EDQUOT;
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_NOSPACE);
	file_errno = 0;
}

static void test_io(void)
{
	struct psnap_newfile *file = NULL;
	struct psnap_io *io = NULL;
	struct stat st = { 0 };
	char byte = 0;

	T_EQ_I64(psnap_newfile_create("by-io", NULL, &file, NULL), 0);
	if (!file)
		return;
	T_EQ_I64(write(psnap_newfile_fd(file), "before", 6), 6);
	T_EQ_I64(psnap_newfile_io(file, IO_BYTES, &io, NULL), 0);
	if (T_OK(io != NULL, "an io")) {
		test_io_hole(file, io);
		test_io_written(io);
	}
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	/* The io did not own the descriptor. */
	T_EQ_I64(pread(psnap_newfile_fd(file), &byte, 1, IO_BYTES - 1), 1);
	T_EQ_I64(byte, '!');
	T_OK(stat("by-io", &st) != 0, "no name before commit");
	T_EQ_I64(psnap_newfile_commit(file, NULL), 0);
	T_EQ_I64(stat("by-io", &st), 0);
	T_EQ_U64((uint64_t)st.st_size, IO_BYTES);
	T_EQ_I64(unlink("by-io"), 0);
}

static void io_refused(struct psnap_newfile *file, uint64_t size_bytes,
		       int want)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io = (struct psnap_io *)(void *)file;

	T_EQ_I64(psnap_newfile_io(file, size_bytes, &io, &err), want);
	T_OK(io == NULL, "no io");
	T_OK(err.code == want && err.message[0], "%s", err.message);
	T_EQ_I64(psnap_newfile_io(file, size_bytes, &io, NULL), want);
}

static void test_io_fails(void)
{
	static const struct {
		int os_errno;
		int want;
	} cases[] = { { EFBIG, PSNAP_E_UNSUPPORTED },
		      { ENOSPC, PSNAP_E_NOSPACE },
		      { EDQUOT, PSNAP_E_NOSPACE },
		      { EIO, PSNAP_E_IO },
		      { EINVAL, PSNAP_E_IO } };
	struct psnap_newfile *file = NULL;
	struct psnap_io *io = NULL;
	unsigned int before = names();
	size_t i;

	T_EQ_I64(psnap_newfile_create("by-io", NULL, &file, NULL), 0);
	if (!file)
		return;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_errno = cases[i].os_errno;
		io_refused(file, IO_BYTES, cases[i].want);
	}
	size_errno = 0;
	io_refused(file, (uint64_t)INT64_MAX + 1, PSNAP_E_UNSUPPORTED);
	io_refused(file, UINT64_MAX, PSNAP_E_UNSUPPORTED);
	no_memory = true;
	io_refused(file, IO_BYTES, PSNAP_E_NOMEM);
	no_memory = false;
	/* After all that it can still be made, of no size even. */
	T_EQ_I64(psnap_newfile_io(file, 0, &io, NULL), 0);
	if (io)
		T_EQ_U64(psnap_io_next_data(io, 0), 0);
	psnap_io_close(io, NULL);
	psnap_newfile_abandon(file);
	T_EQ_U64(names(), before);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_newfile-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	test_new();
	test_replace();
	test_old_until_commit();
	test_links();
	test_inputs();
	test_refused();
	test_leftover();
	test_create_fails(ENOSPC, PSNAP_E_NOSPACE);
	test_create_fails(EDQUOT, PSNAP_E_NOSPACE);
	test_create_fails(EACCES, PSNAP_E_IO);
	test_create_fails(EEXIST, PSNAP_E_IO);
	test_flush_fails(ENOSPC, PSNAP_E_NOSPACE);
	test_flush_fails(EDQUOT, PSNAP_E_NOSPACE);
	test_flush_fails(EIO, PSNAP_E_IO);
	test_dir_flush_fails(EINVAL, 0);
	test_dir_flush_fails(EIO, PSNAP_E_IO);
	test_io();
	test_io_fails();
	dir_remove(dir);
	return T_DONE();
}
