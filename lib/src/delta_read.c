/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a delta by its header, trailer and index, and finding its frames by
 * the index. Nothing is allocated that the length of the file does not justify.
 */
#include "delta_internal.h"

#include "checked.h"
#include "fail.h"

#include <psnap/store.h>
#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

bool psnap_delta_is(struct psnap_io *file)
{
	uint8_t magic[sizeof(psnap_delta_magic)];

	return file->size_bytes >= sizeof(magic) &&
	       psnap_io_read(file, 0, magic, sizeof(magic), NULL) == 0 &&
	       memcmp(magic, psnap_delta_magic, sizeof(magic)) == 0;
}

static bool check_samples(const struct disk_delta_header *h)
{
	uint64_t size_bytes = le64_get(h->size_bytes);
	uint32_t count = le32_get(h->sample_count);
	uint32_t i;

	if (count > DELTA_SAMPLES)
		return false;
	for (i = 0; i < count; i++) {
		uint64_t at = le64_get(h->samples[i].offset_bytes);
		uint32_t len = le32_get(h->samples[i].len_bytes);

		if (len == 0 || len > DELTA_BLOCK_BYTES || at > size_bytes ||
		    len > size_bytes - at)
			return false;
	}
	return true;
}

static bool check_chunk(uint64_t chunk_bytes)
{
	return chunk_bytes == 0 || (is_power_of_two_u64(chunk_bytes) &&
				    chunk_bytes >= PSNAP_CHUNK_BYTES_MIN &&
				    chunk_bytes <= PSNAP_CHUNK_BYTES_MAX);
}

static int read_header(struct psnap_delta *d, struct psnap_error *err)
{
	const struct disk_delta_header *h = &d->header;
	int rc;

	if (!psnap_delta_is(d->file))
		return psnap_fail(err, PSNAP_E_CORRUPT, "it is no delta");
	if (d->file->size_bytes < sizeof(*h))
		return psnap_fail(err, PSNAP_E_TRUNCATED,
				  "the delta was cut in its header; make it "
				  "complete, or anew");
	rc = psnap_io_read(d->file, 0, &d->header, sizeof(*h), err);
	if (rc)
		return rc;
	d->crc32 = psnap_delta_header_crc32(h);
	if (d->crc32 != le32_get(h->crc32))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "the header of the delta is damaged");
	if (le32_get(h->version) != DELTA_VERSION)
		return psnap_fail(err, PSNAP_E_VERSION,
				  "the delta has format version %lu, and 1 is "
				  "known; a newer psnap may read it",
				  (unsigned long)le32_get(h->version));
	if (le32_get(h->header_bytes) != DELTA_HEADER_BYTES ||
	    le32_get(h->block_bytes) != DELTA_BLOCK_BYTES ||
	    le64_get(h->size_bytes) > (uint64_t)INT64_MAX ||
	    le64_get(h->data_bytes) > le64_get(h->size_bytes) ||
	    le64_get(h->range_count) > le64_get(h->data_bytes) ||
	    !check_chunk(le64_get(h->chunk_bytes)) || !check_samples(h))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "the header of the delta has an "
				     "impossible value");
	return 0;
}

static int fail_end(struct psnap_error *err)
{
	return psnap_fail(err, PSNAP_E_TRUNCATED,
			  "the delta does not end as one: it was cut, or "
			  "something was appended; make it complete, or fetch "
			  "it again");
}

static int read_trailer(struct psnap_delta *d, struct psnap_error *err)
{
	struct disk_delta_trailer end;
	uint64_t size = d->file->size_bytes;
	uint64_t behind = sizeof(struct disk_delta_index) + sizeof(end);
	uint64_t count;
	uint32_t crc32;
	int rc;

	if (size < sizeof(d->header) + behind)
		return fail_end(err);
	rc = psnap_io_read(d->file, size - sizeof(end), &end, sizeof(end), err);
	if (rc)
		return rc;
	crc32 = le32_get(end.crc32);
	end.crc32 = le32_put(0);
	if (memcmp(end.magic, psnap_delta_end_magic, sizeof(end.magic)) != 0 ||
	    psnap_crc32(0, &end, sizeof(end)) != crc32 ||
	    le32_get(end.delta_crc32) != d->crc32 ||
	    le64_get(end.delta_bytes) != size)
		return fail_end(err);
	d->frames_end = le64_get(end.index_bytes);
	count = le64_get(end.frame_count);
	if (d->frames_end < sizeof(d->header) ||
	    d->frames_end > size - behind ||
	    count != (size - behind - d->frames_end) /
			     sizeof(struct disk_delta_entry) ||
	    (size - behind - d->frames_end) % sizeof(struct disk_delta_entry) !=
		    0)
		return fail_end(err);
	d->info.frame_count = count;
	return 0;
}

