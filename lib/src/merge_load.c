/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a piece of the table for a merge: entries by their number, not by a
 * walk, because a merge goes backwards.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <stdlib.h>

static int append(struct merger *m, uint64_t number, uint64_t old_chunk,
		  uint64_t new_chunk, struct psnap_error *err)
{
	struct psnap_run *last =
		m->run_count ? &m->runs[m->run_count - 1] : NULL;

	if (last && old_chunk == last->old_chunk + last->chunks &&
	    new_chunk == last->new_chunk + last->chunks) {
		last->chunks++;
		return 0;
	}
	if (m->run_count == m->run_max) {
		size_t max = m->run_max ? m->run_max * 2 : 1024;
		void *bigger = reallocarray(m->runs, max, sizeof(*m->runs));

		if (!bigger)
			return psnap_fail_nomem(err, "planning a batch");
		m->runs = bigger;
		m->run_max = max;
	}
	m->runs[m->run_count++] = (struct psnap_run){
		.old_chunk = old_chunk,
		.new_chunk = new_chunk,
		.chunks = 1,
		.area_index = number / m->geo->exceptions_per_area,
		.entry_index = (uint32_t)(number % m->geo->exceptions_per_area),
	};
	return 0;
}

/* The check has seen the table; this sees it again, later. */
static int take(struct merger *m, uint64_t number,
		const struct disk_exception *entry, struct psnap_error *err)
{
	uint64_t old_chunk = le64_get(entry->old_chunk);
	uint64_t new_chunk = le64_get(entry->new_chunk);
	uint64_t area = number / m->geo->exceptions_per_area;
	uint32_t slot = (uint32_t)(number % m->geo->exceptions_per_area);

	if (new_chunk == 0 ||
	    !psnap_entry_plausible(m->geo, old_chunk, new_chunk) ||
	    old_chunk * m->geo->chunk_bytes >= m->origin->size_bytes)
		return psnap_fail_at(
			err, PSNAP_E_CORRUPT,
			psnap_geometry_entry_offset(m->geo, area, slot),
			"the table changed while it was merged");
	return append(m, number, old_chunk, new_chunk, err);
}

static int compare_new(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return (a->new_chunk > b->new_chunk) - (a->new_chunk < b->new_chunk);
}

int psnap_merge_load(struct merger *m, uint64_t first, uint64_t end,
		     struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	struct disk_exception *entries =
		(struct disk_exception *)(void *)m->piece;
	uint64_t at = first;

	m->run_count = 0;
	while (at < end) {
		uint64_t slot = at % per_area;
		uint64_t n = min_u64(end - at, per_area - slot);
		uint64_t i;
		int rc;

		n = min_u64(n, PSNAP_MERGE_PIECE_BYTES / sizeof(*entries));
		rc = psnap_io_read(m->store,
				   psnap_geometry_entry_offset(m->geo,
							       at / per_area,
							       (uint32_t)slot),
				   entries, (size_t)n * sizeof(*entries), err);
		for (i = 0; i < n && rc == 0; i++)
			rc = take(m, at + i, &entries[i], err);
		if (rc)
			return rc;
		at += n;
	}
	/* In store order reads are sequential; the page cache sorts writes. */
	if (m->run_count)
		qsort(m->runs, m->run_count, sizeof(*m->runs), compare_new);
	return 0;
}
