/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot shows: the origin, with the store's exceptions over it. The
 * view is an io that is only read, so whatever reads an io can read a snapshot;
 * and it is a list of segments, for formats that point instead of copying.
 */
#ifndef PSNAP_VIEW_H
#define PSNAP_VIEW_H

#include <psnap/extents.h>
#include <psnap/io.h>
#include <psnap/progress.h>
#include <psnap/store.h>

PSNAP_BEGIN_DECLS

/* Where a part of the view stands. */
enum psnap_view_source {
	PSNAP_VIEW_ORIGIN,
	PSNAP_VIEW_STORE,
};

/**
 * struct psnap_view_segment - a part of the view that stands in one piece
 * @start_bytes:  in the view
 * @len_bytes:    at least 1
 * @source:       which of the two devices has it
 * @from_bytes:   where on that device; of the origin this is @start_bytes
 */
struct psnap_view_segment {
	uint64_t start_bytes;
	uint64_t len_bytes;
	enum psnap_view_source source;
	uint64_t from_bytes;
};

struct psnap_view;

/**
 * psnap_view_open() - the view of a store and its origin
 * @store:     an open store; its io must outlive the view, @store need not
 * @origin:    its origin; must outlive the view
 * @progress:  told of the walk through the table; may be NULL
 * @view:      out: release with psnap_view_close(); NULL on failure
 *
 * Exceptions beyond the end of the origin are not part of the view; of one that
 * reaches past it only the front is. The table must be sound: check it first.
 * Memory: 32 bytes for each segment, and while opening what psnap_map_load()
 * takes.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  an origin chunk has two exceptions that differ, or one has
 *                    its data in the metadata or past the end of the store
 *   PSNAP_E_IO       a part of the table cannot be read
 *   PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_view_open(struct psnap_store *store, struct psnap_io *origin,
		const struct psnap_progress *progress, struct psnap_view **view,
		struct psnap_error *err);

/**
 * struct psnap_view_doubt - what is not known of the view of a damaged store
 * @unknown:     receives the bytes of the view whose exception cannot be used:
 *               its numbers are impossible, another one says something else,
 *               its data is not on the device, or its area was overwritten. The
 *               view shows the origin there
 * @uncertain:   receives those whose exception is used although it stands
 *               behind a part of the table that cannot be read
 * @unused:      exceptions that are not used, those beyond the origin included
 * @incomplete:  out: a part of the table is lost: where the view shows the
 *               origin, there may have been an exception
 * @lost_bytes:  out: of the table that cannot be read
 */
struct psnap_view_doubt {
	struct psnap_extents *unknown;
	struct psnap_extents *uncertain;
	uint64_t unused;
	bool incomplete;
	uint64_t lost_bytes;
};

/**
 * psnap_view_open_salvage() - what can be shown of a store with errors
 * @doubt:  the sets are the caller's
 *
 * As psnap_view_open(), but no exception makes it fail.
 * Memory: three times as much.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_view_open_salvage(struct psnap_store *store, struct psnap_io *origin,
			const struct psnap_progress *progress,
			struct psnap_view_doubt *doubt,
			struct psnap_view **view, struct psnap_error *err);

/**
 * psnap_view_io() - the view as an io: read-only, as large as the origin
 *
 * What is a hole in origin or store is one in the view, see
 * psnap_io_next_data(). Neighbouring exceptions that follow each other on the
 * store are read in one.
 * Return: an io that lives as long as the view; closing it does nothing.
 */
PSNAP_API struct psnap_io *psnap_view_io(struct psnap_view *view);

/**
 * psnap_view_segments() - all of the view, in order, without gaps
 * @count:  out: how many; 0 for an origin of no bytes
 *
 * No two neighbours could be one segment.
 * Return: an array that lives as long as the view.
 */
PSNAP_API const struct psnap_view_segment *
psnap_view_segments(const struct psnap_view *view, size_t *count);

/**
 * psnap_view_order() - all of the view, in the order in which it is read fastest
 * @extents:  out: release with free()
 * @count:    out: how many
 *
 * First what the origin has, then what the store has, in its order there: on a
 * disk, and for read-ahead, that is many times as fast as the order of the view.
 * Memory: 40 bytes for each segment, 16 of them afterwards.
 * Return: 0, or PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_view_order(const struct psnap_view *view,
					      struct psnap_extent **extents,
					      size_t *count,
					      struct psnap_error *err);

/**
 * psnap_view_find() - the segment that has a byte of the view
 * @offset_bytes:  [0, size of the origin)
 */
PSNAP_API const struct psnap_view_segment *
psnap_view_find(const struct psnap_view *view, uint64_t offset_bytes);

/** psnap_view_close() - release a view; the devices stay open; NULL is fine */
PSNAP_API void psnap_view_close(struct psnap_view *view);

PSNAP_END_DECLS

#endif
