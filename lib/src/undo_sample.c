/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ties an undo file to its devices, beside their sizes: samples of what
 * was on them when the file was made.
 */
#include "undo_file.h"

#include "checked.h"

#include <psnap/zip.h>

/* Where superblocks are: mounting writes to them, so that they tell a device
 * that was used since. ext4 1 KiB, XFS 0, Btrfs 64 KiB. */
#define HEAD_SAMPLES 8u
#define BTRFS_BYTES  65536u
/* The first sample that is one of those spread over the device. */
#define SPREAD 10u

/* UINT64_MAX: the device is too small to have this one. */
static uint64_t sample_offset(uint64_t size_bytes, uint32_t i)
{
	uint64_t step_bytes = size_bytes / (UNDO_SAMPLES - SPREAD + 1);

	step_bytes -= step_bytes % UNDO_SAMPLE_BYTES;
	if (i < HEAD_SAMPLES)
		return (uint64_t)i * UNDO_SAMPLE_BYTES;
	if (i == HEAD_SAMPLES)
		return BTRFS_BYTES;
	if (i == HEAD_SAMPLES + 1)
		return (size_bytes - 1) / UNDO_SAMPLE_BYTES * UNDO_SAMPLE_BYTES;
	return step_bytes ? (i - SPREAD + 1) * step_bytes : UINT64_MAX;
}

/* A sector torn by a cut is to spoil no more than one sample. */
static bool is_sampled(const struct disk_undo_device *d, uint32_t count,
		       uint64_t offset_bytes)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (le64_get(d->samples[i].offset_bytes) == offset_bytes)
			return true;
	return false;
}

int psnap_undo_fingerprint(struct disk_undo_device *d, struct psnap_io *io,
			   struct psnap_error *err)
{
	uint8_t sample[UNDO_SAMPLE_BYTES];
	uint32_t count = 0;
	uint32_t i;

	for (i = 0; i < UNDO_SAMPLES; i++) {
		uint64_t at = sample_offset(io->size_bytes, i);
		uint64_t len;
		int rc;

		if (at >= io->size_bytes || is_sampled(d, count, at))
			continue;
		len = min_u64(UNDO_SAMPLE_BYTES, io->size_bytes - at);
		rc = psnap_io_read(io, at, sample, (size_t)len, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc)
			continue; /* what cannot be read is no fingerprint */
		d->samples[count++] = (struct disk_undo_sample){
			le64_put(at), le32_put((uint32_t)len),
			le32_put(psnap_crc32(0, sample, (size_t)len))
		};
	}
	d->sample_count = le32_put(count);
	return 0;
}

uint64_t psnap_undo_touched(const struct disk_undo_device *d,
			    uint64_t offset_bytes, uint64_t len_bytes)
{
	uint64_t touched = 0;
	uint32_t i;

	for (i = 0; i < le32_get(d->sample_count); i++) {
		uint64_t at = le64_get(d->samples[i].offset_bytes);

		if (at < offset_bytes + len_bytes &&
		    offset_bytes < at + le32_get(d->samples[i].len_bytes))
			touched |= UINT64_C(1) << i;
	}
	return touched;
}

struct psnap_extent psnap_undo_sample_behind(const struct disk_undo_device *d,
					     uint64_t which,
					     uint32_t align_bytes,
					     uint64_t at_bytes)
{
	const uint64_t mask = align_bytes - UINT64_C(1);
	struct psnap_extent first = { UINT64_MAX, 0 };
	uint32_t i;

	for (i = 0; which && i < UNDO_SAMPLES; i++) {
		uint64_t start = le64_get(d->samples[i].offset_bytes);
		uint64_t end = start + le32_get(d->samples[i].len_bytes);

		start &= ~mask;
		end = (end + mask) & ~mask;
		if ((which >> i & 1) && end > at_bytes &&
		    start < first.offset_bytes)
			first = (struct psnap_extent){ start, end - start };
	}
	return first;
}
