/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a rebuild share: rebuild.c goes through the list and judges
 * it, rebuild_table.c lays entries out in areas, rebuild_batch.c compares and
 * writes those, rebuild_header.c the header, rebuild_data.c compares data.
 */
#ifndef PSNAP_REBUILD_INTERNAL_H
#define PSNAP_REBUILD_INTERNAL_H

#include "ondisk.h"

#include <psnap/io.h>
#include <psnap/rebuild.h>

/**
 * struct rebuilder - a check or a write under way
 * @write:         false: only compare
 * @refused:       the header is one that kernels refuse, and that is durable
 * @batch:         pieces of areas as they are to be, one behind the other
 * @extents:       where they belong
 * @differing:     scratch: where those belong that are to be written
 * @old_piece:     a piece as it stands
 * @piece_open:    the last piece has room for entries, @piece_entries are in it
 * @area_index, @area_done_bytes:  where the next piece belongs
 * @old_ended:     the table as it stands has ended before here
 * @data:          for comparing data; NULL until the first
 * @data_ahead_bytes:  where what was asked for ahead ends
 */
struct rebuilder {
	struct psnap_io *store;
	const struct psnap_rebuild_options *options;
	struct psnap_rebuild_result *result;
	struct psnap_geometry geo;
	bool write;
	bool refused;
	uint8_t *batch;
	struct psnap_extent *extents;
	struct psnap_extent *differing;
	size_t piece_bytes;
	size_t piece_max;
	size_t piece_count;
	uint8_t *old_piece;
	bool piece_open;
	uint32_t piece_entries;
	uint64_t area_index;
	uint64_t area_done_bytes;
	bool old_ended;
	uint8_t *data;
	uint64_t data_ahead_bytes;
};

/* rebuild.c: PSNAP_E_INTERRUPTED when the caller wants to stop. */
int psnap_rebuild_tick(const struct rebuilder *r, struct psnap_error *err);

/* rebuild_batch.c */
int psnap_rebuild_batch_init(struct rebuilder *r, struct psnap_error *err);
void psnap_rebuild_batch_release(struct rebuilder *r);
/* A piece of zeros at the end of the batch, which is passed on when full. */
int psnap_rebuild_batch_add(struct rebuilder *r, uint64_t offset_bytes,
			    struct psnap_error *err);
/* Compare the pieces with the store, and write those that differ. */
int psnap_rebuild_batch_flush(struct rebuilder *r, struct psnap_error *err);

/* rebuild_table.c */
int psnap_rebuild_table_put(struct rebuilder *r, const struct psnap_run *run,
			    struct psnap_error *err);
/* The terminator, and zeros up to the end of its area. */
int psnap_rebuild_table_end(struct rebuilder *r, struct psnap_error *err);

/* rebuild_header.c */
/* Before anything else is written: no kernel may load the store. */
int psnap_rebuild_header_refuse(struct rebuilder *r, struct psnap_error *err);
/* What is behind the first sector, up to the end of the chunk: zero. */
int psnap_rebuild_header_rest(struct rebuilder *r, struct psnap_error *err);
/* Everything else is done: the first sector. */
int psnap_rebuild_header_end(struct rebuilder *r, struct psnap_error *err);

/* rebuild_data.c: is the data of this entry what it was? Counts it. */
int psnap_rebuild_data_compare(struct rebuilder *r,
			       const struct psnap_rebuild_entry *entry,
			       struct psnap_error *err);

#endif
