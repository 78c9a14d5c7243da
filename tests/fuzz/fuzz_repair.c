/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: arbitrary bytes, repaired. The last eight bytes say how, as
 * those of fuzz_store do as far as they mean the same:
 *
 *   0  alignment of the store: 1, 512, 4096, ... (low 2 bits)
 *   1  chunk size told: 0 none, n up to 22: 256 << n bytes, above: one that is
 *      none
 *   2  size of the store: 0 that of the image, n: 2^(8 + n % 12) bytes ...
 *   3  ... and 257 times this more; what the image has not is zero
 *   4  origin: 0 none, n: 300 * n bytes
 *   5  steps that are not chosen: 0 none, n: ids n, 2n, 3n ...
 *   6  bit 0: the origin fills what CVE-2013-4299 overwrote
 *   7  nothing
 *
 * Nothing is written outside of the store, of its data chunks nothing; what the
 * plan says of the result is what a check of the result says; once everything
 * was chosen it is clean, or the plan says what cannot be done; and the second
 * time there is nothing to do.
 */
#include "fuzz.h"

#include "../property/fix.h"

#define TRAILER_BYTES 8u

struct store {
	struct psnap_io io;
	uint8_t *bytes;
	uint8_t *before;
	uint64_t written_bytes;
	bool pending;
};

