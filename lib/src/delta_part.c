/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a delta that was cut, so that it can be made complete: header and
 * frames as far as they are whole, and the bytes behind them as they are. The
 * file itself may grow while the rest is made.
 */
#include "delta_part.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

static int add_frame(struct psnap_delta_part *part, uint64_t next_bytes,
		     uint32_t payload_crc32, struct psnap_error *err)
{
	if (part->frame_count == part->frame_max) {
		size_t max = part->frame_max ? part->frame_max * 2 : 64;
		void *grown =
			reallocarray(part->frames, max, sizeof(*part->frames));

		if (!grown)
			return psnap_fail_nomem(err, "reading a delta");
		part->frames = grown;
		part->frame_max = max;
	}
	part->frames[part->frame_count++] =
		(struct delta_part_frame){ next_bytes, payload_crc32 };
	part->tail_bytes = next_bytes;
	return 0;
}

/* Does the index stand here? Frames that follow each other end with it. */
static bool is_index(struct psnap_io *file, uint64_t at_bytes)
{
	struct le32 magic;

	return file->size_bytes - at_bytes >= sizeof(magic) &&
	       psnap_io_read(file, at_bytes, &magic, sizeof(magic), NULL) ==
		       0 &&
	       le32_get(magic) == DELTA_INDEX_MAGIC;
}

static int read_frames(struct psnap_delta_part *part, struct psnap_io *file,
		       const struct psnap_progress *progress,
		       struct psnap_error *err)
{
	struct disk_delta_frame disk;
	struct psnap_error why = { 0 };
	struct delta_frame f;
	uint64_t next;
	int rc = psnap_delta_frame_init(&f, err);

	while (rc == 0) {
		rc = psnap_delta_frame_read(
			&f, file, part->tail_bytes, part->size_bytes,
			part->frame_count, le64_get(part->header.size_bytes),
			psnap_delta_header_crc32(&part->header), &disk, &next,
			&why);
		if (rc)
			break;
		rc = add_frame(part, next, le32_get(disk.payload_crc32), &why);
		if (rc == 0 && progress && progress->tick &&
		    progress->tick(progress->ctx, next, part->size_bytes))
			rc = psnap_fail(&why, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	psnap_delta_frame_release(&f);
	if (rc == PSNAP_E_TRUNCATED ||
	    (rc == PSNAP_E_CORRUPT && is_index(file, part->tail_bytes)))
		return 0;
	if (rc && err && why.code)
		*err = why;
	return rc;
}

/* A frame that is not whole, or the index and the trailer. */
static int read_tail(struct psnap_delta_part *part, struct psnap_io *file,
		     struct psnap_error *err)
{
	uint64_t len = part->size_bytes - part->tail_bytes;
	uint64_t index_bytes =
		sizeof(struct disk_delta_index) +
		part->frame_count * sizeof(struct disk_delta_entry) +
		sizeof(struct disk_delta_trailer);

	if (len > DELTA_FRAME_BYTES_MAX && len > index_bytes)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, part->tail_bytes,
				     "what stands from here on is no part of a "
				     "delta");
	part->tail = malloc(len > 0 ? (size_t)len : 1);
	if (!part->tail)
		return psnap_fail_nomem(err, "reading a delta");
	return psnap_io_read(file, part->tail_bytes, part->tail, (size_t)len,
			     err);
}

static int read_part(struct psnap_delta_part *part, struct psnap_io *file,
		     const struct psnap_progress *progress,
		     struct psnap_error *err)
{
	const struct disk_delta_header *h = &part->header;
	int rc;

	part->size_bytes = file->size_bytes;
	if (part->size_bytes < sizeof(*h))
		return read_tail(part, file, err);
	rc = psnap_io_read(file, 0, &part->header, sizeof(*h), err);
	if (rc)
		return rc;
	if (memcmp(h->magic, psnap_delta_magic, sizeof(h->magic)) != 0 ||
	    psnap_delta_header_crc32(h) != le32_get(h->crc32))
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "it is not the beginning of a delta");
	part->tail_bytes = sizeof(*h);
	rc = read_frames(part, file, progress, err);
	return rc ? rc : read_tail(part, file, err);
}

int psnap_delta_part_open(struct psnap_io *file,
			  const struct psnap_progress *progress,
			  struct psnap_delta_part **part,
			  struct psnap_error *err)
{
	struct psnap_delta_part *p = calloc(1, sizeof(*p));
	int rc;

	*part = NULL;
	if (!p)
		return psnap_fail_nomem(err, "reading a delta");
	rc = read_part(p, file, progress, err);
	if (rc) {
		psnap_delta_part_close(p);
		return rc;
	}
	*part = p;
	return 0;
}

void psnap_delta_part_close(struct psnap_delta_part *part)
{
	if (!part)
		return;
	free(part->frames);
	free(part->tail);
	free(part);
}

/* The bytes that [at, at + len) shares with [from, from + had). */
static bool same(const uint8_t *had, uint64_t from_bytes, uint64_t had_bytes,
		 uint64_t at_bytes, const uint8_t *data, size_t len)
{
	uint64_t start = at_bytes > from_bytes ? at_bytes : from_bytes;
	uint64_t end = min_u64(at_bytes + len, from_bytes + had_bytes);

	return start >= end ||
	       memcmp(had + (start - from_bytes), data + (start - at_bytes),
		      (size_t)(end - start)) == 0;
}

bool psnap_delta_part_has(const struct psnap_delta_part *part,
			  uint64_t at_bytes, const uint8_t *data, size_t len)
{
	bool headed = part->tail_bytes >= sizeof(part->header);

	return (!headed || same((const uint8_t *)&part->header, 0,
				sizeof(part->header), at_bytes, data, len)) &&
	       same(part->tail, part->tail_bytes,
		    part->size_bytes - part->tail_bytes, at_bytes, data, len);
}
