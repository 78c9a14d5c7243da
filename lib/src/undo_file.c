/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading undo files, and writing their header. Appending records is
 * undo_io.c's business.
 */
#include "undo_file.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = { 'p', 's', 'n', 'a', 'p', 'U', 'n', 'd' };

static uint32_t header_crc32(const struct disk_undo_header *header)
{
	struct disk_undo_header h = *header;

	h.crc32 = le32_put(0);
	return psnap_crc32(0, &h, sizeof(h));
}

int psnap_undo_file_open(struct undo_file *f, struct psnap_io *io,
			 struct psnap_error *err)
{
	int rc;

	memset(f, 0, sizeof(*f));
	f->io = io;
	f->end_bytes = UNDO_HEADER_BYTES;
	rc = psnap_io_read(io, 0, &f->header, sizeof(f->header), err);
	if (rc == PSNAP_E_RANGE || rc == PSNAP_E_TRUNCATED)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "too short for an undo file");
	if (rc)
		return rc;
	if (memcmp(f->header.magic, magic, sizeof(magic)) != 0)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "not an undo file");
	if (le32_get(f->header.crc32) != header_crc32(&f->header) ||
	    le32_get(f->header.version) != 1 ||
	    le32_get(f->header.header_bytes) != UNDO_HEADER_BYTES ||
	    le32_get(f->header.device_count) != PSNAP_UNDO_DEVICES)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "the header of the undo file is damaged");
	return 0;
}

static uint32_t record_crc32(const struct disk_undo_record *d)
{
	return psnap_crc32(0, d, offsetof(struct disk_undo_record, head_crc32));
}

/* Nothing in a record is believed that the device could not have. */
static bool decode(const struct undo_file *f, const struct disk_undo_record *d,
		   struct undo_record *r)
{
	uint64_t size_bytes;

	if (le32_get(d->magic) != UNDO_RECORD_MAGIC ||
	    le32_get(d->head_crc32) != record_crc32(d))
		return false;
	r->device = le32_get(d->device);
	r->offset_bytes = le64_get(d->offset_bytes);
	r->len_bytes = le64_get(d->len_bytes);
	r->previous_bytes = le64_get(d->previous_bytes);
	if (r->device >= PSNAP_UNDO_DEVICES)
		return false;
	size_bytes = le64_get(f->header.devices[r->device].size_bytes);
	return r->len_bytes > 0 && r->len_bytes <= UNDO_DATA_BYTES_MAX &&
	       r->offset_bytes <= size_bytes &&
	       r->len_bytes <= size_bytes - r->offset_bytes &&
	       r->previous_bytes < r->at_bytes;
}

int psnap_undo_file_read(struct undo_file *f, uint64_t at_bytes,
			 struct undo_record *r, uint8_t *data,
			 struct psnap_error *err)
{
	struct disk_undo_record d;
	int rc;

	r->at_bytes = at_bytes;
	rc = psnap_io_read(f->io, at_bytes, &d, sizeof(d), err);
	if (rc == 0 && !decode(f, &d, r))
		return 0;
	if (rc == 0)
		rc = psnap_io_read(f->io, at_bytes + sizeof(d), data,
				   (size_t)r->len_bytes, err);
	/* A record that was being written when the power went. */
	if (rc == PSNAP_E_RANGE || rc == PSNAP_E_TRUNCATED)
		return 0;
	if (rc)
		return rc;
	return psnap_crc32(0, data, (size_t)r->len_bytes) ==
	       le32_get(d.data_crc32);
}

int psnap_undo_file_scan(struct undo_file *f,
			 const struct psnap_progress *progress,
			 int (*each)(void *ctx, const struct undo_record *r),
			 void *ctx, struct psnap_error *err)
{
	uint8_t *data = malloc(UNDO_DATA_BYTES_MAX);
	struct undo_record r;
	int rc;

	if (!data)
		return psnap_fail_nomem(err, "reading the undo file");
	while ((rc = psnap_undo_file_read(f, f->end_bytes, &r, data, err)) >
	       0) {
		/* Left over from an older, longer file. */
		if (r.previous_bytes != f->last_bytes) {
			rc = 0;
			break;
		}
		f->last_bytes = r.at_bytes;
		f->end_bytes += sizeof(struct disk_undo_record) + r.len_bytes;
		f->records++;
		f->saved_bytes += r.len_bytes;
		if (each)
			rc = each(ctx, &r);
		if (rc < 0)
			break;
		if (progress && progress->tick &&
		    progress->tick(progress->ctx, f->end_bytes,
				   f->io->size_bytes)) {
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
			break;
		}
	}
	free(data);
	return rc;
}

