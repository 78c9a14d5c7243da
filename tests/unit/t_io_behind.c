/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes behind the caller: what is read, and what is on the file after a
 * flush, is what was written last, whatever was under way; and what an io has to
 * be for it.
 */
#include "behind_scene.h"

#include <psnap/watch.h>

static size_t random_len(unsigned int i)
{
	size_t len = (size_t)(next_random() % 16 + 1) * 4096;

	if (i % 7 == 0)
		len = (size_t)(next_random() % 20000 + 1);
	return i % 101 ? len : (size_t)3 << 20;
}

/* Most of them close together, so that one is under way where the next goes. */
static void test_against_model(void)
{
	struct psnap_io *io = new_io(false);
	unsigned int wrong = 0;
	unsigned int i;

	put_first(io);
	for (i = 0; i < 6000; i++) {
		size_t len = random_len(i);
		size_t range = i % 5 ? (size_t)1 << 20 : FILE_BYTES;
		size_t at = len < range ? next_random() % (range - len) : 0;

		if (i % 7)
			at -= at % 4096;
		wrong += put(io, at, len) != 0;
		if (i % 50 == 0)
			wrong += psnap_io_read(io, at, found, len, NULL) != 0 ||
				 memcmp(found, wanted + at, len) != 0;
		if (i % 1000 == 0)
			wrong += psnap_io_sync(io, NULL) != 0 || !is_there();
	}
	T_EQ_U64(wrong, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "as the model");
}

/* Their order would be the disk's choice. */
static void test_one_place(void)
{
	struct psnap_io *io = new_io(false);
	struct io_behind *b = behind_of(io);

	put_first(io);
	T_EQ_I64(put(io, 8192, 8192), 0);
	T_EQ_I64(put(io, 16384, 4096), 0);
	T_EQ_I64(put(io, 4096, 4096), 0);
	T_EQ_U64(b->ring->under_way, 3);
	T_EQ_I64(put(io, 12288, 8192), 0);
	T_EQ_U64(b->ring->under_way, 1);
	T_EQ_I64(psnap_io_read(io, 0, found, 1, NULL), 0);
	T_EQ_U64(b->ring->under_way, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "one after the other");
}

/* No call for each of them, and none that waits as long as there is room. */
static void test_together(void)
{
	struct psnap_io *io = new_io(false);

	put_first(io);
	put_some(io, HAND_OVER_COUNT - 1);
	T_EQ_U64(faults.submits, 0);
	T_EQ_I64(put(io, FILE_BYTES - 4096, 4096), 0);
	T_EQ_U64(faults.submits, 1);
	T_EQ_I64(put(io, FILE_BYTES / 2, HAND_OVER_BYTES), 0);
	T_EQ_U64(faults.submits, 2);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "together");
}

/* More than there is memory for, long and short, from a disk that takes nothing
 * before somebody waits. */
static void test_memory(size_t len_bytes, unsigned int depth, unsigned int wait)
{
	struct psnap_io *io = new_io(false);
	unsigned int failed = 0;
	size_t at;

	faults.depth = depth;
	put_first(io);
	faults.hold = true;
	for (at = 0; at + len_bytes <= FILE_BYTES; len_bytes ^= 4096) {
		failed += put(io, at, len_bytes) != 0;
		at += len_bytes;
	}
	T_EQ_U64(failed, 0);
	/* Not one at a time. */
	T_EQ_U64(faults.wait_max, wait);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "%zu bytes at a time", len_bytes);
}

static void test_not_begun(bool no_uring, bool no_direct, bool no_memory,
			   bool no_hold)
{
	struct psnap_io *io = new_io(false);

	faults.no_uring = no_uring;
	faults.no_hold = no_hold;
	faults.no_direct = no_direct;
	put_first(io);
	T_OK(!behind_of(io)->ring, "not yet");
	faults.no_memory = no_memory;
	T_EQ_I64(put(io, 4096, 4096), 0);
	T_OK(!behind_of(io)->ring, "not at all");
	T_EQ_I64(put(io, 4096, 4096), 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "the ordinary way");
}

/* Whoever kills the process finds the file locked until the last write is done;
 * whoever closes the io does not. */
static void test_held(void)
{
	struct psnap_io *io = new_io(false);
	struct psnap_io *again = NULL;

	put_first(io);
	faults.held = -1;
	T_EQ_I64(put(io, 4096, 4096), 0);
	T_EQ_I64(faults.held, io->fd);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(faults.held, -1);
	T_EQ_I64(psnap_io_open_exclusive("file", &again, NULL), 0);
	T_EQ_I64(psnap_io_close(again, NULL), 0);
}

