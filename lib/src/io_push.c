/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the file below a loop device is to be written to its disk.
 */
#include "io_push.h"

#include "use.h"

#include <sys/stat.h>
#include <unistd.h>

/* Often enough that both are at work; a slower disk is asked when it is done with
 * the last, and so has more of it to put in order. */
#define PUSH_BYTES (UINT64_C(16) << 20)

struct psnap_io_push psnap_io_push_new(void)
{
	return (struct psnap_io_push){ .fd = -1 };
}

static int open_below(const struct psnap_use_roots *roots, int device)
{
	struct stat st;
	dev_t loop;

	if (fstat(device, &st))
		return -1;
	loop = psnap_use_loop_of(roots,
				 S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
	return loop ? psnap_use_loop_open(roots, loop) : -1;
}

bool psnap_io_push_due(struct psnap_io_push *push, int device, size_t len_bytes)
{
	push->bytes += len_bytes;
	if (push->bytes < PUSH_BYTES || push->asked)
		return false;
	push->bytes = 0;
	if (!push->looked)
		push->fd = open_below(&psnap_use_roots_system, device);
	push->looked = true;
	push->asked = push->fd >= 0;
	return push->asked;
}

void psnap_io_push_done(struct psnap_io_push *push, int result)
{
	push->asked = false;
	if (result < 0)
		psnap_io_push_release(push);
}

void psnap_io_push_release(struct psnap_io_push *push)
{
	if (push->fd >= 0)
		close(push->fd);
	push->fd = -1;
}
