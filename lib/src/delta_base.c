/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ties a delta to its base: the header has samples of what the delta leaves
 * alone, taken where superblocks are and spread over the device. What it
 * overwrites, its frames know byte by byte.
 */
#include "delta_format.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stddef.h>

#define SAMPLE_BYTES 512u
/* Mounting writes to superblocks, so that they tell a device that was used
 * since. ext4 1 KiB, XFS 0, Btrfs 64 KiB. */
#define HEAD_SAMPLES 8u
#define BTRFS_BYTES  65536u
/* The first sample that is one of those spread over the device. */
#define SPREAD 10u

const uint8_t psnap_delta_magic[8] = { 'p', 's', 'n', 'a', 'p', 'D', 'l', 't' };
const uint8_t psnap_delta_end_magic[8] = { 'p', 's', 'n', 'a',
					   'p', 'D', 'E', 'n' };

uint32_t psnap_delta_header_crc32(const struct disk_delta_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	const size_t at = offsetof(struct disk_delta_header, crc32);
	const struct le32 zero = le32_put(0);
	uint32_t crc32 = psnap_crc32(0, bytes, at);

	crc32 = psnap_crc32(crc32, &zero, sizeof(zero));
	return psnap_crc32(crc32, bytes + at + 4, sizeof(*header) - at - 4);
}

uint32_t psnap_delta_range_crc32(uint32_t crc32, uint64_t offset_bytes,
				 uint64_t len_bytes)
{
	const struct disk_delta_range range = { le64_put(offset_bytes),
						le64_put(len_bytes) };

	return psnap_crc32(crc32, &range, sizeof(range));
}

/* UINT64_MAX: the device is too small to have this one. */
static uint64_t sample_offset(uint64_t size_bytes, uint32_t i)
{
	uint64_t step_bytes = size_bytes / (DELTA_SAMPLES - SPREAD + 1);

	step_bytes -= step_bytes % SAMPLE_BYTES;
	if (i < HEAD_SAMPLES)
		return (uint64_t)i * SAMPLE_BYTES;
	if (i == HEAD_SAMPLES)
		return BTRFS_BYTES;
	if (i == HEAD_SAMPLES + 1)
		return size_bytes
			       ? (size_bytes - 1) / SAMPLE_BYTES * SAMPLE_BYTES
			       : 0;
	return step_bytes ? (i - SPREAD + 1) * step_bytes : UINT64_MAX;
}

int psnap_delta_fingerprint(struct disk_delta_header *header,
			    struct psnap_io *base, struct psnap_extents *ranges,
			    struct psnap_error *err)
{
	uint8_t sample[SAMPLE_BYTES];
	uint32_t count = 0;
	uint32_t i;

	for (i = 0; i < DELTA_SAMPLES; i++) {
		uint64_t at = sample_offset(base->size_bytes, i);
		uint64_t len;
		int rc;

		if (at >= base->size_bytes)
			continue;
		len = min_u64(SAMPLE_BYTES, base->size_bytes - at);
		if (psnap_extents_common_bytes(ranges, at, at + len) > 0)
			continue;
		rc = psnap_io_read(base, at, sample, (size_t)len, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc)
			continue; /* what cannot be read is no fingerprint */
		header->samples[count++] = (struct disk_delta_sample){
			le64_put(at), le32_put((uint32_t)len),
			le32_put(psnap_crc32(0, sample, (size_t)len))
		};
	}
	header->sample_count = le32_put(count);
	return 0;
}

int psnap_delta_compare(const struct disk_delta_header *header,
			struct psnap_io *base, struct psnap_error *err)
{
	uint8_t bytes[SAMPLE_BYTES];
	uint32_t i;

	for (i = 0; i < le32_get(header->sample_count); i++) {
		uint64_t at = le64_get(header->samples[i].offset_bytes);
		uint32_t len = le32_get(header->samples[i].len_bytes);
		int rc = psnap_io_read(base, at, bytes, len, err);

		if (rc == PSNAP_E_IO)
			continue;
		if (rc)
			return rc;
		if (psnap_crc32(0, bytes, len) !=
		    le32_get(header->samples[i].crc32))
			return psnap_fail_at(err, PSNAP_E_BUSY, at,
					     "is not what it was when the "
					     "delta was made");
	}
	return 0;
}