/* A large ring that is not to be had is no reason to have none. */
static void test_small_ring(unsigned int entries_max, bool begun)
{
	struct psnap_io *io = new_io(false);

	faults.depth = 1024;
	faults.entries_max = entries_max;
	put_first(io);
	put_some(io, 2000);
	T_EQ_U64(behind_of(io)->ring != NULL, begun);
	T_EQ_U64(begun ? behind_of(io)->ring->slots->count : 0,
		 begun ? entries_max : 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "with %u at a time", entries_max);
}

/* The page cache of a device has whole pages, and writes them back. */
static void test_pages(void)
{
	struct psnap_io *io = new_io(false);
	struct io_behind *b = behind_of(io);

	T_EQ_I64((long)b->align_bytes,
		 sysconf(_SC_PAGESIZE) > 4096 ? sysconf(_SC_PAGESIZE) : 4096);
	b->align_bytes = 65536;
	put_first(io);
	T_EQ_I64(put(io, 65536, 65536), 0);
	T_EQ_U64(b->ring->under_way, 1);
	T_EQ_I64(put(io, 2 * 65536, 4096), 0);
	T_EQ_U64(b->ring->under_way, 0);
	T_EQ_I64(put(io, 3 * 65536 - 4096, 65536), 0);
	T_EQ_U64(b->ring->under_way, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "whole pages or none");
}

/* A device may have sectors larger than a page, and takes no part of one. */
static void test_sectors(void)
{
	struct psnap_io *io = NULL;

	T_EQ_I64(psnap_io_close(new_io(false), NULL), 0);
	T_EQ_I64(psnap_io_open_exclusive("file", &io, NULL), 0);
	io->align_bytes = 65536;
	T_EQ_I64(psnap_io_write_behind(&io, NULL), 0);
	T_EQ_U64(behind_of(io)->align_bytes, 65536);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

static void test_holes(void)
{
	struct psnap_io *io = new_io(true);

	put_first(io);
	T_EQ_I64(put(io, BEGIN_BYTES, 4096), 0);
	T_OK(!behind_of(io)->ring, "not to a file with holes");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "holes and all");
}

/* Whoever reads past this io, or announces a read, finds what was written. */
static void test_passed_on(void)
{
	struct psnap_io *io = new_io(false);
	struct io_behind *b = behind_of(io);
	struct psnap_io_source source = { .fd = -1 };

	put_first(io);
	T_EQ_I64(put(io, 4096, 4096), 0);
	T_EQ_U64(b->ring->under_way, 1);
	T_OK(psnap_io_source(io, 4096, &source), "it stands in a file");
	T_EQ_U64(b->ring->under_way, 0);
	T_EQ_I64(source.fd, io->fd);
	T_EQ_U64(source.offset_bytes, 4096);
	T_OK(is_there(), "and there it is");
	T_EQ_I64(put(io, 8192, 4096), 0);
	psnap_io_prefetch(io, 0, FILE_BYTES);
	T_EQ_U64(b->ring->under_way, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "nothing old is announced");
}

static void test_who(void)
{
	struct psnap_io *io = new_io(false);
	struct psnap_io *other;

	other = io;
	T_EQ_I64(psnap_io_write_behind(&other, NULL), PSNAP_E_API);
	T_OK(other == io, "once is enough");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(psnap_io_open("file", &io, NULL), 0);
	T_EQ_I64(psnap_io_write_behind(&io, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(psnap_io_open_exclusive("file", &io, NULL), 0);
	T_EQ_I64(psnap_io_open_overlay(io, FILE_BYTES, &other, NULL), 0);
	T_EQ_I64(psnap_io_write_behind(&other, NULL), PSNAP_E_API);
	T_EQ_I64(psnap_io_close(other, NULL), 0);
	faults.no_memory = true;
	other = io;
	T_EQ_I64(psnap_io_write_behind(&io, NULL), PSNAP_E_NOMEM);
	T_OK(other == io, "as it was");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

static void test(void)
{
	test_against_model();
	test_one_place();
	test_together();
	test_memory(8192, 128, 128 / 8);
	test_memory(8192, 1024, 819 / 8);
	test_memory((size_t)160 << 10, 128, 50 / 8);
	test_memory((size_t)160 << 10, 1024, 50 / 8);
	test_memory((size_t)1 << 20, 128, 1);
	test_not_begun(true, false, false, false);
	test_not_begun(false, true, false, false);
	test_not_begun(false, false, true, false);
	test_not_begun(false, false, false, true);
	test_small_ring(512, true);
	test_small_ring(128, true);
	test_small_ring(127, false);
	test_held();
	test_pages();
	test_sectors();
	test_holes();
	test_passed_on();
	test_who();
}

int main(void)
{
	return behind_main(test);
}
