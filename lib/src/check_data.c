/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading every byte of data the table names, and the origin under it, only to
 * learn whether it can be read. Neighbouring failures become one finding.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)1 << 20)
/* After a failure: the smallest range that is given up. */
#define CAREFUL_BYTES 4096u
/* Runs that are asked for together. */
#define QUEUE_RUNS 64u

struct reader {
	struct checker *c;
	uint8_t *buf;
	uint64_t done_bytes;
	uint64_t total_bytes;
	struct psnap_run queue[QUEUE_RUNS];
	size_t queued;
};

/* A run's bytes on one device, and the part that failed last, which may still
 * grow. */
struct range {
	struct psnap_io *io;
	bool is_origin;
	const struct psnap_run *run;
	uint64_t start;
	uint64_t end;
	uint64_t bad_start;
	uint64_t bad_end;
};

static int emit_bad(struct reader *r, struct range *range)
{
	uint64_t chunk_bytes = r->c->geo->chunk_bytes;
	uint64_t first;
	uint64_t last;
	uint64_t old_chunk;
	char to[32] = "";
	struct psnap_finding f;

	if (range->bad_start == range->bad_end)
		return 0;
	first = (range->bad_start - range->start) / chunk_bytes;
	last = (range->bad_end - 1 - range->start) / chunk_bytes;
	old_chunk = range->run->old_chunk + first;
	if (last > first)
		(void)snprintf(to, sizeof(to), " to %" PRIu64,
			       old_chunk + (last - first));
	psnap_finding_init(&f, PSNAP_F_READ_ERROR);
	f.on_origin = range->is_origin;
	f.offset_bytes = range->bad_start;
	f.len_bytes = range->bad_end - range->bad_start;
	psnap_finding_chunks(&f, old_chunk, range->run->new_chunk + first);
	psnap_finding_say(&f,
			  "%" PRIu64 " bytes cannot be read: data of origin "
			  "chunk%s %" PRIu64 "%s",
			  f.len_bytes, *to ? "s" : "", old_chunk, to);
	range->bad_start = range->bad_end;
	return psnap_check_emit(r->c, &f);
}

static int take_bad(struct reader *r, struct range *range, uint64_t at,
		    uint64_t len)
{
	int rc = 0;

	if (range->bad_start != range->bad_end && range->bad_end != at)
		rc = emit_bad(r, range);
	if (range->bad_start == range->bad_end)
		range->bad_start = at;
	range->bad_end = at + len;
	return rc;
}

