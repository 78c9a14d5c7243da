/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The segments of a view in the order of the devices. A store has its chunks in
 * the order in which they were written, the view has them in that of the origin:
 * who reads by the view jumps to and fro on the store.
 */
#include "view_internal.h"

#include "fail.h"

#include <stdlib.h>

static int by_place(const void *left, const void *right)
{
	const struct psnap_view_segment *a = left;
	const struct psnap_view_segment *b = right;

	return (a->from_bytes > b->from_bytes) -
	       (a->from_bytes < b->from_bytes);
}

int psnap_view_order(const struct psnap_view *view,
		     struct psnap_extent **extents, size_t *count,
		     struct psnap_error *err)
{
	struct psnap_view_segment *store =
		reallocarray(NULL, view->count + 1, sizeof(*store));
	struct psnap_extent *list =
		reallocarray(NULL, view->count + 1, sizeof(*list));
	size_t stored = 0;
	size_t n = 0;
	size_t i;

	*extents = NULL;
	*count = 0;
	if (!store || !list) {
		free(store);
		free(list);
		return psnap_fail_nomem(err, "sorting the segments");
	}
	for (i = 0; i < view->count; i++) {
		const struct psnap_view_segment *s = &view->segments[i];

		if (s->source == PSNAP_VIEW_STORE)
			store[stored++] = *s;
		else
			list[n++] = (struct psnap_extent){ s->start_bytes,
							   s->len_bytes };
	}
	if (stored > 1)
		qsort(store, stored, sizeof(*store), by_place);
	for (i = 0; i < stored; i++)
		list[n++] = (struct psnap_extent){ store[i].start_bytes,
						   store[i].len_bytes };
	free(store);
	*extents = list;
	*count = n;
	return 0;
}
