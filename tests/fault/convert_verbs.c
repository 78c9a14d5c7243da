/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A conversion under fault: the view of a store with errors, filled where it
 * cannot be read, and copied.
 */
#include "verbs.h"

#include <psnap/content.h>
#include <psnap/convert.h>
#include <psnap/salvage.h>
#include <psnap/view.h>
#include <psnap/watch.h>
#include <stdlib.h>

/* What is open for one salvage. */
struct salvage_scene {
	struct psnap_store *store;
	struct psnap_view_doubt doubt;
	struct psnap_extents *filled;
	struct psnap_view *view;
	struct psnap_io *io;
};

static void open_scene(struct salvage_scene *s, struct psnap_io *store,
		       struct psnap_io *origin, struct outcome *o)
{
	struct psnap_salvage salvage = { 0 };

	o->rc = psnap_store_open(store, 512, &s->store, &o->err);
	if (o->rc == 0)
		o->rc = psnap_extents_new(&s->doubt.unknown, &o->err);
	if (o->rc == 0)
		o->rc = psnap_extents_new(&s->doubt.uncertain, &o->err);
	if (o->rc == 0)
		o->rc = psnap_extents_new(&s->filled, &o->err);
	if (o->rc == 0)
		o->rc = psnap_view_open_salvage(s->store, origin, NULL,
						&s->doubt, &s->view, &o->err);
	if (o->rc)
		return;
	salvage.inner = psnap_view_io(s->view);
	salvage.filled = s->filled;
	salvage.unreadable.origin = origin;
	salvage.replace = s->doubt.unknown;
	o->rc = psnap_io_open_salvage(&salvage, &s->io, &o->err);
}

static void close_scene(struct salvage_scene *s)
{
	psnap_io_close(s->io, NULL);
	psnap_view_close(s->view);
	psnap_extents_free(s->filled);
	psnap_extents_free(s->doubt.uncertain);
	psnap_extents_free(s->doubt.unknown);
	psnap_store_close(s->store);
}

static int add_up(void *ctx, const void *data, size_t len_bytes)
{
	struct outcome *o = ctx;

	for (size_t i = 0; i < len_bytes; i++)
		o->records = o->records * 31 + ((const uint8_t *)data)[i];
	return 0;
}

void verbs_run_salvage(struct psnap_io *io, struct psnap_io *origin,
		       struct outcome *o)
{
	struct salvage_scene s = { 0 };

	open_scene(&s, io, origin, o);
	if (o->rc == 0)
		o->rc = psnap_convert_stream(s.io, add_up, o, NULL, &o->err);
	if (s.filled)
		o->read_errors =
			s.doubt.lost_bytes +
			psnap_extents_common_bytes(s.filled, 0, UINT64_MAX);
	close_scene(&s);
}

/* With what needs memory only: the look at the content, and a copy. */
void verbs_run_convert(struct psnap_io *io, struct psnap_io *origin,
		       struct outcome *o)
{
	struct psnap_convert_options options = {
		.zeros = PSNAP_CONVERT_PUNCH_ZEROS, .block_bytes = 512
	};
	struct psnap_extent *order = NULL;
	struct psnap_content content;
	struct psnap_io *overlay = NULL;
	struct salvage_scene s = { 0 };

	open_scene(&s, io, origin, o);
	if (o->rc == 0)
		o->rc = psnap_content_probe(s.io, &content, &o->err);
	if (o->rc == 0)
		o->rc = psnap_io_open_overlay(origin, origin->size_bytes,
					      &overlay, &o->err);
	if (o->rc == 0)
		o->rc = psnap_view_order(s.view, &order, &options.order_count,
					 &o->err);
	options.order = order;
	if (o->rc == 0)
		o->rc = psnap_convert_to_io(s.io, overlay, &options, &o->err);
	free(order);
	psnap_io_close(overlay, NULL);
	close_scene(&s);
}
