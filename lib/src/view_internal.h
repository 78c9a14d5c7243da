/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a view is made of.
 */
#ifndef PSNAP_VIEW_INTERNAL_H
#define PSNAP_VIEW_INTERNAL_H

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

/* view_io.c: make view->io readable; the devices are set. */
void psnap_view_io_init(struct psnap_view *view);

#endif