static int64_t store_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			  size_t len_bytes)
{
	const struct store *s = (const struct store *)(const void *)io;

	FUZZ_REQUIRE(offset_bytes <= io->size_bytes &&
			     len_bytes <= io->size_bytes - offset_bytes,
		     "read of %zu at %" PRIu64, len_bytes, offset_bytes);
	memcpy(buf, s->bytes + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static int64_t store_write(struct psnap_io *io, uint64_t offset_bytes,
			   const void *buf, size_t len_bytes)
{
	struct store *s = (struct store *)(void *)io;

	FUZZ_REQUIRE(offset_bytes <= io->size_bytes &&
			     len_bytes <= io->size_bytes - offset_bytes,
		     "write of %zu at %" PRIu64, len_bytes, offset_bytes);
	FUZZ_REQUIRE((offset_bytes | len_bytes) % io->align_bytes == 0,
		     "write of less than a sector");
	memcpy(s->bytes + offset_bytes, buf, len_bytes);
	s->written_bytes += len_bytes;
	s->pending = true;
	return (int64_t)len_bytes;
}

static int store_sync(struct psnap_io *io)
{
	((struct store *)(void *)io)->pending = false;
	return 0;
}

static int store_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops store_ops = {
	.read_some = store_read,
	.write_some = store_write,
	.sync = store_sync,
	.close = store_close,
};

static void store_init(struct store *s, const uint8_t *data, size_t len_bytes,
		       const uint8_t trailer[TRAILER_BYTES])
{
	static const uint32_t alignments[] = { 1, 512, 4096, 1 };
	uint32_t align_bytes = alignments[trailer[0] % 4];
	uint64_t size_bytes = len_bytes;

	memset(s, 0, sizeof(*s));
	if (trailer[2])
		size_bytes = (UINT64_C(1) << (8 + trailer[2] % 12)) +
			     trailer[3] * 257u;
	/* No device ends inside a sector. */
	size_bytes -= size_bytes % align_bytes;
	s->io = (struct psnap_io){ .ops = &store_ops,
				   .name = "store",
				   .size_bytes = size_bytes,
				   .align_bytes = align_bytes,
				   .fd = -1 };
	s->bytes = calloc(1, size_bytes + 1);
	s->before = malloc(size_bytes + 1);
	FUZZ_REQUIRE(s->bytes && s->before, "no memory");
	memcpy(s->bytes, data, len_bytes < size_bytes ? len_bytes : size_bytes);
	memcpy(s->before, s->bytes, size_bytes);
}

static uint64_t told_chunk_bytes(uint8_t code)
{
	if (code > 22)
		return code * UINT64_C(77777777777);
	return code ? UINT64_C(256) << code : 0;
}

static struct psnap_io *open_origin(uint8_t code, uint8_t **data)
{
	struct psnap_io *io = NULL;

	*data = calloc(code + 1u, 300);
	FUZZ_REQUIRE(*data, "no memory");
	if (code)
		FUZZ_EQUAL(
			psnap_io_open_memory(*data, code * 300u, 1, &io, NULL),
			0);
	return io;
}

/* Only the header's chunk and areas may differ. */
static void same_data(const struct store *s, uint64_t chunk_bytes)
{
	uint64_t stride = chunk_bytes / 16 + 1;
	uint64_t chunk;

	for (chunk = 2; chunk * chunk_bytes < s->io.size_bytes; chunk++) {
		uint64_t at = chunk * chunk_bytes;
		uint64_t len = s->io.size_bytes - at;
		bool whole = len >= chunk_bytes;

		if (chunk % stride == 1 && whole)
			continue;
		FUZZ_REQUIRE(memcmp(s->bytes + at, s->before + at,
				    whole ? chunk_bytes : len) == 0,
			     "data was written to in chunk %" PRIu64, chunk);
	}
}

/* Repair; false: nobody can say anything more about it. */
static bool repair(struct fix *f, struct store *s, struct psnap_io *origin)
{
	uint64_t told_bytes = f->options.chunk_bytes;
	struct psnap_check_result result;
	const char *wrong;
	int rc = fix_plan(f, &s->io, origin, 512);

	FUZZ_EQUAL(s->written_bytes, 0);
	if (rc) {
		FUZZ_REQUIRE(rc == PSNAP_E_RANGE && told_bytes,
			     "planning returns %d: %s", rc, f->err.message);
		return false;
	}
	wrong = fix_sums(f);
	FUZZ_REQUIRE(!wrong, "%s", wrong);
	rc = fix_apply(f, &s->io, origin);
	FUZZ_REQUIRE(rc == 0, "returns %d: %s", rc, f->err.message);
	FUZZ_REQUIRE(!s->pending, "is done but not flushed");
	FUZZ_REQUIRE(s->written_bytes <= f->plan.write_bytes,
		     "writes %" PRIu64 ", planned %" PRIu64, s->written_bytes,
		     f->plan.write_bytes);
	if (f->plan.before.has_geometry)
		same_data(s, f->plan.before.geometry.chunk_bytes);
	else
		FUZZ_EQUAL(s->written_bytes, 0);
	FUZZ_EQUAL(fix_check(&s->io, origin,
			     f->plan.after.has_geometry
				     ? f->plan.after.geometry.chunk_bytes
				     : 0,
			     &result, NULL),
		   0);
	wrong = fix_differ(&f->plan.after, &result);
	FUZZ_REQUIRE(!wrong, "the check finds another %s", wrong);
	return true;
}

/* With everything chosen: clean, or it is said what cannot be done. */
static void finish(struct store *s, struct psnap_io *origin,
		   const struct fix *first)
{
	struct fix f;
	struct fix again;
	const char *wrong;

	fix_init(&f);
	f.options.chunk_bytes = first->options.chunk_bytes;
	f.options.origin_fills = first->options.origin_fills;
	s->written_bytes = 0;
	memcpy(s->before, s->bytes, s->io.size_bytes);
	FUZZ_REQUIRE(repair(&f, s, origin), "cannot be repaired any more");
	wrong = fix_unclean(&f.plan.after);
	FUZZ_REQUIRE(!wrong || fix_is_impossible(&f), "%s is left", wrong);
	again = f;
	s->written_bytes = 0;
	FUZZ_EQUAL(fix_plan(&again, &s->io, origin, 0), 0);
	FUZZ_REQUIRE(!fix_needs_step(&again), "there is more to do");
	FUZZ_EQUAL(fix_apply(&again, &s->io, origin), 0);
	FUZZ_EQUAL(s->written_bytes, 0);
	FUZZ_EQUAL(again.plan.exceptions, f.plan.exceptions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	uint8_t trailer[TRAILER_BYTES] = { 0 };
	struct psnap_io *origin;
	uint8_t *origin_data;
	struct store s;
	struct fix f;
	unsigned int id;

	if (len_bytes >= TRAILER_BYTES) {
		len_bytes -= TRAILER_BYTES;
		memcpy(trailer, data + len_bytes, TRAILER_BYTES);
	}
	store_init(&s, data, len_bytes, trailer);
	origin = open_origin(trailer[4], &origin_data);
	fix_init(&f);
	f.options.chunk_bytes = told_chunk_bytes(trailer[1]);
	f.options.origin_fills = origin && (trailer[6] & 1);
	f.options.alone = !(trailer[6] & 2);
	for (id = trailer[5]; id && id < PSNAP_FINDING_COUNT; id += trailer[5])
		f.options.chosen[id] = false;
	if (repair(&f, &s, origin))
		finish(&s, origin, &f);
	psnap_io_close(origin, NULL);
	free(origin_data);
	free(s.bytes);
	free(s.before);
	return 0;
}
