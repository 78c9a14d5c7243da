/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a merge share.
 */
#ifndef PSNAP_MERGE_INTERNAL_H
#define PSNAP_MERGE_INTERNAL_H

#include "io_ahead.h"

#include <psnap/io.h>
#include <psnap/map.h>
#include <psnap/merge.h>
#include <stddef.h>
#include <string.h>

/* Read, copy and compare in pieces of this size. */
#define PSNAP_MERGE_PIECE_BYTES ((size_t)1 << 20)
/* Entries of a batch at the most: its runs are held in memory. */
#define PSNAP_MERGE_BATCH_ENTRIES ((uint64_t)1 << 18)
/* Entries that stand in the table twice at any time, at the most. psnap_check()
 * tells up to 1024 of them from real duplicates. */
#define PSNAP_MERGE_MOVES ((size_t)512)

/*
 * The table at any time: entries not looked at yet, [0, end of the batch), then
 * @kept entries that stay, then the terminator.
 *
 * @source:         with psnap_merge_to(): where the data of what is left comes
 *                  from, the origin. @origin is then the copy, and zeros are
 *                  left out of it. Otherwise NULL
 * @again:          the whole table, only when entries stand in it twice
 * @piece, @other:  PSNAP_MERGE_PIECE_BYTES each
 * @ahead:          reads the store with threads; NULL: there are none
 * @announced:      entries from this one on are announced to the origin
 * @first, @end:    the batch: entries by their number, from the table's start
 * @stays:          bit n: entry first + n stays in the table
 * @runs:           what of the batch is to be copied, by new_chunk
 * @staying:        how many bits of @stays are set
 * @tail_is_zero:   behind the terminator there is nothing more to clear
 */
struct merger {
	struct psnap_io *store;
	struct psnap_io *origin;
	struct psnap_io *source;
	const struct psnap_geometry *geo;
	const struct psnap_merge_options *options;
	struct psnap_merge_result *result;
	uint64_t total_bytes;
	struct psnap_map *again;
	uint8_t *piece;
	uint8_t *other;
	struct psnap_ahead *ahead;
	uint64_t announced;
	uint64_t first;
	uint64_t end;
	uint64_t kept;
	uint8_t *stays;
	uint64_t staying;
	bool tail_is_zero;
	struct psnap_run *runs;
	size_t run_count;
	size_t run_max;
};

/* Note on which device it was that something failed. */
static inline int psnap_merge_on(struct merger *m, const struct psnap_io *io,
				 int rc)
{
	if (rc < 0 && !m->result->failed)
		m->result->failed = io;
	return rc;
}

static inline bool psnap_merge_is_zero(const uint8_t *data, size_t len_bytes)
{
	return data[0] == 0 && memcmp(data, data + 1, len_bytes - 1) == 0;
}

static inline bool psnap_merge_stays(const struct merger *m, uint64_t number)
{
	uint64_t bit = number - m->first;

	return number >= m->end || (m->stays[bit / 8] >> (bit % 8) & 1);
}

static inline void psnap_merge_keep(struct merger *m, uint64_t number)
{
	uint64_t bit = number - m->first;

	m->stays[bit / 8] |= (uint8_t)(1u << (bit % 8));
	m->staying++;
}

/* merge_select.c: does this one chunk's exception stay, and why?
 * PSNAP_LEFT_REASONS: it is to be merged. */
enum psnap_merge_left
psnap_merge_select(const struct psnap_merge_options *options,
		   const struct psnap_geometry *geo, uint64_t origin_bytes,
		   uint64_t old_chunk, uint64_t new_chunk);

/* merge_select.c: is there anything that could make an exception stay? */
bool psnap_merge_selects(const struct psnap_merge_options *options);

/* merge.c: how many entries make a batch, at the most. */
uint64_t psnap_merge_batch_entries(const struct psnap_geometry *geo,
				   const struct psnap_merge_options *options);

/* merge.c: merge the whole table of a merger that knows its devices. */
int psnap_merge_run(struct merger *m, const struct psnap_merge_plan *plan,
		    struct psnap_error *err);

/* merge_map.c: the whole table, sorted; a part that cannot be read is a failure. */
int psnap_merge_load_map(struct merger *m, struct psnap_map **map,
			 struct psnap_error *err);

