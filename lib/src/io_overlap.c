/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do two ios hold the same bytes? By whatever name; as a disk and its partition;
 * or through loop devices, of which several can stand on one file, side by side
 * or one over the other.
 */
#include "use.h"

#include <linux/loop.h>
#include <psnap/io.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* What really has the bytes, [start, end) of it: a device (@rdev), or a file. */
struct place {
	bool is_device;
	dev_t rdev;
	dev_t dev;
	ino_t ino;
	uint64_t start;
	uint64_t end;
};

static struct place loop_place(const struct loop_info64 *info)
{
	return (struct place){
		.is_device = info->lo_rdevice != 0,
		.rdev = (dev_t)info->lo_rdevice,
		.dev = (dev_t)info->lo_device,
		.ino = (ino_t)info->lo_inode,
		.start = info->lo_offset,
		.end = info->lo_sizelimit ? info->lo_offset + info->lo_sizelimit
					  : UINT64_MAX,
	};
}

static struct place place_of(int fd, const struct stat *st)
{
	struct loop_info64 info;

	memset(&info, 0, sizeof(info));
	if (S_ISBLK(st->st_mode) && ioctl(fd, LOOP_GET_STATUS64, &info) == 0)
		return loop_place(&info);
	return (struct place){
		.is_device = S_ISBLK(st->st_mode),
		.rdev = st->st_rdev,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.end = UINT64_MAX,
	};
}

static bool same_object(const struct place *a, const struct place *b)
{
	if (a->is_device != b->is_device)
		return false;
	return a->is_device ? a->rdev == b->rdev
			    : a->dev == b->dev && a->ino == b->ino;
}

static bool is_disk_and_part(const struct stat *a, const struct stat *b)
{
	if (!S_ISBLK(a->st_mode) || !S_ISBLK(b->st_mode))
		return false;
	return psnap_use_disk_of(&psnap_use_roots_system, a->st_rdev) ==
		       b->st_rdev ||
	       psnap_use_disk_of(&psnap_use_roots_system, b->st_rdev) ==
		       a->st_rdev;
}

bool psnap_io_overlap(const struct psnap_io *a, const struct psnap_io *b)
{
	struct place pa;
	struct place pb;
	struct stat sa;
	struct stat sb;

	if (a == b)
		return true;
	if (a->fd < 0 || b->fd < 0 || fstat(a->fd, &sa) || fstat(b->fd, &sb))
		return false;
	if (is_disk_and_part(&sa, &sb))
		return true;
	pa = place_of(a->fd, &sa);
	pb = place_of(b->fd, &sb);
	return same_object(&pa, &pb) && pa.start < pb.end && pb.start < pa.end;
}
