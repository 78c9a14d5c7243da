/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of GNU ddrescue: the example of its manual, everything a map may look
 * like, everything that is none, and where the message says the fault is.
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
#include "test.h"

#include <errno.h>

/* The ranges of a set as "start-end ...". */
static const char *text_of(struct psnap_extents *set)
{
	static char text[1000];
	const struct psnap_extent *list;
	size_t used = 0;
	size_t count;
	size_t i;

	list = psnap_extents_list(set, &count);
	text[0] = '\0';
	for (i = 0; i < count && used < sizeof(text) - 50; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%" PRIu64 "-%" PRIu64,
					 i > 0 ? " " : "", list[i].offset_bytes,
					 list[i].offset_bytes +
						 list[i].len_bytes);
	return text;
}

static int read_bytes(const void *map, size_t len_bytes,
		      struct psnap_extents *set, struct psnap_error *err)
{
	struct psnap_io *io;
	int rc = psnap_io_open_memory(map, len_bytes, 1, &io, err);

	if (rc == 0)
		rc = psnap_mapfile_read(io, set, err);
	psnap_io_close(io, NULL);
	return rc;
}

/* A good map: @want is what was not rescued. */
static void good(const char *map, const char *want)
{
	struct psnap_error err = { 0 };
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	T_EQ_I64(read_bytes(map, strlen(map), set, &err), 0);
	T_EQ_STR(err.message, "");
	T_EQ_STR(text_of(set), want);
	psnap_extents_free(set);
}

static void bad_bytes(const void *map, size_t len_bytes, const char *want)
{
	struct psnap_error err = { 0 };
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	T_EQ_I64(read_bytes(map, len_bytes, set, &err), PSNAP_E_CORRUPT);
	T_EQ_I64(err.code, PSNAP_E_CORRUPT);
	T_OK(strncmp(err.message, want, strlen(want)) == 0,
	     "says \"%s...\": %s", want, err.message);
	T_EQ_I64(read_bytes(map, len_bytes, set, NULL), PSNAP_E_CORRUPT);
	psnap_extents_free(set);
}

static void bad(const char *map, const char *want)
{
	bad_bytes(map, strlen(map), want);
}

#define HEAD "# Mapfile. Created by GNU ddrescue version 1.27\n"

static void test_manual(void)
{
	/* Its example, with 0x117000, 0x117200, 0x118200, 0x120000 and
	 * 0x168000 as decimals. */
	good(HEAD "# Command line: ddrescue -d -c18 /dev/fd0 fdimage mapfile\n"
		  "# Start time:   2015-07-21 09:37:44\n"
		  "# Copying non-tried blocks... Pass 1 (forwards)\n"
		  "# current_pos  current_status  current_pass\n"
		  "0x00120000     ?               1\n"
		  "#      pos        size  status\n"
		  "0x00000000  0x00117000  +\n"
		  "0x00117000  0x00000200  -\n"
		  "0x00117200  0x00001000  /\n"
		  "0x00118200  0x00007E00  *\n"
		  "0x00120000  0x00048000  ?\n",
	     "1142784-18446744073709551615");
}

static void test_blocks(void)
{
	good("0 +\n0 100 +\n", "100-18446744073709551615");
	good("0 +\n0 100 +\n100 50 +\n200 10 +\n", "150-200 "
						   "210-18446744073709551615");
	good("0 +\n10 5 +\n", "0-10 15-18446744073709551615");
	good("0 +\n", "0-18446744073709551615");
	good("0 +\n0 10 +\n10 5 -\n15 5 /\n20 10 +\n30 1 *\n31 9 +\n40 1 ?\n"
	     "41 9 +\n",
	     "10-20 30-31 40-41 50-18446744073709551615");
	good("0 +\n0 4 +\n10 2 -\n20 5 +\n", "4-20 25-18446744073709551615");
	good("0 +\n0 18446744073709551615 +\n", "");
	good("0 +\n0 0 ?\n0 0xFFFFFFFFFFFFFFFE +\n",
	     "18446744073709551614-18446744073709551615");
	good("0 +\n0xffffffffffffffff 0 +\n", "0-18446744073709551615");
}

