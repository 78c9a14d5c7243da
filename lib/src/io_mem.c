/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io over bytes in memory: read-only, for tests, fuzzing and callers that
 * have a store in a buffer.
 */
#include <psnap/io.h>

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

struct io_mem {
	struct psnap_io io;
	const uint8_t *data;
};

static int64_t mem_read_some(struct psnap_io *io, uint64_t offset_bytes,
			     void *buf, size_t len_bytes)
{
	const struct io_mem *mem = (const struct io_mem *)(const void *)io;

	memcpy(buf, mem->data + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static int mem_close(struct psnap_io *io)
{
	free(io);
	return 0;
}

static const struct psnap_io_ops mem_ops = {
	.read_some = mem_read_some,
	.close = mem_close,
};

int psnap_io_open_memory(const void *data, uint64_t size_bytes,
			 uint32_t align_bytes, struct psnap_io **io,
			 struct psnap_error *err)
{
	struct io_mem *mem;

	*io = NULL;
	if (!is_power_of_two_u64(align_bytes) ||
	    align_bytes > PSNAP_IO_ALIGN_BYTES_MAX ||
	    size_bytes % align_bytes != 0)
		return psnap_fail(err, PSNAP_E_API,
				  "alignment of %u bytes is not possible",
				  align_bytes);
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return psnap_fail_nomem(err, "opening a buffer");
	mem->io.ops = &mem_ops;
	mem->io.name = "memory";
	mem->io.size_bytes = size_bytes;
	mem->io.align_bytes = align_bytes;
	mem->io.fd = -1;
	mem->data = data;
	*io = &mem->io;
	return 0;
}
