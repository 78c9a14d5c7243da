/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a loop device stands on, and where it begins there.
 */
#include "use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

dev_t psnap_use_loop_of(const struct psnap_use_roots *roots, dev_t dev)
{
	/* A partition of a loop device does not have its major number. */
	dev_t disk = psnap_use_disk_of(roots, dev);

	if (!disk)
		disk = dev;
	return major(disk) == LOOP_MAJOR ? disk : 0;
}

/* A name may lead to another file in another mount namespace. */
static bool stands_on(const struct loop_info64 *info, const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return (dev_t)info->lo_rdevice == st->st_rdev;
	return S_ISREG(st->st_mode) && (dev_t)info->lo_device == st->st_dev &&
	       (ino_t)info->lo_inode == st->st_ino;
}

static int open_named(const struct psnap_use_roots *roots, dev_t loop,
		      const struct loop_info64 *info)
{
	char backing[PATH_MAX];
	struct psnap_use_path path;
	struct stat st;
	int fd;

	if (!psnap_use_path(&path, "%s/dev/block/%u:%u/loop/backing_file",
			    roots->sys, major(loop), minor(loop)) ||
	    !psnap_use_line(path.text, backing, sizeof(backing)))
		return -1;
	/* Opening alone would rewind a tape that has the name here. */
	if (stat(backing, &st) || !stands_on(info, &st))
		return -1;
	fd = open(backing, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) || !stands_on(info, &st))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Where a partition begins in its disk. */
static bool partition_start(const struct psnap_use_roots *roots, dev_t dev,
			    uint64_t *start_bytes)
{
	struct psnap_use_path path;
	char line[32];
	char *end;

	if (!psnap_use_path(&path, "%s/dev/block/%u:%u/start", roots->sys,
			    major(dev), minor(dev)) ||
	    !psnap_use_line(path.text, line, sizeof(line)))
		return false;
	errno = 0;
	*start_bytes = strtoull(line, &end, 10);
	if (errno || end == line || *end || *start_bytes > INT64_MAX / 512)
		return false;
	*start_bytes *= 512;
	return true;
}

static bool find_start(const struct psnap_use_roots *roots, dev_t loop,
		       dev_t dev, uint64_t offset_bytes, uint64_t *start_bytes)
{
	*start_bytes = 0;
	if (dev != loop && !partition_start(roots, dev, start_bytes))
		return false;
	if (offset_bytes > INT64_MAX - *start_bytes)
		return false;
	*start_bytes += offset_bytes;
	return true;
}

bool psnap_use_below_open(const struct psnap_use_roots *roots, int device,
			  struct psnap_use_below *below)
{
	struct loop_info64 info;
	struct stat st;
	off_t size;
	dev_t loop;

	if (fstat(device, &st) || !S_ISBLK(st.st_mode))
		return false;
	loop = psnap_use_loop_of(roots, st.st_rdev);
	memset(&info, 0, sizeof(info));
	if (!loop || ioctl(device, LOOP_GET_STATUS64, &info) ||
	    info.lo_flags & LO_FLAGS_DIRECT_IO ||
	    !find_start(roots, loop, st.st_rdev, info.lo_offset,
			&below->start_bytes))
		return false;
	below->fd = open_named(roots, loop, &info);
	if (below->fd < 0)
		return false;
	size = lseek(below->fd, 0, SEEK_END);
	below->size_bytes = size < 0 ? 0 : (uint64_t)size;
	return true;
}
