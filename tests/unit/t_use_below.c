/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a loop device stands on is found by its name, if it is that, and only where
 * the page cache has a part in it; with the place where the device begins.
 */
#include "../../lib/src/use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#define DEVICE 1000

/* What the device is, and says of itself. */
static struct stat shown;
static struct loop_info64 status;
static bool no_status;

static int fake_fstat(int fd, struct stat *st)
{
	if (fd != DEVICE)
		return fstat(fd, st);
	*st = shown;
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, struct loop_info64 *info)
{
	errno = ENXIO;
	if (no_status || fd != DEVICE || request != LOOP_GET_STATUS64)
		return -1;
	*info = status;
	return 0;
}

#define fstat fake_fstat
#define ioctl fake_ioctl
#include "../../lib/src/use_below.c"
#undef fstat
#undef ioctl

#include "files.h"
#include "test.h"

static const struct psnap_use_roots roots = { "proc", "sys", "dev" };

static void make_sysfs(void)
{
	T_EQ_I64(system("mkdir -p sys/dev/block/7:5/loop sys/loop5/loop5p1"),
		 0);
	file_put("sys/loop5/dev", "7:5\n");
	file_put("sys/loop5/loop5p1/dev", "259:1\n");
	file_put("sys/loop5/loop5p1/partition", "1\n");
	T_EQ_I64(symlink("../../loop5/loop5p1", "sys/dev/block/259:1"), 0);
}

/* A loop device over the file "image". */
static void new_device(void)
{
	struct stat st;

	memset(&shown, 0, sizeof(shown));
	memset(&status, 0, sizeof(status));
	no_status = false;
	shown.st_mode = S_IFBLK;
	shown.st_rdev = makedev(7, 5);
	T_EQ_I64(stat("image", &st), 0);
	status.lo_device = st.st_dev;
	status.lo_inode = st.st_ino;
	file_put("sys/dev/block/7:5/loop/backing_file", "image\n");
}

/* Where it begins; UINT64_MAX: nothing was found. */
static uint64_t found(void)
{
	struct psnap_use_below below;
	struct stat st;

	if (!psnap_use_below_open(&roots, DEVICE, &below))
		return UINT64_MAX;
	T_OK(fstat(below.fd, &st) == 0 && st.st_ino == status.lo_inode,
	     "that file");
	T_EQ_I64(fcntl(below.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	T_EQ_U64(below.size_bytes, 5);
	close(below.fd);
	return below.start_bytes;
}

static uint64_t found_by(const char *name)
{
	new_device();
	file_put("sys/dev/block/7:5/loop/backing_file", name);
	return found();
}

static void test_devices(void)
{
	new_device();
	T_EQ_U64(found(), 0);
	no_status = true;
	T_EQ_U64(found(), UINT64_MAX);
	new_device();
	status.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_PARTSCAN;
	T_EQ_U64(found(), UINT64_MAX);
	status.lo_flags = LO_FLAGS_PARTSCAN;
	T_EQ_U64(found(), 0);
	shown.st_rdev = makedev(8, 1);
	T_EQ_U64(found(), UINT64_MAX);
	new_device();
	shown.st_mode = S_IFREG;
	T_EQ_U64(found(), UINT64_MAX);
}

static void test_names(void)
{
	T_EQ_U64(found_by("image\n"), 0);
	T_EQ_U64(found_by("image (deleted)\n"), UINT64_MAX);
	T_EQ_U64(found_by("\n"), UINT64_MAX);
	/* Another file of that name. */
	T_EQ_U64(found_by("other\n"), UINT64_MAX);
	T_EQ_U64(found_by("sys\n"), UINT64_MAX);
	T_EQ_U64(found_by("/dev/null\n"), UINT64_MAX);
	new_device();
	status.lo_inode++;
	T_EQ_U64(found(), UINT64_MAX);
	new_device();
	status.lo_device++;
	T_EQ_U64(found(), UINT64_MAX);
	T_EQ_I64(unlink("sys/dev/block/7:5/loop/backing_file"), 0);
	T_EQ_U64(found(), UINT64_MAX);
}

static uint64_t found_partition(const char *start_sectors)
{
	shown.st_rdev = makedev(259, 1);
	file_put("sys/loop5/loop5p1/start", start_sectors);
	return found();
}

/* Opening it would wait for a writer. */
static void test_pipe(void)
{
	struct stat st;

	T_EQ_I64(mkfifo("pipe", 0666), 0);
	new_device();
	T_EQ_I64(stat("pipe", &st), 0);
	status.lo_inode = st.st_ino;
	file_put("sys/dev/block/7:5/loop/backing_file", "pipe\n");
	T_EQ_U64(found(), UINT64_MAX);
}

static void test_starts(void)
{
	new_device();
	status.lo_offset = 4096;
	T_EQ_U64(found(), 4096);
	T_EQ_U64(found_partition("2048\n"), 4096 + 1048576);
	T_EQ_U64(found_partition(""), UINT64_MAX);
	T_EQ_U64(found_partition("4k\n"), UINT64_MAX);
	status.lo_offset = 0;
	/* INT64_MAX / 512, and one more. */
	T_EQ_U64(found_partition("18014398509481983\n"),
		 UINT64_C(9223372036854775296));
	T_EQ_U64(found_partition("18014398509481984\n"), UINT64_MAX);
	T_EQ_U64(found_partition("99999999999999999999\n"), UINT64_MAX);
	status.lo_offset = 511;
	T_EQ_U64(found_partition("18014398509481983\n"), INT64_MAX);
	status.lo_offset = 512;
	T_EQ_U64(found_partition("18014398509481983\n"), UINT64_MAX);
	T_EQ_I64(unlink("sys/loop5/loop5p1/start"), 0);
	T_EQ_U64(found(), UINT64_MAX);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_use_below-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	make_sysfs();
	file_put("image", "image");
	file_put("other", "other");
	test_devices();
	test_names();
	test_pipe();
	test_starts();
	dir_remove(dir);
	return T_DONE();
}
