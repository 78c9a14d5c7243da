/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See delta_model.h. The input is a program: a byte that says what is wrong with
 * the header, then frames, each with its ranges. A frame that is deflated is so
 * without compressing anything, by hand.
 */
#include "delta_model.h"

#define HEADER_BYTES 2048u
#define FRAMES_MAX   5u
#define RANGES_MAX   6u
#define RANGE_BYTES  1100u

struct range {
	uint64_t at;
	uint64_t len;
};

struct maker {
	struct delta_model *m;
	struct fuzz_cursor *c;
	struct range all[FRAMES_MAX * RANGES_MAX];
	size_t all_count;
	uint64_t end;
	uint64_t frame_at[FRAMES_MAX];
	uint64_t frame_first[FRAMES_MAX];
	size_t frame_count;
};

uint8_t delta_model_base(size_t at)
{
	return (uint8_t)(at * 7 + at / 300);
}

uint32_t delta_model_crc32(const uint8_t *data, size_t len)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX;

	for (uint32_t n = 0; n < 256 && !table[255]; n++) {
		table[n] = n;
		for (int i = 0; i < 8; i++)
			table[n] = table[n] >> 1 ^
				   (table[n] & 1 ? 0xedb88320u : 0);
	}
	while (len-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 255];
	return ~crc;
}

static void put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* With the field for it zero. */
static void put_crc32(uint8_t *start, size_t len, uint8_t *field)
{
	put(field, 0, 4);
	put(field, delta_model_crc32(start, len), 4);
}

/* The ranges of a frame, which may break every rule. Return: how many. */
static size_t make_ranges(struct maker *k, struct range *ranges)
{
	size_t count = fuzz_u8(k->c) % (RANGES_MAX + 1);

	if (count == 0)
		k->m->good = false;
	for (size_t i = 0; i < count; i++) {
		uint8_t kind = fuzz_u8(k->c);
		uint64_t at = fuzz_u64(k->c);
		uint64_t len = fuzz_u64(k->c) % RANGE_BYTES;

		/* Mostly behind the one before. */
		if (kind >= 16)
			at = k->end + at % 6000;
		if (at < k->end || at > MODEL_BASE_BYTES || len == 0 ||
		    len > MODEL_BASE_BYTES - at)
			k->m->good = false;
		ranges[i] = (struct range){ at, len };
		k->all[k->all_count++] = ranges[i];
		k->end = at + len;
	}
	return count;
}

static uint8_t base_or_zero(uint64_t at)
{
	return at < MODEL_BASE_BYTES ? delta_model_base((size_t)at) : 0;
}

/* Checksums of what is replaced, block by block. Return: behind them. */
static uint8_t *put_blocks(uint8_t *to, const struct range *r)
{
	uint8_t block[512];
	uint64_t at = r->at;
	uint64_t left = r->len;

	while (left > 0) {
		size_t len = (size_t)(512 - at % 512);

		if (len > left)
			len = (size_t)left;
		for (size_t i = 0; i < len; i++)
			block[i] = base_or_zero(at + i);
		put(to, delta_model_crc32(block, len), 4);
		to += 4;
		at += len;
		left -= len;
	}
	return to;
}

static uint8_t *put_data(struct maker *k, uint8_t *to, const struct range *r,
			 uint8_t seed)
{
	for (uint64_t i = 0; i < r->len; i++) {
		uint8_t byte = (uint8_t)(seed + i * seed / 3);

		*to++ = byte;
		if (r->at < MODEL_BASE_BYTES && i < MODEL_BASE_BYTES - r->at)
			k->m->shown[r->at + i] = byte;
	}
	return to;
}

/* The payload as a zlib stream of one stored block. Return: its length. */
static size_t wrap(uint8_t *payload, size_t len)
{
	uint32_t a = 1;
	uint32_t b = 0;

	for (size_t i = 0; i < len; i++) {
		a = (a + payload[i]) % 65521;
		b = (b + a) % 65521;
	}
	memmove(payload + 7, payload, len);
	payload[0] = 0x78;
	payload[1] = 0x01;
	payload[2] = 1;
	put(payload + 3, len, 2);
	put(payload + 5, ~len, 2);
	for (int i = 0; i < 4; i++)
		payload[7 + len + (size_t)i] =
			(uint8_t)((b << 16 | a) >> (24 - 8 * i));
	return len + 11;
}

