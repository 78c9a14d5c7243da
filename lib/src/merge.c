/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The merge as a whole: the order of copying, flushing and clearing. The crash
 * cases that fix this order are listed in psnap-store(5) "Merging".
 */
#include <psnap/merge.h>

#include "checked.h"
#include "fail.h"
#include "merge_internal.h"

#include <stdlib.h>
#include <string.h>

uint64_t psnap_merge_batch_entries(const struct psnap_geometry *geo,
				   const struct psnap_merge_options *options)
{
	uint64_t bytes = options->batch_bytes ? options->batch_bytes
					      : PSNAP_MERGE_BATCH_BYTES;
	uint64_t entries = bytes / geo->chunk_bytes;

	return entries ? min_u64(entries, PSNAP_MERGE_BATCH_ENTRIES) : 1;
}

/* Chunks that stay do not count as made good. */
static void count_rescued(struct merger *m)
{
	struct psnap_extents *bad = m->options->origin_unrescued;
	size_t i;

	for (i = 0; bad && i < m->run_count; i++) {
		uint64_t j;

		for (j = 0; j < m->runs[i].chunks; j++) {
			struct psnap_run chunk = m->runs[i];
			struct merge_span s;

			psnap_run_skip(m->geo, &chunk, j);
			chunk.chunks = 1;
			if (psnap_merge_stays(
				    m,
				    chunk.area_index *
						    m->geo->exceptions_per_area +
					    chunk.entry_index))
				continue;
			/* Merged once more when the first has its turn. */
			if (psnap_merge_stands_before(m, &chunk))
				continue;
			s = psnap_merge_span(m, &chunk);
			m->result->origin_unrescued_bytes -=
				psnap_extents_common_bytes(bad, s.to_bytes,
							   s.to_bytes +
								   s.len_bytes);
		}
	}
}

static uint64_t chunks_in_runs(const struct merger *m)
{
	uint64_t chunks = 0;
	size_t i;

	for (i = 0; i < m->run_count; i++)
		chunks += m->runs[i].chunks;
	return chunks;
}

/* The data of the batch is on the origin, durably, when this returns. */
static int copy_batch(struct merger *m, struct psnap_error *err)
{
	int rc = psnap_merge_prepare_copy(m, err);

	if (rc == 0)
		rc = psnap_merge_copy(m, err);
	/* Without this, an exception could be durably gone while its data is
	 * still in the origin's cache: the kernel before 5.11 lost data so. */
	if (rc == 0)
		rc = psnap_merge_on(m, m->origin,
				    psnap_io_sync(m->origin, err));
	if (rc == 0 && m->options->verify)
		rc = psnap_merge_verify(m, err);
	return rc;
}

/* None of it is needed again. Memory that is used over and over is faster than
 * memory that is new, and the rest of the machine keeps its own. */
static void forget_batch(struct merger *m)
{
	psnap_io_forget(m->store, 0, m->store->size_bytes);
	psnap_io_forget(m->origin, 0, m->origin->size_bytes);
}

static int merge_batch(struct merger *m, struct psnap_error *err)
{
	uint64_t entries = m->end - m->first;
	uint64_t asked;
	uint64_t staying;
	int rc = psnap_merge_on(m, m->store, psnap_merge_load(m, err));

	if (rc)
		return rc;
	asked = chunks_in_runs(m);
	staying = m->staying;
	if (asked)
		rc = copy_batch(m, err);
	if (rc == 0 && !m->options->keep_store &&
	    (m->staying < entries || !m->tail_is_zero))
		rc = psnap_merge_on(m, m->store, psnap_merge_remove(m, err));
	if (rc)
		return rc;
	forget_batch(m);
	count_rescued(m);
	m->result->batches += asked != 0;
	m->result->exceptions += asked - (m->staying - staying);
	if (!m->options->keep_store)
		m->result->exceptions_left -= entries - m->staying;
	m->kept += m->staying;
	return 0;
}

/* From the end of the table to its start; once also when it is empty, for what
 * a torn clear left behind the terminator: that would come back to life. */
static int merge_table(struct merger *m, uint64_t count,
		       struct psnap_error *err)
{
	uint64_t per_batch = psnap_merge_batch_entries(m->geo, m->options);
	int rc;

	m->announced = count;
	m->end = count;
	do {
		m->first = m->end - min_u64(m->end, per_batch);
		rc = merge_batch(m, err);
		m->end = m->first;
	} while (rc == 0 && m->end > 0);
	return rc;
}

int psnap_merge_run(struct merger *m, const struct psnap_merge_plan *plan,
		    struct psnap_error *err)
{
	struct psnap_merge_result *result = m->result;
	int rc = 0;

	memset(result, 0, sizeof(*result));
	result->exceptions_left = plan->check.exceptions;
	if (plan->refused)
		return psnap_fail(err, PSNAP_E_API,
				  "the store is not fit to be merged");
	if (m->options->origin_unrescued)
		result->origin_unrescued_bytes = psnap_extents_common_bytes(
			m->options->origin_unrescued, 0, m->origin->size_bytes);
	m->total_bytes = plan->copy_bytes;
	m->piece = malloc(PSNAP_MERGE_PIECE_BYTES);
	m->other = malloc(PSNAP_MERGE_PIECE_BYTES);
	m->stays = calloc(1, PSNAP_MERGE_BATCH_ENTRIES / 8);
	if (!m->piece || !m->other || !m->stays)
		rc = psnap_fail_nomem(err, "merging");
	/* Matters only to entries that stay, and one of the two goes. */
	if (rc == 0 && plan->check.counts[PSNAP_F_DUPLICATE_SAME])
		rc = psnap_merge_load_map(m, &m->again, err);
	if (rc == 0)
		psnap_merge_open_ahead(m);
	if (rc == 0)
		rc = merge_table(m, plan->check.exceptions, err);
	psnap_ahead_close(m->ahead);
	psnap_map_free(m->again);
	free(m->runs);
	free(m->stays);
	free(m->piece);
	free(m->other);
	return rc;
}

int psnap_merge(struct psnap_io *store, struct psnap_io *origin,
		const struct psnap_merge_options *options,
		const struct psnap_merge_plan *plan,
		struct psnap_merge_result *result, struct psnap_error *err)
{
	struct merger m = {
		.store = store,
		.origin = origin,
		.geo = &plan->check.geometry,
		.options = options,
		.result = result,
	};

	return psnap_merge_run(&m, plan, err);
}
