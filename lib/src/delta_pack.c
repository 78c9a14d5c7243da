/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packing one frame of a delta. It touches nothing but what it is handed, so
 * that several threads do it at a time.
 */
#include "delta_format.h"

#include "deflate.h"

#include <psnap/zip.h>
#include <string.h>

void psnap_delta_unpacked(struct delta_unpacked *u, uint8_t *in,
			  uint32_t range_count, uint32_t data_bytes,
			  uint32_t block_count)
{
	u->head = (struct disk_delta_frame *)(void *)in;
	u->ranges = in + sizeof(*u->head);
	u->before = u->ranges + range_count * sizeof(struct disk_delta_range);
	u->payload = u->before + data_bytes;
	u->data = u->payload + 4 * (size_t)block_count;
	u->data_bytes = data_bytes;
	u->block_count = block_count;
}

/* A checksum for each block of what will be overwritten, in front of the
 * data. */
static void sum_blocks(const struct delta_unpacked *u)
{
	struct le32 *block = (struct le32 *)(void *)u->payload;
	const uint8_t *before = u->before;
	uint32_t count = le32_get(u->head->range_count);
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct disk_delta_range range;
		uint64_t at;
		uint64_t end;
		size_t len;

		memcpy(&range, u->ranges + i * sizeof(range), sizeof(range));
		at = le64_get(range.offset_bytes);
		end = at + le64_get(range.len_bytes);
		for (; at < end; at += len) {
			len = delta_block_bytes(at, end - at);
			*block++ = le32_put(psnap_crc32(0, before, len));
			before += len;
		}
	}
}

size_t psnap_delta_pack(const struct delta_unpacked *u,
			struct psnap_deflate *deflate, bool only_sum,
			uint8_t *out)
{
	size_t ranges_bytes = (size_t)(u->before - u->ranges);
	uint8_t *stored = out + sizeof(*u->head) + ranges_bytes;
	size_t payload_bytes = 4 * (size_t)u->block_count + u->data_bytes;
	struct disk_delta_frame head;
	size_t len;

	sum_blocks(u);
	u->head->payload_crc32 =
		le32_put(psnap_crc32(0, u->payload, payload_bytes));
	if (only_sum)
		return 0;
	head = *u->head;
	len = psnap_deflate_block(deflate, u->payload, payload_bytes, stored,
				  payload_bytes - 1);
	head.method = le32_put(len ? DELTA_DEFLATED : DELTA_STORED);
	if (len == 0) {
		len = payload_bytes;
		memcpy(stored, u->payload, len);
	}
	memcpy(out + sizeof(head), u->ranges, ranges_bytes);
	head.magic = le32_put(DELTA_FRAME_MAGIC);
	head.stored_bytes = le32_put((uint32_t)len);
	head.stored_crc32 = le32_put(psnap_crc32(0, stored, len));
	head.unused = le32_put(0);
	head.crc32 = le32_put(psnap_delta_head_crc32(
		&head, u->ranges, le32_get(head.range_count)));
	memcpy(out, &head, sizeof(head));
	return (size_t)(stored - out) + len;
}
