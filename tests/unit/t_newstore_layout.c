/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newstore.c: how large a store is, and its layout where an area is just full;
 * numbers worked out by hand. Copying ranges, and holes that are not read.
 */
#include "../crash/ram.h"
#include "io_fault.h"
#include "newstore_reader.h"
#include "test.h"

#include <psnap/newstore.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE_BYTES ((size_t)1 << 20)

static uint8_t origin[SIZE_BYTES];
static uint8_t shown[SIZE_BYTES];

/*
 * @count:    chunks that differ, every other one of the origin
 * @areas, @chunks:  what that takes
 * @last:     where the last chunk stands
 */
struct layout {
	uint64_t chunk_bytes;
	uint64_t count;
	uint64_t areas;
	uint64_t chunks;
	uint64_t last;
};

/* An area has 32 entries with 512 bytes, and 64 with 1024. */
static const struct layout layouts[] = {
	{ 512, 31, 1, 33, 32 },	    { 512, 32, 2, 36, 35 },
	{ 512, 33, 2, 36, 35 },	    { 512, 63, 2, 66, 65 },
	{ 512, 64, 3, 69, 68 },	    { 512, 65, 3, 69, 68 },
	{ 512, 320, 11, 333, 332 }, { 1024, 63, 1, 65, 64 },
	{ 1024, 64, 2, 68, 67 },    { 1024, 65, 2, 68, 67 },
	{ 4096, 2, 1, 4, 3 },	    { 65536, 8, 1, 10, 9 },
	{ 1u << 20, 1, 1, 3, 2 },
};

static void test_layout(const struct layout *l)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = l->chunk_bytes,
	};
	const struct psnap_newstore_plan *plan;
	uint64_t needed = l->chunks * l->chunk_bytes;
	struct psnap_extents *changes = NULL;
	struct psnap_newstore *store;
	struct psnap_io *a = NULL;
	struct psnap_io *b = NULL;
	struct reading r;
	struct ram ram = { 0 };

	T_OK(psnap_extents_new(&changes, NULL) == 0 &&
		     psnap_io_open_memory(shown, SIZE_BYTES, 1, &a, NULL) ==
			     0 &&
		     psnap_io_open_memory(origin, SIZE_BYTES, 1, &b, NULL) == 0,
	     "%" PRIu64 " chunks of %" PRIu64 " bytes", l->count,
	     l->chunk_bytes);
	memset(shown, 0, SIZE_BYTES);
	for (uint64_t i = 0; i < l->count; i++) {
		/* One byte in the middle of the chunk. */
		uint64_t at = 2 * i * l->chunk_bytes + l->chunk_bytes / 2;

		shown[at] = (uint8_t)(i + 1) | 0x80;
		T_EQ_I64(psnap_extents_add(changes, at, at + 1, NULL), 0);
	}
	T_EQ_I64(psnap_newstore_new(a, b, changes, &options, &store, NULL), 0);
	plan = psnap_newstore_plan(store);
	T_EQ_U64(plan->exceptions, l->count);
	T_EQ_U64(plan->areas, l->areas);
	T_EQ_U64(plan->needed_bytes, needed < 16384 ? 16384 : needed);
	ram_init(&ram, &plan->needed_bytes, 1);
	T_EQ_I64(psnap_newstore_write(store, &ram.devices[0].io, false, NULL),
		 0);
	r = read_store(ram.devices[0].bytes, plan->needed_bytes, origin, shown,
		       SIZE_BYTES);
	T_EQ_STR(r.wrong, NULL);
	T_EQ_U64(r.exceptions, l->count);
	T_EQ_U64(r.areas, l->areas);
	T_EQ_U64(r.last, l->last);
	T_EQ_U64(r.used_chunks, l->chunks);
	ram_release(&ram);
	psnap_newstore_free(store);
	psnap_io_close(b, NULL);
	psnap_io_close(a, NULL);
	psnap_extents_free(changes);
}

static void test_empty(uint64_t chunk_bytes, uint64_t needed)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = chunk_bytes,
	};
	struct psnap_extents *changes = NULL;
	struct psnap_newstore *store;
	struct psnap_io *io = NULL;

	T_EQ_I64(psnap_extents_new(&changes, NULL), 0);
	T_EQ_I64(psnap_io_open_memory(shown, 0, 1, &io, NULL), 0);
	T_EQ_I64(psnap_newstore_new(io, io, changes, &options, &store, NULL),
		 0);
	T_EQ_U64(psnap_newstore_plan(store)->exceptions, 0);
	T_EQ_U64(psnap_newstore_plan(store)->areas, 1);
	T_EQ_U64(psnap_newstore_plan(store)->needed_bytes, needed);
	psnap_newstore_free(store);
	psnap_io_close(io, NULL);
	psnap_extents_free(changes);
}

