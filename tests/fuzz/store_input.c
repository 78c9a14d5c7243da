/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of an input to the ios of a store and its origin.
 */
#include "store_input.h"

static int64_t sparse_read_some(struct psnap_io *io, uint64_t offset_bytes,
				void *buf, size_t len_bytes)
{
	const struct model_image *image =
		((struct sparse_io *)(void *)io)->image;
	uint64_t have = 0;

	FUZZ_REQUIRE((offset_bytes | len_bytes) % io->align_bytes == 0,
		     "a read of less than a sector");
	FUZZ_REQUIRE(offset_bytes <= io->size_bytes &&
			     len_bytes <= io->size_bytes - offset_bytes,
		     "read beyond the device");
	if (offset_bytes < image->len_bytes)
		have = image->len_bytes - offset_bytes;
	if (have > len_bytes)
		have = len_bytes;
	if (have > 0)
		memcpy(buf, image->data + offset_bytes, (size_t)have);
	memset((uint8_t *)buf + have, 0, len_bytes - (size_t)have);
	return (int64_t)len_bytes;
}

static uint64_t sparse_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	const struct model_image *image =
		((struct sparse_io *)(void *)io)->image;

	return offset_bytes < image->len_bytes ? offset_bytes : io->size_bytes;
}

static int sparse_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops sparse_ops = {
	.read_some = sparse_read_some,
	.next_data = sparse_next_data,
	.close = sparse_close,
};

static void open_sparse(struct store_input *input, uint32_t align_bytes)
{
	struct psnap_io *io = &input->sparse.io;

	io->ops = &sparse_ops;
	io->name = "sparse";
	io->size_bytes = input->image.size_bytes;
	io->align_bytes = align_bytes;
	io->fd = -1;
	input->sparse.image = &input->image;
	input->io = io;
}

static void open_store_io(struct store_input *input, const uint8_t trailer[8])
{
	static const uint32_t alignments[8] = { 1, 512, 4096, 65536,
						1, 8,	1,    1024 };
	uint32_t align_bytes = alignments[trailer[0] % 8];
	struct model_image *image = &input->image;

	image->size_bytes = image->len_bytes;
	if (trailer[2] != 0)
		image->size_bytes = (UINT64_C(1) << (8 + trailer[2] % 55)) +
				    trailer[3] * 257u;
	/* No device ends inside a sector. */
	image->size_bytes -= image->size_bytes % align_bytes;
	if (image->len_bytes > image->size_bytes)
		image->len_bytes = image->size_bytes;
	if (trailer[2] != 0) {
		open_sparse(input, align_bytes);
		return;
	}
	FUZZ_EQUAL(psnap_io_open_memory(image->data, image->size_bytes,
					align_bytes, &input->memory, NULL),
		   0);
	input->io = input->memory;
}

static void add_faults(struct store_input *input, uint8_t where, uint8_t how)
{
	struct io_fault *fault = &input->fault;

	if (where == 0 && !(how & 1))
		return;
	io_fault_init(fault, input->io, input->io->align_bytes);
	if (where & 0x80) {
		fault->bad_start = (where & 0x7fu) * UINT64_C(509);
		fault->bad_end = fault->bad_start + 700;
	} else {
		fault->fail_at = where;
	}
	if (how & 1) {
		fault->short_bytes = 4096 + input->io->align_bytes;
		fault->eintr_each = true;
	}
	input->faulty = where != 0;
	input->io = &fault->io;
}

static void open_origin(struct store_input *input, uint8_t code)
{
	size_t size_bytes = code * 300u;

	if (code == 0)
		return;
	input->origin_data = calloc(1, size_bytes);
	FUZZ_REQUIRE(input->origin_data, "no memory");
	FUZZ_EQUAL(psnap_io_open_memory(input->origin_data, size_bytes, 1,
					&input->origin, NULL),
		   0);
}

static uint64_t stale_of(uint8_t code)
{
	return code == 15 ? PSNAP_ALL_AREAS : code;
}

void input_open(struct store_input *input, const uint8_t *data,
		size_t len_bytes)
{
	uint8_t trailer[INPUT_TRAILER_BYTES] = { 0 };

	memset(input, 0, sizeof(*input));
	if (len_bytes >= sizeof(trailer)) {
		len_bytes -= sizeof(trailer);
		memcpy(trailer, data + len_bytes, sizeof(trailer));
	}
	input->image.data = data;
	input->image.len_bytes = len_bytes;
	open_store_io(input, trailer);
	if (trailer[1] > 22)
		input->given_chunk_bytes = trailer[1] * UINT64_C(77777777777);
	else if (trailer[1] > 0)
		input->given_chunk_bytes = UINT64_C(256) << trailer[1];
	open_origin(input, trailer[4]);
	add_faults(input, trailer[5], trailer[6]);
	input->instances_max = trailer[6] & 14 ? (trailer[6] >> 1 & 7) - 1 : 20;
	input->stale_max = stale_of(trailer[6] >> 4);
	input->ranges = trailer[7];
}

void input_close(struct store_input *input)
{
	if (input->faulty || input->io == &input->fault.io)
		FUZZ_EQUAL(input->fault.misaligned, 0);
	psnap_io_close(input->memory, NULL);
	psnap_io_close(input->origin, NULL);
	free(input->origin_data);
}
