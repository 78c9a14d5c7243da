/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a view is made of.
 */
#ifndef PSNAP_VIEW_INTERNAL_H
#define PSNAP_VIEW_INTERNAL_H

#include <psnap/map.h>
#include <psnap/view.h>

/* @io: first, so that the io leads to the view */
struct psnap_view {
	struct psnap_io io;
	struct psnap_io *store;
	struct psnap_io *origin;
	struct psnap_view_segment *segments;
	size_t count;
	size_t max;
};

/* Make the segments of a view whose devices are set. */
typedef int psnap_view_fill_fn(struct psnap_view *view,
			       struct psnap_store *store,
			       const struct psnap_map *map, void *ctx,
			       struct psnap_error *err);

/* view.c: psnap_view_open(), with segments of the caller's. */
int psnap_view_open_with(struct psnap_store *store, struct psnap_io *origin,
			 const struct psnap_progress *progress,
			 psnap_view_fill_fn *fill_view, void *ctx,
			 struct psnap_view **view, struct psnap_error *err);

/* view.c: one more run; they come by old chunk, so none starts before the last
 * segment does. */
int psnap_view_append_run(struct psnap_view *v,
			  const struct psnap_geometry *geo,
			  const struct psnap_run *run, struct psnap_error *err);

/* view.c: the origin from where the last segment ends up to @end_bytes. */
int psnap_view_append_origin(struct psnap_view *v, uint64_t end_bytes,
			     struct psnap_error *err);

/* view_io.c: make view->io readable; the devices are set. */
void psnap_view_io_init(struct psnap_view *view);

#endif
