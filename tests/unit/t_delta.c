/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta leads from its base to what is shown; any bit that is another one
 * is found, and so is any end that comes too early. How one is completed:
 * t_delta_resume.c.
 */
#include "delta_scene.h"
#include "io_fault.h"
#include "test.h"

#include <errno.h>

#define MIB ((size_t)1 << 20)

/* At random places and in one piece, an io has these bytes. */
static bool shows(struct psnap_io *io, const uint8_t *want, size_t size)
{
	uint8_t *got = must(malloc(size + 1));
	bool good = io->size_bytes == size &&
		    psnap_io_read(io, 0, got, size, NULL) == 0 &&
		    memcmp(got, want, size) == 0;
	int i;

	for (i = 0; i < 200 && good && size > 0; i++) {
		size_t at = (size_t)(next_random() % size);
		size_t len = (size_t)(next_random() % (size - at)) % 9000;

		good = psnap_io_read(io, at, got, len, NULL) == 0 &&
		       memcmp(got, want + at, len) == 0;
	}
	free(got);
	return good;
}

static void check_scene(struct delta_scene *s, const char *what)
{
	struct psnap_delta_match match = { 0 };
	struct psnap_extents *ranges;
	const struct psnap_extent *want;
	const struct psnap_extent *got;
	struct psnap_delta *d = NULL;
	struct psnap_io *file;
	struct psnap_io *view;
	size_t want_count;
	size_t count;

	scene_write(s);
	file = memory_io(s->delta.data, s->delta.len);
	if (psnap_extents_new(&ranges, NULL))
		abort();
	T_OK(psnap_delta_is(file), "%s: it looks like a delta", what);
	if (!T_OK(psnap_delta_open(file, &d, NULL) == 0, "%s: opened", what))
		return;
	T_OK(psnap_delta_verify(d, s->base_io, ranges, NULL, &match, NULL) == 0,
	     "%s: verified", what);
	T_OK(psnap_delta_fits(d, s->base_io, &match), "%s: fits", what);
	T_OK(match.new_blocks == 0 && match.other_blocks == 0,
	     "%s: the base is as it was", what);
	want = psnap_extents_list(s->ranges, &want_count);
	got = psnap_extents_list(ranges, &count);
	T_OK(count == want_count &&
		     (count == 0 ||
		      memcmp(want, got, count * sizeof(*want)) == 0),
	     "%s: the same ranges", what);
	T_EQ_U64(psnap_delta_info(d)->range_count, want_count);
	if (psnap_delta_view(d, s->base_io, &view, NULL))
		abort();
	T_OK(shows(view, s->shown, s->size), "%s: shows it", what);
	/* What is there already is as good a base. */
	T_EQ_I64(psnap_delta_verify(d, s->shown_io, NULL, NULL, &match, NULL),
		 0);
	T_OK(psnap_delta_fits(d, s->shown_io, &match), "%s: fits after", what);
	psnap_delta_close(d);
	psnap_io_close(file, NULL);
	psnap_extents_free(ranges);
}

static void round_trips(void)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 70000, 3 * MIB };
	struct delta_scene s;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scene_open(&s, sizes[i]);
		check_scene(&s, "nothing changed");
		scene_change(&s, 0, sizes[i], true);
		check_scene(&s, "all of it");
		scene_close(&s);
	}
	scene_open(&s, 5 * MIB + 300);
	scene_change(&s, 1000, 3 * MIB + 77, false);
	scene_change(&s, 4 * MIB, 5 * MIB + 300, true);
	scene_change(&s, 3 * MIB + 100, 3 * MIB + 101, false);
	check_scene(&s, "over the border of frames");
	scene_close(&s);
	/* More ranges than a frame takes. */
	scene_open(&s, 2 * MIB);
	for (i = 0; i < 2 * MIB; i += 200)
		scene_change(&s, i, i + 1 + i % 150, i % 3 == 0);
	check_scene(&s, "many small ranges");
	scene_close(&s);
}

/* A bit of each byte. */
static void flips(void)
{
	struct psnap_delta_match match;
	struct delta_scene s;
	size_t missed = 0;
	size_t at;

	open_tiny(&s);
	T_EQ_I64(scene_verify(&s.delta, s.base_io, &match), 0);
	for (at = 0; at < s.delta.len; at++) {
		uint8_t bit = (uint8_t)(1u << next_random() % 8);

		s.delta.data[at] ^= bit;
		missed += scene_verify(&s.delta, s.base_io, &match) == 0;
		s.delta.data[at] ^= bit;
	}
	T_OK(missed == 0, "of %zu bytes a flipped bit is found, %zu were not",
	     s.delta.len, missed);
	scene_close(&s);
	open_small(&s);
	for (at = 0, missed = 0; at < s.delta.len; at += 41) {
		s.delta.data[at] ^= 0x10;
		missed += scene_verify(&s.delta, s.base_io, &match) == 0;
		s.delta.data[at] ^= 0x10;
	}
	T_OK(missed == 0, "and of %zu bytes, %zu were not", s.delta.len,
	     missed);
	scene_close(&s);
}

