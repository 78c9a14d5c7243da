/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling a new file with the content of an io: by sharing its blocks where the
 * file system can, or else by copying, so that what is zero takes no room.
 */
#include "newfile_internal.h"

#include "checked.h"
#include "fail.h"

#include <linux/fs.h>
#include <psnap/io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Read at once. */
#define PIECE_BYTES ((uint64_t)1 << 20)
/* What is zero is left out in blocks of the size that file systems have. */
#define BLOCK_BYTES ((uint64_t)4096)

/* If it ends half-way, what is shared by then is what would be copied. */
static bool share(int fd, const struct psnap_io *from)
{
	struct stat st;

	return from->fd >= 0 && fstat(from->fd, &st) == 0 &&
	       S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == from->size_bytes &&
	       ioctl(fd, FICLONE, from->fd) == 0;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* Write what is not zero; runs of blocks in one. */
static int write_data(struct psnap_io *to, uint64_t offset_bytes,
		      const uint8_t *data, size_t len, struct psnap_error *err)
{
	size_t start = 0;
	size_t end;
	size_t n;
	int rc = 0;

	for (end = 0; end < len && rc == 0; end += n) {
		n = (size_t)min_u64(BLOCK_BYTES, len - end);
		if (!is_zero(data + end, n))
			continue;
		if (end > start)
			rc = psnap_io_write(to, offset_bytes + start,
					    data + start, end - start, err);
		start = end + n;
	}
	if (rc == 0 && len > start)
		rc = psnap_io_write(to, offset_bytes + start, data + start,
				    len - start, err);
	return rc;
}

static int tick(const struct psnap_progress *progress, uint64_t done_bytes,
		uint64_t total_bytes, struct psnap_error *err)
{
	if (progress && progress->tick &&
	    progress->tick(progress->ctx, done_bytes, total_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

static int copy(struct psnap_io *to, struct psnap_io *from, uint8_t *piece,
		const struct psnap_progress *progress, struct psnap_error *err)
{
	uint64_t size_bytes = from->size_bytes;
	uint64_t at = psnap_io_next_data(from, 0);
	int rc = 0;

	while (rc == 0 && at < size_bytes) {
		size_t n = (size_t)min_u64(PIECE_BYTES - at % PIECE_BYTES,
					   size_bytes - at);
		rc = psnap_io_read(from, at, piece, n, err);
		if (rc == 0)
			rc = write_data(to, at, piece, n, err);
		if (rc == 0)
			rc = tick(progress, at + n, size_bytes, err);
		at += n;
		if (at < size_bytes)
			at = psnap_io_next_data(from, at);
	}
	return rc;
}

int psnap_newfile_copy(struct psnap_newfile *file, struct psnap_io *to,
		       struct psnap_io *from,
		       const struct psnap_progress *progress,
		       struct psnap_error *err)
{
	uint8_t *piece;
	int rc;

	if (from->size_bytes > to->size_bytes)
		return psnap_fail(err, PSNAP_E_NOSPACE,
				  "%llu bytes do not fit in %llu",
				  (unsigned long long)from->size_bytes,
				  (unsigned long long)to->size_bytes);
	if (share(psnap_newfile_fd(file), from))
		return tick(progress, from->size_bytes, from->size_bytes, err);
	piece = malloc(PIECE_BYTES);
	if (!piece)
		return psnap_fail_nomem(err, "copying");
	rc = copy(to, from, piece, progress, err);
	free(piece);
	return rc;
}
