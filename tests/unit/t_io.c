/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io.c, io_mem.c, io_file.c: bounds, short reads, EINTR, alignment, prefetch
 * steps, what can be opened.
 */
#include "io_fault.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t data[32768];

static void test_bounds(struct psnap_io *io)
{
	struct psnap_error err;
	uint8_t buf[16];

	T_EQ_I64(psnap_io_read(io, sizeof(data) - 16, buf, 16, &err), 0);
	T_OK(memcmp(buf, data + sizeof(data) - 16, 16) == 0, "last bytes");
	T_EQ_I64(psnap_io_read(io, sizeof(data), buf, 0, &err), 0);
	T_EQ_I64(psnap_io_read(io, sizeof(data) - 15, buf, 16, &err),
		 PSNAP_E_RANGE);
	T_EQ_U64(err.offset_bytes, sizeof(data) - 15);
	T_OK(strncmp(err.message, "byte 32753: ", 12) == 0, "%s", err.message);
	T_EQ_I64(psnap_io_read(io, sizeof(data) + 1, buf, 0, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_read(io, UINT64_MAX, buf, 16, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_read(io, UINT64_MAX - 8, buf, 16, NULL),
		 PSNAP_E_RANGE);
}

static void test_short_and_eintr(struct psnap_io *io)
{
	struct io_fault fault;
	uint8_t buf[1000];

	io_fault_init(&fault, io, 1);
	fault.short_bytes = 7;
	fault.eintr_each = true;
	T_EQ_I64(psnap_io_read(&fault.io, 100, buf, sizeof(buf), NULL), 0);
	T_OK(memcmp(buf, data + 100, sizeof(buf)) == 0, "short reads join up");
	T_EQ_U64(fault.reads, 143);
}

/* A device that answers EINTR for ever must not hang psnap. */
static void test_endless_eintr(struct psnap_io *io)
{
	struct io_fault fault;
	struct psnap_error err;
	uint8_t byte;

	io_fault_init(&fault, io, 1);
	fault.fail_at = 1;
	fault.sticky = true;
	fault.os_errno = EINTR;
	T_EQ_I64(psnap_io_read(&fault.io, 5, &byte, 1, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 5);
}

static void test_alignment(struct psnap_io *io)
{
	static const size_t lengths[] = { 0,	1,    511,  512, 4095,
					  4096, 4097, 8192, 9000 };
	struct io_fault fault;
	uint8_t buf[9000];
	size_t i;
	uint64_t at;
	unsigned int wrong = 0;

	io_fault_init(&fault, io, 4096);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (at = 0; at + lengths[i] <= sizeof(data); at += 509) {
			memset(buf, 0xee, sizeof(buf));
			if (psnap_io_read(&fault.io, at, buf, lengths[i],
					  NULL) ||
			    memcmp(buf, data + at, lengths[i]) != 0)
				wrong++;
		}
	}
	T_EQ_U64(wrong, 0);
	T_EQ_U64(fault.misaligned, 0);
	fault.short_bytes = 4096 + 100;
	T_EQ_I64(psnap_io_read(&fault.io, 1, buf, 9000, NULL), 0);
	T_OK(memcmp(buf, data + 1, 9000) == 0, "short reads stay aligned");
	T_EQ_U64(fault.misaligned, 0);
}

static void test_error_offset(struct psnap_io *io)
{
	struct io_fault fault;
	struct psnap_error err;
	uint8_t buf[8192];

	io_fault_init_bad(&fault, io, 5000, 5001);
	fault.short_bytes = 1000;
	T_EQ_I64(psnap_io_read(&fault.io, 0, buf, sizeof(buf), &err),
		 PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 5000);
	T_EQ_I64(err.os_errno, EIO);
	T_EQ_STR(err.message,
		 "byte 5000: cannot read: the device reported an error");
}

static void test_prefetch(struct psnap_io *io)
{
	struct io_fault fault;

	io_fault_init(&fault, io, 1);
	fault.io.size_bytes = 1 << 20;
	psnap_io_prefetch(&fault.io, 0, 1 << 20);
	T_EQ_U64(fault.prefetches, 8);
	T_EQ_U64(fault.prefetch_bytes_max, 128 * 1024);
	psnap_io_prefetch(&fault.io, 1 << 20, 1);
	psnap_io_prefetch(&fault.io, (1 << 20) - 1, UINT64_MAX);
	T_EQ_U64(fault.prefetches, 9);
	T_EQ_U64(psnap_io_next_data(io, 77), 77);
	T_EQ_U64(psnap_io_next_data(io, sizeof(data)), sizeof(data));
	T_EQ_U64(psnap_io_next_data(io, UINT64_MAX), sizeof(data));
}

static void test_memory_alignment(void)
{
	struct psnap_io *io = (struct psnap_io *)(void *)data;

	T_EQ_I64(psnap_io_open_memory(data, 512, 0, &io, NULL), PSNAP_E_API);
	T_OK(io == NULL, "no io after a failure");
	T_EQ_I64(psnap_io_open_memory(data, 512, 3, &io, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_open_memory(data, 513, 512, &io, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_open_memory(data, 1 << 18, 1 << 17, &io, NULL),
		 PSNAP_E_API);
}

static void expect_open(const char *path, int want, const char *text)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	int rc = psnap_io_open(path, &io, &err);

	T_EQ_I64(rc, want);
	T_EQ_STR(err.message, text);
	T_OK(io == NULL, "nothing is left open");
	psnap_io_close(io, NULL);
}

static void test_open(const char *dir)
{
	char path[256];
	struct psnap_io *io;
	uint8_t buf[4];
	int fd;

	snprintf(path, sizeof(path), "%s/missing", dir);
	expect_open(path, PSNAP_E_NOT_FOUND,
		    "cannot open: no such file or directory");
	expect_open(dir, PSNAP_E_UNSUPPORTED,
		    "is a directory, not a file or block device");
	expect_open("/dev/null", PSNAP_E_UNSUPPORTED,
		    "is a character device, not a file or block device");
	snprintf(path, sizeof(path), "%s/fifo", dir);
	T_EQ_I64(mkfifo(path, 0600), 0);
	expect_open(path, PSNAP_E_UNSUPPORTED,
		    "is a pipe, not a file or block device");
	unlink(path);

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	T_OK(write(fd, "SnAp", 4) == 4, "made a file");
	T_EQ_I64(psnap_io_open(path, &io, NULL), 0);
	T_EQ_U64(io->size_bytes, 4);
	T_EQ_U64(io->align_bytes, 1);
	T_EQ_STR(io->name, path);
	T_OK(io->ops->write_some == NULL, "read-only by construction");
	T_EQ_I64(psnap_io_read(io, 0, buf, 4, NULL), 0);
	T_EQ_I64(ftruncate(fd, 2), 0);
	T_EQ_I64(psnap_io_read(io, 0, buf, 4, NULL), PSNAP_E_TRUNCATED);
	T_EQ_I64(psnap_io_close(io, NULL), 0);

	T_EQ_I64(ftruncate(fd, 10 << 20), 0);
	T_OK(pwrite(fd, "x", 1, 5 << 20) == 1, "data in the middle");
	T_EQ_I64(psnap_io_open(path, &io, NULL), 0);
	T_OK(psnap_io_next_data(io, 1 << 20) <= 5 << 20, "no data skipped");
	T_OK(psnap_io_next_data(io, 6 << 20) >= 6 << 20, "never goes back");
	psnap_io_close(io, NULL);

	T_EQ_I64(ftruncate(fd, 0), 0);
	T_EQ_I64(psnap_io_open(path, &io, NULL), 0);
	T_EQ_U64(io->size_bytes, 0);
	psnap_io_close(io, NULL);
	close(fd);
	unlink(path);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_io-XXXXXX";
	struct psnap_io *io;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	T_EQ_I64(psnap_io_open_memory(data, sizeof(data), 1, &io, NULL), 0);
	test_bounds(io);
	test_short_and_eintr(io);
	test_endless_eintr(io);
	test_alignment(io);
	test_error_offset(io);
	test_prefetch(io);
	test_memory_alignment();
	psnap_io_close(io, NULL);
	T_EQ_I64(psnap_io_close(NULL, NULL), 0);
	T_OK(mkdtemp(dir) != NULL, "directory");
	test_open(dir);
	rmdir(dir);
	return T_DONE();
}
