/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of device a file lies on, as far as it matters to how many requests
 * it is given.
 */
#include "io_depth.h"

#include "use.h"

#include <sys/stat.h>

/* drivers/block/loop.c: LOOP_DEFAULT_HW_Q_DEPTH. */
#define LOOP_DEPTH PSNAP_IO_DEPTH_MIN

static unsigned int depth_of(const struct psnap_use_roots *roots, dev_t device)
{
	return psnap_use_loop_of(roots, device) ? LOOP_DEPTH
						: PSNAP_IO_DEPTH_MAX;
}

unsigned int psnap_io_depth(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return LOOP_DEPTH;
	return depth_of(&psnap_use_roots_system,
			S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
}
