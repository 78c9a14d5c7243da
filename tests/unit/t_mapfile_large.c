/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of GNU ddrescue that are larger than what is read at once, that
 * cannot be read, or for which there is no memory.
 */
#include <stdbool.h>
#include <stdlib.h>

static bool no_memory;

static void *fake_malloc(size_t size)
{
	return no_memory ? NULL : malloc(size);
}

#define malloc fake_malloc
#include "../../lib/src/mapfile.c"
#undef malloc

#include "io_fault.h"
#include "mapfile_expect.h"

#include <errno.h>

/* @n times @c between two texts. */
static char *padded(const char *before, char c, size_t n, const char *after)
{
	size_t head = strlen(before);
	size_t tail = strlen(after);
	char *text = malloc(head + n + tail + 1);

	if (!text)
		abort();
	memcpy(text, before, head);
	memset(text + head, c, n);
	memcpy(text + head + n, after, tail + 1);
	return text;
}

static void test_long_lines(void)
{
	static const size_t lens[] = { 4000,  4088,  4089,   65525, 65530,
				       65536, 65537, 131072, 300000 };
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char *comment = padded("0 +\n#", 'x', lens[i], "\n0 100 +\n");
		char *blanks = padded("0 +\n0 100 +", ' ', lens[i], "\n");

		good(comment, "100-18446744073709551615");
		if (lens[i] <= 4089)
			good(blanks, "100-18446744073709551615");
		else
			bad(blanks, "line 2: longer than any line");
		free(comment);
		free(blanks);
	}
}

/* Read in pieces of 64 KiB: a border has to fall on every byte of a line. */
static void test_pieces(void)
{
	const char *lines = "# \n0x10 0x20 -\n0x40 16 + # x\n80 9 ?\n";
	size_t len = strlen(lines);
	size_t i;

	for (i = 0; i <= len + 8; i++) {
		char *map = padded("0 +\n#", 'x', 65536 - 8 - i, lines);

		map[65536 - 8 - i + 4] = '\n';
		good(map, "0-64 80-18446744073709551615");
		free(map);
	}
}

/* Every block is '+', each two bytes after the one before. */
static void test_many_blocks(void)
{
	const uint64_t blocks = 100000;
	struct psnap_extents *set;
	char *map = malloc(blocks * 32);
	uint64_t wrong = 0;
	size_t used = 4;
	size_t count;
	uint64_t i;

	if (!T_OK(map && !psnap_extents_new(&set, NULL), "memory"))
		return;
	memcpy(map, "0 +\n", 4);
	for (i = 0; i < blocks; i++)
		used += (size_t)sprintf(map + used, "0x%08" PRIX64 " %u +\n",
					i * 3, 1u);
	T_EQ_I64(read_bytes(map, used, set, NULL), 0);
	T_EQ_U64(psnap_extents_common_bytes(set, 0, blocks * 3), blocks * 2);
	for (i = 0; i < blocks; i++)
		wrong += psnap_extents_common_bytes(set, i * 3, i * 3 + 1);
	T_EQ_U64(wrong, 0);
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, blocks);
	free(map);
	psnap_extents_free(set);
}

/* What was in the set stays there. */
static void test_added(struct psnap_extents *set)
{
	T_EQ_I64(psnap_extents_add(set, 20, 30, NULL), 0);
	T_EQ_I64(read_bytes("0 +\n0 100 +\n", 12, set, NULL), 0);
	T_EQ_STR(text_of(set), "20-30 100-18446744073709551615");
}

static void test_read_fails(struct psnap_extents *set)
{
	char *map = padded("0 +\n#", 'x', 100000, "\n0 100 +\n");
	struct psnap_error err = { 0 };
	struct io_fault fault;
	struct psnap_io *io;

	T_EQ_I64(psnap_io_open_memory(map, strlen(map), 1, &io, NULL), 0);
	io_fault_init(&fault, io, 1);
	fault.fail_at = 2;
	T_EQ_I64(psnap_mapfile_read(&fault.io, set, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 65536);
	fault.os_errno = ENXIO;
	fault.fail_at = 3;
	T_EQ_I64(psnap_mapfile_read(&fault.io, set, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 0);
	T_EQ_I64(err.os_errno, ENXIO);
	fault.fail_at = 0;
	fault.io.size_bytes = (UINT64_C(64) << 20) + 1;
	T_EQ_I64(psnap_mapfile_read(&fault.io, set, &err), PSNAP_E_CORRUPT);
	T_EQ_STR(err.message,
		 "is larger than 64 MiB; is it a map of ddrescue?");
	psnap_io_close(io, NULL);
	free(map);
}

static void test_no_memory(struct psnap_extents *set)
{
	struct psnap_error err = { 0 };

	no_memory = true;
	T_EQ_I64(read_bytes("0 +\n", 4, set, &err), PSNAP_E_NOMEM);
	no_memory = false;
	T_EQ_STR(err.message, "out of memory while reading a map");
}

static void with_set(void (*test)(struct psnap_extents *set))
{
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	test(set);
	psnap_extents_free(set);
}

int main(void)
{
	test_long_lines();
	test_pieces();
	test_many_blocks();
	with_set(test_added);
	with_set(test_read_fails);
	with_set(test_no_memory);
	return T_DONE();
}
