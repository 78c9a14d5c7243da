/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many requests a device is given: a loop device, and a partition of one,
 * as many as it queues; and others more.
 */
#include "../../lib/src/io_depth.c"

#include "files.h"
#include "test.h"

#include <sys/sysmacros.h>

/* As sysfs shows a disk 7:3 and its partition 259:5, by links. */
static void make_sysfs(void)
{
	T_EQ_I64(mkdir("dev", 0777) | mkdir("dev/block", 0777) |
			 mkdir("loop3", 0777) | mkdir("loop3/loop3p1", 0777),
		 0);
	file_put("loop3/dev", "7:3\n");
	file_put("loop3/loop3p1/dev", "259:5\n");
	file_put("loop3/loop3p1/partition", "1\n");
	T_EQ_I64(symlink("../../loop3", "dev/block/7:3") |
			 symlink("../../loop3/loop3p1", "dev/block/259:5"),
		 0);
}

int main(void)
{
	char dir[] = "/tmp/t_io_depth.XXXXXX";
	struct psnap_use_roots roots = psnap_use_roots_system;

	if (!dir_enter(dir))
		return T_DONE();
	make_sysfs();
	roots.sys = ".";
	T_EQ_U64(depth_of(&roots, makedev(7, 3)), 128);
	T_EQ_U64(depth_of(&roots, makedev(7, 300)), 128);
	T_EQ_U64(depth_of(&roots, makedev(259, 5)), 128);
	T_EQ_U64(depth_of(&roots, makedev(259, 6)), 1024);
	T_EQ_U64(depth_of(&roots, makedev(8, 1)), 1024);
	T_EQ_U64(psnap_io_depth(-1), 128);
	dir_remove(dir);
	return T_DONE();
}
