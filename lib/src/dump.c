/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Enumerating a table for output. The walk finds entries; this cuts them to
 * the ranges asked for, splits runs, and reads data for checksums.
 */
#include <psnap/dump.h>
#include <psnap/io.h>
#include <psnap/zip.h>

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

#define DATA_STEP_BYTES ((size_t)1 << 20)
#define AHEAD_BYTES	((uint64_t)16 << 20)

struct dumper {
	struct psnap_store *store;
	const struct psnap_geometry *geo;
	const struct psnap_dump_options *options;
	const struct psnap_dump_visitor *visitor;
	uint8_t *data;
};

/* Cut a run to the chunks inside @range, counted from @start; false when none
 * is. */
static bool clip(const struct dumper *d, const struct psnap_range *range,
		 uint64_t start, struct psnap_run *run)
{
	uint64_t last = start + (run->chunks - 1);

	if (!range->given)
		return true;
	if (last < range->start || start >= range->end ||
	    range->start >= range->end)
		return false;
	if (last >= range->end)
		run->chunks = range->end - start;
	if (start < range->start)
		psnap_run_skip(d->geo, run, range->start - start);
	return true;
}

static int tick(struct dumper *d, uint64_t offset_bytes,
		struct psnap_error *err)
{
	const struct psnap_progress *p = &d->options->progress;

	if (p->tick && p->tick(p->ctx, offset_bytes, d->geo->store_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/*
 * The checksum of one chunk. A chunk that is not on the device is unreadable
 * like one whose sectors fail.
 */
static int read_crc32(struct dumper *d, struct psnap_dump_record *record,
		      struct psnap_error *err)
{
	const struct psnap_run *run = &record->run;
	uint64_t chunk_bytes = d->geo->chunk_bytes;
	struct psnap_error why = { 0 };
	uint64_t done = 0;
	uint32_t crc32 = 0;
	int rc = 0;

	if (run->new_chunk >= d->geo->chunk_count)
		rc = psnap_fail(&why, PSNAP_E_RANGE, "beyond the device");
	while (rc == 0 && done < chunk_bytes) {
		uint64_t at = run->new_chunk * chunk_bytes + done;
		uint64_t len = min_u64(DATA_STEP_BYTES, chunk_bytes - done);

		rc = tick(d, at, err);
		if (rc)
			return rc;
		rc = psnap_io_read(psnap_store_io(d->store), at, d->data,
				   (size_t)len, &why);
		if (rc == 0)
			crc32 = psnap_crc32(crc32, d->data, (size_t)len);
		done += len;
	}
	if (rc == 0) {
		record->has_crc32 = true;
		record->crc32 = crc32;
		return 0;
	}
	return d->visitor->no_checksum(d->visitor->ctx, run, &why);
}

/* As entries, one by one. */
static int hand_out_entries(struct dumper *d, const struct psnap_run *run,
			    struct psnap_error *err)
{
	struct psnap_dump_record record = { 0 };
	struct psnap_run rest = *run;
	int rc = 0;

	if (d->options->crc32 && run->new_chunk < d->geo->chunk_count)
		psnap_io_prefetch(psnap_store_io(d->store),
				  run->new_chunk * d->geo->chunk_bytes,
				  AHEAD_BYTES);
	while (rest.chunks > 0 && rc == 0) {
		record.run = rest;
		record.run.chunks = 1;
		record.has_crc32 = false;
		if (d->options->crc32)
			rc = read_crc32(d, &record, err);
		if (rc == 0)
			rc = d->visitor->record(d->visitor->ctx, &record);
		psnap_run_skip(d->geo, &rest, 1);
	}
	return rc;
}

static int hand_out(struct dumper *d, const struct psnap_run *run,
		    struct psnap_error *err)
{
	const struct psnap_dump_record record = { .run = *run };

	if (d->options->exceptions || d->options->crc32)
		return hand_out_entries(d, run, err);
	return d->visitor->record(d->visitor->ctx, &record);
}

static int take_fault(struct dumper *d, const struct psnap_walk *walk,
		      const struct psnap_error *why)
{
	uint64_t offset_bytes;
	uint64_t len_bytes;

	psnap_walk_fault(walk, &offset_bytes, &len_bytes);
	return d->visitor->unreadable(d->visitor->ctx, offset_bytes, len_bytes,
				      why);
}

static int walk_table(struct dumper *d, struct psnap_walk *walk,
		      struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	struct psnap_run run;

	for (;;) {
		int rc = psnap_walk_next_run(walk, &run, &why);

		if (rc == 0)
			return 0;
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED) {
			rc = take_fault(d, walk, &why);
		} else if (rc < 0) {
			if (err)
				*err = why;
		} else {
			rc = 0;
			if (clip(d, &d->options->old_range, run.old_chunk,
				 &run) &&
			    clip(d, &d->options->new_range, run.new_chunk,
				 &run))
				rc = hand_out(d, &run, err);
		}
		if (rc)
			return rc;
	}
}

int psnap_dump(struct psnap_store *store,
	       const struct psnap_dump_options *options,
	       const struct psnap_dump_visitor *visitor,
	       struct psnap_walk_totals *totals, struct psnap_error *err)
{
	struct psnap_walk_options walk_options = {
		.past_terminator = options->all,
		.stale_areas_max = options->all ? PSNAP_ALL_AREAS : 0,
		.progress = options->progress,
	};
	struct dumper d = {
		.store = store,
		.geo = psnap_store_geometry(store),
		.options = options,
		.visitor = visitor,
	};
	struct psnap_walk *walk = NULL;
	int rc;

	*totals = (struct psnap_walk_totals){ 0 };
	if (options->crc32) {
		d.data = malloc(
			(size_t)min_u64(d.geo->chunk_bytes, DATA_STEP_BYTES));
		if (!d.data)
			return psnap_fail_nomem(err, "reading data");
	}
	rc = psnap_walk_open(store, &walk_options, &walk, err);
	if (rc == 0) {
		rc = walk_table(&d, walk, err);
		*totals = *psnap_walk_totals(walk);
	}
	psnap_walk_close(walk);
	free(d.data);
	return rc;
}
