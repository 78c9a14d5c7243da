/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of GNU ddrescue: the example of its manual, everything a map may look
 * like, everything that is none, and where the message says the fault is.
 * Large ones are in t_mapfile_large.c.
 */
#include "mapfile_expect.h"

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

int main(void)
{
	test_manual();
	test_blocks();
	test_numbers();
	test_status_line();
	test_block_lines();
	test_order();
	test_lines();
	return T_DONE();
}
