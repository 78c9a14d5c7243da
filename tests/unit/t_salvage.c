/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * io_salvage.c, io_lost.c: disks with any bad sectors, next to an array of
 * bytes that knows which those are.
 */
#include "random.h"
#include "test.h"

#include <errno.h>
#include <psnap/salvage.h>
#include <stdlib.h>

#define ORIGIN_BYTES 45980u

static uint8_t origin_bytes[ORIGIN_BYTES];
static uint8_t got[ORIGIN_BYTES];

/* Sectors are bad where the model says so. */
static bool bad_sector[ORIGIN_BYTES / 512 + 1];
static unsigned int bad_reads;

static int64_t bad_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes)
{
	uint64_t end = offset_bytes + len_bytes;
	uint64_t at = offset_bytes;

	(void)io;
	/* A device gives what stands before the place. */
	while (at < end && !bad_sector[at / 512])
		at += 512 - at % 512;
	if (at == offset_bytes) {
		bad_reads++;
		return -EIO;
	}
	if (at > end)
		at = end;
	memcpy(buf, origin_bytes + offset_bytes, at - offset_bytes);
	return (int64_t)(at - offset_bytes);
}

static const struct psnap_io_ops bad_ops = { .read_some = bad_read };

static struct psnap_extents *new_set(void)
{
	struct psnap_extents *set;

	if (psnap_extents_new(&set, NULL))
		abort();
	return set;
}

static void test_fills(void)
{
	static const uint8_t pattern[] = "LOST ";
	struct psnap_io bad = { .ops = &bad_ops,
				.name = "bad",
				.size_bytes = ORIGIN_BYTES,
				.align_bytes = 1,
				.fd = -1 };
	struct psnap_extents *filled;
	struct psnap_salvage salvage = { .inner = &bad,
					 .unreadable.pattern = pattern,
					 .unreadable.pattern_bytes = 5 };
	struct psnap_io *io;
	bool good = true;
	bool noted = true;
	unsigned int n;
	size_t i;

	for (n = 0; n < 500 && good; n++) {
		uint64_t lost = 0;
		size_t start;
		size_t len;

		filled = new_set();
		salvage.filled = filled;
		if (psnap_io_open_salvage(&salvage, &io, NULL))
			abort();
		for (i = 0; i < sizeof(bad_sector); i++)
			bad_sector[i] = next_random() % (1 + n % 7) == 0;
		start = (size_t)(next_random() % ORIGIN_BYTES);
		len = (size_t)(next_random() % (ORIGIN_BYTES - start)) + 1;
		good = psnap_io_read(io, start, got, len, NULL) == 0;
		for (i = start; i < start + len; i++) {
			bool is_bad = bad_sector[i / 512];
			uint8_t want =
				is_bad ? pattern[i % 5] : origin_bytes[i];

			good = good && got[i - start] == want;
			lost += is_bad;
		}
		noted = noted && psnap_extents_common_bytes(filled, 0,
							    UINT64_MAX) == lost;
		psnap_io_close(io, NULL);
		psnap_extents_free(filled);
	}
	T_OK(good, "what is bad is filled, and nothing else");
	T_OK(noted, "and noted, byte for byte");
	T_OK(bad_reads > 1000, "%u reads failed", bad_reads);
}

static void test_replaces(void)
{
	static const uint8_t byte = 0xa5;
	struct psnap_salvage salvage = { .replacement.pattern = &byte,
					 .replacement.pattern_bytes = 1 };
	struct psnap_io *inner;
	struct psnap_io *io;
	bool good;
	size_t i;

	if (psnap_io_open_memory(origin_bytes, ORIGIN_BYTES, 1, &inner, NULL))
		abort();
	salvage.inner = inner;
	salvage.filled = new_set();
	salvage.replace = new_set();
	if (psnap_extents_add(salvage.replace, 100, 700, NULL) ||
	    psnap_extents_add(salvage.replace, 5000, 5001, NULL) ||
	    psnap_io_open_salvage(&salvage, &io, NULL))
		abort();
	T_EQ_I64(psnap_io_read(io, 50, got, 6000, NULL), 0);
	for (good = true, i = 50; i < 6050; i++) {
		bool replaced = (i >= 100 && i < 700) || i == 5000;

		good = good &&
		       got[i - 50] == (replaced ? byte : origin_bytes[i]);
	}
	T_OK(good, "a range is replaced, to the byte");
	T_EQ_U64(psnap_extents_common_bytes(salvage.filled, 0, UINT64_MAX), 0);
	psnap_io_close(io, NULL);
	psnap_io_close(inner, NULL);
	psnap_extents_free(salvage.filled);
	psnap_extents_free(salvage.replace);
}

static void test_lost(void)
{
	struct psnap_extents *lost = new_set();
	struct psnap_error err = { 0 };
	struct psnap_io *inner;
	struct psnap_io *io;

	if (psnap_io_open_memory(origin_bytes, 8192, 1, &inner, NULL) ||
	    psnap_extents_add(lost, 1000, 2000, NULL) ||
	    psnap_io_open_lost(inner, lost, &io, NULL))
		abort();
	T_EQ_I64(psnap_io_read(io, 0, got, 1000, NULL), 0);
	T_OK(memcmp(got, origin_bytes, 1000) == 0, "before it all is there");
	T_EQ_I64(psnap_io_read(io, 0, got, 1001, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 1000);
	T_EQ_I64(psnap_io_read(io, 1999, got, 1, NULL), PSNAP_E_IO);
	T_EQ_I64(psnap_io_read(io, 2000, got, 6192, NULL), 0);
	T_OK(memcmp(got, origin_bytes + 2000, 6192) == 0, "and behind it");
	psnap_io_close(io, NULL);
	psnap_extents_free(lost);
}

/* A hole that was not rescued is no hole. */
static uint64_t no_data(struct psnap_io *io, uint64_t offset_bytes)
{
	(void)offset_bytes;
	return io->size_bytes;
}

static int close_nothing(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static void test_holes(void)
{
	static const struct psnap_io_ops hole_ops = {
		.read_some = bad_read,
		.next_data = no_data,
		.close = close_nothing,
	};
	struct psnap_io hole = { .ops = &hole_ops,
				 .name = "hole",
				 .size_bytes = 10000,
				 .align_bytes = 1,
				 .fd = -1 };
	struct psnap_salvage salvage = { .inner = &hole };
	struct psnap_extents *set = new_set();
	struct psnap_io *io;

	if (psnap_extents_add(set, 3000, 4000, NULL) ||
	    psnap_io_open_lost(&hole, set, &io, NULL))
		abort();
	T_EQ_U64(psnap_io_next_data(io, 0), 3000);
	T_EQ_U64(psnap_io_next_data(io, 3500), 3500);
	T_EQ_U64(psnap_io_next_data(io, 4000), 10000);
	psnap_io_close(io, NULL);
	salvage.filled = set;
	salvage.replace = set;
	if (psnap_io_open_salvage(&salvage, &io, NULL))
		abort();
	T_EQ_U64(psnap_io_next_data(io, 0), 3000);
	T_EQ_U64(psnap_io_next_data(io, 3500), 3500);
	T_EQ_U64(psnap_io_next_data(io, 4000), 10000);
	psnap_io_close(io, NULL);
	psnap_extents_free(set);
}

int main(void)
{
	fill_random(origin_bytes, sizeof(origin_bytes));
	test_fills();
	test_replaces();
	test_lost();
	test_holes();
	return T_DONE();
}
