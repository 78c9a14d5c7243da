/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a delta to its base. Nothing of what is read for it comes from the
 * base, so that doing it again from the start leads to the same; what is there
 * already is not written a second time.
 */
#include "delta_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

/* The ranges of d->f whose data is not there yet. Those that follow each other
 * are one write. */
static int differing(struct psnap_delta *d, struct psnap_io *base,
		     struct psnap_extent *differ, uint32_t *count, uint8_t *now,
		     struct psnap_error *err)
{
	const uint8_t *data = delta_frame_data(&d->f);
	uint32_t i;
	int rc = 0;

	*count = 0;
	for (i = 0; i < d->f.range_count && rc == 0; i++) {
		const struct psnap_extent *r = &d->f.ranges[i];
		size_t len = (size_t)r->len_bytes;

		rc = psnap_io_read(base, r->offset_bytes, now, len, err);
		if (rc || memcmp(now, data, len) != 0)
			differ[(*count)++] = *r;
		/* What cannot be read can still be overwritten. */
		if (rc == PSNAP_E_IO)
			rc = 0;
		data += r->len_bytes;
	}
	return rc;
}

static int write_ranges(struct psnap_delta *d, struct psnap_io *base,
			const struct psnap_extent *differ, uint32_t count,
			struct psnap_delta_applied *applied,
			struct psnap_error *err)
{
	const uint8_t *data = delta_frame_data(&d->f);
	uint32_t done = 0;
	uint32_t i;
	int rc = count ? psnap_io_prepare(base, differ, count, err) : 0;

	for (i = 0; i < d->f.range_count && rc == 0; i++) {
		const struct psnap_extent *r = &d->f.ranges[i];

		if (done < count &&
		    differ[done].offset_bytes == r->offset_bytes) {
			rc = psnap_io_write(base, r->offset_bytes, data,
					    (size_t)r->len_bytes, err);
			applied->written_bytes += r->len_bytes;
			done++;
		}
		data += r->len_bytes;
	}
	return rc;
}

static int apply_frame(struct psnap_delta *d, struct psnap_io *base,
		       struct psnap_extent *differ, uint8_t *now,
		       struct psnap_delta_applied *applied,
		       struct psnap_error *err)
{
	uint32_t count = 0;
	int rc;

	rc = differing(d, base, differ, &count, now, err);
	if (rc == 0)
		rc = write_ranges(d, base, differ, count, applied, err);
	if (rc)
		applied->failed = base;
	return rc;
}

static int apply_frames(struct psnap_delta *d, struct psnap_io *base,
			struct psnap_extent *differ, uint8_t *now,
			const struct psnap_progress *progress,
			struct psnap_delta_applied *applied,
			struct psnap_error *err)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < d->info.frame_count && rc == 0; i++) {
		uint64_t at = le64_get(d->entries[i].frame_bytes);

		if (progress && progress->tick &&
		    progress->tick(progress->ctx, at, d->info.delta_bytes))
			return psnap_fail(err, PSNAP_E_INTERRUPTED,
					  "interrupted");
		psnap_io_prefetch(d->file, at, DELTA_FRAME_BYTES_MAX);
		rc = psnap_delta_load(d, i, true, err);
		if (rc == 0)
			rc = apply_frame(d, base, differ, now, applied, err);
	}
	return rc;
}

int psnap_delta_apply(struct psnap_delta *delta, struct psnap_io *base,
		      const struct psnap_progress *progress,
		      struct psnap_delta_applied *applied,
		      struct psnap_error *err)
{
	struct psnap_extent *differ;
	uint8_t *now;
	int synced;
	int rc = psnap_delta_check_base(delta, base, err);

	*applied = (struct psnap_delta_applied){ 0 };
	if (rc)
		return rc;
	differ = calloc(DELTA_RANGES_MAX, sizeof(*differ));
	now = malloc(DELTA_DATA_BYTES_MAX);
	if (differ && now)
		rc = apply_frames(delta, base, differ, now, progress, applied,
				  err);
	else
		rc = psnap_fail_nomem(err, "applying a delta");
	/* Also what an interruption leaves is to be durable. */
	if (rc == 0 || rc == PSNAP_E_INTERRUPTED) {
		synced = psnap_io_sync(base, rc ? NULL : err);
		if (rc == 0 && synced)
			applied->failed = base;
		rc = rc ? rc : synced;
	}
	free(now);
	free(differ);
	return rc;
}
