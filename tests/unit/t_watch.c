/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io_watch.c: every write is told once and before it is done, with what stood
 * there; a refusal keeps it from being done; all else goes through.
 */
#include "io_fault.h"
#include "ram.h"
#include "test.h"

#include <errno.h>
#include <psnap/watch.h>
#include <stdlib.h>

#define DEVICE_BYTES ((uint64_t)4 << 20)

/*
 * @told, @told_bytes:  how often, and of how many bytes
 * @early:              what was old really stood there at the time
 * @unknown:            how often nobody knew what was old
 * @refuse:             say no
 */
struct listener {
	struct ram ram;
	struct io_fault fault;
	struct psnap_io *io;
	unsigned int told;
	uint64_t told_bytes;
	uint64_t last_offset;
	size_t last_len;
	unsigned int early;
	unsigned int unknown;
	bool refuse;
};

static int listen(void *ctx, uint64_t offset_bytes, const void *old_bytes,
		  const void *new_bytes, size_t len_bytes)
{
	struct listener *l = ctx;
	const uint8_t *there = l->ram.devices[0].bytes + offset_bytes;

	l->told++;
	l->told_bytes += len_bytes;
	l->last_offset = offset_bytes;
	l->last_len = len_bytes;
	if (!old_bytes)
		l->unknown++;
	else if (memcmp(old_bytes, there, len_bytes) == 0 &&
		 memcmp(new_bytes, there, len_bytes) != 0)
		l->early++;
	return l->refuse ? -1 : 0;
}

static void begin(struct listener *l, uint32_t align_bytes)
{
	const uint64_t size = DEVICE_BYTES;

	memset(l, 0, sizeof(*l));
	ram_init(&l->ram, &size, 1);
	io_fault_init(&l->fault, &l->ram.devices[0].io, align_bytes);
	T_EQ_I64(psnap_io_open_watch(&l->fault.io, listen, l, &l->io, NULL), 0);
}

static void end(struct listener *l)
{
	T_EQ_I64(psnap_io_close(l->io, NULL), 0);
	ram_release(&l->ram);
}

static void test_told_before(void)
{
	static const uint8_t text[1000] = { 1, 2, 3 };
	uint8_t back[1000];
	struct listener l;

	begin(&l, 1);
	T_EQ_U64(l.io->size_bytes, DEVICE_BYTES);
	T_EQ_I64(psnap_io_write(l.io, 77, text, sizeof(text), NULL), 0);
	T_EQ_U64(l.told, 1);
	T_EQ_U64(l.early, 1);
	T_EQ_U64(l.last_offset, 77);
	T_EQ_U64(l.last_len, sizeof(text));
	T_EQ_I64(psnap_io_read(l.io, 77, back, sizeof(back), NULL), 0);
	T_OK(memcmp(back, text, sizeof(text)) == 0, "what was written is read");
	T_EQ_U64(l.told, 1);
	end(&l);
}

/* Sectors are what is written, so sectors are what is told. */
static void test_whole_sectors(void)
{
	struct listener l;

	begin(&l, 512);
	T_EQ_U64(l.io->align_bytes, 512);
	T_EQ_I64(psnap_io_write(l.io, 700, "x", 1, NULL), 0);
	T_EQ_U64(l.last_offset, 512);
	T_EQ_U64(l.last_len, 512);
	T_EQ_U64(l.fault.misaligned, 0);
	T_OK(l.ram.devices[0].bytes[700] == 'x', "the byte is there");
	end(&l);
}

static void test_short_writes_told_once(void)
{
	uint8_t bytes[4096];
	struct listener l;

	memset(bytes, 7, sizeof(bytes));
	begin(&l, 512);
	l.fault.short_bytes = 1024;
	l.fault.eintr_each = true;
	T_EQ_I64(psnap_io_write(l.io, 4096, bytes, sizeof(bytes), NULL), 0);
	T_EQ_U64(l.told, 1);
	T_EQ_U64(l.told_bytes, sizeof(bytes));
	T_OK(memcmp(l.ram.devices[0].bytes + 4096, bytes, sizeof(bytes)) == 0,
	     "all of it is there");
	end(&l);
}

