/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How bytes of a merge get to the origin, and are counted. Which bytes, and in
 * which order, is merge_copy.c's business.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

/* Holes, and what is equal, are looked for in steps of this size. */
#define STEP_BYTES ((size_t)4 << 10)

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

/*
 * Write @data without those steps that are there already: those that are the
 * same in @there, or zero when that is NULL. What was left out is added to
 * @left_out_bytes.
 */
static int write_steps(struct psnap_io *to, uint64_t at_bytes,
		       const uint8_t *data, const uint8_t *there,
		       size_t len_bytes, uint64_t *left_out_bytes,
		       struct psnap_error *err)
{
	size_t from = 0;
	size_t at = 0;
	int rc = 0;

	while (at < len_bytes && rc == 0) {
		size_t n = (size_t)min_u64(STEP_BYTES, len_bytes - at);
		bool same = there ? memcmp(data + at, there + at, n) == 0
				  : psnap_merge_is_zero(data + at, n);

		if (same && from < at)
			rc = psnap_io_write(to, at_bytes + from, data + from,
					    at - from, err);
		at += n;
		if (same) {
			*left_out_bytes += n;
			from = at;
		}
	}
	if (rc == 0 && from < len_bytes)
		rc = psnap_io_write(to, at_bytes + from, data + from,
				    len_bytes - from, err);
	return rc;
}

int psnap_merge_write_sparse(struct psnap_io *target, uint64_t at_bytes,
			     const uint8_t *data, size_t len_bytes,
			     struct psnap_error *err)
{
	uint64_t holes = 0;

	return write_steps(target, at_bytes, data, NULL, len_bytes, &holes,
			   err);
}

/* What cannot be read cannot be the same: it is written. */
static int write_differing(struct merger *m, uint64_t to_bytes,
			   const uint8_t *data, size_t len_bytes,
			   struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	uint64_t equal = 0;
	int rc = psnap_io_read(m->origin, to_bytes, m->other, len_bytes, &why);

	if (rc == PSNAP_E_IO)
		rc = psnap_io_write(m->origin, to_bytes, data, len_bytes, err);
	else if (rc == 0)
		rc = write_steps(m->origin, to_bytes, data, m->other, len_bytes,
				 &equal, err);
	else if (err)
		*err = why;
	if (rc == 0) {
		m->result->equal_bytes += equal;
		m->result->copied_bytes += len_bytes - equal;
	}
	return rc;
}

int psnap_merge_write(struct merger *m, uint64_t to_bytes, const uint8_t *data,
		      size_t len_bytes, struct psnap_error *err)
{
	int rc;

	if (m->options->skip_equal)
		return psnap_merge_on(
			m, m->origin,
			write_differing(m, to_bytes, data, len_bytes, err));
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
