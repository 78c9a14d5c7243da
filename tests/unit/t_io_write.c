/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io_write.c: bounds, whole sectors, short writes, EINTR, what failures are
 * called, flushing and announcing. Over an io in memory that can be told to
 * misbehave, and over a file.
 */
#include <stdbool.h>
#include <stdlib.h>

static bool no_memory;

static void *fake_malloc(size_t size)
{
	return no_memory ? NULL : malloc(size);
}

#define malloc fake_malloc
#include "../../lib/src/io_write.c"
#undef malloc

#include "random.h"
#include "test.h"
#include "write_ram.h"

#include <unistd.h>

/* Whatever is written where: nothing else changes, and only whole sectors are
 * touched, also when the writes are short or interrupted. */
static void test_against_model(uint32_t align_bytes, size_t short_bytes,
			       unsigned int interruptions)
{
	static uint8_t model[RAM_BYTES];
	static uint8_t data[RAM_BYTES];
	struct psnap_io *io = ram_init(align_bytes);
	unsigned int wrong = 0;
	unsigned int i;

	fill_random(model, sizeof(model));
	memcpy(ram.bytes, model, sizeof(model));
	ram.short_bytes = short_bytes;
	for (i = 0; i < 400; i++) {
		uint64_t at = next_random() % (RAM_BYTES + 1);
		size_t len = (size_t)(next_random() % (RAM_BYTES - at + 1));

		if (i % 2 && len > 600)
			len %= 600;
		fill_random(data, len);
		memcpy(model + at, data, len);
		ram.eintr = interruptions;
		wrong += psnap_io_write(io, at, data, len, NULL) != 0;
		wrong += memcmp(model, ram.bytes, sizeof(model)) != 0;
	}
	T_EQ_U64(wrong, 0);
	T_EQ_U64(ram.misaligned, 0);
}

static void test_model(void)
{
	static const uint32_t aligns[] = { 1, 512, 4096 };
	size_t i;

	for (i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
		test_against_model(aligns[i], 0, 0);
		test_against_model(aligns[i], aligns[i], 0);
		test_against_model(aligns[i], aligns[i] * 2 + 3, 1);
	}
}

