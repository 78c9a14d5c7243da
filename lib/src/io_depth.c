/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of device a file lies on, as far as it matters to how many requests
 * it is given.
 */
#include "io_depth.h"

#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* drivers/block/loop.c: LOOP_DEFAULT_HW_Q_DEPTH. */
#define LOOP_DEPTH 128u

unsigned int psnap_io_depth(int fd)
{
	struct stat st;
	dev_t device;

	if (fstat(fd, &st))
		return LOOP_DEPTH;
	device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	return major(device) == LOOP_MAJOR ? LOOP_DEPTH : PSNAP_IO_DEPTH_MAX;
}