/* A file of one hole but for a block, all of which is in the store. */
static void test_holes(void)
{
	const struct psnap_newstore_options options = { .chunk_bytes = 4096 };
	int fd = memfd_create("shown", MFD_CLOEXEC);
	uint64_t size = (uint64_t)64 << 20;
	struct psnap_extents *changes = NULL;
	struct psnap_newstore *store;
	struct io_fault counted;
	struct io_fault out;
	struct psnap_io *io = NULL;
	struct ram ram = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T_OK(ftruncate(fd, (off_t)size) == 0 &&
		     pwrite(fd, "x", 1, 5000000) == 1 &&
		     psnap_io_open(path, &io, NULL) == 0 &&
		     psnap_extents_new(&changes, NULL) == 0 &&
		     psnap_extents_add(changes, 0, size, NULL) == 0,
	     "there is a file with a hole");
	io_fault_init(&counted, io, 1);
	T_EQ_I64(psnap_newstore_new(&counted.io, &counted.io, changes, &options,
				    &store, NULL),
		 0);
	ram_init(&ram, &psnap_newstore_plan(store)->needed_bytes, 1);
	io_fault_init(&out, &ram.devices[0].io, 1);
	T_EQ_I64(psnap_newstore_write(store, &out.io, true, NULL), 0);
	T_OK(counted.calls[IO_FAULT_READ] <= 4, "%" PRIu64 " reads",
	     counted.calls[IO_FAULT_READ]);
	T_OK(counted.prefetches > 0, "it is asked for ahead");
	/* Areas, the block, and twice the header. */
	T_OK(out.calls[IO_FAULT_WRITE] <= 64 + 4, "%" PRIu64 " writes",
	     out.calls[IO_FAULT_WRITE]);
	/* Origin chunk 1220, of group 4, whose data begins at chunk 1030. */
	T_EQ_U64(ram.devices[0].bytes[(1030 + 196) * 4096 + 5000000 % 4096],
		 'x');
	ram_release(&ram);
	psnap_newstore_free(store);
	psnap_extents_free(changes);
	psnap_io_close(io, NULL);
	close(fd);
}

static void test_copy(void)
{
	struct psnap_extents *ranges = NULL;
	struct psnap_io *from = NULL;
	struct ram ram = { 0 };
	uint8_t *to;
	bool same = true;

	for (size_t i = 0; i < SIZE_BYTES; i++)
		shown[i] = (uint8_t)(i * 7 + i / 4096 + 1);
	memset(shown + 70000, 0, 20000);
	ram_init(&ram, (uint64_t[]){ SIZE_BYTES }, 1);
	to = ram.devices[0].bytes;
	T_OK(psnap_extents_new(&ranges, NULL) == 0 &&
		     psnap_extents_add(ranges, 65536, 131072, NULL) == 0 &&
		     psnap_extents_add(ranges, 512, 1024, NULL) == 0 &&
		     psnap_extents_add(ranges, SIZE_BYTES - 3, SIZE_BYTES,
				       NULL) == 0 &&
		     psnap_io_open_memory(shown, SIZE_BYTES, 1, &from, NULL) ==
			     0,
	     "there are ranges");
	T_EQ_I64(psnap_newstore_copy(from, &ram.devices[0].io, ranges, NULL,
				     NULL),
		 0);
	for (size_t i = 0; i < SIZE_BYTES; i++) {
		bool in = (i >= 65536 && i < 131072) ||
			  (i >= 512 && i < 1024) || i >= SIZE_BYTES - 3;

		same = same && to[i] == (in ? shown[i] : 0);
	}
	T_OK(same, "what is in the ranges is copied, and nothing else");
	T_EQ_I64(psnap_extents_add(ranges, 0, SIZE_BYTES + 1, NULL), 0);
	T_EQ_I64(psnap_newstore_copy(from, &ram.devices[0].io, ranges, NULL,
				     NULL),
		 PSNAP_E_RANGE);
	psnap_extents_free(ranges);
	psnap_io_close(from, NULL);
	ram_release(&ram);
}

/* What the origin has no room for, or more of than the snapshot shows, can only
 * be compared in part. */
static void test_drop(uint64_t shown_bytes, uint64_t origin_bytes,
		      uint64_t exceptions, uint64_t dropped)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = 4096,
		.drop_equal = true,
	};
	struct psnap_extents *changes = NULL;
	struct psnap_newstore *store;
	struct psnap_io *a = NULL;
	struct psnap_io *b = NULL;

	T_OK(psnap_io_open_memory(shown, shown_bytes, 1, &a, NULL) == 0 &&
		     psnap_io_open_memory(shown, origin_bytes, 1, &b, NULL) ==
			     0 &&
		     psnap_extents_new(&changes, NULL) == 0 &&
		     psnap_extents_add(changes, 100, SIZE_BYTES, NULL) == 0,
	     "%" PRIu64 " over %" PRIu64 " bytes", shown_bytes, origin_bytes);
	T_EQ_I64(psnap_newstore_new(a, b, changes, &options, &store, NULL), 0);
	T_EQ_U64(psnap_newstore_plan(store)->exceptions, exceptions);
	T_EQ_U64(psnap_newstore_plan(store)->dropped, dropped);
	psnap_newstore_free(store);
	psnap_extents_free(changes);
	psnap_io_close(b, NULL);
	psnap_io_close(a, NULL);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		test_layout(&layouts[i]);
	test_empty(512, 16384);
	test_empty(4096, 16384);
	test_empty(8192, 24576);
	test_empty((uint64_t)1 << 30, (uint64_t)3 << 30);
	test_drop(10000, 10000, 0, 3);
	test_drop(10000, 6000, 2, 1);
	test_drop(10000, 8192, 1, 2);
	test_drop(10000, 0, 3, 0);
	test_drop(6000, 10000, 0, 2);
	test_holes();
	test_copy();
	return T_DONE();
}
