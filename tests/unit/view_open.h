/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view of a store over an origin.
 */
#ifndef PSNAP_TEST_VIEW_OPEN_H
#define PSNAP_TEST_VIEW_OPEN_H

#include <psnap/view.h>
#include <stdlib.h>

static inline struct psnap_view *open_view(struct psnap_io *store_io,
					   struct psnap_io *origin, int *rc,
					   struct psnap_error *err)
{
	struct psnap_store *store;
	struct psnap_view *view;

	if (psnap_store_open(store_io, 0, &store, err))
		abort();
	*rc = psnap_view_open(store, origin, NULL, &view, err);
	psnap_store_close(store);
	return view;
}

#endif
