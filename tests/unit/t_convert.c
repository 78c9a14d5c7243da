/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * convert.c, content.c: all bytes of an io, in their place or in order, and what
 * they are.
 */
#include "io_fault.h"
#include "random.h"
#include "test.h"

#include "../crash/ram.h"

#include <errno.h>
#include <psnap/content.h>
#include <psnap/convert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not a multiple of a piece, a block or a sector. */
#define SIZE_BYTES ((3u << 20) + 4096u + 77u)
#define ROOM_BYTES (SIZE_BYTES + 5000u)

static uint8_t model[SIZE_BYTES];
static uint8_t got[ROOM_BYTES];

/* A file with two islands of data in it, one of which has zeros inside. */
static struct psnap_io *open_sparse(int *fd)
{
	struct psnap_io *io;
	char path[64];
	size_t i;

	memset(model, 0, sizeof(model));
	for (i = 8192; i < 90000; i++)
		model[i] = (uint8_t)(next_random() | 1);
	memset(model + 30000, 0, 20000);
	for (i = SIZE_BYTES - 3000; i < SIZE_BYTES; i++)
		model[i] = (uint8_t)(next_random() | 1);
	*fd = memfd_create("sparse", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	if (ftruncate(*fd, SIZE_BYTES) ||
	    pwrite(*fd, model + 8192, 81920, 8192) != 81920 ||
	    pwrite(*fd, model + SIZE_BYTES - 3000, 3000, SIZE_BYTES - 3000) !=
		    3000 ||
	    psnap_io_open(path, &io, NULL))
		abort();
	return io;
}

/* What is taken, and when to refuse it. */
struct taker {
	uint64_t len_bytes;
	uint64_t refuse_at;
	size_t largest;
};

static int take(void *ctx, const void *data, size_t len_bytes)
{
	struct taker *t = ctx;

	if (t->len_bytes >= t->refuse_at)
		return 7;
	if (len_bytes <= sizeof(got) - t->len_bytes)
		memcpy(got + t->len_bytes, data, len_bytes);
	t->len_bytes += len_bytes;
	if (len_bytes > t->largest)
		t->largest = len_bytes;
	return 0;
}

static void test_stream(void)
{
	struct taker t = { .refuse_at = UINT64_MAX };
	struct psnap_error err = { 0 };
	struct io_fault counted;
	struct psnap_io *io;
	int fd;

	io = open_sparse(&fd);
	io_fault_init(&counted, io, 1);
	T_EQ_I64(psnap_convert_stream(&counted.io, take, &t, NULL, &err), 0);
	T_EQ_U64(t.len_bytes, SIZE_BYTES);
	T_OK(memcmp(got, model, SIZE_BYTES) == 0, "the same bytes");
	T_OK(t.largest <= 1u << 20, "at most a MiB at once");
	t = (struct taker){ .refuse_at = 1 };
	T_EQ_I64(psnap_convert_stream(io, take, &t, NULL, &err), 7);
	counted.bad_start = 40000;
	counted.bad_end = 40001;
	counted.bad_errno = EIO;
	t = (struct taker){ .refuse_at = UINT64_MAX };
	T_EQ_I64(psnap_convert_stream(&counted.io, take, &t, NULL, &err),
		 PSNAP_E_IO);
	T_OK(t.len_bytes <= 40000, "nothing is made up");
	psnap_io_close(io, NULL);
	close(fd);
}

/* Fill a device of ones, or of zeros, and compare. */
static void test_device(bool target_is_zero)
{
	const uint64_t sizes_bytes[] = { ROOM_BYTES };
	struct psnap_error err = { 0 };
	struct io_fault counted;
	struct psnap_io *io;
	uint64_t written = 0;
	struct ram ram;
	size_t i;
	int fd;

	io = open_sparse(&fd);
	ram_init(&ram, sizes_bytes, 1);
	memset(ram.devices[0].bytes, target_is_zero ? 0 : 0xff, ROOM_BYTES);
	ram.recording = true;
	io_fault_init(&counted, &ram.devices[0].io, 1);
	T_EQ_I64(psnap_convert_to_device(io, &counted.io, target_is_zero, NULL,
					 &err),
		 0);
	T_OK(memcmp(ram.devices[0].bytes, model, SIZE_BYTES) == 0,
	     "the same bytes");
	for (i = SIZE_BYTES; i < ROOM_BYTES; i++)
		written +=
			ram.devices[0].bytes[i] != (target_is_zero ? 0 : 0xff);
	T_EQ_U64(written, 0);
	for (i = 0; i < ram.event_count; i++)
		written += ram.events[i].len_bytes;
	if (target_is_zero)
		T_OK(written < 81920, "%" PRIu64 " bytes are written", written);
	else
		T_EQ_U64(written, SIZE_BYTES);
	T_OK(ram.event_count > 0 &&
		     ram.events[ram.event_count - 1].len_bytes == 0,
	     "it is flushed last");
	ram_release(&ram);
	psnap_io_close(io, NULL);
	close(fd);
}

static void test_failing(void)
{
	const uint64_t sizes_bytes[] = { SIZE_BYTES };
	const uint64_t small_bytes[] = { SIZE_BYTES - 1 };
	static const enum io_fault_op ops[] = { IO_FAULT_WRITE, IO_FAULT_SYNC };
	struct psnap_error err = { 0 };
	struct io_fault fault;
	struct psnap_io *io;
	struct ram ram;
	size_t i;
	int fd;

	io = open_sparse(&fd);
	ram_init(&ram, small_bytes, 1);
	io_fault_init(&fault, &ram.devices[0].io, 1);
	T_EQ_I64(psnap_convert_to_device(io, &fault.io, false, NULL, &err),
		 PSNAP_E_RANGE);
	T_EQ_U64(fault.calls[IO_FAULT_WRITE], 0);
	ram_release(&ram);
	ram_init(&ram, sizes_bytes, 1);
	for (i = 0; i < 2; i++) {
		io_fault_init(&fault, &ram.devices[0].io, 1);
		fault.fail_op = ops[i];
		fault.fail_at = 1;
		fault.os_errno = ENOSPC;
		T_EQ_I64(psnap_convert_to_device(io, &fault.io, false, NULL,
						 &err),
			 PSNAP_E_NOSPACE);
	}
	ram_release(&ram);
	psnap_io_close(io, NULL);
	close(fd);
}

static int stop(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t *told = ctx;

	*told = done_bytes;
	return total_bytes != SIZE_BYTES || done_bytes > 1u << 20;
}

static void test_interrupted(void)
{
	struct taker t = { .refuse_at = UINT64_MAX };
	uint64_t told = 0;
	const struct psnap_progress progress = { .tick = stop, .ctx = &told };
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	int fd;

	io = open_sparse(&fd);
	T_EQ_I64(psnap_convert_stream(io, take, &t, &progress, &err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(t.len_bytes, told);
	psnap_io_close(io, NULL);
	close(fd);
}

/* Swap space, as mkswap leaves it. */
static void test_content(void)
{
	static uint8_t bytes[1 << 20];
	static const uint8_t uuid[16] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc,
					  0x4e, 0xf0, 0x81, 0x23, 0x45, 0x67,
					  0x89, 0xab, 0xcd, 0xef };
	struct psnap_content content;
	struct psnap_error err = { 0 };
	struct io_fault bad;
	struct psnap_io *io;

	T_EQ_I64(psnap_io_open_memory(bytes, sizeof(bytes), 512, &io, NULL), 0);
	T_EQ_I64(psnap_content_probe(io, &content, &err), 0);
	T_OK(!content.type[0] && !content.uuid[0] && !content.label[0],
	     "zeros are nothing");
	memcpy(bytes + 4086, "SWAPSPACE2", 10);
	bytes[1024] = 1;
	bytes[1028] = 255;
	memcpy(bytes + 1036, uuid, sizeof(uuid));
	memcpy(bytes + 1052, "spare", 5);
	T_EQ_I64(psnap_content_probe(io, &content, &err), 0);
	T_EQ_STR(content.type, "swap");
	T_EQ_STR(content.uuid, "12345678-9abc-4ef0-8123-456789abcdef");
	T_EQ_STR(content.label, "spare");
	io_fault_init(&bad, io, 512);
	bad.bad_start = 0;
	bad.bad_end = 512;
	bad.bad_errno = EIO;
	T_EQ_I64(psnap_content_probe(&bad.io, &content, &err), 0);
	T_EQ_STR(content.type, "");
	psnap_io_close(io, NULL);
}

int main(void)
{
	test_stream();
	test_device(false);
	test_device(true);
	test_failing();
	test_interrupted();
	test_content();
	return T_DONE();
}
