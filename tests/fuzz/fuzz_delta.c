/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a delta that is applied to an origin of 20000 bytes. The first
 * byte of the input says how the rest is taken:
 *
 *   0  it is the delta
 *   1  it is a program that makes one (delta_model.h), by the rules but where it
 *      breaks them
 *   2  the same, and then a place and what is to be changed there
 *   3  the same, and then a length to cut it to
 *
 * One that keeps every rule leads to what the model says; any other one is
 * refused.
 */
#include "delta_model.h"

#include <psnap/delta.h>

/* What is written goes to @bytes, which the io has. */
struct ram {
	struct psnap_io io;
	uint8_t *bytes;
};

static int64_t ram_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes)
{
	memcpy(buf, ((struct ram *)(void *)io)->bytes + offset_bytes,
	       len_bytes);
	return (int64_t)len_bytes;
}

static int64_t ram_write(struct psnap_io *io, uint64_t offset_bytes,
			 const void *buf, size_t len_bytes)
{
	FUZZ_REQUIRE(offset_bytes <= io->size_bytes &&
			     len_bytes <= io->size_bytes - offset_bytes,
		     "write of %zu at %" PRIu64, len_bytes, offset_bytes);
	memcpy(((struct ram *)(void *)io)->bytes + offset_bytes, buf,
	       len_bytes);
	return (int64_t)len_bytes;
}

static int ram_sync(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops ram_ops = { .read_some = ram_read,
					     .write_some = ram_write,
					     .sync = ram_sync };

static struct psnap_io *memory_io(const uint8_t *data, size_t len)
{
	struct psnap_io *io;

	if (psnap_io_open_memory(data, len, 1, &io, NULL))
		abort();
	return io;
}

/* The same by both ways; @want may be NULL: not known. */
static void look(struct psnap_delta *d, struct ram *base, const uint8_t *want)
{
	static uint8_t got[MODEL_BASE_BYTES];
	struct psnap_delta_applied applied;
	size_t size = (size_t)psnap_delta_info(d)->size_bytes;
	struct psnap_delta_match match;
	struct psnap_io *view;

	FUZZ_EQUAL(psnap_delta_view(d, &base->io, &view, NULL), 0);
	FUZZ_EQUAL(view->size_bytes, size);
	FUZZ_EQUAL(psnap_io_read(view, 0, got, size, NULL), 0);
	FUZZ_EQUAL(psnap_delta_apply(d, &base->io, NULL, &applied, NULL), 0);
	FUZZ_EQUAL(memcmp(got, base->bytes, size), 0);
	if (want)
		FUZZ_EQUAL(memcmp(got, want, size), 0);
	FUZZ_EQUAL(psnap_delta_verify(d, &base->io, NULL, NULL, &match, NULL),
		   0);
	FUZZ_EQUAL(match.other_blocks, 0);
}

/* Any bytes as the beginning of a delta that is to be made complete. */
static void try_part(struct psnap_io *file)
{
	struct psnap_delta_part *part;
	struct psnap_error err = { 0 };
	int rc = psnap_delta_part_open(file, NULL, &part, &err);

	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	psnap_delta_part_close(part);
}

/* Return: was it opened and verified? */
static bool try_file(const uint8_t *data, size_t len, struct ram *base,
		     const uint8_t *want)
{
	struct psnap_io *file = memory_io(data, len);
	struct psnap_delta_match match;
	struct psnap_error err = { 0 };
	struct psnap_delta *d;
	int rc = psnap_delta_open(file, &d, &err);

	if (rc == 0)
		rc = psnap_delta_verify(d, &base->io, NULL, NULL, &match, &err);
	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	if (rc == 0)
		look(d, base, want);
	psnap_delta_close(d);
	try_part(file);
	psnap_io_close(file, NULL);
	return rc == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static struct delta_model m;
	static uint8_t bytes[MODEL_BASE_BYTES];
	struct fuzz_cursor c = { data, len_bytes };
	struct ram base = { .io = { .ops = &ram_ops,
				    .name = "origin",
				    .size_bytes = MODEL_BASE_BYTES,
				    .align_bytes = 1,
				    .fd = -1 },
			    .bytes = bytes };
	uint8_t kind = fuzz_u8(&c) % 4;
	bool changed = false;
	uint64_t at;

	for (size_t i = 0; i < MODEL_BASE_BYTES; i++)
		bytes[i] = delta_model_base(i);
	if (kind == 0) {
		(void)try_file(c.at, c.left_bytes, &base, NULL);
		return 0;
	}
	delta_model_make(&m, &c);
	at = fuzz_u64(&c) % m.len;
	if (kind == 2) {
		uint8_t bits = fuzz_u8(&c);

		m.file[at] ^= bits;
		changed = bits != 0;
	} else if (kind == 3) {
		m.len = (size_t)at;
		changed = true;
	}
	FUZZ_EQUAL(try_file(m.file, m.len, &base, m.shown), m.good && !changed);
	return 0;
}
