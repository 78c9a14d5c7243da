/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading every byte of data the table names, and the origin under it, only to
 * learn whether it can be read. Neighbouring failures become one finding.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)1 << 20)
/* After a failure: the smallest range that is given up. */
#define CAREFUL_BYTES 4096u

struct reader {
	struct checker *c;
	uint8_t *buf;
	uint64_t done_bytes;
	uint64_t total_bytes;
};

/* One device, with the range that failed last and may still grow. */
struct range {
	struct psnap_io *io;
	bool is_origin;
	uint64_t bad_start;
	uint64_t bad_end;
	uint64_t old_chunk;
	uint64_t new_chunk;
};

static int emit_bad(struct reader *r, struct range *bad)
{
	struct psnap_finding f;

	if (bad->bad_start == bad->bad_end)
		return 0;
	psnap_finding_init(&f, PSNAP_F_READ_ERROR);
	f.on_origin = bad->is_origin;
	f.offset_bytes = bad->bad_start;
	f.len_bytes = bad->bad_end - bad->bad_start;
	psnap_finding_chunks(&f, bad->old_chunk, bad->new_chunk);
	psnap_finding_say(&f,
			  "%" PRIu64 " bytes cannot be read: data of origin "
			  "chunk %" PRIu64 "%s",
			  f.len_bytes, bad->old_chunk,
			  f.len_bytes > r->c->geo->chunk_bytes
				  ? " and those that follow"
				  : "");
	bad->bad_start = 0;
	bad->bad_end = 0;
	return psnap_check_emit(r->c, &f);
}

static int take_bad(struct reader *r, struct range *bad, uint64_t start,
		    uint64_t end, const struct psnap_run *run,
		    uint64_t run_start)
{
	uint64_t distance = (start - run_start) / r->c->geo->chunk_bytes;
	int rc;

	if (bad->bad_end == start && bad->bad_start != bad->bad_end) {
		bad->bad_end = end;
		return 0;
	}
	rc = emit_bad(r, bad);
	bad->bad_start = start;
	bad->bad_end = end;
	bad->old_chunk = run->old_chunk + distance;
	bad->new_chunk = run->new_chunk + distance;
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

static int read_range(struct reader *r, struct range *range,
		      const struct psnap_run *run, uint64_t start, uint64_t end,
		      struct psnap_error *err)
{
	uint64_t step = STEP_BYTES;
	uint64_t at = start;
	int rc = 0;

	psnap_io_prefetch(range->io, at, min_u64(end - at, STEP_BYTES));
	while (at < end && rc == 0) {
		uint64_t len = min_u64(step, end - at);
		uint64_t bad_end;
		struct psnap_error why;

		rc = psnap_io_read(range->io, at, r->buf, (size_t)len, &why);
		if (rc == 0) {
			r->c->result->data_bytes_read += len;
			at += len;
			rc = tick(r, len, err);
			continue;
		}
		if (rc == PSNAP_E_NOMEM)
			return psnap_fail_nomem(err, "reading data");
		if (len > CAREFUL_BYTES) {
			step = CAREFUL_BYTES;
			rc = 0;
			continue;
		}
		bad_end =
			min_u64((at / CAREFUL_BYTES + 1) * CAREFUL_BYTES, end);
		rc = take_bad(r, range, at, bad_end, run, start);
		if (rc == 0)
			rc = tick(r, bad_end - at, err);
		at = bad_end;
		if (at % STEP_BYTES == 0)
			step = STEP_BYTES;
	}
	return rc;
}

/* A single plausible entry, or a run of them. */
static int read_run(struct reader *r, struct range ranges[2],
		    const struct psnap_run *run, struct psnap_error *err)
{
	uint64_t chunk_bytes = r->c->geo->chunk_bytes;
	uint64_t start = run->new_chunk * chunk_bytes;
	uint64_t end;
	int rc;

	rc = read_range(r, &ranges[0], run, start,
			start + run->chunks * chunk_bytes, err);
	if (rc || !ranges[1].io)
		return rc;
	start = run->old_chunk * chunk_bytes;
	end = min_u64(start + run->chunks * chunk_bytes,
		      ranges[1].io->size_bytes);
	return start < end ? read_range(r, &ranges[1], run, start, end, err)
			   : 0;
}

/* Entries that name no readable place were reported; leave them out. */
static int read_plausible(struct reader *r, struct range ranges[2],
			  const struct psnap_run *run, struct psnap_error *err)
{
	struct psnap_run part = *run;
	uint64_t i;
	int rc = 0;

	part.chunks = 0;
	for (i = 0; i < run->chunks && rc == 0; i++) {
		uint64_t old_chunk = run->old_chunk + i;
		uint64_t new_chunk = run->new_chunk + i;

		if (old_chunk < r->c->old_limit &&
		    psnap_entry_plausible(r->c->geo, old_chunk, new_chunk)) {
			part.chunks++;
			continue;
		}
		if (part.chunks)
			rc = read_run(r, ranges, &part, err);
		part.old_chunk = old_chunk + 1;
		part.new_chunk = new_chunk + 1;
		part.chunks = 0;
	}
	return rc == 0 && part.chunks ? read_run(r, ranges, &part, err) : rc;
}

static int read_all(struct reader *r, struct psnap_error *err)
{
	struct range ranges[2] = {
		{ .io = r->c->io },
		{ .io = r->c->origin, .is_origin = true },
	};
	struct psnap_walk *walk;
	struct psnap_error why = { 0 };
	struct psnap_run run;
	int rc;

	rc = psnap_walk_open(r->c->store, NULL, &walk, err);
	if (rc)
		return rc;
	for (;;) {
		rc = psnap_walk_next_run(walk, &run, &why);
		if (rc == 0)
			break;
		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED)
			rc = psnap_check_walk_fault(r->c, walk, &why);
		else if (rc == 1)
			rc = read_plausible(r, ranges, &run, err);
		else if (err)
			*err = why;
		if (rc)
			break;
	}
	psnap_walk_close(walk);
	if (rc == 0)
		rc = emit_bad(r, &ranges[0]);
	if (rc == 0)
		rc = emit_bad(r, &ranges[1]);
	return rc;
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
