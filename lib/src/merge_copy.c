/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a batch: runs in store order, read in groups that lie close together
 * on the store, written run by run. Reads are announced 16 MiB ahead.
 */
#include "merge_internal.h"

#include "checked.h"

#define AHEAD_BYTES (UINT64_C(16) << 20)
/* Reading across a gap of this size is cheaper than a second read. */
#define GAP_BYTES (UINT64_C(16) << 10)

size_t psnap_merge_group(const struct merger *m, size_t first,
			 uint64_t *len_bytes)
{
	struct merge_span head = psnap_merge_span(m, &m->runs[first]);
	uint64_t end = head.from_bytes + head.len_bytes;
	size_t i = first + 1;

	for (; i < m->run_count; i++) {
		struct merge_span s = psnap_merge_span(m, &m->runs[i]);

		if (s.from_bytes > end + GAP_BYTES ||
		    s.from_bytes + s.len_bytes - head.from_bytes >
			    PSNAP_MERGE_PIECE_BYTES)
			break;
		/* One that stands in the table twice lies inside another. */
		if (s.from_bytes + s.len_bytes > end)
			end = s.from_bytes + s.len_bytes;
	}
	*len_bytes = end - head.from_bytes;
	return i - first;
}

int psnap_merge_put(struct merger *m, size_t first, size_t count,
		    uint64_t start_bytes, uint64_t len_bytes,
		    const uint8_t *data, struct psnap_error *err)
{
	uint64_t end = start_bytes + len_bytes;
	size_t i;
	int rc = 0;

	for (i = first; i < first + count && rc == 0; i++) {
		struct merge_span s = psnap_merge_span(m, &m->runs[i]);
		uint64_t before =
			start_bytes - min_u64(start_bytes, s.from_bytes);

		s.from_bytes += before;
		s.to_bytes += before;
		s.len_bytes = min_u64(s.len_bytes - before, end - s.from_bytes);
		if (data)
			rc = psnap_merge_write(
				m, s.to_bytes,
				data + (s.from_bytes - start_bytes),
				(size_t)s.len_bytes, err);
		else
			rc = psnap_merge_copy_span(m, &s, err);
	}
	return rc;
}

/* Something in the group cannot be read; it may be a gap nobody asked for. */
static int copy_one_by_one(struct merger *m, size_t first, size_t count,
			   uint64_t start_bytes, uint64_t len_bytes,
			   struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	if (!m->options->salvage)
		return psnap_merge_put(m, first, count, start_bytes, len_bytes,
				       NULL, err);
	for (i = first; i < first + count && rc == 0; i++)
		rc = psnap_merge_salvage(m, &m->runs[i], err);
	return rc;
}

static int copy_group(struct merger *m, size_t first, size_t count,
		      uint64_t len_bytes, struct psnap_error *err)
{
	uint64_t start = psnap_merge_span(m, &m->runs[first]).from_bytes;
	struct psnap_error why = { 0 };
	int rc;

	/* Too long for a piece, so it is one run. */
	if (len_bytes > PSNAP_MERGE_PIECE_BYTES)
		return copy_one_by_one(m, first, count, start, len_bytes, err);
	rc = psnap_io_read(m->store, start, m->piece, (size_t)len_bytes, &why);
	if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED)
		return copy_one_by_one(m, first, count, start, len_bytes, err);
	if (rc && err)
		*err = why;
	if (rc)
		return psnap_merge_on(m, m->store, rc);
	rc = psnap_merge_put(m, first, count, start, len_bytes, m->piece, err);
	return rc ? rc : psnap_merge_tick(m, err);
}

/*
 * Announce runs from @next on, as long as they are near; the new @next. Those
 * that will be read in one are announced in one: asking costs as much as a
 * small read.
 */
static size_t announce(struct merger *m, size_t next, uint64_t position)
{
	while (next < m->run_count) {
		uint64_t start = psnap_merge_span(m, &m->runs[next]).from_bytes;
		uint64_t len_bytes;

		if (start > position + AHEAD_BYTES)
			break;
		next += psnap_merge_group(m, next, &len_bytes);
		psnap_io_prefetch(m->store, start,
				  min_u64(len_bytes, AHEAD_BYTES));
	}
	return next;
}

int psnap_merge_copy(struct merger *m, struct psnap_error *err)
{
	size_t ahead = 0;
	size_t i = 0;
	int rc = 0;

	if (psnap_merge_wants_ahead(m))
		return psnap_merge_copy_ahead(m, err);
	while (i < m->run_count && rc == 0) {
		uint64_t at = psnap_merge_span(m, &m->runs[i]).from_bytes;
		uint64_t len_bytes;
		size_t n;

		ahead = announce(m, ahead > i ? ahead : i, at);
		n = psnap_merge_group(m, i, &len_bytes);
		rc = copy_group(m, i, n, len_bytes, err);
		i += n;
	}
	return rc;
}
