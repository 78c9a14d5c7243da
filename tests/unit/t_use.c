/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a device or file, in a tree of our own in place of /proc, /sys and
 * /dev: sdb (8:16) with partitions sdb1 and sdb2, mounts, swap, holders and
 * loop devices.
 */
#include "../../lib/src/use.h"

#include "files.h"
#include "test.h"

#include <psnap/io.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const struct psnap_use_roots roots = { "proc", "sys", "dev" };

static void put(const char *name, const char *text)
{
	char command[300];

	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"",
		 name);
	if (system(command) == 0)
		file_put(name, text);
	else
		T_OK(false, "there is a directory for %s", name);
}

/* Users as "kind:detail;", in the order they were told. */
static char seen[400];
static int stop_after;

static int see(void *ctx, const struct psnap_use *use)
{
	static const char *const kinds[] = { "mounted", "swap", "holder",
					     "snapshot", "loop" };
	size_t used = strlen(seen);

	T_OK(ctx == seen, "the context is handed through");
	snprintf(seen + used, sizeof(seen) - used, "%s:%s;", kinds[use->kind],
		 use->detail);
	return stop_after > 0 && --stop_after == 0 ? 7 : 0;
}

static const char *scan(const struct stat *st)
{
	seen[0] = '\0';
	T_EQ_I64(psnap_use_scan(&roots, st, see, seen, NULL), 0);
	return seen;
}

static const char *scan_device(unsigned int dev_major, unsigned int dev_minor)
{
	struct stat st = { .st_mode = S_IFBLK | 0600 };

	st.st_rdev = makedev(dev_major, dev_minor);
	return scan(&st);
}

static const char *scan_file(const char *name)
{
	struct stat st;

	if (!T_OK(stat(name, &st) == 0, "%s exists", name))
		return "";
	return scan(&st);
}

static void make_devices(void)
{
	T_EQ_I64(system("mkdir -p sys/dev/block sys/class/block sys/block dev "
			"sys/devices/sdb/holders"),
		 0);
	put("sys/devices/sdb/dev", "8:16\n");
	put("sys/devices/sdb/sdb1/dev", "8:17\n");
	put("sys/devices/sdb/sdb1/partition", "1\n");
	put("sys/devices/sdb/sdb2/dev", "8:18\n");
	put("sys/devices/sdb/sdb2/partition", "2\n");
	put("sys/devices/sdc/dev", "8:32\n");
	T_EQ_I64(system("cd sys/dev/block && ln -s ../../devices/sdb 8:16 && "
			"ln -s ../../devices/sdb/sdb1 8:17 && "
			"ln -s ../../devices/sdb/sdb2 8:18 && "
			"ln -s ../../devices/sdc 8:32 && cd ../../class/block "
			"&& ln -s ../../devices/sdb/sdb2 sdb2 && "
			"ln -s ../../devices/sdc sdc"),
		 0);
}

static void test_nothing(void)
{
	struct stat st = { .st_mode = S_IFCHR | 0600 };

	T_EQ_STR(scan_device(8, 16), "");
	put("file", "");
	T_EQ_STR(scan_file("file"), "");
	T_EQ_STR(scan(&st), "");
}

static void test_mounts(void)
{
	put("proc/self/mountinfo",
	    "22 1 0:21 / /proc rw - proc proc rw\n"
	    "30 1 8:17 / /mnt/my\\040disk rw,noatime shared:1 - ext4 "
	    "/dev/sdb1 rw\n"
	    "31 1 8:17 /sub /bind\\134 rw - ext4 /dev/sdb1 rw\n"
	    "32 1 8:160 / /wrong rw - ext4 /dev/sdk rw\n"
	    "33 1 0:40 / /pool rw - btrfs /dev/sdc rw\n"
	    "34 1 0:41 / /tmp rw - tmpfs sdc rw\n"
	    "garbage\n"
	    "35 1 8:16");
	T_EQ_STR(scan_device(8, 17), "mounted:/mnt/my disk;mounted:/bind\\;");
	T_EQ_STR(scan_device(8, 16), "mounted:/mnt/my disk;mounted:/bind\\;");
	T_EQ_STR(scan_device(8, 18), "");
	T_EQ_STR(scan_device(8, 32), "mounted:/pool;");
	T_EQ_STR(scan_device(8, 48), "");

	put("proc/self/mountinfo",
	    "30 1 8:16 / /whole rw - ext4 /dev/sdb rw\n");
	T_EQ_STR(scan_device(8, 16), "mounted:/whole;");
	T_EQ_STR(scan_device(8, 18), "mounted:/whole;");
	T_EQ_STR(scan_device(8, 32), "");
}