static void test_numbers(void)
{
	good("0x10 ? 1\n0x0 0X1f +\n", "31-18446744073709551615");
	good("010 ? 1\n00 0777 +\n", "511-18446744073709551615");
	good("99 ? 1\n0 999 +\n", "999-18446744073709551615");
	good("0 ?\n0 0xaBcDeF +\n", "11259375-18446744073709551615");
	good("0 ?\n0 01777777777777777777777 +\n", "");
	bad("0 ?\n0 0x1fffffffffffffffff +\n", "line 2: position and size");
	bad("0 ?\n0 18446744073709551616 +\n", "line 2: position and size");
	bad("0 ?\n0 02000000000000000000000 +\n", "line 2: position and size");
	bad("0 ?\n0 08 +\n", "line 2: position and size");
	bad("0 ?\n0 0x +\n", "line 2: position and size");
	bad("0 ?\n0 0xg +\n", "line 2: position and size");
	bad("0 ?\n0 5a +\n", "line 2: position and size");
	bad("0 ?\n-1 5 +\n", "line 2: position and size");
	bad("0 ?\n0 +5 +\n", "line 2: position and size");
	bad("0 ?\n0 5. +\n", "line 2: position and size");
	bad("0 ?\n0 :5 +\n", "line 2: position and size");
	bad("0 ?\n0 /5 +\n", "line 2: position and size");
	bad("0 ?\n0 5 +\n5 18446744073709551611 +\n",
	    "line 3: the block ends behind byte 2^64");
	bad("0 ?\n1 18446744073709551615 -\n", "line 2: the block ends");
}

static void test_status_line(void)
{
	good("0 F\n", "0-18446744073709551615");
	good("0 G 12\n", "0-18446744073709551615");
	good("0 * 0x2\n", "0-18446744073709551615");
	good("0 / 1\n", "0-18446744073709551615");
	good("0 - 1\n", "0-18446744073709551615");
	bad("0\n", "line 1: this is no status line");
	bad("+\n", "line 1: this is no status line");
	bad("0 x\n", "line 1: this is no status line");
	bad("0 ++\n", "line 1: this is no status line");
	bad("z + 1\n", "line 1: this is no status line");
	bad("0 + 0\n", "line 1: this is no status line");
	bad("0 + x\n", "line 1: this is no status line");
	bad("0 + 1 1\n", "line 1: this is no status line");
	bad("0 + 1 1 1 1 1 1\n", "line 1: this is no status line");
	/* Maps of before ddrescue 1.6 begin with the blocks. */
	bad(HEAD "0 100 +\n", "line 2: this is no status line");
	bad("", "has no status line");
	bad("\n \n\t\n# nothing\n", "has no status line");
	bad("# 0 +", "has no status line");
}

static void test_block_lines(void)
{
	bad("0 +\n0\n", "line 2: this is no block");
	bad("0 +\n0 100\n", "line 2: this is no block");
	bad("0 +\n0 100 + +\n", "line 2: this is no block");
	bad("0 +\n0 100 + 1 1 1\n", "line 2: this is no block");
	bad("0 +\n0 100 x\n", "line 2: this is no block");
	bad("0 +\n0 100 F\n", "line 2: this is no block");
	bad("0 +\n0 100 +-\n", "line 2: this is no block");
	bad("0 +\n0 100+\n", "line 2: this is no block");
	bad("0 +\n+ + +\n", "line 2: position and size");
	/* Cut off in the middle of a line by a crash. */
	bad("0 +\n0 100 +\n100 20", "line 3: this is no block");
}

static void test_order(void)
{
	bad("0 +\n0 100 +\n99 1 -\n", "line 3: the block begins before");
	bad("0 +\n100 100 +\n0 10 +\n", "line 3: the block begins before");
	bad("0 +\n100 100 +\n100 100 +\n", "line 3: the block begins before");
	bad(HEAD "\n0 +\n\n# x\n5 5 -\n4 1 -\n",
	    "line 7: the block begins before");
}

static void test_lines(void)
{
	good("0 +\r\n# x\r\n\r\n0 100 +\r\n", "100-18446744073709551615");
	good("0 +\n0 100 +", "100-18446744073709551615");
	good(" \t0\t+\t1\t# here\n\n   0 100   +   # 100 B # +\n",
	     "100-18446744073709551615");
	good("0 +\n0 100 +\t#\n#\n##\n #\n", "100-18446744073709551615");
	good("0 +\n0 100 + # no new line", "100-18446744073709551615");
	bad("0 +\n0 100 +#\n", "line 2: this is no block");
	bad("0 +\n0 100 # +\n", "line 2: this is no block");
	bad_bytes("SnAp\1\0\0\0\1\0\0\0\10\0\0", 16, "line 1: a zero byte");
	bad_bytes("0 +\n0 100 +\0\n", 13, "line 2: a zero byte");
	bad_bytes("0 +\n0 100 +\0 5\n", 15, "line 2: a zero byte");
}

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
	test_manual();
	test_blocks();
	test_numbers();
	test_status_line();
	test_block_lines();
	test_order();
	test_lines();
	test_long_lines();
	test_pieces();
	test_many_blocks();
	with_set(test_added);
	with_set(test_read_fails);
	with_set(test_no_memory);
	return T_DONE();
}
