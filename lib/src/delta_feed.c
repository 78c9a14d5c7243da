/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a delta: read here, in order, packed by several threads, and
 * taken in order again. Which ranges a frame has follows from the list of ranges
 * alone.
 */
#include "delta_writer.h"

#include "checked.h"
#include "deflate.h"
#include "fail.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

/* Level 1 is several times faster than 6 on what disks hold and costs little
 * size. 15: a zlib stream. */
#define LEVEL	     1
#define WINDOW_BITS  15
#define MEMORY_BYTES ((size_t)32 << 20)

/* The ranges of one more frame. Return: is there one? */
static bool next_ranges(struct delta_writer *w, uint32_t *data_bytes,
			uint32_t *block_count)
{
	struct delta_cursor *at = &w->next;

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
			*at = (struct delta_cursor){ at->range + 1, 0 };
	}
	return w->range_count > 0;
}

static int read_ranges(struct delta_writer *w, struct psnap_io *io, uint8_t *to,
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

static int note_entry(struct delta_writer *w, uint64_t offset_bytes,
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
static bool has_frame(const struct delta_writer *w, uint64_t number)
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
	struct delta_writer *w = ctx;
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
		return psnap_delta_emit(w, job->out, job->out_bytes, err);
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
static int fill(struct delta_writer *w, struct psnap_pool_job *job,
		uint64_t number, uint32_t data_bytes, uint32_t block_count,
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

static int feed(struct delta_writer *w, struct psnap_pool *pool,
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

int psnap_delta_put_frames(struct delta_writer *w,
			   const struct psnap_progress *progress,
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