static int tick(struct reader *r, uint64_t bytes, struct psnap_error *err)
{
	const struct psnap_progress *p = &r->c->options->progress;

	r->done_bytes += bytes;
	if (p->tick && p->tick(p->ctx, r->done_bytes, r->total_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/*
 * In large steps; where one fails, in small ones up to its end. Steps end at
 * multiples of their size, so that a bad sector costs its own block only.
 */
static int read_range(struct reader *r, struct range *range,
		      struct psnap_error *err)
{
	uint64_t at = range->start;
	uint64_t step = STEP_BYTES;
	int rc = 0;

	while (at < range->end && rc == 0) {
		uint64_t len = min_u64(step - at % step, range->end - at);
		struct psnap_error why;

		rc = psnap_io_read(range->io, at, r->buf, (size_t)len, &why);
		if (rc == PSNAP_E_NOMEM)
			return psnap_fail_nomem(err, "reading data");
		if (rc && step != CAREFUL_BYTES) {
			step = CAREFUL_BYTES;
			rc = 0;
			continue;
		}
		if (rc)
			rc = take_bad(r, range, at, len);
		else
			r->c->result->data_bytes_read += len;
		if (rc == 0)
			rc = tick(r, len, err);
		at += len;
		if (at % STEP_BYTES == 0)
			step = STEP_BYTES;
	}
	return rc ? rc : emit_bad(r, range);
}

/* A single plausible entry, or a run of them. */
static int read_run(struct reader *r, const struct psnap_run *run,
		    struct psnap_error *err)
{
	uint64_t chunk_bytes = r->c->geo->chunk_bytes;
	struct range store = {
		.io = r->c->io,
		.run = run,
		.start = run->new_chunk * chunk_bytes,
		.end = (run->new_chunk + run->chunks) * chunk_bytes,
	};
	struct range origin = {
		.io = r->c->origin,
		.is_origin = true,
		.run = run,
		.start = run->old_chunk * chunk_bytes,
		.end = (run->old_chunk + run->chunks) * chunk_bytes,
	};
	int rc = read_range(r, &store, err);

	/* An old chunk beyond the origin was reported as that. */
	if (rc || !origin.io || run->old_chunk >= r->c->old_limit)
		return rc;
	origin.end = min_u64(origin.end, origin.io->size_bytes);
	return read_range(r, &origin, err);
}

/* Entries that name no readable place were reported; leave them out. */
static int read_plausible(struct reader *r, const struct psnap_run *run,
			  struct psnap_error *err)
{
	struct psnap_run part = *run;
	uint64_t i;
	int rc = 0;

	part.chunks = 0;
	for (i = 0; i < run->chunks && rc == 0; i++) {
		uint64_t old_chunk = run->old_chunk + i;
		uint64_t new_chunk = run->new_chunk + i;

		if (new_chunk < r->c->geo->chunk_count &&
		    !psnap_geometry_is_metadata(r->c->geo, new_chunk)) {
			part.chunks++;
			continue;
		}
		if (part.chunks)
			rc = read_run(r, &part, err);
		part.old_chunk = old_chunk + 1;
		part.new_chunk = new_chunk + 1;
		part.chunks = 0;
	}
	return rc == 0 && part.chunks ? read_run(r, &part, err) : rc;
}

/* Ask for a batch of runs before the first of them is read: scattered chunks
 * would be waited for one by one. */
static int read_queue(struct reader *r, struct psnap_error *err)
{
	uint64_t chunk_bytes = r->c->geo->chunk_bytes;
	size_t i;
	int rc = 0;

	for (i = 0; i < r->queued; i++) {
		const struct psnap_run *run = &r->queue[i];
		uint64_t len =
			min_u64(run->chunks, STEP_BYTES / chunk_bytes + 1) *
			chunk_bytes;

		if (run->new_chunk < r->c->geo->chunk_count)
			psnap_io_prefetch(r->c->io,
					  run->new_chunk * chunk_bytes, len);
		if (r->c->origin && run->old_chunk < r->c->old_limit)
			psnap_io_prefetch(r->c->origin,
					  run->old_chunk * chunk_bytes, len);
	}
	for (i = 0; i < r->queued && rc == 0; i++)
		rc = read_plausible(r, &r->queue[i], err);
	r->queued = 0;
	return rc;
}

static int read_all(struct reader *r, struct psnap_error *err)
{
	struct psnap_walk *walk;
	struct psnap_error why = { 0 };
	int rc;

	rc = psnap_walk_open(r->c->store, NULL, &walk, err);
	if (rc)
		return rc;
	for (;;) {
		rc = psnap_walk_next_run(walk, &r->queue[r->queued], &why);
		if (rc == 0)
			break;
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED) {
			rc = psnap_check_walk_fault(r->c, walk, &why);
		} else if (rc < 0) {
			if (err)
				*err = why;
		} else {
			rc = 0;
			if (++r->queued == QUEUE_RUNS)
				rc = read_queue(r, err);
		}
		if (rc)
			break;
	}
	psnap_walk_close(walk);
	return rc ? rc : read_queue(r, err);
}

int psnap_check_data(struct checker *c, struct psnap_error *err)
{
	struct reader r = { .c = c };
	int rc;

	r.total_bytes = c->used * c->geo->chunk_bytes;
	if (c->origin)
		r.total_bytes *= 2;
	r.buf = malloc(STEP_BYTES);
	if (!r.buf)
		return psnap_fail_nomem(err, "reading data");
	rc = read_all(&r, err);
	free(r.buf);
	return rc;
}
