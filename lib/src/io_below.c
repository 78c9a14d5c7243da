/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the file below a loop device is to be written to its disk, or read from it.
 */
#include "io_below.h"

#include "use.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Often enough that both are at work; a slower disk is asked when it is done with
 * the last, and so has more of it to put in order. */
#define PUSH_BYTES (UINT64_C(16) << 20)

struct psnap_io_below psnap_io_below_new(void)
{
	return (struct psnap_io_below){ .fd = -1, .start_bytes = UINT64_MAX };
}

static void look(struct psnap_io_below *below,
		 const struct psnap_use_roots *roots, int device)
{
	struct stat st;
	dev_t loop;

	if (below->looked)
		return;
	below->looked = true;
	if (fstat(device, &st))
		return;
	loop = psnap_use_loop_of(roots,
				 S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
	if (!loop)
		return;
	below->fd = psnap_use_loop_open(roots, loop);
	/* Where a file lies is for its file system to know. */
	if (S_ISBLK(st.st_mode))
		below->start_bytes =
			psnap_use_loop_start(roots, loop, st.st_rdev);
}

bool psnap_io_below_due(struct psnap_io_below *below, int device,
			size_t len_bytes)
{
	below->bytes += len_bytes;
	if (below->bytes < PUSH_BYTES || below->asked)
		return false;
	below->bytes = 0;
	look(below, &psnap_use_roots_system, device);
	below->asked = below->fd >= 0;
	return below->asked;
}

void psnap_io_below_done(struct psnap_io_below *below, int result)
{
	below->asked = false;
	if (result < 0)
		psnap_io_below_release(below);
}

void psnap_io_below_fetch(struct psnap_io_below *below, int device,
			  uint64_t offset_bytes, size_t len_bytes)
{
	look(below, &psnap_use_roots_system, device);
	if (below->fd >= 0 && below->start_bytes <= INT64_MAX &&
	    offset_bytes <= INT64_MAX - below->start_bytes)
		(void)posix_fadvise(below->fd,
				    (off_t)(below->start_bytes + offset_bytes),
				    (off_t)len_bytes, POSIX_FADV_WILLNEED);
}

void psnap_io_below_release(struct psnap_io_below *below)
{
	if (below->fd >= 0)
		close(below->fd);
	below->fd = -1;
}
