/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a delta: its header, and its index and trailer. Neither names nor times
 * are in it, so that the same source makes the same bytes: that is what lets one
 * that was cut be made complete.
 */
#include "delta_writer.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

int psnap_delta_emit(struct delta_writer *w, const void *data, size_t len,
		     struct psnap_error *err)
{
	const struct psnap_delta_part *part = w->source->part;
	const uint8_t *bytes = data;
	uint64_t at = w->at_bytes;
	uint64_t had = 0;

	w->at_bytes += len;
	if (part && part->size_bytes > at) {
		if (!psnap_delta_part_has(part, at, bytes, len))
			return psnap_fail_at(
				err, PSNAP_E_BUSY, at,
				"the delta would go on otherwise than the part "
				"of it that is there");
		had = min_u64(len, part->size_bytes - at);
	}
	return had < len ? w->take(w->ctx, bytes + had, (size_t)(len - had))
			 : 0;
}

static int put_header(struct delta_writer *w, struct psnap_delta_info *info,
		      struct psnap_error *err)
{
	struct disk_delta_header h = { 0 };
	uint32_t crc32 = 0;
	size_t i;
	int rc;

	for (i = 0; i < w->count; i++) {
		crc32 = psnap_delta_range_crc32(crc32, w->list[i].offset_bytes,
						w->list[i].len_bytes);
		info->data_bytes += w->list[i].len_bytes;
	}
	info->range_count = w->count;
	memcpy(h.magic, psnap_delta_magic, sizeof(h.magic));
	h.version = le32_put(DELTA_VERSION);
	h.header_bytes = le32_put(DELTA_HEADER_BYTES);
	h.block_bytes = le32_put(DELTA_BLOCK_BYTES);
	h.size_bytes = le64_put(info->size_bytes);
	h.chunk_bytes = le64_put(info->chunk_bytes);
	h.range_count = le64_put(info->range_count);
	h.data_bytes = le64_put(info->data_bytes);
	h.ranges_crc32 = le32_put(crc32);
	rc = psnap_delta_fingerprint(&h, w->source->base, w->source->ranges,
				     err);
	if (rc)
		return rc;
	w->delta_crc32 = psnap_delta_header_crc32(&h);
	h.crc32 = le32_put(w->delta_crc32);
	return psnap_delta_emit(w, &h, sizeof(h), err);
}

static int put_end(struct delta_writer *w, struct psnap_error *err)
{
	const size_t entries_bytes = w->entry_count * sizeof(*w->entries);
	struct disk_delta_index index = { 0 };
	struct disk_delta_trailer end = { 0 };
	uint32_t crc32;
	int rc;

	index.magic = le32_put(DELTA_INDEX_MAGIC);
	index.count = le64_put(w->entry_count);
	crc32 = psnap_crc32(0, &index, sizeof(index));
	crc32 = psnap_crc32(crc32, w->entries, entries_bytes);
	index.crc32 = le32_put(crc32);
	memcpy(end.magic, psnap_delta_end_magic, sizeof(end.magic));
	end.delta_crc32 = le32_put(w->delta_crc32);
	end.index_bytes = le64_put(w->at_bytes);
	end.frame_count = le64_put(w->entry_count);
	end.delta_bytes = le64_put(w->at_bytes + sizeof(index) + entries_bytes +
				   sizeof(end));
	end.crc32 = le32_put(psnap_crc32(0, &end, sizeof(end)));
	rc = psnap_delta_emit(w, &index, sizeof(index), err);
	if (rc == 0 && entries_bytes > 0)
		rc = psnap_delta_emit(w, w->entries, entries_bytes, err);
	return rc ? rc : psnap_delta_emit(w, &end, sizeof(end), err);
}

static int check_source(const struct delta_writer *w, struct psnap_error *err)
{
	uint64_t size = w->source->base->size_bytes;
	const struct psnap_extent *last =
		w->count ? &w->list[w->count - 1] : NULL;

	if (w->source->shown->size_bytes != size)
		return psnap_fail(
			err, PSNAP_E_RANGE,
			"a delta leads to what is as large as the "
			"origin, %llu bytes, and not to %llu",
			(unsigned long long)size,
			(unsigned long long)w->source->shown->size_bytes);
	if (last && (last->offset_bytes > size ||
		     last->len_bytes > size - last->offset_bytes))
		return psnap_fail(err, PSNAP_E_RANGE,
				  "a change lies behind the end of the origin");
	return 0;
}

int psnap_delta_write(const struct psnap_delta_source *source,
		      psnap_convert_take_fn *take, void *ctx,
		      const struct psnap_progress *progress,
		      struct psnap_delta_info *info, struct psnap_io **failed,
		      struct psnap_error *err)
{
	struct delta_writer w = { .source = source, .take = take, .ctx = ctx };
	int rc;

	*info = (struct psnap_delta_info){ .size_bytes =
						   source->base->size_bytes,
					   .chunk_bytes = source->chunk_bytes };
	w.list = psnap_extents_list(source->ranges, &w.count);
	rc = check_source(&w, err);
	if (rc == 0)
		rc = put_header(&w, info, err);
	if (rc == 0)
		rc = psnap_delta_put_frames(&w, progress, info->data_bytes,
					    err);
	if (rc == 0)
		rc = put_end(&w, err);
	if (rc == 0 && source->part && source->part->size_bytes > w.at_bytes)
		rc = psnap_fail_at(err, PSNAP_E_BUSY, w.at_bytes,
				   "the delta ends here, and what is there is "
				   "longer");
	info->frame_count = w.entry_count;
	info->delta_bytes = w.at_bytes;
	*failed = w.failed;
	free(w.entries);
	return rc;
}
