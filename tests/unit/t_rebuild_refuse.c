/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuild*.c: lists that fit on a store, just, and lists that do not.
 */
#include "rebuild_scene.h"
#include "test.h"

static void refused(struct list *list, int code, const char *words)
{
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct ram ram;

	ram_new(&ram);
	T_EQ_I64(check(&ram.devices[0].io, list, &result, &err), code);
	T_OK(strstr(err.message, words) != NULL, "\"%s\" in \"%s\"", words,
	     err.message);
	ram_release(&ram);
}

static void refused_run(uint64_t old_chunk, uint64_t new_chunk, uint64_t chunks,
			const char *words)
{
	struct list list;

	fill(&list, 3);
	add(&list, old_chunk, new_chunk, chunks);
	refused(&list, PSNAP_E_CORRUPT, words);
}

static void test_refusals(void)
{
	struct list list;

	refused_run(1, 0, 1, "store chunk 0,");
	refused_run(1, 1, 1, "store chunk 1,");
	refused_run(1, 34, 1, "store chunk 34,");
	refused_run(1, 30, 5, "store chunk 34,");
	refused_run(1, 33, 2, "store chunk 34,");
	refused_run(1, CHUNKS, 1, "not on the store");
	refused_run(1, CHUNKS - 1, 2, "not on the store");
	refused_run(1, UINT64_MAX, 1, "not on the store");
	refused_run(1, 20, UINT64_MAX, "origin chunk");
	refused_run(UINT64_C(1) << 54, 20, 1, "beyond the largest device");
	refused_run(UINT64_MAX, 20, 1, "beyond the largest device");
	refused_run(1007, 20, 1, "origin chunk 1007 has more than one");
	refused_run(1006, 20, 2, "origin chunk 1007 has more than one");
	refused_run(1, 3, 1, "store chunk 3 is named by more than one");
	fill(&list, 0);
	add(&list, UINT64_C(1) << 40, 20, 1);
	add(&list, (UINT64_C(1) << 40) - 1, 30, 2);
	refused(&list, PSNAP_E_CORRUPT, "origin chunk 1099511627776 has");
	fill(&list, 1);
	list.entries[0].run.chunks = 0;
	refused(&list, PSNAP_E_API, "0 chunks");
	list.entries[0].run.chunks = 2;
	list.entries[0].has_crc32 = true;
	refused(&list, PSNAP_E_API, "checksum");
	fill(&list, 3);
	list.fail_at = 2;
	refused(&list, PSNAP_E_NOT_FOUND, "");
}

/* The last numbers that are possible. */
static void test_limits(void)
{
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct list list;
	struct ram ram;

	ram_new(&ram);
	fill(&list, 0);
	add(&list, (UINT64_C(1) << 54) - 2, CHUNKS - 3, 2);
	add(&list, (UINT64_C(1) << 54) - 3, 33, 1);
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), 0);
	T_EQ_U64(result.exceptions, 3);
	ram_release(&ram);
}

/* The areas of a store with @chunks chunks, and a table of @count. */
static void test_room(uint64_t chunks, size_t count, int want)
{
	const uint64_t size_bytes = chunks * CHUNK + 511;
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct list list;
	struct ram ram;

	ram_init(&ram, &size_bytes, 1);
	fill(&list, count);
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), want);
	ram_release(&ram);
}

static void test_rooms(void)
{
	test_room(1, 0, PSNAP_E_TRUNCATED);
	test_room(2, 0, 0);
	test_room(34, 31, 0);
	/* The chunk after a full area 0 would have to be area 1. */
	test_room(34, 32, PSNAP_E_TRUNCATED);
	test_room(35, 32, 0);
	test_room(68, 64, 0);
	test_room(67, 64, PSNAP_E_TRUNCATED);
}

int main(void)
{
	test_refusals();
	test_limits();
	test_rooms();
	return T_DONE();
}
