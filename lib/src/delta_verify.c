/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of a delta read once: is it whole, and is this what it was made against?
 * A base to which a part of it was applied already is one, too: block by block
 * it has either what the delta overwrites or what it writes.
 */
#include "delta_internal.h"

#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

int psnap_delta_check_base(const struct psnap_delta *d,
			   const struct psnap_io *base, struct psnap_error *err)
{
	if (base->size_bytes >= d->info.size_bytes)
		return 0;
	return psnap_fail(err, PSNAP_E_RANGE,
			  "it has %llu bytes, and the delta was made against "
			  "an origin of %llu",
			  (unsigned long long)base->size_bytes,
			  (unsigned long long)d->info.size_bytes);
}

static void count_block(struct psnap_delta_match *match, const uint8_t *now,
			const uint8_t *data, size_t len, uint32_t crc32,
			uint64_t at_bytes)
{
	if (psnap_crc32(0, now, len) == crc32)
		match->old_blocks++;
	else if (memcmp(now, data, len) == 0)
		match->new_blocks++;
	else if (match->other_blocks++ == 0)
		match->other_bytes = at_bytes;
}

int psnap_delta_match_frame(const struct delta_frame *f, struct psnap_io *base,
			    uint8_t *now, struct psnap_delta_match *match,
			    struct psnap_error *err)
{
	const struct le32 *block = delta_frame_blocks(f);
	const uint8_t *data = delta_frame_data(f);
	uint32_t i;

	for (i = 0; i < f->range_count; i++)
		psnap_io_prefetch(base, f->ranges[i].offset_bytes,
				  f->ranges[i].len_bytes);
	for (i = 0; i < f->range_count; i++) {
		uint64_t at = f->ranges[i].offset_bytes;
		uint64_t len = f->ranges[i].len_bytes;
		uint64_t done = 0;
		int rc = psnap_io_read(base, at, now, (size_t)len, err);

		if (rc) {
			match->failed = base;
			return rc;
		}
		while (done < len) {
			size_t n = delta_block_bytes(at + done, len - done);

			count_block(match, now + done, data + done, n,
				    le32_get(*block++), at + done);
			done += n;
		}
		data += len;
	}
	return 0;
}

/*
 * Ranges as they were before frames cut them.
 * @end_bytes:   of the last frame
 * @open:        the range that may go on
 */
struct tally {
	uint64_t end_bytes;
	uint64_t data_bytes;
	uint64_t range_count;
	uint32_t ranges_crc32;
	struct psnap_extent open;
};

static void close_range(struct tally *t)
{
	if (t->open.len_bytes == 0)
		return;
	t->range_count++;
	t->ranges_crc32 = psnap_delta_range_crc32(
		t->ranges_crc32, t->open.offset_bytes, t->open.len_bytes);
}

/* Return: do its ranges go on behind those of the frame before? */
static bool tally_frame(struct tally *t, const struct delta_frame *f)
{
	uint32_t i;

	for (i = 0; i < f->range_count; i++) {
		const struct psnap_extent *r = &f->ranges[i];

		if (r->offset_bytes < t->end_bytes)
			return false;
		t->data_bytes += r->len_bytes;
		if (t->open.len_bytes > 0 && r->offset_bytes == t->end_bytes) {
			t->open.len_bytes += r->len_bytes;
		} else {
			close_range(t);
			t->open = *r;
		}
		t->end_bytes = r->offset_bytes + r->len_bytes;
	}
	return true;
}

static int take_frame(const struct delta_frame *f, struct tally *t,
		      struct psnap_extents *ranges, uint64_t at_bytes,
		      struct psnap_error *err)
{
	uint32_t i;
	int rc = 0;

	if (!tally_frame(t, f))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, at_bytes,
				     "frame %llu of the delta overwrites what "
				     "the one before did",
				     (unsigned long long)f->number);
	for (i = 0; i < f->range_count && ranges && rc == 0; i++)
		rc = psnap_extents_add(ranges, f->ranges[i].offset_bytes,
				       f->ranges[i].offset_bytes +
					       f->ranges[i].len_bytes,
				       err);
	return rc;
}

static int check_tally(const struct psnap_delta *d, struct tally *t,
		       struct psnap_error *err)
{
	close_range(t);
	if (t->data_bytes == d->info.data_bytes &&
	    t->range_count == d->info.range_count &&
	    t->ranges_crc32 == le32_get(d->header.ranges_crc32))
		return 0;
	return psnap_fail(err, PSNAP_E_CORRUPT,
			  "the frames of the delta are not those that its "
			  "header tells of");
}

static int verify_frames(struct psnap_delta *d, struct psnap_io *base,
			 struct psnap_extents *ranges, uint8_t *now,
			 const struct psnap_progress *progress,
			 struct psnap_delta_match *match,
			 struct psnap_error *err)
{
	struct tally tally = { 0 };
	uint64_t i;
	int rc = 0;

	for (i = 0; i < d->info.frame_count && rc == 0; i++) {
		uint64_t at = le64_get(d->entries[i].frame_bytes);

		psnap_io_prefetch(d->file, at, DELTA_FRAME_BYTES_MAX);
		rc = psnap_delta_load(d, i, true, err);
		if (rc == 0)
			rc = take_frame(&d->f, &tally, ranges, at, err);
		if (rc == 0 && base)
			rc = psnap_delta_match_frame(&d->f, base, now, match,
						     err);
		if (rc == 0 && progress && progress->tick &&
		    progress->tick(progress->ctx, at, d->info.delta_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc ? rc : check_tally(d, &tally, err);
}

int psnap_delta_verify(struct psnap_delta *delta, struct psnap_io *base,
		       struct psnap_extents *ranges,
		       const struct psnap_progress *progress,
		       struct psnap_delta_match *match, struct psnap_error *err)
{
	struct psnap_delta_match unasked;
	uint8_t *now;
	int rc = base ? psnap_delta_check_base(delta, base, err) : 0;

	if (!match)
		match = &unasked;
	*match = (struct psnap_delta_match){ 0 };
	if (rc)
		return rc;
	now = malloc(DELTA_DATA_BYTES_MAX);
	if (!now)
		return psnap_fail_nomem(err, "verifying a delta");
	rc = verify_frames(delta, base, ranges, now, progress, match, err);
	free(now);
	if (rc || !base)
		return rc;
	rc = psnap_delta_compare(&delta->header, base, err);
	match->samples = rc == 0;
	return rc == PSNAP_E_BUSY ? 0 : rc;
}

bool psnap_delta_fits(const struct psnap_delta *delta,
		      const struct psnap_io *base,
		      const struct psnap_delta_match *match)
{
	return match->other_blocks == 0 && match->samples &&
	       base->size_bytes == delta->info.size_bytes;
}
