/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta that was cut anywhere is completed, if base and shown are what
 * they were.
 */
#include "delta_scene.h"
#include "test.h"

/* What follows @len bytes, made with the help of them; NULL: refused. */
static bool goes_on(struct delta_scene *s, size_t len, struct bytes *rest)
{
	struct psnap_io *io = memory_io(s->delta.data, len);
	struct psnap_delta_part *part = NULL;
	bool good = psnap_delta_part_open(io, NULL, &part, NULL) == 0;

	rest->len = 0;
	good = good && scene_write_on(s, part, rest, NULL) == 0;
	psnap_delta_part_close(part);
	psnap_io_close(io, NULL);
	return good;
}

static void resumes(void)
{
	struct bytes rest = { 0 };
	struct delta_scene s;
	size_t wrong = 0;
	size_t len;

	open_small(&s);
	for (len = 0; len <= s.delta.len;
	     len += len < 2200 || len > s.delta.len - 400 ? 3 : 331)
		wrong += !goes_on(&s, len, &rest) ||
			 rest.len != s.delta.len - len ||
			 (rest.len > 0 &&
			  memcmp(rest.data, s.delta.data + len, rest.len) != 0);
	T_OK(wrong == 0, "a delta cut anywhere in %zu bytes is completed",
	     s.delta.len);
	/* Not the same any more: in a whole frame, in one that was begun, in
	 * what a header samples, in the list of ranges. */
	s.shown[20] ^= 1;
	T_OK(!goes_on(&s, s.delta.len - 300, &rest), "other data");
	T_OK(goes_on(&s, 2048, &rest), "of which nothing was made yet");
	s.shown[20] ^= 1;
	s.shown[89600] ^= 1;
	T_OK(!goes_on(&s, s.delta.len - 300, &rest), "other data at the end");
	s.shown[89600] ^= 1;
	s.base[20] ^= 1;
	T_OK(!goes_on(&s, s.delta.len - 300, &rest), "another base");
	s.base[20] ^= 1;
	s.base[10] ^= 1;
	T_OK(goes_on(&s, s.delta.len - 300, &rest), "which nobody has seen");
	scene_change(&s, 89800, 89900, true);
	T_OK(!goes_on(&s, s.delta.len - 300, &rest), "one range more");
	T_OK(!goes_on(&s, 100, &rest), "seen in the header already");
	free(rest.data);
	scene_close(&s);
}

/* A part that is none. */
static void bad_parts(void)
{
	struct bytes rest = { 0 };
	struct delta_scene s;
	struct psnap_error err = { 0 };
	struct psnap_delta_part *part;
	struct psnap_io *io;

	open_small(&s);
	take_bytes(&s.delta, "", 1);
	T_OK(!goes_on(&s, s.delta.len, &rest), "longer than it would become");
	s.delta.data[2048 + 60] ^= 1;
	T_OK(!goes_on(&s, s.delta.len - 1, &rest), "a frame that is damaged");
	io = memory_io(s.delta.data, s.delta.len - 1);
	T_EQ_I64(psnap_delta_part_open(io, NULL, &part, &err), PSNAP_E_CORRUPT);
	T_OK(part == NULL && err.offset_bytes == 2048, "%s", err.message);
	psnap_io_close(io, NULL);
	io = memory_io(s.base, s.size);
	T_EQ_I64(psnap_delta_part_open(io, NULL, &part, &err), PSNAP_E_CORRUPT);
	psnap_io_close(io, NULL);
	free(rest.data);
	scene_close(&s);
}

int main(void)
{
	resumes();
	bad_parts();
	return T_DONE();
}
