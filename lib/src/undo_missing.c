/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a range has to be saved although the undo file is continued: what it
 * does not have, and sectors with samples that the mark knows, or will before
 * they are overwritten. When they are and the power goes, the mark is wrong,
 * unless a record behind it says that they were going to be.
 */
#include "undo_save.h"

#include "checked.h"

/* Of [start, end), where no mark knows anything. */
static int beside_samples(const struct undo_device *d, uint64_t start_bytes,
			  uint64_t end_bytes, psnap_undo_missing_fn *fn,
			  void *ctx, struct psnap_error *err)
{
	int rc = 0;

	while (start_bytes < end_bytes && rc == 0) {
		const struct psnap_extent *had =
			d->had ? psnap_extents_find(d->had, start_bytes) : NULL;
		uint64_t until =
			had ? min_u64(had->offset_bytes, end_bytes) : end_bytes;

		if (until > start_bytes)
			rc = fn(ctx, start_bytes, until, err);
		start_bytes = had ? psnap_undo_end_of(had) : end_bytes;
	}
	return rc;
}

int psnap_undo_missing(const struct undo_device *d, uint64_t start_bytes,
		       uint64_t end_bytes, psnap_undo_missing_fn *fn, void *ctx,
		       struct psnap_error *err)
{
	const struct undo_file *f = &d->undo->file;
	const struct disk_undo_device *samples = &f->header.devices[d->index];
	uint64_t marked = le64_get(f->mark.devices[d->index].known) | d->synced;
	int rc = 0;

	if (marked)
		marked &= psnap_undo_touched(samples, start_bytes,
					     end_bytes - start_bytes);
	while (start_bytes < end_bytes && rc == 0) {
		struct psnap_extent sample = psnap_undo_sample_behind(
			samples, marked, d->inner->align_bytes, start_bytes);
		uint64_t from = min_u64(
			max_u64(sample.offset_bytes, start_bytes), end_bytes);
		uint64_t until =
			sample.len_bytes
				? min_u64(psnap_undo_end_of(&sample), end_bytes)
				: end_bytes;

		rc = beside_samples(d, start_bytes, from, fn, ctx, err);
		if (rc == 0 && from < until)
			rc = fn(ctx, from, until, err);
		start_bytes = until;
	}
	return rc;
}
