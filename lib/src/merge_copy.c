/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a batch: runs in store order, read in groups that lie close together
 * on the store, written run by run. Reads are announced 16 MiB ahead.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_BYTES (UINT64_C(16) << 20)
/* Reading across a gap of this size is cheaper than a second read. */
#define GAP_BYTES (UINT64_C(16) << 10)

/* A range to be copied, in bytes. */
struct span {
	uint64_t from_bytes; /* on the store */
	uint64_t to_bytes;   /* on the origin */
	uint64_t len_bytes;
};

/* Of the last chunk of an origin only what there is of it. */
static struct span span_of(const struct merger *m, const struct psnap_run *run)
{
	struct span s = {
		.from_bytes = run->new_chunk * m->geo->chunk_bytes,
		.to_bytes = run->old_chunk * m->geo->chunk_bytes,
		.len_bytes = run->chunks * m->geo->chunk_bytes,
	};

	s.len_bytes = min_u64(s.len_bytes, m->origin->size_bytes - s.to_bytes);
	return s;
}

static int write_differing(struct merger *m, uint64_t to_bytes,
			   const uint8_t *data, size_t len,
			   struct psnap_error *err)
{
	int rc;

	if (m->options->skip_equal) {
		rc = psnap_io_read(m->origin, to_bytes, m->other, len, err);
		if (rc)
			return rc;
		if (memcmp(m->other, data, len) == 0) {
			m->result->equal_bytes += len;
			return 0;
		}
	}
	rc = psnap_io_write(m->origin, to_bytes, data, len, err);
	if (rc == 0)
		m->result->copied_bytes += len;
	return rc;
}

static int tick(struct merger *m, struct psnap_error *err)
{
	const struct psnap_progress *p = &m->options->progress;

	if (p->tick &&
	    p->tick(p->ctx, m->result->copied_bytes + m->result->equal_bytes,
		    m->total_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/* A span longer than a piece, by itself. */
static int copy_long(struct merger *m, const struct span *span,
		     struct psnap_error *err)
{
	uint64_t done = 0;
	int rc = 0;

	while (done < span->len_bytes && rc == 0) {
		size_t n = (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES,
					   span->len_bytes - done);

		rc = psnap_io_read(m->store, span->from_bytes + done, m->piece,
				   n, err);
		if (rc == 0)
			rc = write_differing(m, span->to_bytes + done, m->piece,
					     n, err);
		if (rc == 0)
			rc = tick(m, err);
		done += n;
	}
	return rc;
}

/* How many runs from @first on can be read at once. */
static size_t group(const struct merger *m, size_t first, uint64_t *len_bytes)
{
	struct span head = span_of(m, &m->runs[first]);
	uint64_t end = head.from_bytes + head.len_bytes;
	size_t i = first + 1;

	for (; i < m->run_count; i++) {
		struct span s = span_of(m, &m->runs[i]);

		if (s.from_bytes > end + GAP_BYTES ||
		    s.from_bytes + s.len_bytes - head.from_bytes >
			    PSNAP_MERGE_PIECE_BYTES)
			break;
		end = s.from_bytes + s.len_bytes;
	}
	*len_bytes = end - head.from_bytes;
	return i - first;
}

static int copy_group(struct merger *m, size_t first, size_t count,
		      uint64_t len_bytes, struct psnap_error *err)
{
	uint64_t start = span_of(m, &m->runs[first]).from_bytes;
	size_t i;
	int rc;

	rc = psnap_io_read(m->store, start, m->piece, (size_t)len_bytes, err);
	/* What cannot be read may lie in a gap that nobody asked for. */
	if (rc == PSNAP_E_IO && count > 1) {
		for (i = first, rc = 0; i < first + count && rc == 0; i++) {
			struct span s = span_of(m, &m->runs[i]);

			rc = copy_long(m, &s, err);
		}
		return rc;
	}
	for (i = first; i < first + count && rc == 0; i++) {
		struct span s = span_of(m, &m->runs[i]);

		rc = write_differing(m, s.to_bytes,
				     m->piece + (s.from_bytes - start),
				     (size_t)s.len_bytes, err);
	}
	return rc ? rc : tick(m, err);
}

/* Announce runs from @next on, as long as they are near; the new @next. */
static size_t announce(struct merger *m, size_t next, uint64_t position)
{
	for (; next < m->run_count; next++) {
		struct span s = span_of(m, &m->runs[next]);

		if (s.from_bytes > position + AHEAD_BYTES)
			break;
		psnap_io_prefetch(m->store, s.from_bytes,
				  min_u64(s.len_bytes, AHEAD_BYTES));
	}
	return next;
}

int psnap_merge_prepare_copy(struct merger *m, struct psnap_error *err)
{
	struct psnap_extent *extents;
	size_t i;
	int rc;

	if (!m->origin->ops->prepare || m->run_count == 0)
		return 0;
	extents = malloc(m->run_count * sizeof(*extents));
	if (!extents)
		return psnap_fail_nomem(err, "saving for undo");
	for (i = 0; i < m->run_count; i++) {
		struct span s = span_of(m, &m->runs[i]);

		extents[i] = (struct psnap_extent){ s.to_bytes, s.len_bytes };
	}
	rc = psnap_io_prepare(m->origin, extents, m->run_count, err);
	free(extents);
	return rc;
}

int psnap_merge_copy(struct merger *m, struct psnap_error *err)
{
	size_t ahead = 0;
	size_t i = 0;
	int rc = 0;

	while (i < m->run_count && rc == 0) {
		struct span head = span_of(m, &m->runs[i]);
		uint64_t len_bytes;
		size_t n;

		ahead = announce(m, ahead > i ? ahead : i, head.from_bytes);
		n = group(m, i, &len_bytes);
		if (len_bytes > PSNAP_MERGE_PIECE_BYTES)
			rc = copy_long(m, &head, err);
		else
			rc = copy_group(m, i, n, len_bytes, err);
		i += n;
	}
	return rc;
}

int psnap_merge_verify(struct merger *m, struct psnap_error *err)
{
	size_t i;

	for (i = 0; i < m->run_count; i++) {
		struct span s = span_of(m, &m->runs[i]);
		uint64_t done;

		for (done = 0; done < s.len_bytes;
		     done += PSNAP_MERGE_PIECE_BYTES) {
			size_t n = (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES,
						   s.len_bytes - done);
			int rc = psnap_io_read(m->store, s.from_bytes + done,
					       m->piece, n, err);

			if (rc == 0)
				rc = psnap_io_read(m->origin, s.to_bytes + done,
						   m->other, n, err);
			if (rc)
				return rc;
			if (memcmp(m->piece, m->other, n) != 0)
				return psnap_fail_at(
					err, PSNAP_E_CORRUPT, s.to_bytes + done,
					"the origin does not hold what was "
					"written to it; the exceptions stay in "
					"the store");
		}
	}
	return 0;
}
