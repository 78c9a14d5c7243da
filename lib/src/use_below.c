/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a loop device stands on, and where it begins there.
 */
#include "use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <stdlib.h>
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

static bool can_stand_on(mode_t mode)
{
	return S_ISREG(mode) || S_ISBLK(mode);
}

int psnap_use_loop_open(const struct psnap_use_roots *roots, dev_t loop)
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
	if (stat(backing, &st) || !can_stand_on(st.st_mode))
		return -1;
	fd = open(backing, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) || !can_stand_on(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What sysfs says of a block device, as a number. */
static bool number_of(const struct psnap_use_roots *roots, dev_t dev,
		      const char *name, uint64_t *number)
{
	struct psnap_use_path path;
	char line[32];
	char *end;

	if (!psnap_use_path(&path, "%s/dev/block/%u:%u/%s", roots->sys,
			    major(dev), minor(dev), name) ||
	    !psnap_use_line(path.text, line, sizeof(line)))
		return false;
	errno = 0;
	*number = strtoull(line, &end, 10);
	return errno == 0 && end != line && *end == '\0';
}

uint64_t psnap_use_loop_start(const struct psnap_use_roots *roots, dev_t loop,
			      dev_t dev)
{
	uint64_t start_sectors = 0;
	uint64_t start_bytes;
	uint64_t is_direct;

	if (!number_of(roots, loop, "loop/dio", &is_direct) || is_direct ||
	    !number_of(roots, loop, "loop/offset", &start_bytes))
		return UINT64_MAX;
	if (dev != loop && !number_of(roots, dev, "start", &start_sectors))
		return UINT64_MAX;
	if (start_sectors > UINT64_MAX / 512 ||
	    start_bytes > UINT64_MAX - start_sectors * 512)
		return UINT64_MAX;
	return start_bytes + start_sectors * 512;
}
