/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io_overlay.c: what is written is read back, nothing below changes, what lies
 * behind the end below is zero, and what cannot be read stays so until it is
 * written.
 */
#include "io_fault.h"
#include "io_image.h"
#include "random.h"
#include "test.h"

#include <psnap/watch.h>
#include <stdlib.h>

#define BELOW_BYTES 100000u
#define SIZE_BYTES  150000u

static uint8_t below[BELOW_BYTES];
static uint8_t model[SIZE_BYTES];

static struct psnap_io *open_over(struct psnap_io *inner, uint64_t size_bytes)
{
	struct psnap_io *io;

	T_EQ_I64(psnap_io_open_overlay(inner, size_bytes, &io, NULL), 0);
	return io;
}

/* Is all of it what the model says? */
static bool same_as_model(struct psnap_io *io)
{
	static uint8_t got[SIZE_BYTES];

	return psnap_io_read(io, 0, got, sizeof(got), NULL) == 0 &&
	       memcmp(got, model, sizeof(got)) == 0;
}

/* Any writes and reads, in any order, next to a plain array. */
static void test_like_an_array(void)
{
	static uint8_t kept[BELOW_BYTES];
	static uint8_t bytes[20000];
	struct psnap_io *inner;
	struct psnap_io *io;
	unsigned int good = 0;
	unsigned int i;

	fill_random(below, sizeof(below));
	memcpy(kept, below, sizeof(below));
	memset(model, 0, sizeof(model));
	memcpy(model, below, sizeof(below));
	T_EQ_I64(psnap_io_open_memory(below, sizeof(below), 1, &inner, NULL),
		 0);
	io = open_over(inner, SIZE_BYTES);
	T_EQ_U64(io->size_bytes, SIZE_BYTES);
	T_EQ_I64(io->fd, -1);
	T_OK(same_as_model(io), "before a write it is what lies below");
	for (i = 0; i < 400; i++) {
		size_t at = (size_t)(next_random() % SIZE_BYTES);
		size_t len = (size_t)(next_random() % sizeof(bytes));

		if (i % 2)
			len %= 40;
		if (len > SIZE_BYTES - at)
			len = SIZE_BYTES - at;
		fill_random(bytes, len);
		memcpy(model + at, bytes, len);
		if (psnap_io_write(io, at, bytes, len, NULL) == 0 &&
		    same_as_model(io))
			good++;
	}
	T_EQ_U64(good, 400);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_OK(memcmp(kept, below, sizeof(below)) == 0, "nothing below changed");
	T_EQ_I64(psnap_io_write(io, SIZE_BYTES, "x", 1, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	psnap_io_close(inner, NULL);
}

static void test_alignment(void)
{
	static const uint32_t aligns[] = { 512, 4096, 65536 };
	size_t i;

	for (i = 0; i < 3; i++) {
		static uint8_t disk[4 * 65536];
		struct psnap_io *inner;
		struct io_fault fault;
		struct psnap_io *io;
		uint8_t back[3];

		T_EQ_I64(psnap_io_open_memory(disk, sizeof(disk), aligns[i],
					      &inner, NULL),
			 0);
		io_fault_init(&fault, inner, aligns[i]);
		io = open_over(&fault.io, sizeof(disk));
		T_EQ_U64(io->align_bytes, aligns[i]);
		T_EQ_I64(psnap_io_write(io, 65535, "abc", 3, NULL), 0);
		T_EQ_I64(psnap_io_read(io, 65535, back, 3, NULL), 0);
		T_OK(memcmp(back, "abc", 3) == 0, "across two sectors");
		T_EQ_U64(fault.misaligned, 0);
		psnap_io_close(io, NULL);
		psnap_io_close(inner, NULL);
	}
}

/* One bad sector in a page that is written to is no more and no less bad. */
static void test_unreadable(void)
{
	static uint8_t disk[8192];
	uint8_t bytes[4096];
	struct psnap_error err = { 0 };
	struct psnap_io *inner;
	struct io_fault fault;
	struct psnap_io *io;

	memset(disk, 3, sizeof(disk));
	T_EQ_I64(psnap_io_open_memory(disk, sizeof(disk), 512, &inner, NULL),
		 0);
	io_fault_init(&fault, inner, 512);
	fault.bad_start = 1024;
	fault.bad_end = 1536;
	io = open_over(&fault.io, sizeof(disk));
	T_EQ_I64(psnap_io_write(io, 0, "abc", 3, NULL), 0);
	T_EQ_I64(psnap_io_read(io, 0, bytes, 1024, NULL), 0);
	T_OK(bytes[0] == 'a' && bytes[3] == 3, "what is in front is there");
	T_EQ_I64(psnap_io_read(io, 0, bytes, 4096, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 1024);
	T_EQ_I64(psnap_io_read(io, 1536, bytes, 2560, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 1030, "x", 1, NULL), PSNAP_E_IO);
	memset(bytes, 4, sizeof(bytes));
	T_EQ_I64(psnap_io_write(io, 1024, bytes, 512, NULL), 0);
	T_EQ_I64(psnap_io_read(io, 0, bytes, 4096, NULL), 0);
	T_OK(bytes[1023] == 3 && bytes[1024] == 4 && bytes[1536] == 3,
	     "once written it can be read");
	psnap_io_close(io, NULL);
	psnap_io_close(inner, NULL);
}

static void test_next_data(void)
{
	const uint64_t size = UINT64_C(1) << 62;
	struct io_image m;
	struct psnap_io *io;

	image_init(&m, 512, size / 512 / 2);
	image_put64(&m, UINT64_C(1) << 40, 1);
	io = open_over(&m.io, size);
	T_EQ_U64(psnap_io_next_data(io, 0), 0);
	T_EQ_U64(psnap_io_next_data(io, 8192), UINT64_C(1) << 40);
	T_EQ_U64(psnap_io_next_data(io, UINT64_C(2) << 40), size);
	T_EQ_I64(psnap_io_write(io, 100000, "x", 1, NULL), 0);
	T_EQ_I64(psnap_io_write(io, size - 5, "x", 1, NULL), 0);
	T_EQ_U64(psnap_io_next_data(io, 8192), 100000 / 4096 * 4096);
	T_EQ_U64(psnap_io_next_data(io, 100001), 100001);
	T_EQ_U64(psnap_io_next_data(io, 110592), UINT64_C(1) << 40);
	T_EQ_U64(psnap_io_next_data(io, UINT64_C(2) << 40), size - 4096);
	/* Pages that come later are found as well. */
	T_EQ_I64(psnap_io_write(io, UINT64_C(3) << 40, "x", 1, NULL), 0);
	T_EQ_U64(psnap_io_next_data(io, UINT64_C(2) << 40), UINT64_C(3) << 40);
	T_EQ_I64(psnap_io_write(io, UINT64_C(4) << 40, "x", 1, NULL), 0);
	psnap_io_close(io, NULL);
	image_release(&m);
}

/* Enough pages for the table to grow, and each stays where it is. */
static void test_many_pages(void)
{
	const uint64_t size = UINT64_C(1) << 50;
	struct io_image m;
	struct psnap_io *io;
	unsigned int good = 0;
	uint64_t i;

	image_init(&m, 512, size / 512);
	io = open_over(&m.io, size);
	for (i = 0; i < 5000; i++)
		if (psnap_io_write(io, i * 7919 * 4096, &i, sizeof(i), NULL) ==
		    0)
			good++;
	for (i = 0; i < 5000; i++) {
		uint64_t got = UINT64_MAX;

		if (psnap_io_read(io, i * 7919 * 4096, &got, sizeof(got),
				  NULL) == 0 &&
		    got == i)
			good++;
	}
	T_EQ_U64(good, 10000);
	psnap_io_close(io, NULL);
	image_release(&m);
}

static void test_hints(void)
{
	struct psnap_io *inner;
	struct io_fault fault;
	struct psnap_io *io;

	T_EQ_I64(psnap_io_open_memory(below, sizeof(below), 1, &inner, NULL),
		 0);
	io_fault_init(&fault, inner, 1);
	io = open_over(&fault.io, SIZE_BYTES);
	psnap_io_prefetch(io, 0, SIZE_BYTES);
	psnap_io_forget(io, 0, SIZE_BYTES);
	psnap_io_forget(io, BELOW_BYTES, 10);
	T_EQ_U64(fault.prefetches, 1);
	T_EQ_U64(fault.forgets, 1);
	psnap_io_close(io, NULL);
	T_EQ_U64(fault.calls[IO_FAULT_CLOSE], 0);
	psnap_io_close(inner, NULL);
}

int main(void)
{
	test_like_an_array();
	test_alignment();
	test_unreadable();
	test_next_data();
	test_many_pages();
	test_hints();
	return T_DONE();
}