/* A part is read, changed and written; what is whole is not read. */
static void test_parts_are_read(void)
{
	struct psnap_io *io = ram_init(512);
	struct psnap_error err = { 0 };
	uint8_t data[2048] = { 1, 2, 3 };

	ram.bad_read_at = 600;
	T_EQ_I64(psnap_io_write(io, 512, data, 512, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 0, data, 1600, NULL), 0);
	ram.writes = 0;
	T_EQ_I64(psnap_io_write(io, 513, data, 1, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 512);
	T_EQ_STR(err.message,
		 "byte 512: cannot read: the device reported an error");
	T_EQ_U64(ram.writes, 0);
	/* The first sector is whole, the second not. */
	T_EQ_I64(psnap_io_write(io, 0, data, 513, NULL), PSNAP_E_IO);
	T_EQ_U64(ram.writes, 1);
}

static void test_bounds(void)
{
	struct psnap_io *io = ram_init(512);
	struct psnap_error err = { 0 };
	uint8_t data[1024] = { 0 };

	T_EQ_I64(psnap_io_write(io, RAM_BYTES, data, 0, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 0, data, 0, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 5, data, 0, NULL), 0);
	T_EQ_I64(psnap_io_write(io, RAM_BYTES - 512, data, 513, &err),
		 PSNAP_E_RANGE);
	T_EQ_U64(err.offset_bytes, RAM_BYTES - 512);
	T_OK(strncmp(err.message, "byte 32256: ", 12) == 0, "%s", err.message);
	T_EQ_I64(psnap_io_write(io, RAM_BYTES, data, 1, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_write(io, RAM_BYTES + 1, data, 0, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_write(io, UINT64_MAX, data, 16, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_write(io, UINT64_MAX - 511, data, 1024, NULL),
		 PSNAP_E_RANGE);
	T_EQ_U64(ram.writes, 0);
	T_EQ_I64(psnap_io_write(io, RAM_BYTES - 512, data, 512, NULL), 0);
	T_EQ_U64(ram.writes, 1);
}

/* A device that answers EINTR for ever must not hang psnap. */
static void test_eintr_limit(void)
{
	struct psnap_io *io = ram_init(1);
	struct psnap_error err = { 0 };

	ram.eintr = PSNAP_IO_EINTR_LIMIT - 1;
	T_EQ_I64(psnap_io_write(io, 5, "x", 1, NULL), 0);
	T_EQ_U64(ram.bytes[5], 'x');
	ram.eintr = PSNAP_IO_EINTR_LIMIT;
	T_EQ_I64(psnap_io_write(io, 6, "y", 1, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 6);
	T_EQ_I64(err.os_errno, EINTR);
	T_EQ_U64(ram.bytes[6], 0);
}

static void test_codes(uint32_t align_bytes, int os_errno, int want)
{
	struct psnap_io *io = ram_init(align_bytes);
	struct psnap_error err = { 0 };
	static uint8_t data[8192];

	memset(data, 0xaa, sizeof(data));
	ram.bad_at = 4608;
	ram.os_errno = os_errno;
	ram.short_bytes = 512;
	T_EQ_I64(psnap_io_write(io, 0, data, sizeof(data), &err), want);
	T_EQ_I64(err.code, want);
	T_EQ_I64(err.os_errno, os_errno);
	T_OK(err.has_offset, "says where");
	T_EQ_U64(err.offset_bytes, 4608);
	T_OK(strncmp(err.message, "byte 4608: cannot write: ", 25) == 0, "%s",
	     err.message);
	T_EQ_U64(ram.bytes[4607], 0xaa);
	T_EQ_U64(ram.bytes[4608], 0);
	T_EQ_I64(psnap_io_write(io, 4609, data, 1, NULL),
		 align_bytes > 1 ? want : 0);
}

static void test_odd_answers(void)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io;

	io = ram_init(1);
	ram.nothing = true;
	T_EQ_I64(psnap_io_write(io, 7, "abc", 3, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 7);
	T_EQ_U64(ram.writes, 1);
	/* Less than a sector at a time cannot be continued on a device. */
	io = ram_init(512);
	ram.short_bytes = 511;
	T_EQ_I64(psnap_io_write(io, 1024, ram.bytes, 512, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 1024);
	io = ram_init(1);
	ram.excess = 1;
	T_EQ_I64(psnap_io_write(io, 3, "abc", 3, &err), PSNAP_E_API);
	T_EQ_U64(err.offset_bytes, 3);
}

static void test_no_memory(void)
{
	struct psnap_io *io = ram_init(512);
	struct psnap_error err = { 0 };

	no_memory = true;
	T_EQ_I64(psnap_io_write(io, 0, ram.bytes, 1024, NULL), 0);
	ram.writes = 0;
	T_EQ_I64(psnap_io_write(io, 0, ram.bytes, 1023, &err), PSNAP_E_NOMEM);
	no_memory = false;
	T_EQ_STR(err.message, "out of memory while writing part of a sector");
	T_EQ_U64(ram.writes, 0);
}

static void test_sync(void)
{
	static const struct {
		int os_errno;
		int want;
	} cases[] = { { 0, 0 },
		      { EIO, PSNAP_E_IO },
		      { ENOSPC, PSNAP_E_NOSPACE },
		      { EDQUOT, PSNAP_E_NOSPACE },
		      { EINTR, PSNAP_E_IO } };
	struct psnap_io *io = ram_init(512);
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct psnap_error err = { 0 };

		ram.sync_errno = cases[i].os_errno;
		T_EQ_I64(psnap_io_sync(io, &err), cases[i].want);
		T_EQ_I64(err.code, cases[i].want);
		T_EQ_I64(err.os_errno, cases[i].os_errno);
		/* Once more might succeed without the data. */
		T_EQ_U64(ram.syncs, i + 1);
	}
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_IO);
}

static void test_prepare(void)
{
	const struct psnap_extent extents[] = { { 512, 1 }, { 0, 512 } };
	struct psnap_io *io = ram_init(512);
	struct psnap_error err = { 0 };

	T_EQ_I64(psnap_io_prepare(io, extents, 2, &err), 0);
	T_OK(ram.announced == extents && ram.announced_count == 2,
	     "handed on as it is");
	ram.prepare_code = PSNAP_E_NOSPACE;
	T_EQ_I64(psnap_io_prepare(io, extents, 2, &err), PSNAP_E_NOSPACE);
	T_EQ_STR(err.message, "no room to save");
	T_EQ_U64(ram.writes + ram.syncs, 0);
}

static void test_read_only(void)
{
	const struct psnap_extent extent = { 0, 1 };
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	uint8_t data[512] = { 5 };

	T_EQ_I64(psnap_io_open_memory(data, sizeof(data), 1, &io, NULL), 0);
	if (!io)
		return;
	T_EQ_I64(psnap_io_write(io, 0, "x", 1, &err), PSNAP_E_API);
	T_EQ_STR(err.message, "is open for reading only");
	T_EQ_I64(psnap_io_write(io, 0, "x", 0, NULL), PSNAP_E_API);
	T_EQ_U64(data[0], 5);
	memset(&err, 0, sizeof(err));
	T_EQ_I64(psnap_io_sync(io, &err), PSNAP_E_API);
	T_EQ_STR(err.message, "is open for reading only");
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_prepare(io, &extent, 1, NULL), 0);
	psnap_io_close(io, NULL);
}

static void test_overlap(void)
{
	struct psnap_io *a;
	struct psnap_io *b;
	uint8_t data[16] = { 0 };

	T_EQ_I64(psnap_io_open_memory(data, 16, 1, &a, NULL), 0);
	T_EQ_I64(psnap_io_open_memory(data, 16, 1, &b, NULL), 0);
	if (a && b) {
		T_OK(psnap_io_overlap(a, a), "itself");
		T_OK(!psnap_io_overlap(a, b), "no descriptor, no overlap");
	}
	psnap_io_close(a, NULL);
	psnap_io_close(b, NULL);
}

/* What an open file does: see t_io_exclusive.c; here that bytes arrive. */
static void test_file(void)
{
	char path[] = "/tmp/psnap-t_io_write-XXXXXX";
	int fd = mkstemp(path);
	struct psnap_io *io = NULL;
	char buf[16] = "";

	if (!T_OK(fd >= 0, "a file"))
		return;
	T_EQ_I64(write(fd, "0123456789", 10), 10);
	T_EQ_I64(psnap_io_open_exclusive(path, &io, NULL), 0);
	if (io) {
		T_EQ_I64(psnap_io_write(io, 3, "abc", 3, NULL), 0);
		T_EQ_I64(psnap_io_write(io, 9, "z", 1, NULL), 0);
		T_EQ_I64(psnap_io_write(io, 9, "zz", 2, NULL), PSNAP_E_RANGE);
		T_EQ_I64(psnap_io_sync(io, NULL), 0);
	}
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(pread(fd, buf, sizeof(buf) - 1, 0), 10);
	T_EQ_STR(buf, "012abc678z");
	close(fd);
	unlink(path);
}

int main(void)
{
	test_model();
	test_parts_are_read();
	test_bounds();
	test_eintr_limit();
	test_codes(1, EIO, PSNAP_E_IO);
	test_codes(512, EIO, PSNAP_E_IO);
	test_codes(512, EROFS, PSNAP_E_IO);
	test_codes(1, ENOSPC, PSNAP_E_NOSPACE);
	test_codes(512, ENOSPC, PSNAP_E_NOSPACE);
	test_codes(1, EDQUOT, PSNAP_E_NOSPACE);
	test_odd_answers();
	test_no_memory();
	test_sync();
	test_prepare();
	test_read_only();
	test_overlap();
	test_file();
	return T_DONE();
}
