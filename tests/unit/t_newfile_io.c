/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files written to as an io: of their full size at once and full of
 * holes, and how it fails to be made.
 */
#include "files.h"
#include "newfile_faked.h"
#include "test.h"

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
	unsigned int before = names_in(".");
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
	T_EQ_U64(names_in("."), before);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_newfile_io-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	test_io();
	test_io_fails();
	dir_remove(dir);
	return T_DONE();
}
