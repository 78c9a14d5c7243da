/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io in memory that can be told to misbehave when it is written to, and
 * counts what it is asked for.
 */
#ifndef PSNAP_TEST_WRITE_RAM_H
#define PSNAP_TEST_WRITE_RAM_H

#include "fail.h"

#include <errno.h>
#include <psnap/io.h>
#include <stdbool.h>
#include <string.h>

#define RAM_BYTES 32768u

/**
 * struct ram - memory that can be written to, and counts
 * @bad_at:      writing this byte fails with @os_errno
 * @bad_read_at: reading it fails with EIO
 * @eintr:       so many calls are answered by EINTR first
 * @short_bytes: at most so many bytes a write; 0: no limit
 * @excess:      writes claim so many bytes more
 * @nothing:     writes write nothing, and say so
 * @sync_errno, @prepare_code:  answers of these
 */
struct ram {
	struct psnap_io io;
	uint8_t bytes[RAM_BYTES];
	uint64_t bad_at;
	int os_errno;
	uint64_t bad_read_at;
	unsigned int eintr;
	size_t short_bytes;
	int64_t excess;
	bool nothing;
	int sync_errno;
	int prepare_code;
	unsigned int writes;
	unsigned int misaligned;
	unsigned int syncs;
	const struct psnap_extent *announced;
	size_t announced_count;
};

static struct ram ram;

static inline void note_alignment(uint64_t offset_bytes, size_t len_bytes)
{
	ram.misaligned +=
		((offset_bytes | len_bytes) & (ram.io.align_bytes - 1u)) != 0;
}

static inline bool touches(uint64_t byte, uint64_t offset_bytes,
			   size_t len_bytes)
{
	return byte >= offset_bytes && byte - offset_bytes < len_bytes;
}

static inline int64_t ram_read_some(struct psnap_io *io, uint64_t offset_bytes,
				    void *buf, size_t len_bytes)
{
	(void)io;
	note_alignment(offset_bytes, len_bytes);
	if (touches(ram.bad_read_at, offset_bytes, len_bytes))
		return -EIO;
	memcpy(buf, ram.bytes + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static inline int64_t ram_write_some(struct psnap_io *io, uint64_t offset_bytes,
				     const void *buf, size_t len_bytes)
{
	(void)io;
	note_alignment(offset_bytes, len_bytes);
	if (ram.eintr > 0) {
		ram.eintr--;
		return -EINTR;
	}
	ram.writes++;
	if (ram.nothing)
		return 0;
	if (ram.short_bytes && len_bytes > ram.short_bytes)
		len_bytes = ram.short_bytes;
	if (touches(ram.bad_at, offset_bytes, len_bytes))
		return -ram.os_errno;
	memcpy(ram.bytes + offset_bytes, buf, len_bytes);
	return (int64_t)len_bytes + ram.excess;
}

static inline int ram_sync(struct psnap_io *io)
{
	(void)io;
	ram.syncs++;
	return -ram.sync_errno;
}

static inline int ram_prepare(struct psnap_io *io,
			      const struct psnap_extent *extents, size_t count,
			      struct psnap_error *err)
{
	(void)io;
	ram.announced = extents;
	ram.announced_count = count;
	return ram.prepare_code
		       ? psnap_fail(err, PSNAP_E_NOSPACE, "no room to save")
		       : 0;
}

static inline int ram_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops ram_ops = {
	.read_some = ram_read_some,
	.write_some = ram_write_some,
	.sync = ram_sync,
	.prepare = ram_prepare,
	.close = ram_close,
};

static inline struct psnap_io *ram_init(uint32_t align_bytes)
{
	memset(&ram, 0, sizeof(ram));
	ram.io.ops = &ram_ops;
	ram.io.name = "ram";
	ram.io.size_bytes = RAM_BYTES;
	ram.io.align_bytes = align_bytes;
	ram.io.fd = -1;
	ram.bad_at = UINT64_MAX;
	ram.bad_read_at = UINT64_MAX;
	return &ram.io;
}

#endif
