/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How bytes of a merge get to the origin, and are counted. Which bytes, and in
 * which order, is merge_copy.c's business.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

/* Holes are looked for in steps of this size. */
#define HOLE_STEP_BYTES ((size_t)4 << 10)

/* Of the last chunk of an origin only what there is of it. */
struct merge_span psnap_merge_span(const struct merger *m,
				   const struct psnap_run *run)
{
	struct merge_span s = {
		.from_bytes = run->new_chunk * m->geo->chunk_bytes,
		.to_bytes = run->old_chunk * m->geo->chunk_bytes,
		.len_bytes = run->chunks * m->geo->chunk_bytes,
	};

	s.len_bytes = min_u64(s.len_bytes, m->origin->size_bytes - s.to_bytes);
	return s;
}

/* What cannot be read cannot be the same: it is written. */
static int is_equal(struct merger *m, uint64_t to_bytes, const uint8_t *data,
		    size_t len_bytes, bool *equal, struct psnap_error *err)
{
	int rc = psnap_io_read(m->origin, to_bytes, m->other, len_bytes, err);

	*equal = rc == 0 && memcmp(m->other, data, len_bytes) == 0;
	return rc == PSNAP_E_IO ? 0 : rc;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

int psnap_merge_write_sparse(struct psnap_io *target, uint64_t at,
			     const uint8_t *data, size_t len,
			     struct psnap_error *err)
{
	size_t from = 0;
	size_t to = 0;
	int rc = 0;

	while (to < len && rc == 0) {
		size_t n = (size_t)min_u64(HOLE_STEP_BYTES, len - to);
		bool zero = is_zero(data + to, n);

		if (zero && from < to)
			rc = psnap_io_write(target, at + from, data + from,
					    to - from, err);
		to += n;
		if (zero)
			from = to;
	}
	if (rc == 0 && from < len)
		rc = psnap_io_write(target, at + from, data + from, len - from,
				    err);
	return rc;
}

int psnap_merge_write(struct merger *m, uint64_t to_bytes, const uint8_t *data,
		      size_t len_bytes, struct psnap_error *err)
{
	int rc;

	if (m->options->skip_equal) {
		bool equal;

		rc = is_equal(m, to_bytes, data, len_bytes, &equal, err);
		if (rc)
			return psnap_merge_on(m, m->origin, rc);
		if (equal) {
			m->result->equal_bytes += len_bytes;
			return 0;
		}
	}
	if (m->source)
		rc = psnap_merge_write_sparse(m->origin, to_bytes, data,
					      len_bytes, err);
	else
		rc = psnap_io_write(m->origin, to_bytes, data, len_bytes, err);
	if (rc)
		return psnap_merge_on(m, m->origin, rc);
	m->result->copied_bytes += len_bytes;
	return 0;
}

int psnap_merge_tick(struct merger *m, struct psnap_error *err)
{
	const struct psnap_progress *p = &m->options->progress;

	if (p->tick &&
	    p->tick(p->ctx, m->result->copied_bytes + m->result->equal_bytes,
		    m->total_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

int psnap_merge_copy_span(struct merger *m, const struct merge_span *span,
			  struct psnap_error *err)
{
	uint64_t done = 0;
	int rc = 0;

	while (done < span->len_bytes && rc == 0) {
		size_t n = (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES,
					   span->len_bytes - done);

		rc = psnap_merge_on(m, m->store,
				    psnap_io_read(m->store,
						  span->from_bytes + done,
						  m->piece, n, err));
		if (rc == 0)
			rc = psnap_merge_write(m, span->to_bytes + done,
					       m->piece, n, err);
		if (rc == 0)
			rc = psnap_merge_tick(m, err);
		done += n;
	}
	return rc;
}
