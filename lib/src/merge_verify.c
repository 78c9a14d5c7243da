/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading back what a batch wrote, once it is durable and before its
 * exceptions are cleared.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

static int compare(struct merger *m, const struct merge_span *span,
		   struct psnap_error *err)
{
	uint64_t done;

	/* What is compared must be what the device has, not the page cache. */
	psnap_io_forget(m->origin, span->to_bytes, span->len_bytes);
	for (done = 0; done < span->len_bytes;
	     done += PSNAP_MERGE_PIECE_BYTES) {
		uint64_t at = span->to_bytes + done;
		size_t n = (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES,
					   span->len_bytes - done);
		int rc = psnap_merge_on(m, m->store,
					psnap_io_read(m->store,
						      span->from_bytes + done,
						      m->piece, n, err));

		if (rc == 0)
			rc = psnap_merge_on(
				m, m->origin,
				psnap_io_read(m->origin, at, m->other, n, err));
		if (rc)
			return rc;
		if (memcmp(m->piece, m->other, n) != 0)
			return psnap_merge_on(
				m, m->origin,
				psnap_fail_at(err, PSNAP_E_CORRUPT, at,
					      "the origin does not hold what "
					      "was written to it; the "
					      "exceptions stay in the store"));
	}
	return 0;
}

/* Chunks that could not be read stay, and were not written. */
static int verify_staying(struct merger *m, const struct psnap_run *run,
			  struct psnap_error *err)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < run->chunks && rc == 0; i++) {
		struct psnap_run chunk = *run;
		struct merge_span span;

		psnap_run_skip(m->geo, &chunk, i);
		chunk.chunks = 1;
		if (psnap_merge_stays(
			    m, chunk.area_index * m->geo->exceptions_per_area +
				       chunk.entry_index))
			continue;
		span = psnap_merge_span(m, &chunk);
		rc = compare(m, &span, err);
	}
	return rc;
}

int psnap_merge_verify(struct merger *m, struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < m->run_count && rc == 0; i++) {
		struct merge_span span = psnap_merge_span(m, &m->runs[i]);

		rc = m->staying ? verify_staying(m, &m->runs[i], err)
				: compare(m, &span, err);
		if (rc == 0)
			rc = psnap_merge_tick(m, err);
	}
	return rc;
}
