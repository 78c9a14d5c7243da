/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sharing blocks where a file system can (XFS, Btrfs, bcachefs): what is shared
 * is neither read nor written, and takes no room until somebody changes it. If
 * it does not work for whatever reason the caller copies, and has the same.
 */
#include "io_share.h"

#include "checked.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Each call costs as much as copying a little; and a file of very many small
 * extents is slow ever after. */
#define SHARE_MIN_BYTES (UINT64_C(64) << 10)
/* So that it can be interrupted. */
#define SHARE_MAX_BYTES (UINT64_C(64) << 20)

void psnap_share_begin(struct psnap_share *share, const struct psnap_io *to)
{
	struct stat st;

	*share = (struct psnap_share){ 0 };
	if (to->fd < 0 || fstat(to->fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_blksize <= 0 || !is_power_of_two_u64((uint64_t)st.st_blksize))
		return;
	share->fd = to->fd;
	share->device = (uint64_t)st.st_dev;
	share->block_bytes = (uint64_t)st.st_blksize;
}

/* On Btrfs st_dev differs between subvolumes that can share, and that is not
 * worth a failed call for each segment. */
static bool on_device(const struct psnap_share *share, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_dev == share->device;
}

uint64_t psnap_share(struct psnap_share *share, struct psnap_io *from,
		     uint64_t offset_bytes, uint64_t len_bytes)
{
	struct psnap_io_source source;
	struct file_clone_range range = { 0 };
	uint64_t len;

	if (share->block_bytes == 0 || offset_bytes % share->block_bytes != 0 ||
	    !psnap_io_source(from, offset_bytes, &source) ||
	    source.offset_bytes % share->block_bytes != 0)
		return 0;
	len = min_u64(min_u64(len_bytes, source.len_bytes), SHARE_MAX_BYTES);
	len -= len % share->block_bytes;
	if (len < SHARE_MIN_BYTES || !on_device(share, source.fd))
		return 0;
	range.src_fd = source.fd;
	range.src_offset = source.offset_bytes;
	range.src_length = len;
	range.dest_offset = offset_bytes;
	if (ioctl(share->fd, FICLONERANGE, &range) == 0)
		return len;
	/* What is wrong with this range, such as a bad sector, is told by the
	 * copy. */
	if (errno != EIO && errno != EINTR)
		share->block_bytes = 0;
	return 0;
}
