/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model of undo files. Offsets are those of psnap-undo(5).
 */
#include "undo_model.h"

#include <psnap/zip.h>
#include <string.h>

#define HEADER_BYTES 8192u
#define MARK_BYTES   4096u
#define DEVICE_BYTES 2064u
#define DATA_MAX     (1u << 20)

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

static void put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*p++ = (uint8_t)value;
}

/* The checksum of a block whose own place for it counts as zero. */
static uint32_t crc_without(const uint8_t *block, size_t len, size_t field)
{
	static const uint8_t zero[4];
	uint32_t crc = psnap_crc32(0, block, field);

	crc = psnap_crc32(crc, zero, 4);
	return psnap_crc32(crc, block + field + 4, len - field - 4);
}

static bool device_good(const uint8_t *device, uint64_t *size_bytes)
{
	uint64_t count = get(device + 8, 4);

	*size_bytes = get(device, 8);
	if (count > 64)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *sample = device + 1040 + 16 * i;
		uint64_t offset = get(sample, 8);
		uint64_t len = get(sample + 8, 4);

		if (len == 0 || len > 512 || offset > *size_bytes ||
		    *size_bytes - offset < len)
			return false;
	}
	return true;
}

static bool header_good(struct undo_model *m, const uint8_t *file, size_t len)
{
	return len >= MODEL_RECORDS_BYTES && memcmp(file, "psnapUnd", 8) == 0 &&
	       get(file + 8, 4) == 1 &&
	       get(file + 12, 4) == crc_without(file, HEADER_BYTES, 12) &&
	       get(file + 16, 4) == MODEL_RECORDS_BYTES &&
	       get(file + 20, 4) == 2 &&
	       device_good(file + 24, &m->size_bytes[0]) &&
	       device_good(file + 24 + DEVICE_BYTES, &m->size_bytes[1]);
}

/* False when neither mark can be read. */
static bool durable_end(const uint8_t *file, uint64_t *end_bytes)
{
	static const uint8_t none[MARK_BYTES];
	uint64_t newest = 0;
	unsigned int bad = 0;

	*end_bytes = 0;
	for (unsigned int i = 0; i < 2; i++) {
		const uint8_t *mark = file + HEADER_BYTES + i * MARK_BYTES;

		if (memcmp(mark, none, MARK_BYTES) == 0)
			continue;
		if (memcmp(mark, "pUnM", 4) != 0 ||
		    get(mark + 4, 4) != crc_without(mark, MARK_BYTES, 4)) {
			bad++;
		} else if (get(mark + 8, 8) > newest) {
			newest = get(mark + 8, 8);
			*end_bytes = get(mark + 16, 8);
		}
	}
	return bad < 2;
}

static bool record_good(const struct undo_model *m, const uint8_t *file,
			size_t left, size_t previous, uint32_t previous_crc)
{
	uint64_t device;
	uint64_t offset;
	uint64_t len;

	if (left < MODEL_HEAD_BYTES || memcmp(file, "pUnd", 4) != 0 ||
	    get(file + 44, 4) != psnap_crc32(0, file, 44))
		return false;
	device = get(file + 4, 4);
	offset = get(file + 8, 8);
	len = get(file + 16, 4);
	return device < 2 && offset <= m->size_bytes[device] &&
	       len <= m->size_bytes[device] - offset && len > 0 &&
	       len <= DATA_MAX && left - MODEL_HEAD_BYTES >= len &&
	       get(file + 20, 4) == previous_crc &&
	       get(file + 24, 8) == previous &&
	       get(file + 40, 4) ==
		       psnap_crc32(0, file + MODEL_HEAD_BYTES, (size_t)len);
}

void undo_model_read(struct undo_model *m, const uint8_t *file, size_t len)
{
	uint64_t durable_bytes;
	uint32_t crc;
	size_t previous = 0;

	m->good = false;
	m->records = 0;
	m->saved_bytes = 0;
	m->end_bytes = MODEL_RECORDS_BYTES;
	if (!header_good(m, file, len) || !durable_end(file, &durable_bytes))
		return;
	crc = (uint32_t)get(file + 12, 4);
	while (m->records < MODEL_RECORDS_MAX &&
	       record_good(m, file + m->end_bytes, len - m->end_bytes, previous,
			   crc)) {
		const uint8_t *head = file + m->end_bytes;

		previous = m->end_bytes;
		crc = (uint32_t)get(head + 44, 4);
		m->at[m->records++] = previous;
		m->saved_bytes += get(head + 16, 4);
		m->end_bytes += MODEL_HEAD_BYTES + (size_t)get(head + 16, 4);
	}
	m->good = m->end_bytes >= durable_bytes;
}

void undo_model_apply(const struct undo_model *m, const uint8_t *file,
		      uint8_t *const devices[2])
{
	for (size_t i = m->records; i-- > 0;) {
		const uint8_t *head = file + m->at[i];

		memcpy(devices[get(head + 4, 4)] + get(head + 8, 8),
		       head + MODEL_HEAD_BYTES, (size_t)get(head + 16, 4));
	}
}

void undo_model_repair(uint8_t *file, size_t len)
{
	size_t at = MODEL_RECORDS_BYTES;
	uint32_t crc = (uint32_t)get(file + 12, 4);
	size_t previous = 0;

	while (at < len && len - at > MODEL_HEAD_BYTES) {
		uint8_t *head = file + at;
		size_t left = len - at - MODEL_HEAD_BYTES;
		/* Small numbers are most of what is of use. */
		uint64_t data_bytes = get(head + 16, 2) % 700;
		uint8_t not = head[32];

		if (data_bytes > left)
			data_bytes = left;
		memcpy(head, "pUnd", 4);
		put(head + 4, head[4] & 1, 4);
		put(head + 8, get(head + 8, 2) % 5000, 8);
		put(head + 16, data_bytes, 4);
		if (!(not &1))
			put(head + 20, crc, 4);
		if (!(not &2))
			put(head + 24, previous, 8);
		if (!(not &4))
			put(head + 40,
			    psnap_crc32(0, head + MODEL_HEAD_BYTES,
					(size_t)data_bytes),
			    4);
		if (!(not &8))
			put(head + 44, psnap_crc32(0, head, 44), 4);
		crc = (uint32_t)get(head + 44, 4);
		previous = at;
		at += MODEL_HEAD_BYTES + (size_t)data_bytes;
	}
}
