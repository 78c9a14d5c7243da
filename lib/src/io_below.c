/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the file below a loop device is to be written to its disk, or read from it.
 */
#include "io_below.h"

#include "checked.h"
#include "use.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Before so much is written it is not looked for. */
#define BEGIN_BYTES (UINT64_C(16) << 20)
#define PUSH_BYTES  (UINT64_C(1) << 20)
#define PARTS	    64u
#define PART_MIN    (UINT64_C(1) << 20)
/* A request to io_uring has 32 bits for it. */
#define PART_MAX (UINT64_C(1) << 30)

struct psnap_io_below psnap_io_below_new(void)
{
	return (struct psnap_io_below){ .fd = -1 };
}

static void look(struct psnap_io_below *below, int device)
{
	struct psnap_use_below found;

	if (below->looked)
		return;
	below->looked = true;
	if (!psnap_use_below_open(&psnap_use_roots_system, device, &found))
		return;
	below->fd = found.fd;
	below->size_bytes = found.size_bytes;
	below->start_bytes = found.start_bytes;
}

static struct psnap_extent next_part(struct psnap_io_below *below)
{
	const uint64_t want = below->size_bytes / PARTS;
	struct psnap_extent part = { below->next_bytes, PART_MIN };

	if (want > PART_MIN)
		part.len_bytes = min_u64(want, PART_MAX);
	below->next_bytes += part.len_bytes;
	if (below->next_bytes >= below->size_bytes)
		below->next_bytes = 0;
	return part;
}

bool psnap_io_below_due(struct psnap_io_below *below, int device,
			size_t len_bytes, struct psnap_extent *part)
{
	below->bytes += len_bytes;
	if (below->asked ||
	    below->bytes < (below->looked ? PUSH_BYTES : BEGIN_BYTES))
		return false;
	below->bytes = 0;
	look(below, device);
	below->asked = below->fd >= 0;
	if (below->asked)
		*part = next_part(below);
	return below->asked;
}

/* That a disk could not write, and not that the system could not ask it. */
static bool is_loss(int os_errno)
{
	switch (os_errno) {
	case EINVAL:
	case EOPNOTSUPP:
	case ENOSYS:
	case ESPIPE:
	case EBADF:
	case ECANCELED:
	case EINTR:
	case EAGAIN:
	case ENOMEM:
		return false;
	default:
		return true;
	}
}

void psnap_io_below_done(struct psnap_io_below *below, int result)
{
	below->asked = false;
	if (result >= 0)
		return;
	if (is_loss(-result))
		below->failed_errno = -result;
	psnap_io_below_release(below);
}

void psnap_io_below_fetch(struct psnap_io_below *below, int device,
			  uint64_t offset_bytes, size_t len_bytes)
{
	look(below, device);
	if (below->fd >= 0 && offset_bytes <= INT64_MAX - below->start_bytes)
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
