/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of lvmsync, read against bytes that are written out here.
 */
#include "delta_scene.h"
#include "test.h"

static void put_text(struct bytes *b, const char *text)
{
	take_bytes(b, text, strlen(text));
}

static void put_range(struct bytes *b, uint64_t offset, uint32_t len,
		      const void *data, size_t had)
{
	const uint8_t head[12] = {
		(uint8_t)(offset >> 56), (uint8_t)(offset >> 48),
		(uint8_t)(offset >> 40), (uint8_t)(offset >> 32),
		(uint8_t)(offset >> 24), (uint8_t)(offset >> 16),
		(uint8_t)(offset >> 8),	 (uint8_t)offset,
		(uint8_t)(len >> 24),	 (uint8_t)(len >> 16),
		(uint8_t)(len >> 8),	 (uint8_t)len
	};

	take_bytes(b, head, sizeof(head));
	take_bytes(b, data, had);
}

static void writes(void)
{
	struct bytes want = { 0 };
	struct bytes got = { 0 };
	struct delta_scene s;
	uint64_t made = 0;

	scene_open(&s, (2u << 20) + 100);
	scene_change(&s, 512, 1024, false);
	scene_change(&s, 70000, (2u << 20) + 100, false);
	T_EQ_I64(psnap_lvmsync_write(s.shown_io, s.ranges, take_bytes, &got,
				     NULL, &made, NULL),
		 0);
	put_text(&want, "lvmsync PROTO[3]\n");
	put_range(&want, 512, 512, s.shown + 512, 512);
	put_range(&want, 70000, 1u << 20, s.shown + 70000, 1u << 20);
	put_range(&want, 70000 + (1u << 20), (1u << 20) + 100 - 70000,
		  s.shown + 70000 + (1u << 20), (1u << 20) + 100 - 70000);
	T_OK(got.len == want.len && memcmp(got.data, want.data, got.len) == 0,
	     "the bytes of a stream");
	T_EQ_U64(made, want.len);
	free(want.data);
	free(got.data);
	scene_close(&s);
}

static int open_stream(const struct bytes *b, struct psnap_io *base,
		       struct psnap_error *err)
{
	struct psnap_io *io = memory_io(b->data, b->len);
	struct psnap_lvmsync *stream;
	int rc = psnap_lvmsync_open(io, base, NULL, &stream, err);

	psnap_lvmsync_close(stream);
	psnap_io_close(io, NULL);
	return rc;
}

static void reads(void)
{
	static const char a[] = "aaaaaaaaaa";
	static const char c[] = "cccccccccc";
	struct psnap_lvmsync *stream = NULL;
	struct bytes b = { 0 };
	struct psnap_extents *ranges;
	struct psnap_io *base;
	struct psnap_io *io;
	char old[40];
	char got[40];

	memset(old, '.', sizeof(old));
	base = memory_io(old, sizeof(old));
	/* In any order, as a store has them. */
	put_text(&b, "lvmsync PROTO[3]\n");
	put_range(&b, 33, 7, c, 7);
	put_range(&b, 3, 5, a, 5);
	put_range(&b, 8, 2, c, 2);
	io = memory_io(b.data, b.len);
	T_EQ_I64(psnap_lvmsync_open(io, base, NULL, &stream, NULL), 0);
	T_EQ_I64(psnap_io_read(psnap_lvmsync_io(stream), 0, got, 40, NULL), 0);
	T_OK(memcmp(got, "...aaaaacc.......................ccccccc", 40) == 0,
	     "%.40s", got);
	if (psnap_extents_new(&ranges, NULL) ||
	    psnap_lvmsync_ranges(stream, ranges, NULL))
		abort();
	T_OK(psnap_extents_contain(ranges, 3, 10) &&
		     psnap_extents_contain(ranges, 33, 40) &&
		     psnap_extents_common_bytes(ranges, 0, 40) == 14,
	     "what it has");
	psnap_extents_free(ranges);
	psnap_lvmsync_close(stream);
	psnap_io_close(io, NULL);
	psnap_io_close(base, NULL);
	free(b.data);
}

static void refuses(void)
{
	struct psnap_error err = { 0 };
	struct bytes b = { 0 };
	uint8_t data[100] = { 0 };
	struct psnap_io *base = memory_io(data, sizeof(data));
	size_t whole;
	size_t len;
	size_t missed = 0;

	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_CORRUPT);
	put_text(&b, "lvmsync PROTO[2]\n");
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_VERSION);
	b.len = 0;
	put_text(&b, "lvmsync PROTO[3] compress:none\n");
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_VERSION);
	b.len = 0;
	put_text(&b, "something else that is long\n");
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_CORRUPT);
	b.len = 0;
	put_text(&b, "lvmsync PROTO[3]\n");
	T_EQ_I64(open_stream(&b, base, NULL), 0);
	put_range(&b, 0, 50, data, 50);
	whole = b.len;
	T_EQ_I64(open_stream(&b, base, NULL), 0);
	for (len = 18; len < whole; len++) {
		b.len = len;
		missed += open_stream(&b, base, NULL) != PSNAP_E_TRUNCATED;
	}
	T_OK(missed == 0, "one that ends in a range was cut");
	b.len = whole;
	put_range(&b, 49, 1, data, 1);
	T_EQ_I64(open_stream(&b, base, &err), PSNAP_E_CORRUPT);
	T_OK(strstr(err.message, "byte 49") != NULL, "%s", err.message);
	b.len = whole;
	put_range(&b, 50, 51, data, 51);
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_RANGE);
	b.len = whole;
	put_range(&b, 50, 50, data, 50);
	T_EQ_I64(open_stream(&b, base, NULL), 0);
	b.len = whole;
	put_range(&b, UINT64_MAX, 50, data, 50);
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_RANGE);
	b.len = whole;
	put_range(&b, 60, 0, data, 0);
	T_EQ_I64(open_stream(&b, base, NULL), PSNAP_E_CORRUPT);
	psnap_io_close(base, NULL);
	free(b.data);
}

int main(void)
{
	writes();
	reads();
	refuses();
	return T_DONE();
}
