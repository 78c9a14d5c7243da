/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums against published values, and gzip streams by inflating what was
 * written.
 */
#include <psnap/zip.h>

#include "test.h"

#include <stdlib.h>
#include <zlib.h>

struct sink {
	unsigned char *data;
	size_t size;
	size_t used;
	int calls;
	int fail_at_call;
};

static int sink_write(void *ctx, const void *data, size_t len_bytes)
{
	struct sink *sink = ctx;

	if (++sink->calls == sink->fail_at_call)
		return -77;
	if (sink->size - sink->used < len_bytes)
		return -78;
	memcpy(sink->data + sink->used, data, len_bytes);
	sink->used += len_bytes;
	return 0;
}

static bool sink_init(struct sink *sink, size_t size, int fail_at_call)
{
	memset(sink, 0, sizeof(*sink));
	sink->data = malloc(size);
	sink->size = size;
	sink->fail_at_call = fail_at_call;
	return T_OK(sink->data != NULL, "memory for a sink");
}

/* Bytes that do not compress, the same in every run. */
static void fill(unsigned char *data, size_t len)
{
	uint32_t state = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		state = state * UINT32_C(1664525) + UINT32_C(1013904223);
		data[i] = (unsigned char)(state >> 24);
	}
}

static void test_crc32(void)
{
	uint32_t part;

	T_EQ_U64(psnap_crc32(0, "123456789", 9), 0xcbf43926);
	T_EQ_U64(psnap_crc32(0, "", 0), 0);
	T_EQ_U64(psnap_crc32(5, NULL, 0), 5);
	part = psnap_crc32(0, "1234", 4);
	T_EQ_U64(psnap_crc32(part, "56789", 5), 0xcbf43926);
}

/* As zlib makes it, of any length from anywhere, whole or in parts. */
static void test_crc32_as_zlib(void)
{
	static unsigned char data[5000];
	unsigned int wrong = 0;
	uint32_t state = 7;
	unsigned int i;

	fill(data, sizeof(data));
	for (i = 0; i < 3000; i++) {
		size_t len = i % sizeof(data);
		const unsigned char *from;
		size_t part;
		uint32_t want;

		state = state * UINT32_C(1664525) + UINT32_C(1013904223);
		from = data + (state >> 8) % (sizeof(data) - len);
		part = len ? (state >> 4) % len : 0;
		want = (uint32_t)crc32(i, from, (unsigned int)len);
		wrong += psnap_crc32(i, from, len) != want;
		wrong += psnap_crc32(psnap_crc32(i, from, part), from + part,
				     len - part) != want;
	}
	T_EQ_U64(wrong, 0);
}

static void check_inflates(const struct sink *sink, const unsigned char *want,
			   size_t len)
{
	unsigned char *got = malloc(len + 1);
	z_stream z = { 0 };
	int rc;

	if (!T_OK(got != NULL, "memory to inflate"))
		return;
	z.next_in = sink->data;
	z.avail_in = (uInt)sink->used;
	z.next_out = got;
	z.avail_out = (uInt)(len + 1);
	T_EQ_I64(inflateInit2(&z, 15 + 16), Z_OK);
	rc = inflate(&z, Z_FINISH);
	T_EQ_I64(rc, Z_STREAM_END);
	T_EQ_U64(z.total_out, len);
	T_EQ_U64(z.avail_in, 0);
	T_OK(len == 0 || memcmp(got, want, len) == 0, "%zu bytes come back",
	     len);
	inflateEnd(&z);
	free(got);
}

static void test_roundtrip(const unsigned char *data, size_t len, size_t step)
{
	struct psnap_gzip *gzip = NULL;
	struct psnap_error err;
	struct sink sink;
	size_t at;
	int rc = 0;

	if (!sink_init(&sink, len * 2 + 1024, 0))
		return;
	T_EQ_I64(psnap_gzip_open(sink_write, &sink, &gzip, &err), 0);
	if (!gzip)
		goto out;
	for (at = 0; !rc && at < len; at += step)
		rc = psnap_gzip_write(gzip, data + at,
				      len - at < step ? len - at : step);
	T_EQ_I64(rc, 0);
	T_EQ_I64(psnap_gzip_finish(gzip), 0);
	T_EQ_I64(psnap_gzip_write(gzip, data, 1), PSNAP_E_API);
	check_inflates(&sink, data, len);
	T_OK(sink.used > 8 && memcmp(sink.data + 4, "\0\0\0\0", 4) == 0,
	     "the stream carries no time");
out:
	psnap_gzip_close(gzip);
	free(sink.data);
}

/* A failed write stays failed, wherever it happens. */
static void test_failure(const unsigned char *data, size_t len, int at_call)
{
	struct psnap_gzip *gzip = NULL;
	struct sink sink;
	int rc;

	if (!sink_init(&sink, len * 2, at_call))
		return;
	T_EQ_I64(psnap_gzip_open(sink_write, &sink, &gzip, NULL), 0);
	if (!gzip)
		goto out;
	rc = psnap_gzip_write(gzip, data, len);
	if (!rc)
		rc = psnap_gzip_finish(gzip);
	T_EQ_I64(rc, -77);
	T_EQ_I64(sink.calls, at_call);
	T_EQ_I64(psnap_gzip_write(gzip, data, len), -77);
	T_EQ_I64(psnap_gzip_finish(gzip), -77);
	T_EQ_I64(sink.calls, at_call);
out:
	psnap_gzip_close(gzip);
	free(sink.data);
}

int main(void)
{
	size_t len = 300000;
	unsigned char *data = malloc(len);

	if (!T_OK(data != NULL, "memory for data"))
		return T_DONE();
	fill(data, len);
	test_crc32();
	test_crc32_as_zlib();
	test_roundtrip(data, 0, 1);
	test_roundtrip(data, 1, 1);
	test_roundtrip(data, len, len);
	test_roundtrip(data, len, 777);
	test_failure(data, len, 1);
	test_failure(data, len, 4);
	test_failure(data, 100, 1);
	psnap_gzip_close(NULL);
	free(data);
	return T_DONE();
}
