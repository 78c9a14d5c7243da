/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a merge share.
 */
#ifndef PSNAP_MERGE_INTERNAL_H
#define PSNAP_MERGE_INTERNAL_H

#include <psnap/io.h>
#include <psnap/merge.h>
#include <psnap/walk.h>
#include <stddef.h>

/* Read, copy and compare in pieces of this size. */
#define PSNAP_MERGE_PIECE_BYTES ((size_t)1 << 20)

/*
 * @piece, @other:  PSNAP_MERGE_PIECE_BYTES each
 * @runs:           of the batch at hand
 */
struct merger {
	struct psnap_io *store;
	struct psnap_io *origin;
	const struct psnap_geometry *geo;
	const struct psnap_merge_options *options;
	struct psnap_merge_result *result;
	uint64_t total_bytes;
	uint8_t *piece;
	uint8_t *other;
	struct psnap_run *runs;
	size_t run_count;
	size_t run_max;
};

/* merge_load.c: read entries [first, end) of the table, counted from its
 * start, as runs sorted by new_chunk. */
int psnap_merge_load(struct merger *m, uint64_t first, uint64_t end,
		     struct psnap_error *err);

/* merge_copy.c: announce what copying the loaded runs will overwrite. */
int psnap_merge_prepare_copy(struct merger *m, struct psnap_error *err);

/* merge_copy.c: copy the loaded runs onto the origin. Nothing is durable. */
int psnap_merge_copy(struct merger *m, struct psnap_error *err);

/* merge_copy.c: read back and compare. */
int psnap_merge_verify(struct merger *m, struct psnap_error *err);

/* merge_clear.c: zero the table from entry @first to the end of the area that
 * holds entry @end, last bytes first. Nothing is durable. */
int psnap_merge_clear(struct merger *m, uint64_t first, uint64_t end,
		      struct psnap_error *err);

#endif
