/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one frame of a delta. Nothing that a frame says is believed before its
 * checksum is right, and then only what is possible.
 */
#include "delta_format.h"

#include "checked.h"
#include "fail.h"
#include "inflate.h"

#include <psnap/zip.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int psnap_delta_frame_init(struct delta_frame *f, struct psnap_error *err)
{
	*f = (struct delta_frame){ 0 };
	f->ranges = calloc(DELTA_RANGES_MAX, sizeof(*f->ranges));
	f->payload = malloc(DELTA_PAYLOAD_BYTES_MAX);
	f->stored = malloc(DELTA_FRAME_BYTES_MAX);
	if (f->ranges && f->payload && f->stored)
		return 0;
	psnap_delta_frame_release(f);
	return psnap_fail_nomem(err, "preparing a frame");
}

void psnap_delta_frame_release(struct delta_frame *f)
{
	free(f->ranges);
	free(f->payload);
	free(f->stored);
	*f = (struct delta_frame){ 0 };
}

static size_t payload_bytes(const struct delta_frame *f)
{
	return 4 * (size_t)f->block_count + f->data_bytes;
}

uint32_t psnap_delta_head_crc32(const struct disk_delta_frame *head,
				const uint8_t *ranges, uint32_t range_count)
{
	struct disk_delta_frame zeroed = *head;
	uint32_t crc32;

	zeroed.crc32 = le32_put(0);
	crc32 = psnap_crc32(0, &zeroed, sizeof(zeroed));
	return psnap_crc32(crc32, ranges,
			   range_count * sizeof(struct disk_delta_range));
}

static int fail_frame(struct psnap_error *err, uint64_t at_bytes,
		      uint64_t number)
{
	return psnap_fail_at(err, PSNAP_E_CORRUPT, at_bytes,
			     "frame %llu of the delta is damaged; make the "
			     "delta anew, or fetch it again",
			     (unsigned long long)number);
}

static int fail_cut(struct psnap_error *err, uint64_t at_bytes, uint64_t number)
{
	return psnap_fail_at(err, PSNAP_E_TRUNCATED, at_bytes,
			     "the delta was cut in frame %llu",
			     (unsigned long long)number);
}

/* Ascending, not empty, inside the device; and together what the head says. */
static bool take_ranges(struct delta_frame *f, const uint8_t *bytes,
			uint64_t size_bytes)
{
	uint64_t before = 0;
	uint64_t data_bytes = 0;
	uint32_t i;

	f->block_count = 0;
	for (i = 0; i < f->range_count; i++) {
		struct disk_delta_range range;
		uint64_t at;
		uint64_t len;

		memcpy(&range, bytes + i * sizeof(range), sizeof(range));
		at = le64_get(range.offset_bytes);
		len = le64_get(range.len_bytes);
		if (at < before || at > size_bytes || len == 0 ||
		    len > size_bytes - at || len > f->data_bytes - data_bytes)
			return false;
		f->ranges[i] = (struct psnap_extent){ at, len };
		f->block_count += delta_blocks(at, len);
		data_bytes += len;
		before = at + len;
	}
	return data_bytes == f->data_bytes;
}

/* Can a head be that of this frame? */
static bool check_head(const struct disk_delta_frame *disk, uint64_t number,
		       uint32_t delta_crc32)
{
	return le32_get(disk->magic) == DELTA_FRAME_MAGIC &&
	       le64_get(disk->number) == number &&
	       le32_get(disk->delta_crc32) == delta_crc32 &&
	       le32_get(disk->method) <= DELTA_DEFLATED &&
	       le32_get(disk->range_count) > 0 &&
	       le32_get(disk->range_count) <= DELTA_RANGES_MAX &&
	       le32_get(disk->data_bytes) > 0 &&
	       le32_get(disk->data_bytes) <= DELTA_DATA_BYTES_MAX &&
	       le32_get(disk->stored_bytes) > 0 &&
	       le32_get(disk->stored_bytes) <= DELTA_PAYLOAD_BYTES_MAX &&
	       le32_get(disk->unused) == 0;
}

int psnap_delta_frame_head(struct delta_frame *f, struct psnap_io *file,
			   uint64_t at_bytes, uint64_t end_bytes,
			   uint64_t number, uint64_t size_bytes,
			   uint32_t delta_crc32, struct disk_delta_frame *disk,
			   uint64_t *next_bytes, struct psnap_error *err)
{
	uint8_t *ranges = f->stored + sizeof(*disk);
	size_t len;
	int rc;

	if (end_bytes < at_bytes || end_bytes - at_bytes < sizeof(*disk))
		return fail_cut(err, at_bytes, number);
	rc = psnap_io_read(file, at_bytes, disk, sizeof(*disk), err);
	if (rc)
		return rc;
	if (!check_head(disk, number, delta_crc32))
		return fail_frame(err, at_bytes, number);
	f->number = number;
	f->range_count = le32_get(disk->range_count);
	f->data_bytes = le32_get(disk->data_bytes);
	len = f->range_count * sizeof(struct disk_delta_range);
	if (end_bytes - at_bytes < sizeof(*disk) + len)
		return fail_cut(err, at_bytes, number);
	rc = psnap_io_read(file, at_bytes + sizeof(*disk), ranges, len, err);
	if (rc)
		return rc;
	if (psnap_delta_head_crc32(disk, ranges, f->range_count) !=
		    le32_get(disk->crc32) ||
	    !take_ranges(f, ranges, size_bytes))
		return fail_frame(err, at_bytes, number);
	*next_bytes =
		at_bytes + sizeof(*disk) + len + le32_get(disk->stored_bytes);
	return *next_bytes > end_bytes ? fail_cut(err, at_bytes, number) : 0;
}

int psnap_delta_frame_read(struct delta_frame *f, struct psnap_io *file,
			   uint64_t at_bytes, uint64_t end_bytes,
			   uint64_t number, uint64_t size_bytes,
			   uint32_t delta_crc32, struct disk_delta_frame *disk,
			   uint64_t *next_bytes, struct psnap_error *err)
{
	uint8_t *stored;
	size_t len;
	bool good;
	int rc;

	rc = psnap_delta_frame_head(f, file, at_bytes, end_bytes, number,
				    size_bytes, delta_crc32, disk, next_bytes,
				    err);
	if (rc)
		return rc;
	len = le32_get(disk->stored_bytes);
	stored = f->stored + sizeof(*disk) +
		 f->range_count * sizeof(struct disk_delta_range);
	rc = psnap_io_read(file, *next_bytes - len, stored, len, err);
	if (rc)
		return rc;
	if (psnap_crc32(0, stored, len) != le32_get(disk->stored_crc32))
		return fail_frame(err, at_bytes, number);
	if (le32_get(disk->method) == DELTA_DEFLATED) {
		good = psnap_inflate_block(stored, len, f->payload,
					   payload_bytes(f));
	} else {
		good = len == payload_bytes(f);
		if (good)
			memcpy(f->payload, stored, len);
	}
	if (!good || psnap_crc32(0, f->payload, payload_bytes(f)) !=
			     le32_get(disk->payload_crc32))
		return fail_frame(err, at_bytes, number);
	return 0;
}
