/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a batch whose data lies together on the store: threads read it in
 * large pieces while what came before is written. Single chunks here and there
 * are not worth a thread's waking, and a store that is being salvaged is to be
 * read as little as possible: both are left to merge_copy.c.
 */
#include "merge_internal.h"

#include "checked.h"

/* On the average, for a thread to be worth it. */
#define GROUP_BYTES_MIN (UINT64_C(64) << 10)
/* All together, to be worth the making of threads. */
#define BYTES_MIN (UINT64_C(4) << 20)

/* A run longer than a piece is read in several; of the others several in one. */
static int take(void *ctx, const struct psnap_ahead_piece *piece,
		struct psnap_error *err)
{
	struct merger *m = ctx;
	size_t first = (size_t)piece->tag;
	uint64_t len_bytes;
	size_t count = psnap_merge_group(m, first, &len_bytes);
	/* Something may be wrong with a gap that nobody asked for: without data
	 * what is needed of it is read by itself. */
	int rc = psnap_merge_put(m, first, count, piece->offset_bytes,
				 piece->len_bytes, piece->data, err);

	return rc ? rc : psnap_merge_tick(m, err);
}

void psnap_merge_open_ahead(struct merger *m)
{
	const struct psnap_ahead_options options = {
		.io = m->store,
		.to = m->origin,
		.piece_bytes = PSNAP_MERGE_PIECE_BYTES,
		.take = take,
		.ctx = m,
	};

	/* Without them it takes longer, and that is all. */
	if (m->options->salvage || m->total_bytes < BYTES_MIN ||
	    psnap_ahead_open(&options, &m->ahead, NULL))
		m->ahead = NULL;
}

bool psnap_merge_wants_ahead(const struct merger *m)
{
	uint64_t bytes = 0;
	uint64_t groups = 0;
	size_t i = 0;

	if (!m->ahead || m->run_count == 0)
		return false;
	while (i < m->run_count) {
		uint64_t len_bytes;

		i += psnap_merge_group(m, i, &len_bytes);
		bytes += len_bytes;
		groups++;
	}
	return bytes / groups >= GROUP_BYTES_MIN;
}

int psnap_merge_copy_ahead(struct merger *m, struct psnap_error *err)
{
	size_t i = 0;
	int rc = 0;

	while (i < m->run_count && rc == 0) {
		uint64_t at = psnap_merge_span(m, &m->runs[i]).from_bytes;
		uint64_t len_bytes;
		size_t n = psnap_merge_group(m, i, &len_bytes);

		while (len_bytes > 0 && rc == 0) {
			size_t len = (size_t)min_u64(len_bytes,
						     PSNAP_MERGE_PIECE_BYTES);

			rc = psnap_ahead_read(m->ahead, at, len, i, err);
			at += len;
			len_bytes -= len;
		}
		i += n;
	}
	return rc ? rc : psnap_ahead_finish(m->ahead, err);
}
