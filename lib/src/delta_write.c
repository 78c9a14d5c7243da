/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a delta. Which ranges a frame has follows from the list of ranges
 * alone, and neither names nor times are in it, so that the same source makes
 * the same bytes: that is what lets one that was cut be made complete.
 */
#include "delta_part.h"

#include "checked.h"
#include "deflate.h"
#include "fail.h"
#include "pool.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

/* Level 1 is several times faster than 6 on what disks hold and costs little
 * size. 15: a zlib stream. */
#define LEVEL	     1
#define WINDOW_BITS  15
#define MEMORY_BYTES ((size_t)32 << 20)

/* A place in the list of ranges. */
struct cursor {
	size_t range;
	uint64_t inside_bytes;
};

/*
 * @list:      the ranges
 * @next:      not yet in a frame
 * @at_bytes:  how many bytes were made
 * @ranges:    of the frame that is being read; owned
 * @entries:   the index; owned
 */
struct writer {
	const struct psnap_delta_source *source;
	const struct psnap_extent *list;
	size_t count;
	struct cursor next;
	psnap_convert_take_fn *take;
	void *ctx;
	struct psnap_io *failed;
	uint32_t delta_crc32;
	uint64_t at_bytes;
	struct psnap_extent *ranges;
	uint32_t range_count;
	struct disk_delta_entry *entries;
	size_t entry_count;
	size_t entry_max;
};

/* The next bytes of the delta, but for those that the part has. */
static int emit(struct writer *w, const void *data, size_t len,
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

/* The ranges of one more frame. Return: is there one? */
static bool next_ranges(struct writer *w, uint32_t *data_bytes,
			uint32_t *block_count)
{
	struct cursor *at = &w->next;

	w->range_count = *data_bytes = *block_count = 0;
	while (at->range < w->count && w->range_count < DELTA_RANGES_MAX &&
	       *data_bytes < DELTA_DATA_BYTES_MAX) {
		const struct psnap_extent *r = &w->list[at->range];
		uint64_t len = min_u64(r->len_bytes - at->inside_bytes,
				       DELTA_DATA_BYTES_MAX - *data_bytes);

		w->ranges[w->range_count++] = (struct psnap_extent){
			r->offset_bytes + at->inside_bytes, len
		};
		*data_bytes += (uint32_t)len;
		*block_count +=
			delta_blocks(r->offset_bytes + at->inside_bytes, len);
		at->inside_bytes += len;
		if (at->inside_bytes == r->len_bytes)
			*at = (struct cursor){ at->range + 1, 0 };
	}
	return w->range_count > 0;
}

static int read_ranges(struct writer *w, struct psnap_io *io, uint8_t *to,
		       struct psnap_error *err)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < w->range_count; i++)
		psnap_io_prefetch(io, w->ranges[i].offset_bytes,
				  w->ranges[i].len_bytes);
	for (i = 0; i < w->range_count && rc == 0; i++) {
		size_t len = (size_t)w->ranges[i].len_bytes;

		rc = psnap_io_read(io, w->ranges[i].offset_bytes, to, len, err);
		to += len;
	}
	if (rc)
		w->failed = io;
	return rc;
}

static int note_entry(struct writer *w, uint64_t offset_bytes,
		      struct psnap_error *err)
{
	if (w->entry_count == w->entry_max) {
		size_t max = w->entry_max ? w->entry_max * 2 : 64;
		void *grown =
			reallocarray(w->entries, max, sizeof(*w->entries));

		if (!grown)
			return psnap_fail_nomem(err, "making a delta");
		w->entries = grown;
		w->entry_max = max;
	}
	w->entries[w->entry_count++] =
		(struct disk_delta_entry){ le64_put(w->at_bytes),
					   le64_put(offset_bytes) };
	return 0;
}

/* The parts of a job, as fill() has laid it out. */
static void parts_of(const struct psnap_pool_job *job, struct delta_unpacked *u)
{
	struct disk_delta_frame head;
	uint32_t range_count;
	uint32_t data_bytes;
	uint32_t block_count;

	memcpy(&head, job->in, sizeof(head));
	range_count = le32_get(head.range_count);
	data_bytes = le32_get(head.data_bytes);
	block_count = le32_get(head.unused);
	psnap_delta_unpacked(u, job->in, range_count, data_bytes, block_count);
}

/* A frame that the part has only has to be the same. */
static bool has_frame(const struct writer *w, uint64_t number)
{
	return w->source->part && number < w->source->part->frame_count;
}

static int compress(void *ctx, void *worker, struct psnap_pool_job *job,
		    struct psnap_error *err)
{
	struct delta_unpacked u;

	(void)err;
	parts_of(job, &u);
	job->out_bytes = psnap_delta_pack(&u, worker, has_frame(ctx, job->tag),
					  job->out);
	return 0;
}

static int put_frame(void *ctx, const struct psnap_pool_job *job,
		     struct psnap_error *err)
{
	struct writer *w = ctx;
	const struct psnap_delta_part *part = w->source->part;
	struct disk_delta_range first;
	struct delta_unpacked u;
	int rc;

