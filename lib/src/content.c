/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libblkid reads descriptors only, so it is shown a file in memory that is as
 * large as the io and has what superblocks stand in: the first two MiB and the
 * last one.
 */
#include <psnap/content.h>

#include "checked.h"
#include "fail.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <psnap/io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD_BYTES  (UINT64_C(2) << 20)
#define TAIL_BYTES  (UINT64_C(1) << 20)
#define PIECE_BYTES ((size_t)64 << 10)

static int write_all(int fd, const uint8_t *data, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int copy_range(struct psnap_io *io, int fd, uint64_t start, uint64_t end,
		      uint8_t *piece, struct psnap_error *err)
{
	while (start < end) {
		size_t n = (size_t)min_u64(PIECE_BYTES, end - start);
		int rc = psnap_io_read(io, start, piece, n, NULL);

		if (rc == PSNAP_E_NOMEM)
			return psnap_fail_nomem(err, "looking at the content");
		if (rc == 0 && write_all(fd, piece, n, start))
			return psnap_fail_errno(err, PSNAP_E_IO, errno,
						"no room to look at a copy");
		start += n;
	}
	return 0;
}

static int copy_ends(struct psnap_io *io, int fd, struct psnap_error *err)
{
	uint64_t size = io->size_bytes;
	uint64_t head = min_u64(HEAD_BYTES, size);
	uint8_t *piece = malloc(PIECE_BYTES);
	int rc = 0;

	if (!piece)
		return psnap_fail_nomem(err, "looking at the content");
	if (ftruncate(fd, (off_t)size))
		rc = psnap_fail_errno(err, PSNAP_E_IO, errno,
				      "no room to look at a copy");
	if (rc == 0)
		rc = copy_range(io, fd, 0, head, piece, err);
	if (rc == 0)
		rc = copy_range(io, fd, size - min_u64(TAIL_BYTES, size - head),
				size, piece, err);
	free(piece);
	return rc;
}

static void take(blkid_probe probe, const char *name, char *to, size_t room)
{
	const char *value;
	size_t len;

	if (blkid_probe_lookup_value(probe, name, &value, NULL))
		return;
	len = strlen(value) + 1;
	if (len <= room)
		memcpy(to, value, len);
}

static int ask(int fd, struct psnap_content *content, struct psnap_error *err)
{
	blkid_probe probe = blkid_new_probe();

	if (!probe)
		return psnap_fail_nomem(err, "looking at the content");
	if (blkid_probe_set_device(probe, fd, 0, 0) == 0 &&
	    blkid_probe_enable_superblocks(probe, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(
		    probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
				   BLKID_SUBLKS_LABEL) == 0 &&
	    blkid_do_safeprobe(probe) == 0) {
		take(probe, "TYPE", content->type, sizeof(content->type));
		take(probe, "UUID", content->uuid, sizeof(content->uuid));
		take(probe, "LABEL", content->label, sizeof(content->label));
	}
	blkid_free_probe(probe);
	return 0;
}

int psnap_content_probe(struct psnap_io *io, struct psnap_content *content,
			struct psnap_error *err)
{
	int rc;
	int fd;

	memset(content, 0, sizeof(*content));
	if (io->size_bytes == 0)
		return 0;
	fd = memfd_create("psnap-content", MFD_CLOEXEC);
	if (fd < 0)
		return psnap_fail_errno(err, PSNAP_E_IO, errno,
					"no room to look at a copy");
	rc = copy_ends(io, fd, err);
	if (rc == 0)
		rc = ask(fd, content, err);
	close(fd);
	return rc;
}