/* merge_load.c: is this one of two entries that are the same, and the later? */
bool psnap_merge_stands_before(const struct merger *m,
			       const struct psnap_run *entry);

/*
 * Told of an exception; @why it would stay, PSNAP_LEFT_REASONS: it would not. A
 * negative return ends what it was called by.
 */
typedef int psnap_merge_entry_fn(struct merger *m,
				 const struct psnap_run *entry,
				 enum psnap_merge_left why, void *ctx,
				 struct psnap_error *err);

/* merge_load.c: tell @fn of the entries [first, end) of the table. Uses
 * m->piece. */
int psnap_merge_each(struct merger *m, uint64_t first, uint64_t end,
		     psnap_merge_entry_fn *fn, void *ctx,
		     struct psnap_error *err);

/* merge_load.c: read the batch [m->first, m->end). */
int psnap_merge_load(struct merger *m, struct psnap_error *err);

/* merge_load.c: say that entries [first, end) of the table will be read. */
void psnap_merge_announce_table(struct merger *m, uint64_t first, uint64_t end);

/* merge_prepare.c: announce what copying the loaded runs, and those of the next
 * batches, will overwrite. */
int psnap_merge_prepare_copy(struct merger *m, struct psnap_error *err);

/* merge_copy.c: copy the loaded runs onto the origin. Nothing is durable. */
int psnap_merge_copy(struct merger *m, struct psnap_error *err);

/* merge_copy.c: how many runs from @first on can be read at once, and how long
 * that read is. */
size_t psnap_merge_group(const struct merger *m, size_t first,
			 uint64_t *len_bytes);

/*
 * merge_copy.c: copy what of the runs [first, first + count) stands in this range
 * of the store, which holds @data; NULL: each run is read by itself.
 */
int psnap_merge_put(struct merger *m, size_t first, size_t count,
		    uint64_t start_bytes, uint64_t len_bytes,
		    const uint8_t *data, struct psnap_error *err);

/* merge_ahead.c: make threads, if there is enough to be read for them. */
void psnap_merge_open_ahead(struct merger *m);

/* merge_ahead.c: are there threads, and of use for the loaded runs? */
bool psnap_merge_wants_ahead(const struct merger *m);

/* merge_ahead.c: copy the loaded runs, the store read by threads. */
int psnap_merge_copy_ahead(struct merger *m, struct psnap_error *err);

/* merge_write.c: a range of bytes to be copied. */
struct merge_span {
	uint64_t from_bytes; /* on the store */
	uint64_t to_bytes;   /* on the origin */
	uint64_t len_bytes;
};
struct merge_span psnap_merge_span(const struct merger *m,
				   const struct psnap_run *run);
int psnap_merge_write(struct merger *m, uint64_t to_bytes, const uint8_t *data,
		      size_t len_bytes, struct psnap_error *err);
/* Write to something that is all zero, leaving out blocks of zeros. */
int psnap_merge_write_sparse(struct psnap_io *target, uint64_t at_bytes,
			     const uint8_t *data, size_t len_bytes,
			     struct psnap_error *err);
int psnap_merge_tick(struct merger *m, struct psnap_error *err);
/* A span of any length, piece by piece. */
int psnap_merge_copy_span(struct merger *m, const struct merge_span *span,
			  struct psnap_error *err);

/* merge_salvage.c: copy a run chunk by chunk; what cannot be read stays. */
int psnap_merge_salvage(struct merger *m, const struct psnap_run *run,
			struct psnap_error *err);

/* merge_verify.c: read back what was merged and compare. */
int psnap_merge_verify(struct merger *m, struct psnap_error *err);

/* merge_remove.c: take the merged entries of the batch out of the table. Every
 * step is durable when it returns. */
int psnap_merge_remove(struct merger *m, struct psnap_error *err);

/* merge_clear.c: zero entries [first, end), which are the table's last, and the
 * first time what stands behind them in the area of @end. Last bytes first;
 * nothing is durable. */
int psnap_merge_clear(struct merger *m, uint64_t first, uint64_t end,
		      struct psnap_error *err);

#endif
