/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.c: which segments a table makes of a snapshot, and tables of which
 * nobody can say what they show.
 */
#include "io_image.h"
#include "test.h"
#include "view_open.h"

/* Only its size counts. */
static const uint8_t origin_bytes[20 * 512 + 256];

/* What an image of 100 chunks shows over an origin of 20 and a half. */
static int open_image(struct io_image *m, struct psnap_view **view,
		      struct psnap_error *err)
{
	static struct psnap_io *origin;
	int rc;

	psnap_io_close(origin, NULL);
	T_EQ_I64(psnap_io_open_memory(origin_bytes, sizeof(origin_bytes), 1,
				      &origin, NULL),
		 0);
	*view = open_view(&m->io, origin, &rc, err);
	return rc;
}

static void expect_segments(const char *what, struct io_image *m,
			    const struct psnap_view_segment *want,
			    size_t want_count)
{
	const struct psnap_view_segment *s = NULL;
	struct psnap_error err = { 0 };
	struct psnap_view *view;
	size_t count = 0;
	size_t i;
	bool same;

	if (open_image(m, &view, &err) == 0)
		s = psnap_view_segments(view, &count);
	same = count == want_count;
	for (i = 0; i < count && same; i++)
		same = s[i].start_bytes == want[i].start_bytes &&
		       s[i].len_bytes == want[i].len_bytes &&
		       s[i].source == want[i].source &&
		       s[i].from_bytes == want[i].from_bytes;
	T_OK(same, "%s: %zu segments, %s", what, count, err.message);
	psnap_view_close(view);
	image_release(m);
}

#define ORIGIN PSNAP_VIEW_ORIGIN
#define STORE  PSNAP_VIEW_STORE

static void test_segments(void)
{
	static const struct psnap_view_segment nothing[] = {
		{ 0, 10496, ORIGIN, 0 },
	};
	static const struct psnap_view_segment all[] = {
		{ 0, 10496, STORE, 1024 },
	};
	static const struct psnap_view_segment some[] = {
		{ 0, 512, ORIGIN, 0 },		 { 512, 1024, STORE, 40 * 512 },
		{ 1536, 512, STORE, 50 * 512 },	 { 2048, 8192, ORIGIN, 2048 },
		{ 10240, 256, STORE, 60 * 512 },
	};
	struct io_image m;

	image_init(&m, 512, 100);
	expect_segments("no exceptions", &m, nothing, 1);
	image_init(&m, 512, 100);
	image_exc(&m, 21, 40, 3);
	image_exc(&m, UINT64_C(1) << 60, 50, 1);
	expect_segments("beyond the origin", &m, nothing, 1);
	image_init(&m, 512, 100);
	image_exc(&m, 0, 2, 30);
	expect_segments("past its end", &m, all, 1);
	image_init(&m, 512, 100);
	image_exc(&m, 20, 60, 1);
	image_exc(&m, 3, 50, 1);
	image_exc(&m, 1, 40, 2);
	expect_segments("here and there", &m, some, 5);
	image_init(&m, 512, 100);
	image_exc(&m, 20, 60, 1);
	image_exc(&m, 3, 50, 1);
	image_exc(&m, 1, 40, 2);
	image_exc(&m, 2, 41, 1);
	image_exc(&m, 3, 50, 1);
	expect_segments("some of it twice", &m, some, 5);
	image_init(&m, 512, 100);
	image_exc(&m, 10, 12, 22);
	image_exc(&m, 0, 2, 12);
	expect_segments("runs that overlap and agree", &m, all, 1);
}

static void expect_refusal(const char *what, struct io_image *m)
{
	struct psnap_error err = { 0 };
	struct psnap_view *view;
	int rc = open_image(m, &view, &err);

	T_OK(rc == PSNAP_E_CORRUPT && !view &&
		     strncmp(err.message, "area 0 entry ", 13) == 0,
	     "%s: %d, \"%s\"", what, rc, err.message);
	image_release(m);
}

static void test_refusals(void)
{
	struct io_image m;

	image_init(&m, 512, 100);
	image_exc(&m, 5, 40, 1);
	image_exc(&m, 5, 41, 1);
	expect_refusal("two places for one chunk", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 3, 40, 6);
	image_exc(&m, 5, 60, 1);
	expect_refusal("one in the middle of a run", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 5, 34, 1);
	expect_refusal("data in an area", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 5, 32, 3);
	expect_refusal("a run into an area", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 5, 100, 1);
	expect_refusal("data past the end", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 5, 99, 2);
	expect_refusal("a run past the end", &m);
	image_init(&m, 512, 100);
	image_exc(&m, 5, UINT64_MAX, 1);
	expect_refusal("a number that is none", &m);
}

int main(void)
{
	test_segments();
	test_refusals();
	return T_DONE();
}
