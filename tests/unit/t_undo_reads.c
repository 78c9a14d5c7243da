/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much an undo reads of its file, which may be as long as the origin: all of
 * it to verify it, and once more to put it back.
 */
#include "ram.h"
#include "test.h"

#include <psnap/undo.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN_BYTES ((uint64_t)24 << 20)

static const struct psnap_io_ops *ram_ops;
static uint64_t read_bytes;

static int64_t counting_read(struct psnap_io *io, uint64_t offset_bytes,
			     void *buf, size_t len_bytes)
{
	int64_t n = ram_ops->read_some(io, offset_bytes, buf, len_bytes);

	read_bytes += n > 0 ? (uint64_t)n : 0;
	return n;
}

static void count_reads(struct psnap_io *io, struct psnap_io_ops *ops)
{
	ram_ops = io->ops;
	*ops = *io->ops;
	ops->read_some = counting_read;
	io->ops = ops;
	read_bytes = 0;
}

/* A record for each step, since there is a gap. */
static void overwrite(struct psnap_io *io, size_t step_bytes)
{
	uint8_t *bytes = malloc(step_bytes);
	uint64_t at;

	if (!bytes)
		abort();
	memset(bytes, 7, step_bytes);
	for (at = 0; at + step_bytes <= ORIGIN_BYTES; at += step_bytes + 512)
		if (psnap_io_write(io, at, bytes, step_bytes, NULL))
			abort();
	free(bytes);
}

static void test_reads(size_t step_bytes)
{
	const uint64_t sizes_bytes[] = { 1 << 20, ORIGIN_BYTES,
					 2 * ORIGIN_BYTES };
	struct psnap_undo_info info;
	struct psnap_undo *undo;
	struct psnap_io_ops ops;
	struct psnap_io *file;
	struct ram ram;

	ram_init(&ram, sizes_bytes, 3);
	file = &ram.devices[2].io;
	{
		struct psnap_io *const devices[] = { &ram.devices[0].io,
						     &ram.devices[1].io };

		if (psnap_undo_open(file, devices, &undo, NULL))
			abort();
		overwrite(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), step_bytes);
		psnap_undo_close(undo);
		file->size_bytes = ram.devices[2].len_bytes;
		count_reads(file, &ops);
		T_EQ_I64(psnap_undo_apply(file, devices, NULL, &info, NULL), 0);
	}
	T_OK(info.records > 10, "%" PRIu64 " records of %zu bytes",
	     info.records, step_bytes);
	/* A record that a window ends in is read twice. */
	T_OK(read_bytes > file->size_bytes &&
		     read_bytes < 2 * file->size_bytes + file->size_bytes / 4,
	     "%" PRIu64 " bytes are read of %" PRIu64, read_bytes,
	     file->size_bytes);
	ram_release(&ram);
}

int main(void)
{
	test_reads(16384);
	test_reads(262144);
	test_reads(1048064);
	return T_DONE();
}
