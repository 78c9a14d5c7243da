/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a part of the table for a merge: entries by their number, not by a
 * walk, because a merge goes backwards. In a batch each is to be copied, or
 * stays, or goes because it stands in the table twice.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <stdlib.h>
#include <string.h>

static uint64_t number_of(const struct merger *m, const struct psnap_run *run)
{
	return run->area_index * m->geo->exceptions_per_area + run->entry_index;
}

static int append(struct merger *m, const struct psnap_run *entry,
		  uint64_t number, struct psnap_error *err)
{
	struct psnap_run *last =
		m->run_count ? &m->runs[m->run_count - 1] : NULL;

	if (last && entry->old_chunk == last->old_chunk + last->chunks &&
	    entry->new_chunk == last->new_chunk + last->chunks &&
	    number == number_of(m, last) + last->chunks) {
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
	m->runs[m->run_count++] = *entry;
	return 0;
}

/* A cut while entries were moved leaves some in the table twice; those that
 * come later go. */
bool psnap_merge_stands_before(const struct merger *m,
			       const struct psnap_run *entry)
{
	struct psnap_run found;

	return m->again &&
	       psnap_map_find_old(m->again, entry->old_chunk, &found, 1) > 1 &&
	       (found.area_index != entry->area_index ||
		found.entry_index != entry->entry_index);
}

static int leave(struct merger *m, const struct psnap_run *entry,
		 uint64_t number, enum psnap_merge_left why)
{
	psnap_merge_keep(m, number);
	m->result->left[why]++;
	if (m->options->left && why == PSNAP_LEFT_UNRESCUED)
		return m->options->left(m->options->left_ctx, entry, why, NULL);
	return 0;
}

/* The check has seen the table; this sees it again, later. */
static int decode(const struct merger *m, uint64_t number,
		  const struct disk_exception *disk, struct psnap_run *entry,
		  struct psnap_error *err)
{
	*entry = (struct psnap_run){
		.old_chunk = le64_get(disk->old_chunk),
		.new_chunk = le64_get(disk->new_chunk),
		.chunks = 1,
		.area_index = number / m->geo->exceptions_per_area,
		.entry_index = (uint32_t)(number % m->geo->exceptions_per_area),
	};

	if (entry->new_chunk == 0 ||
	    !psnap_entry_plausible(m->geo, entry->old_chunk,
				   entry->new_chunk) ||
	    entry->old_chunk * m->geo->chunk_bytes >= m->origin->size_bytes)
		return psnap_fail_at(
			err, PSNAP_E_CORRUPT,
			psnap_geometry_entry_offset(m->geo, entry->area_index,
						    entry->entry_index),
			"the table changed while it was merged");
	return 0;
}

static int take(struct merger *m, const struct psnap_run *entry,
		enum psnap_merge_left why, void *ctx, struct psnap_error *err)
{
	uint64_t number = number_of(m, entry);

	(void)ctx;
	if (why == PSNAP_LEFT_REASONS)
		return append(m, entry, number, err);
	return psnap_merge_stands_before(m, entry)
		       ? 0
		       : leave(m, entry, number, why);
}

void psnap_merge_announce_table(struct merger *m, uint64_t first, uint64_t end)
{
	uint64_t per_area = m->geo->exceptions_per_area;

	while (first < end) {
		uint64_t n = min_u64(end - first, per_area - first % per_area);

		psnap_io_prefetch(m->store,
				  psnap_geometry_entry_offset(
					  m->geo, first / per_area,
					  (uint32_t)(first % per_area)),
				  n * PSNAP_EXCEPTION_BYTES);
		first += n;
	}
}

static int compare_new(const void *left, const void *right)
{
	const struct psnap_run *a = left;
	const struct psnap_run *b = right;

	return (a->new_chunk > b->new_chunk) - (a->new_chunk < b->new_chunk);
}

/* Entries that stand together in one area. */
static int each(struct merger *m, uint64_t first, uint64_t count,
		psnap_merge_entry_fn *fn, void *ctx, struct psnap_error *err)
{
	const struct disk_exception *entries =
		(const struct disk_exception *)(const void *)m->piece;
	uint64_t per_area = m->geo->exceptions_per_area;
	uint64_t i;
	int rc;

	rc = psnap_io_read(
		m->store,
		psnap_geometry_entry_offset(m->geo, first / per_area,
					    (uint32_t)(first % per_area)),
		m->piece, (size_t)count * sizeof(*entries), err);
	for (i = 0; i < count && rc == 0; i++) {
		struct psnap_run entry;

		rc = decode(m, first + i, &entries[i], &entry, err);
		if (rc == 0)
			rc = fn(m, &entry,
				psnap_merge_select(m->options, m->geo,
						   m->origin->size_bytes,
						   entry.old_chunk,
						   entry.new_chunk),
				ctx, err);
	}
	return rc;
}

int psnap_merge_each(struct merger *m, uint64_t first, uint64_t end,
		     psnap_merge_entry_fn *fn, void *ctx,
		     struct psnap_error *err)
{
	uint64_t per_area = m->geo->exceptions_per_area;
	int rc = 0;

	psnap_merge_announce_table(m, first, end);
	while (first < end && rc == 0) {
		uint64_t n = min_u64(end - first, per_area - first % per_area);

		n = min_u64(n, PSNAP_MERGE_PIECE_BYTES /
				       sizeof(struct disk_exception));
		rc = each(m, first, n, fn, ctx, err);
		first += n;
	}
	return rc;
}

int psnap_merge_load(struct merger *m, struct psnap_error *err)
{
	int rc;

	m->run_count = 0;
	m->staying = 0;
	memset(m->stays, 0, (size_t)((m->end - m->first + 7) / 8));
	rc = psnap_merge_each(m, m->first, m->end, take, NULL, err);
	/* In store order reads are sequential; the page cache sorts writes. */
	if (rc == 0 && m->run_count)
		qsort(m->runs, m->run_count, sizeof(*m->runs), compare_new);
	return rc;
}