/* Samples spread over the device; the first is its start. */
static int take_samples(struct disk_undo_device *d, struct psnap_io *io,
			struct psnap_error *err)
{
	uint8_t sample[UNDO_SAMPLE_BYTES];
	uint64_t step = io->size_bytes / UNDO_SAMPLES;
	uint32_t count = 0;
	uint32_t i;

	step -= step % UNDO_SAMPLE_BYTES;
	for (i = 0; i < UNDO_SAMPLES; i++) {
		uint64_t at = i * step;
		uint64_t len;
		int rc;

		if (at >= io->size_bytes || (i > 0 && step == 0))
			break;
		len = min_u64(UNDO_SAMPLE_BYTES, io->size_bytes - at);
		rc = psnap_io_read(io, at, sample, (size_t)len, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc)
			continue; /* what cannot be read is no fingerprint */
		d->samples[count].offset_bytes = le64_put(at);
		d->samples[count].len_bytes = le32_put((uint32_t)len);
		d->samples[count].crc32 =
			le32_put(psnap_crc32(0, sample, (size_t)len));
		count++;
	}
	d->sample_count = le32_put(count);
	return 0;
}

int psnap_undo_file_create(struct undo_file *f, struct psnap_io *io,
			   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			   struct psnap_error *err)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	f->io = io;
	f->end_bytes = UNDO_HEADER_BYTES;
	memcpy(f->header.magic, magic, sizeof(magic));
	f->header.version = le32_put(1);
	f->header.header_bytes = le32_put(UNDO_HEADER_BYTES);
	f->header.device_count = le32_put(PSNAP_UNDO_DEVICES);
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct disk_undo_device *d = &f->header.devices[i];
		size_t len = strlen(devices[i]->name);
		int rc;

		d->size_bytes = le64_put(devices[i]->size_bytes);
		if (len < sizeof(d->name))
			memcpy(d->name, devices[i]->name, len);
		rc = take_samples(d, devices[i], err);
		if (rc)
			return rc;
	}
	f->header.crc32 = le32_put(header_crc32(&f->header));
	return psnap_io_write(io, 0, &f->header, sizeof(f->header), err);
}

/* Bit n of @covered[device]: a record overlaps sample n. */
struct coverage {
	const struct undo_file *f;
	uint64_t covered[PSNAP_UNDO_DEVICES];
};

static int note_coverage(void *ctx, const struct undo_record *r)
{
	struct coverage *c = ctx;
	const struct disk_undo_device *d = &c->f->header.devices[r->device];
	uint32_t i;

	for (i = 0; i < le32_get(d->sample_count) && i < UNDO_SAMPLES; i++) {
		uint64_t at = le64_get(d->samples[i].offset_bytes);
		uint64_t len = le32_get(d->samples[i].len_bytes);

		if (r->offset_bytes < at + len &&
		    at < r->offset_bytes + r->len_bytes)
			c->covered[r->device] |= UINT64_C(1) << i;
	}
	return 0;
}

static int match_samples(const struct disk_undo_device *d, uint64_t covered,
			 struct psnap_io *io, struct psnap_error *err)
{
	uint8_t sample[UNDO_SAMPLE_BYTES];
	uint32_t i;

	for (i = 0; i < le32_get(d->sample_count) && i < UNDO_SAMPLES; i++) {
		uint64_t at = le64_get(d->samples[i].offset_bytes);
		size_t len = le32_get(d->samples[i].len_bytes);
		int rc;

		if (covered >> i & 1 || len > sizeof(sample))
			continue;
		rc = psnap_io_read(io, at, sample, len, err);
		if (rc)
			return rc;
		if (psnap_crc32(0, sample, len) !=
		    le32_get(d->samples[i].crc32))
			return psnap_fail_at(
				err, PSNAP_E_BUSY, at,
				"%s is not the device the undo file was made "
				"for, or was written to since",
				io->name);
	}
	return 0;
}

int psnap_undo_file_match(struct undo_file *f,
			  struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			  struct psnap_error *err)
{
	struct coverage c = { .f = f };
	unsigned int i;
	int rc;

	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		uint64_t size_bytes = le64_get(f->header.devices[i].size_bytes);

		if (size_bytes != devices[i]->size_bytes)
			return psnap_fail(
				err, PSNAP_E_BUSY,
				"the undo file was made for a device of %llu "
				"bytes, but %s has %llu",
				(unsigned long long)size_bytes,
				devices[i]->name,
				(unsigned long long)devices[i]->size_bytes);
	}
	rc = psnap_undo_file_scan(f, NULL, note_coverage, &c, err);
	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++)
		rc = match_samples(&f->header.devices[i], c.covered[i],
				   devices[i], err);
	return rc;
}
