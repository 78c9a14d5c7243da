/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging from a dying disk: a run is copied chunk by chunk, and an exception
 * whose data cannot be read as a whole stays in the store. Why a read failed is
 * told with that exception and is no failure of the merge.
 */
#include "merge_internal.h"

#include "checked.h"

#include <stddef.h>

static bool unreadable(int rc)
{
	return rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED;
}

/* All of it, before the first byte is written: half a chunk on the origin
 * would be neither the old nor the new one. */
static int read_through(struct merger *m, const struct merge_span *span,
			struct psnap_error *err)
{
	uint64_t done;
	int rc = 0;

	for (done = 0; done < span->len_bytes && rc == 0;
	     done += PSNAP_MERGE_PIECE_BYTES)
		rc = psnap_io_read(m->store, span->from_bytes + done, m->piece,
				   (size_t)min_u64(PSNAP_MERGE_PIECE_BYTES,
						   span->len_bytes - done),
				   err);
	return rc;
}

/* A span no longer than a piece is in m->piece already. */
static int write_read(struct merger *m, const struct merge_span *span,
		      struct psnap_error *err)
{
	int rc;

	if (span->len_bytes > PSNAP_MERGE_PIECE_BYTES)
		return psnap_merge_copy_span(m, span, err);
	rc = psnap_merge_write(m, span->to_bytes, m->piece,
			       (size_t)span->len_bytes, err);
	return rc ? rc : psnap_merge_tick(m, err);
}

/* With psnap_merge_to() the copy gets what the origin has. */
static int fill_from_source(struct merger *m, const struct merge_span *span,
			    struct psnap_error *err)
{
	struct psnap_io *store = m->store;
	const struct merge_span same = { span->to_bytes, span->to_bytes,
					 span->len_bytes };
	int rc;

	if (!m->source)
		return 0;
	m->store = m->source;
	rc = psnap_merge_copy_span(m, &same, err);
	m->store = store;
	return rc;
}

static int leave(struct merger *m, const struct psnap_run *chunk,
		 const struct psnap_error *why)
{
	/* The first of the two is there, and is left when it is its turn. */
	if (psnap_merge_stands_before(m, chunk))
		return 0;
	psnap_merge_keep(m, chunk->area_index * m->geo->exceptions_per_area +
				    chunk->entry_index);
	m->result->left[PSNAP_LEFT_UNREADABLE]++;
	return m->options->left ? m->options->left(m->options->left_ctx, chunk,
						   PSNAP_LEFT_UNREADABLE, why)
				: 0;
}

static struct psnap_run part_of(const struct merger *m,
				const struct psnap_run *run, uint64_t first,
				uint64_t chunks)
{
	struct psnap_run part = *run;

	psnap_run_skip(m->geo, &part, first);
	part.chunks = chunks;
	return part;
}

static int salvage_chunk(struct merger *m, const struct psnap_run *chunk,
			 struct psnap_error *err)
{
	struct merge_span span = psnap_merge_span(m, chunk);
	struct psnap_error why = { 0 };
	int rc = read_through(m, &span, &why);

	if (rc == 0)
		return write_read(m, &span, err);
	if (!unreadable(rc)) {
		if (err)
			*err = why;
		return rc;
	}
	rc = leave(m, chunk, &why);
	return rc ? rc : fill_from_source(m, &span, err);
}

/* As many chunks as a piece holds, at once while they can be read. */
static int salvage_part(struct merger *m, const struct psnap_run *part,
			struct psnap_error *err)
{
	struct merge_span span = psnap_merge_span(m, part);
	uint64_t i;
	int rc;

	if (part->chunks > 1) {
		rc = read_through(m, &span, err);
		if (rc == 0)
			return write_read(m, &span, err);
		if (!unreadable(rc))
			return rc;
	}
	for (i = 0, rc = 0; i < part->chunks && rc == 0; i++) {
		struct psnap_run chunk = part_of(m, part, i, 1);

		rc = salvage_chunk(m, &chunk, err);
	}
	return rc;
}

int psnap_merge_salvage(struct merger *m, const struct psnap_run *run,
			struct psnap_error *err)
{
	uint64_t step = PSNAP_MERGE_PIECE_BYTES / m->geo->chunk_bytes;
	uint64_t done = 0;
	int rc = 0;

	step = step ? step : 1;
	while (done < run->chunks && rc == 0) {
		uint64_t n = min_u64(step, run->chunks - done);
		struct psnap_run part = part_of(m, run, done, n);

		rc = salvage_part(m, &part, err);
		done += n;
	}
	return rc;
}