/* One write of 3 MiB is told in pieces, none of them missing. */
static void test_large_write(void)
{
	const size_t len = (size_t)3 << 20;
	uint8_t *bytes = malloc(len);
	struct listener l;

	if (!T_OK(bytes != NULL, "memory"))
		return;
	memset(bytes, 9, len);
	begin(&l, 4096);
	T_EQ_I64(psnap_io_write(l.io, 8192, bytes, len, NULL), 0);
	T_EQ_U64(l.told_bytes, len);
	T_EQ_U64(l.early, l.told);
	T_OK(memcmp(l.ram.devices[0].bytes + 8192, bytes, len) == 0,
	     "all of it is there");
	end(&l);
	free(bytes);
}

static void test_refusal(void)
{
	struct psnap_error err = { 0 };
	struct listener l;

	begin(&l, 1);
	l.refuse = true;
	T_EQ_I64(psnap_io_write(l.io, 10, "abc", 3, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 10);
	T_EQ_U64(l.fault.calls[IO_FAULT_WRITE], 0);
	T_EQ_U64(l.ram.devices[0].bytes[10], 0);
	end(&l);
}

static void test_unreadable(void)
{
	struct listener l;

	begin(&l, 512);
	l.fault.bad_start = 1024;
	l.fault.bad_end = 1536;
	T_EQ_I64(psnap_io_write(l.io, 1024, l.ram.devices[0].bytes, 512, NULL),
		 0);
	T_EQ_U64(l.told, 1);
	T_EQ_U64(l.unknown, 1);
	end(&l);
}

/* The error names the byte where it broke off, and nothing is told twice. */
static void test_failure_in_the_middle(void)
{
	struct psnap_error err = { 0 };
	uint8_t bytes[4096];
	struct listener l;

	memset(bytes, 5, sizeof(bytes));
	begin(&l, 512);
	l.fault.short_bytes = 1024;
	l.fault.fail_op = IO_FAULT_WRITE;
	l.fault.fail_at = 3;
	l.fault.os_errno = ENOSPC;
	T_EQ_I64(psnap_io_write(l.io, 4096, bytes, sizeof(bytes), &err),
		 PSNAP_E_NOSPACE);
	T_EQ_U64(err.offset_bytes, 4096 + 2048);
	T_EQ_U64(l.told, 1);
	T_EQ_U64(l.fault.calls[IO_FAULT_WRITE], 3);
	/* The next write is a new one. */
	T_EQ_I64(psnap_io_write(l.io, 4096 + 2048, bytes, 512, &err), 0);
	T_EQ_U64(l.told, 2);
	end(&l);
}

static void test_passes_on(void)
{
	const struct psnap_extent extent = { 0, 512 };
	struct listener l;

	begin(&l, 512);
	T_EQ_I64(psnap_io_prepare(l.io, &extent, 1, NULL), 0);
	T_EQ_U64(l.fault.calls[IO_FAULT_PREPARE], 1);
	psnap_io_prefetch(l.io, 0, 4096);
	T_EQ_U64(l.fault.prefetches, 1);
	psnap_io_forget(l.io, 0, 4096);
	T_EQ_U64(l.fault.forgets, 1);
	T_EQ_I64(psnap_io_sync(l.io, NULL), 0);
	T_EQ_U64(l.fault.calls[IO_FAULT_SYNC], 1);
	T_EQ_U64(psnap_io_next_data(l.io, 5), 5);
	T_EQ_U64(l.told, 0);
	l.fault.fail_op = IO_FAULT_SYNC;
	l.fault.fail_at = 2;
	T_EQ_I64(psnap_io_sync(l.io, NULL), PSNAP_E_IO);
	end(&l);
	/* The device stays open: it is the caller's. */
	T_EQ_U64(l.fault.calls[IO_FAULT_CLOSE], 0);
}

static void test_read_only(void)
{
	static const uint8_t bytes[512];
	struct listener l = { .refuse = false };
	struct psnap_io *inner;
	struct psnap_io *io;

	T_EQ_I64(psnap_io_open_memory(bytes, sizeof(bytes), 1, &inner, NULL),
		 0);
	T_EQ_I64(psnap_io_open_watch(inner, listen, &l, &io, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 0, bytes, 1, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_API);
	T_EQ_U64(l.told, 0);
	psnap_io_close(io, NULL);
	psnap_io_close(inner, NULL);
}

int main(void)
{
	test_told_before();
	test_whole_sectors();
	test_short_writes_told_once();
	test_large_write();
	test_refusal();
	test_unreadable();
	test_failure_in_the_middle();
	test_passes_on();
	test_read_only();
	return T_DONE();
}