static void test_stop(void)
{
	struct stat st = { .st_mode = S_IFBLK | 0600 };

	put("proc/self/mountinfo", "30 1 8:16 / /a rw - ext4 /dev/sdb rw\n"
				   "31 1 8:16 / /b rw - ext4 /dev/sdb rw\n");
	st.st_rdev = makedev(8, 16);
	seen[0] = '\0';
	stop_after = 1;
	T_EQ_I64(psnap_use_scan(&roots, &st, see, seen, NULL), 7);
	T_EQ_STR(seen, "mounted:/a;");
	stop_after = 0;
	put("proc/self/mountinfo", "");
}

static void test_swaps(void)
{
	char text[600];
	char cwd[200];

	put("swap file", "");
	put("other file", "");
	if (!T_OK(getcwd(cwd, sizeof(cwd)), "the working directory"))
		return;
	snprintf(text, sizeof(text),
		 "Filename\t\tType\t\tSize\tUsed\tPriority\n"
		 "/dev/sdb2    partition\t16380\t0\t-2\n"
		 "%s/swap\\040file file\t16380\t0\t-3\n",
		 cwd);
	put("proc/swaps", text);
	T_EQ_STR(scan_device(8, 18), "swap:;");
	T_EQ_STR(scan_device(8, 16), "swap:;");
	T_EQ_STR(scan_device(8, 17), "");
	T_EQ_STR(scan_device(8, 32), "");
	T_EQ_STR(scan_file("swap file"), "swap:;");
	T_EQ_STR(scan_file("other file"), "");
	put("proc/swaps", "");
}

static void test_holders(void)
{
	put("sys/devices/sdb/sdb1/holders/md0/dev", "9:0\n");
	T_EQ_STR(scan_device(8, 17), "holder:md0;");
	T_EQ_STR(scan_device(8, 16), "holder:md0;");
	T_EQ_STR(scan_device(8, 18), "");

	put("sys/devices/sdb/holders/dm-0/dm/name", "whole\n");
	T_EQ_STR(scan_device(8, 16), "holder:whole;holder:md0;");
	T_EQ_STR(scan_device(8, 18), "holder:whole;");
}

/* Without a word from device-mapper the uuid of an LVM volume decides. */
static void test_lvm(const char *uuid, const char *want)
{
	put("sys/dev/block/253:3/dm/uuid", uuid);
	put("sys/dev/block/253:3/holders/dm-1/dm/name", "vg-snap\n");
	T_EQ_STR(scan_device(253, 3), want);
}

static void test_loops(void)
{
	char text[300];
	char cwd[200];

	put("image", "");
	put("image-too", "");
	if (!T_OK(getcwd(cwd, sizeof(cwd)), "the working directory"))
		return;
	snprintf(text, sizeof(text), "%s/image\n", cwd);
	put("sys/block/loop3/loop/backing_file", text);
	put("sys/block/loop4/size", "0\n");
	put("sys/block/sdb/loop/backing_file", text);
	T_EQ_STR(scan_file("image"), "loop:/dev/loop3;");
	T_EQ_STR(scan_file("image-too"), "");
	T_EQ_I64(link("image", "hard-link"), 0);
	T_EQ_STR(scan_file("hard-link"), "loop:/dev/loop3;");
	put("sys/block/loop3/loop/backing_file", "/gone (deleted)\n");
	T_EQ_STR(scan_file("image"), "");
	T_EQ_STR(scan_device(8, 48), "");
}

static void test_list(void)
{
	struct psnap_io *io = NULL;

	T_EQ_I64(psnap_io_open_memory("x", 1, 1, &io, NULL), 0);
	seen[0] = '\0';
	if (io)
		T_EQ_I64(psnap_use_list(io, see, seen, NULL), 0);
	T_EQ_STR(seen, "");
	psnap_io_close(io, NULL);
}

static dev_t loop_of(unsigned int dev_major, unsigned int dev_minor)
{
	return psnap_use_loop_of(&roots, makedev(dev_major, dev_minor));
}

static void test_loop_of(void)
{
	T_EQ_U64(loop_of(7, 5), makedev(7, 5));
	T_EQ_U64(loop_of(8, 17), 0);
	T_EQ_U64(loop_of(259, 1), 0);
	put("sys/devices/loop5/dev", "7:5\n");
	put("sys/devices/loop5/loop5p1/dev", "259:1\n");
	put("sys/devices/loop5/loop5p1/partition", "1\n");
	T_EQ_I64(symlink("../../devices/loop5/loop5p1", "sys/dev/block/259:1"),
		 0);
	T_EQ_U64(loop_of(259, 1), makedev(7, 5));
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_use-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	test_nothing();
	make_devices();
	test_nothing();
	test_mounts();
	test_stop();
	test_swaps();
	test_holders();
	test_lvm("LVM-aaaabbbb-cow\n", "snapshot:vg-snap;");
	test_lvm("LVM-aaaabbbb-real\n", "holder:vg-snap;");
	test_lvm("CRYPT-aaaabbbb-cow\n", "holder:vg-snap;");
	test_lvm("", "holder:vg-snap;");
	test_loops();
	test_loop_of();
	test_list();
	dir_remove(dir);
	return T_DONE();
}