/* Frames in order, their first ranges too, from the header to the index. */
static bool check_entries(const struct psnap_delta *d)
{
	uint64_t count = d->info.frame_count;
	uint64_t i;

	if (count == 0)
		return d->frames_end == sizeof(d->header) &&
		       d->info.data_bytes == 0;
	for (i = 0; i < count; i++) {
		uint64_t at = le64_get(d->entries[i].frame_bytes);

		if (i == 0 ? at != sizeof(d->header)
			   : at <= le64_get(d->entries[i - 1].frame_bytes) ||
				     le64_get(d->entries[i].offset_bytes) <=
					     le64_get(d->entries[i - 1]
							      .offset_bytes))
			return false;
	}
	return le64_get(d->entries[count - 1].frame_bytes) < d->frames_end;
}

static int read_index(struct psnap_delta *d, struct psnap_error *err)
{
	/* It is not longer than the file. */
	size_t len = (size_t)d->info.frame_count * sizeof(*d->entries);
	struct disk_delta_index index;
	uint32_t crc32;
	int rc;

	d->entries = malloc(len > 0 ? len : 1);
	if (!d->entries)
		return psnap_fail_nomem(err, "reading the index of a delta");
	rc = psnap_io_read(d->file, d->frames_end, &index, sizeof(index), err);
	if (rc == 0)
		rc = psnap_io_read(d->file, d->frames_end + sizeof(index),
				   d->entries, len, err);
	if (rc)
		return rc;
	crc32 = le32_get(index.crc32);
	index.crc32 = le32_put(0);
	if (le32_get(index.magic) != DELTA_INDEX_MAGIC ||
	    le64_get(index.count) != d->info.frame_count ||
	    psnap_crc32(psnap_crc32(0, &index, sizeof(index)), d->entries,
			len) != crc32 ||
	    !check_entries(d))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, d->frames_end,
				     "the index of the delta is damaged; make "
				     "the delta anew, or fetch it again");
	return 0;
}

int psnap_delta_open(struct psnap_io *file, struct psnap_delta **delta,
		     struct psnap_error *err)
{
	struct psnap_delta *d = calloc(1, sizeof(*d));
	int rc;

	*delta = NULL;
	if (!d)
		return psnap_fail_nomem(err, "opening a delta");
	d->file = file;
	rc = read_header(d, err);
	if (rc)
		goto failed;
	d->info.size_bytes = le64_get(d->header.size_bytes);
	d->info.chunk_bytes = le64_get(d->header.chunk_bytes);
	d->info.range_count = le64_get(d->header.range_count);
	d->info.data_bytes = le64_get(d->header.data_bytes);
	d->info.delta_bytes = file->size_bytes;
	rc = read_trailer(d, err);
	if (rc == 0)
		rc = read_index(d, err);
	if (rc == 0)
		rc = psnap_delta_frame_init(&d->f, err);
	if (rc)
		goto failed;
	*delta = d;
	return 0;
failed:
	psnap_delta_close(d);
	return rc;
}

const struct psnap_delta_info *psnap_delta_info(const struct psnap_delta *delta)
{
	return &delta->info;
}

void psnap_delta_close(struct psnap_delta *delta)
{
	if (!delta)
		return;
	psnap_delta_frame_release(&delta->f);
	free(delta->entries);
	free(delta);
}

int psnap_delta_load(struct psnap_delta *d, uint64_t entry, bool all,
		     struct psnap_error *err)
{
	uint64_t at = le64_get(d->entries[entry].frame_bytes);
	uint64_t end = entry + 1 < d->info.frame_count
			       ? le64_get(d->entries[entry + 1].frame_bytes)
			       : d->frames_end;
	struct disk_delta_frame disk;
	uint64_t next = 0;
	int rc;

	if (d->f_read != DELTA_NOTHING && d->f_entry == entry &&
	    (!all || d->f_read == DELTA_ALL))
		return 0;
	d->f_read = DELTA_NOTHING;
	rc = (all ? psnap_delta_frame_read : psnap_delta_frame_head)(
		&d->f, d->file, at, end, entry, d->info.size_bytes, d->crc32,
		&disk, &next, err);
	/* Between two places of the index every byte belongs to the frame. */
	if (rc == PSNAP_E_TRUNCATED ||
	    (rc == 0 &&
	     (next != end || d->f.ranges[0].offset_bytes !=
				     le64_get(d->entries[entry].offset_bytes))))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, at,
				     "frame %llu of the delta is not where its "
				     "index has it",
				     (unsigned long long)entry);
	if (rc)
		return rc;
	d->f_entry = entry;
	d->f_read = all ? DELTA_ALL : DELTA_HEAD;
	return 0;
}
