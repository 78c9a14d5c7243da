/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices that stand on a file or device. The kernel protects neither
 * from being opened and written, and shows no holder: the loop devices have to
 * be asked one by one.
 */
#include "use.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool same_object(const struct psnap_use_scan *scan, dev_t dev, ino_t ino,
			dev_t rdev)
{
	if (S_ISBLK(scan->st->st_mode))
		return psnap_use_overlaps(scan, rdev);
	return dev == scan->st->st_dev && ino == scan->st->st_ino;
}

/* Ask the device itself: 1 ours, 0 not ours, -1 it cannot be asked. */
static int ask_device(const struct psnap_use_scan *scan, const char *loop_name)
{
	struct psnap_use_path path;
	struct loop_info64 info;
	int rc = -1;
	int fd;

	if (!psnap_use_path(&path, "%s/%s", scan->roots->dev, loop_name))
		return -1;
	fd = open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	memset(&info, 0, sizeof(info));
	if (ioctl(fd, LOOP_GET_STATUS64, &info) == 0)
		rc = same_object(scan, (dev_t)info.lo_device,
				 (ino_t)info.lo_inode, (dev_t)info.lo_rdevice);
	close(fd);
	return rc;
}

/* Second best, for those who may not open the device: the name of it, which is
 * wrong in another mount namespace. */
static bool ask_name(const struct psnap_use_scan *scan, const char *backing)
{
	struct stat st;

	if (stat(backing, &st))
		return false;
	return same_object(scan, st.st_dev, st.st_ino,
			   S_ISBLK(st.st_mode) ? st.st_rdev : 0);
}

static int loop_tell(const struct psnap_use_scan *scan, const char *loop_name)
{
	char backing[PATH_MAX];
	struct psnap_use_path path;
	int ours;

	if (!psnap_use_path(&path, "%s/block/%s/loop/backing_file",
			    scan->roots->sys, loop_name) ||
	    !psnap_use_line(path.text, backing, sizeof(backing)))
		return 0;
	ours = ask_device(scan, loop_name);
	if (ours < 0)
		ours = ask_name(scan, backing);
	if (!ours)
		return 0;
	if (!psnap_use_path(&path, "/dev/%s", loop_name))
		return 0;
	return psnap_use_tell(scan, PSNAP_USE_LOOP, path.text);
}

int psnap_use_loops(const struct psnap_use_scan *scan)
{
	struct psnap_use_path path;
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	if (!psnap_use_path(&path, "%s/block", scan->roots->sys))
		return 0;
	dir = opendir(path.text);
	if (!dir)
		return 0;
	while (!rc && (entry = readdir(dir)))
		if (strncmp(entry->d_name, "loop", 4) == 0)
			rc = loop_tell(scan, entry->d_name);
	closedir(dir);
	return rc;
}