static void cuts(void)
{
	struct psnap_delta_match match;
	struct delta_scene s;
	struct bytes part;
	size_t missed = 0;

	open_tiny(&s);
	part = s.delta;
	for (part.len = 0; part.len < s.delta.len; part.len++) {
		int rc = scene_verify(&part, s.base_io, &match);

		missed += rc !=
			  (part.len < 8 ? PSNAP_E_CORRUPT : PSNAP_E_TRUNCATED);
	}
	T_OK(missed == 0, "of %zu lengths all but the last are told to be cut",
	     s.delta.len);
	/* And one that is too long. */
	take_bytes(&s.delta, "", 1);
	T_EQ_I64(scene_verify(&s.delta, s.base_io, &match), PSNAP_E_TRUNCATED);
	scene_close(&s);
}

/* Does the delta fit, after a byte of the base has changed? */
static bool fits_with(struct delta_scene *s, size_t at,
		      struct psnap_delta_match *match)
{
	struct psnap_io *io = memory_io(s->delta.data, s->delta.len);
	struct psnap_delta *d;
	bool fits;

	if (psnap_delta_open(io, &d, NULL))
		abort();
	s->base[at] ^= 1;
	fits = psnap_delta_verify(d, s->base_io, NULL, NULL, match, NULL) ==
		       0 &&
	       psnap_delta_fits(d, s->base_io, match);
	s->base[at] ^= 1;
	psnap_delta_close(d);
	psnap_io_close(io, NULL);
	return fits;
}

static void other_bases(void)
{
	struct psnap_delta_match match;
	struct delta_scene s;
	struct psnap_io *other;
	struct psnap_io *file;
	struct psnap_delta *d;

	open_tiny(&s);
	T_OK(!fits_with(&s, 1023, &match), "a byte that is replaced");
	T_EQ_U64(match.other_blocks, 1);
	T_EQ_U64(match.other_bytes, 512);
	T_OK(match.samples, "and nothing else");
	T_OK(!fits_with(&s, 67299, &match), "the last that is replaced");
	T_EQ_U64(match.other_bytes, 67072);
	T_OK(!fits_with(&s, 1024, &match), "one that is sampled");
	T_EQ_U64(match.other_blocks, 0);
	T_OK(!match.samples, "which is what tells");
	T_OK(!fits_with(&s, 65536, &match), "another");
	T_OK(!fits_with(&s, 69999, &match), "the last byte");
	T_OK(fits_with(&s, 67300, &match), "none that anybody knows");

	file = memory_io(s.delta.data, s.delta.len);
	if (psnap_delta_open(file, &d, NULL))
		abort();
	other = memory_io(s.base, s.size - 1);
	T_EQ_I64(psnap_delta_verify(d, other, NULL, NULL, &match, NULL),
		 PSNAP_E_RANGE);
	psnap_io_close(other, NULL);
	/* Larger: could be applied, but does not fit. */
	other = memory_io(s.base, s.size + 1);
	T_EQ_I64(psnap_delta_verify(d, other, NULL, NULL, &match, NULL), 0);
	T_OK(!psnap_delta_fits(d, other, &match), "a larger base");
	psnap_io_close(other, NULL);
	psnap_delta_close(d);
	psnap_io_close(file, NULL);
	scene_close(&s);
}

static int take_none(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	(void)data;
	(void)len_bytes;
	return 77;
}

static void failures(void)
{
	struct delta_scene s;
	struct psnap_delta_source source;
	struct psnap_delta_info info;
	struct psnap_error err = { 0 };
	struct psnap_io *failed;
	struct psnap_io *other;
	struct io_fault fault;
	struct bytes out = { 0 };
	int left = 1;
	const struct psnap_progress progress = { stop_later, &left };

	scene_open(&s, 3 * MIB);
	scene_change(&s, 4096, 2 * MIB, false);
	source = (struct psnap_delta_source){ .base = s.base_io,
					      .shown = s.shown_io,
					      .ranges = s.ranges };
	T_EQ_I64(psnap_delta_write(&source, take_none, NULL, NULL, &info,
				   &failed, NULL),
		 77);
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, &progress, &info,
				   &failed, &err),
		 PSNAP_E_INTERRUPTED);
	io_fault_init_bad(&fault, s.base_io, MIB, MIB + 512);
	fault.os_errno = EIO;
	source.base = &fault.io;
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, NULL, &info,
				   &failed, &err),
		 PSNAP_E_IO);
	T_OK(failed == &fault.io, "it is the base that failed");
	fault.inner = s.shown_io;
	source.base = s.base_io;
	source.shown = &fault.io;
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, NULL, &info,
				   &failed, &err),
		 PSNAP_E_IO);
	T_OK(failed == &fault.io, "it is the other that failed");
	/* A sample that cannot be read is none. */
	fault.inner = s.base_io;
	fault.bad_start = 0;
	source.base = &fault.io;
	fault.bad_end = 512;
	source.shown = s.shown_io;
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, NULL, &info,
				   &failed, NULL),
		 0);
	other = memory_io(s.base, s.size - 1);
	source.shown = other;
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, NULL, &info,
				   &failed, NULL),
		 PSNAP_E_RANGE);
	psnap_io_close(other, NULL);
	if (psnap_extents_add(s.ranges, 3 * MIB, 3 * MIB + 1, NULL))
		abort();
	source.shown = s.shown_io;
	T_EQ_I64(psnap_delta_write(&source, take_bytes, &out, NULL, &info,
				   &failed, NULL),
		 PSNAP_E_RANGE);
	free(out.data);
	scene_close(&s);
}

int main(void)
{
	round_trips();
	flips();
	cuts();
	other_bases();
	failures();
	return T_DONE();
}
