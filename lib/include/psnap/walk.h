/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the exception table in table order, area by area, the way the kernel
 * reads it: it stops at the first entry whose new_chunk is 0. On request the
 * walk looks past that entry and past the last area, for forensics.
 *
 * Memory: one buffer of at most 128 KiB, whatever the store holds. A window of
 * areas ahead is prefetched; it grows while areas turn out full.
 */
#ifndef PSNAP_WALK_H
#define PSNAP_WALK_H

#include <psnap/progress.h>
#include <psnap/store.h>

PSNAP_BEGIN_DECLS

struct psnap_walk;

/* What stands behind an entry. */
enum psnap_entry_state {
	PSNAP_ENTRY_LIVE,	      /* the kernel reads it */
	PSNAP_ENTRY_UNCERTAIN,	      /* behind a part that cannot be read */
	PSNAP_ENTRY_AFTER_TERMINATOR, /* later commits can bring it back */
	PSNAP_ENTRY_STALE,	      /* in an area the kernel never reads */
};

/**
 * struct psnap_run - consecutive entries, consecutive in both numbers
 * @old_chunk:    first chunk of the origin
 * @new_chunk:    first chunk of the store; never 0
 * @chunks:       how many, at least 1; 1 for a single exception
 * @area_index:   where the first entry stands
 * @entry_index:  its slot in that area; the others follow in table order
 * @state:        the same for all
 *
 * Values are as on disk: nothing in them has been checked against the device.
 */
struct psnap_run {
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t chunks;
	uint64_t area_index;
	uint32_t entry_index;
	enum psnap_entry_state state;
};

/**
 * psnap_run_skip() - move the start of a run forward
 * @geo:       geometry of the store the run is from
 * @run:       changed: begins @distance chunks later, in both numbers and in
 *             the table, where it may come to stand in a later area
 * @distance:  less than or equal to run->chunks
 */
PSNAP_API void psnap_run_skip(const struct psnap_geometry *geo,
			      struct psnap_run *run, uint64_t distance);

/* stale_areas_max: look at every area to the end of the device. */
#define PSNAP_ALL_AREAS UINT64_MAX

/**
 * struct psnap_walk_options - zero-initialise for the kernel's view
 * @past_terminator:   also yield entries that follow the terminator in its area
 * @stale_areas_max:   how many areas past the last one to look at; those that
 *                     hold a plausible table are yielded, up to its terminator
 * @progress:          told the offset of each area
 */
struct psnap_walk_options {
	bool past_terminator;
	uint64_t stale_areas_max;
	struct psnap_progress progress;
};

/* Why the live part of the table ended. */
enum psnap_walk_end {
	PSNAP_WALK_END_NONE,	   /* it has not yet */
	PSNAP_WALK_END_TERMINATOR, /* an entry with new_chunk 0 */
	PSNAP_WALK_END_DEVICE,	   /* a full area whose successor is missing */
	PSNAP_WALK_END_UNREADABLE, /* behind an unreadable part no table goes on */
};

/**
 * struct psnap_walk_totals - what the live part came to so far
 * @end:                 why it ended
 * @exceptions:          entries with state live or uncertain
 * @last_area_index:     the last area read (the kernel's current area)
 * @last_area_entries:   entries in it
 * @next_free_chunk:     as the kernel computes it at load, before it steps
 *                       over an area (64-bit wrap included)
 * @unreadable_bytes:    bytes of areas that could not be read
 * @stale_areas_seen:    areas past the last that were looked at
 */
struct psnap_walk_totals {
	enum psnap_walk_end end;
	uint64_t exceptions;
	uint64_t last_area_index;
	uint32_t last_area_entries;
	uint64_t next_free_chunk;
	uint64_t unreadable_bytes;
	uint64_t stale_areas_seen;
};

/**
 * psnap_walk_open() - begin a walk
 * @store:    an open store; must outlive the walk
 * @options:  NULL: the kernel's view; copied
 * @walk:     out: release with psnap_walk_close(); NULL on failure
 *
 * Return: 0, or PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_walk_open(struct psnap_store *store,
		const struct psnap_walk_options *options,
		struct psnap_walk **walk, struct psnap_error *err);

/**
 * psnap_walk_next() - the next exception
 * @exception:  out: a run of one chunk
 *
 * Return: 1, or 0 at the end, or
 *   PSNAP_E_IO           a part of an area cannot be read; @err says where.
 *                        Calling again goes on behind that part; live entries
 *                        from there on are uncertain
 *   PSNAP_E_TRUNCATED    the same, because the file became shorter
 *   PSNAP_E_INTERRUPTED  the tick asked to stop
 *   PSNAP_E_NOMEM
 * Do not mix with psnap_walk_next_run() on one walk.
 */
PSNAP_API PSNAP_MUST_USE int psnap_walk_next(struct psnap_walk *walk,
					     struct psnap_run *exception,
					     struct psnap_error *err);

/**
 * psnap_walk_next_run() - the next run, as long as it goes
 *
 * A run ends where either number, the state or the table breaks.
 * Return: as psnap_walk_next().
 */
PSNAP_API PSNAP_MUST_USE int psnap_walk_next_run(struct psnap_walk *walk,
						 struct psnap_run *run,
						 struct psnap_error *err);

/**
 * psnap_walk_fault() - the part that the last PSNAP_E_IO was about
 * @offset_bytes:  out: where it starts on the store
 * @len_bytes:     out: how long it is
 *
 * Return: the state its entries would have had (stale: the kernel never reads
 * there).
 */
PSNAP_API enum psnap_entry_state psnap_walk_fault(const struct psnap_walk *walk,
						  uint64_t *offset_bytes,
						  uint64_t *len_bytes);

/** psnap_walk_totals() - sums so far; final once the walk returned 0 */
PSNAP_API const struct psnap_walk_totals *
psnap_walk_totals(const struct psnap_walk *walk);

/** psnap_walk_close() - end a walk; NULL is fine */
PSNAP_API void psnap_walk_close(struct psnap_walk *walk);

PSNAP_END_DECLS

#endif