static void make_frame(struct maker *k)
{
	struct delta_model *m = k->m;
	struct range ranges[RANGES_MAX];
	uint8_t *head = m->file + m->len;
	uint8_t method = fuzz_u8(k->c);
	uint8_t seed = fuzz_u8(k->c);
	size_t count = make_ranges(k, ranges);
	uint8_t *payload = head + 48 + 16 * count;
	uint8_t *to = payload;
	uint64_t data_bytes = 0;
	size_t len;

	for (size_t i = 0; i < count; i++)
		to = put_blocks(to, &ranges[i]);
	for (size_t i = 0; i < count; i++) {
		put(head + 48 + 16 * i, ranges[i].at, 8);
		put(head + 56 + 16 * i, ranges[i].len, 8);
		to = put_data(k, to, &ranges[i], seed);
		data_bytes += ranges[i].len;
	}
	len = (size_t)(to - payload);
	put(head, 0x6d724664, 4);
	put(head + 8, k->frame_count, 8);
	put(head + 16, get32(m->file + 12), 4);
	put(head + 20, method & 1, 4);
	put(head + 24, count, 4);
	put(head + 28, data_bytes, 4);
	put(head + 40, delta_model_crc32(payload, len), 4);
	if (method & 1)
		len = wrap(payload, len);
	/* What is behind the stream is no part of it. */
	if (method >= 240) {
		payload[len++] = 0;
		m->good = false;
	}
	put(head + 32, len, 4);
	put(head + 36, delta_model_crc32(payload, len), 4);
	put(head + 44, 0, 4);
	put_crc32(head, 48 + 16 * count, head + 4);
	k->frame_at[k->frame_count] = m->len;
	k->frame_first[k->frame_count++] = count ? ranges[0].at : 0;
	m->len += 48 + 16 * count + len;
	m->data_bytes += (size_t)data_bytes;
}

/* Ranges that touch are one. */
static void put_header(struct maker *k)
{
	struct delta_model *m = k->m;
	uint8_t joined[FRAMES_MAX * RANGES_MAX * 16];
	struct range *list = k->all;
	size_t count = 0;

	for (size_t i = 0; i < k->all_count; i++)
		if (count > 0 &&
		    list[count - 1].at + list[count - 1].len == list[i].at)
			list[count - 1].len += list[i].len;
		else
			list[count++] = list[i];
	for (size_t i = 0; i < count; i++) {
		put(joined + 16 * i, list[i].at, 8);
		put(joined + 16 * i + 8, list[i].len, 8);
	}
	memset(m->file, 0, HEADER_BYTES);
	memcpy(m->file, "psnapDlt", 8);
	put(m->file + 8, 1, 4);
	put(m->file + 16, HEADER_BYTES, 4);
	put(m->file + 20, 512, 4);
	put(m->file + 24, MODEL_BASE_BYTES, 8);
	put(m->file + 40, count, 8);
	put(m->file + 48, m->data_bytes, 8);
	put(m->file + 56, delta_model_crc32(joined, 16 * count), 4);
	put_crc32(m->file, HEADER_BYTES, m->file + 12);
}

static void put_end(struct maker *k)
{
	struct delta_model *m = k->m;
	size_t index = m->len;
	uint8_t *at = m->file + index;
	size_t len = 16 + 16 * k->frame_count;

	put(at, 0x78644964, 4);
	put(at + 8, k->frame_count, 8);
	for (size_t i = 0; i < k->frame_count; i++) {
		put(at + 16 + 16 * i, k->frame_at[i], 8);
		put(at + 24 + 16 * i, k->frame_first[i], 8);
	}
	put_crc32(at, len, at + 4);
	at += len;
	memcpy(at, "psnapDEn", 8);
	put(at + 12, get32(m->file + 12), 4);
	put(at + 16, index, 8);
	put(at + 24, k->frame_count, 8);
	put(at + 32, index + len + 40, 8);
	put_crc32(at, 40, at + 8);
	m->len = index + len + 40;
}

/* The header says what frames have, and frames name the header: frames are made
 * twice, of the same input. */
void delta_model_make(struct delta_model *m, struct fuzz_cursor *c)
{
	size_t frames = fuzz_u8(c) % (FRAMES_MAX + 1);

	for (int pass = 0; pass < 2; pass++) {
		struct fuzz_cursor again = *c;
		struct maker k = { .m = m, .c = &again };

		m->good = true;
		m->len = HEADER_BYTES;
		m->data_bytes = 0;
		for (size_t at = 0; at < MODEL_BASE_BYTES; at++)
			m->shown[at] = delta_model_base(at);
		while (k.frame_count < frames)
			make_frame(&k);
		if (pass == 0)
			put_header(&k);
		else
			put_end(&k);
		if (pass == 1)
			*c = again;
	}
}