	parts_of(job, &u);
	memcpy(&first, u.ranges, sizeof(first));
	rc = note_entry(w, le64_get(first.offset_bytes), err);
	if (rc)
		return rc;
	if (!has_frame(w, job->tag))
		return emit(w, job->out, job->out_bytes, err);
	if (le32_get(u.head->payload_crc32) !=
	    part->frames[job->tag].payload_crc32)
		return psnap_fail_at(err, PSNAP_E_BUSY, w->at_bytes,
				     "frame %llu has other data than the part "
				     "of the delta that is there",
				     (unsigned long long)job->tag);
	w->at_bytes = part->frames[job->tag].next_bytes;
	return 0;
}

/* Lay out and read what the next frame is made of. */
static int fill(struct writer *w, struct psnap_pool_job *job, uint64_t number,
		uint32_t data_bytes, uint32_t block_count,
		struct psnap_error *err)
{
	struct delta_unpacked u;
	uint32_t i;
	int rc;

	psnap_delta_unpacked(&u, job->in, w->range_count, data_bytes,
			     block_count);
	*u.head = (struct disk_delta_frame){
		.number = le64_put(number),
		.delta_crc32 = le32_put(w->delta_crc32),
		.range_count = le32_put(w->range_count),
		.data_bytes = le32_put(data_bytes),
		.unused = le32_put(block_count),
	};
	for (i = 0; i < w->range_count; i++) {
		const struct disk_delta_range range = {
			le64_put(w->ranges[i].offset_bytes),
			le64_put(w->ranges[i].len_bytes)
		};

		memcpy(u.ranges + i * sizeof(range), &range, sizeof(range));
	}
	job->tag = number;
	job->in_bytes = (size_t)(u.data - job->in) + data_bytes;
	rc = read_ranges(w, w->source->base, u.before, err);
	return rc ? rc : read_ranges(w, w->source->shown, u.data, err);
}

static int feed(struct writer *w, struct psnap_pool *pool,
		const struct psnap_progress *progress, uint64_t total_bytes,
		struct psnap_error *err)
{
	struct psnap_pool_job *job;
	uint64_t number = 0;
	uint64_t done = 0;
	uint32_t block_count;
	uint32_t data_bytes;
	int rc = 0;

	while (rc == 0 && next_ranges(w, &data_bytes, &block_count)) {
		rc = psnap_pool_get(pool, &job, err);
		if (rc == 0)
			rc = fill(w, job, number++, data_bytes, block_count,
				  err);
		if (rc)
			break;
		psnap_pool_put(pool);
		done += data_bytes;
		if (progress && progress->tick &&
		    progress->tick(progress->ctx, done, total_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc ? rc : psnap_pool_finish(pool, err);
}

static int new_deflate(void *ctx, void **worker, struct psnap_error *err)
{
	struct psnap_deflate *made;
	int rc = psnap_deflate_new(WINDOW_BITS, LEVEL, &made, err);

	(void)ctx;
	*worker = made;
	return rc;
}

static void free_deflate(void *worker)
{
	psnap_deflate_free(worker);
}

static int put_frames(struct writer *w, const struct psnap_progress *progress,
		      uint64_t total_bytes, struct psnap_error *err)
{
	const struct psnap_pool_options options = {
		.in_room_bytes = DELTA_UNPACKED_BYTES_MAX,
		.out_room_bytes = DELTA_FRAME_BYTES_MAX,
		.memory_bytes = MEMORY_BYTES,
		.worker_new = new_deflate,
		.worker_free = free_deflate,
		.work = compress,
		.result = put_frame,
		.ctx = w,
	};
	struct psnap_pool *pool = NULL;
	int rc = 0;

	w->ranges = calloc(DELTA_RANGES_MAX, sizeof(*w->ranges));
	if (!w->ranges)
		rc = psnap_fail_nomem(err, "making a delta");
	if (rc == 0)
		rc = psnap_pool_open(&options, &pool, err);
	if (rc == 0)
		rc = feed(w, pool, progress, total_bytes, err);
	psnap_pool_close(pool);
	free(w->ranges);
	return rc;
}

static int put_header(struct writer *w, struct psnap_delta_info *info,
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
	return emit(w, &h, sizeof(h), err);
}

static int put_end(struct writer *w, struct psnap_error *err)
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
	rc = emit(w, &index, sizeof(index), err);
	if (rc == 0 && entries_bytes > 0)
		rc = emit(w, w->entries, entries_bytes, err);
	return rc ? rc : emit(w, &end, sizeof(end), err);
}

static int check_source(const struct writer *w, struct psnap_error *err)
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
	struct writer w = { .source = source, .take = take, .ctx = ctx };
	int rc;

	*info = (struct psnap_delta_info){ .size_bytes =
						   source->base->size_bytes,
					   .chunk_bytes = source->chunk_bytes };
	w.list = psnap_extents_list(source->ranges, &w.count);
	rc = check_source(&w, err);
	if (rc == 0)
		rc = put_header(&w, info, err);
	if (rc == 0)
		rc = put_frames(&w, progress, info->data_bytes, err);
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
