/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a stream of lvmsync and what it is applied to. The first byte of
 * the input says how large that is, and whether the rest has the line that a
 * stream begins with. What psnap makes of it is what a loop here does, range by
 * range; what that loop would not do is refused.
 */
#include "fuzz.h"

#include <psnap/lvmsync.h>

#define BASE_BYTES_MAX 4096u

static const char line[] = "lvmsync PROTO[3]\n";

struct model {
	bool good;
	size_t size;
	uint8_t shown[BASE_BYTES_MAX];
	bool written[BASE_BYTES_MAX];
};

static uint64_t big(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static bool apply_range(struct model *m, const uint8_t *data, size_t left,
			size_t *used)
{
	uint64_t at;
	uint64_t len;

	if (left < 12)
		return false;
	at = big(data, 8);
	len = big(data + 8, 4);
	if (len == 0 || len > left - 12 || at > m->size || len > m->size - at)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (m->written[at + i])
			return false;
		m->written[at + i] = true;
		m->shown[at + i] = data[12 + i];
	}
	*used = 12 + (size_t)len;
	return true;
}

static void apply(struct model *m, const uint8_t *data, size_t len)
{
	size_t at = sizeof(line) - 1;

	m->good = len >= at && memcmp(data, line, at) == 0;
	while (m->good && at < len) {
		size_t used = 0;

		m->good = apply_range(m, data + at, len - at, &used);
		at += used;
	}
}

static void compare(struct psnap_lvmsync *stream, const struct model *m)
{
	static uint8_t got[BASE_BYTES_MAX];
	struct psnap_extents *ranges;
	uint64_t bytes = 0;

	FUZZ_EQUAL(
		psnap_io_read(psnap_lvmsync_io(stream), 0, got, m->size, NULL),
		0);
	FUZZ_EQUAL(memcmp(got, m->shown, m->size), 0);
	if (psnap_extents_new(&ranges, NULL) ||
	    psnap_lvmsync_ranges(stream, ranges, NULL))
		abort();
	for (size_t i = 0; i < m->size; i++)
		bytes += m->written[i];
	FUZZ_EQUAL(psnap_extents_common_bytes(ranges, 0, UINT64_MAX), bytes);
	psnap_extents_free(ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static struct model m;
	static uint8_t base[BASE_BYTES_MAX];
	struct fuzz_cursor c = { data, len_bytes };
	uint8_t kind = fuzz_u8(&c);
	size_t head = kind & 1 ? 0 : sizeof(line) - 1;
	size_t len = head + c.left_bytes;
	uint8_t *file = malloc(len > 0 ? len : 1);
	struct psnap_lvmsync *stream;
	struct psnap_error err = { 0 };
	struct psnap_io *base_io;
	struct psnap_io *io;
	int rc;

	if (!file)
		abort();
	memcpy(file, line, head);
	if (c.left_bytes > 0)
		memcpy(file + head, c.at, c.left_bytes);
	m.size = kind & 2 ? 300u + kind : BASE_BYTES_MAX;
	memset(m.written, 0, sizeof(m.written));
	for (size_t i = 0; i < BASE_BYTES_MAX; i++)
		m.shown[i] = base[i] = (uint8_t)(i * 3 + i / 256);
	apply(&m, file, len);
	if (psnap_io_open_memory(file, len, 1, &io, NULL) ||
	    psnap_io_open_memory(base, m.size, 1, &base_io, NULL))
		abort();
	rc = psnap_lvmsync_open(io, base_io, NULL, &stream, &err);
	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	FUZZ_EQUAL(rc == 0, m.good);
	if (rc == 0)
		compare(stream, &m);
	psnap_lvmsync_close(stream);
	psnap_io_close(base_io, NULL);
	psnap_io_close(io, NULL);
	free(file);
	return 0;
}
