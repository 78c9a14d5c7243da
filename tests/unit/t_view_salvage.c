/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view_salvage.c: stores with any damage, next to a model of what can be
 * told of them.
 */
#include "salvage_model.h"
#include "test.h"

#include <psnap/salvage.h>
#include <psnap/view.h>
#include <stdlib.h>

#define PAIRS 3000u

static uint8_t got[ORIGIN_BYTES];

static bool doubts_agree(const struct model *m, struct psnap_extents *unknown)
{
	unsigned int i;

	for (i = 0; i < ORIGIN_CHUNKS; i++) {
		uint64_t start = (uint64_t)i * CHUNK;
		uint64_t common = psnap_extents_common_bytes(
			unknown, start, start + chunk_len(i));

		if (common != (m->doubt[i] ? chunk_len(i) : 0))
			return false;
	}
	return true;
}

struct scene {
	struct psnap_io *store_io;
	struct psnap_io *origin;
	struct psnap_store *store;
	struct psnap_view_doubt doubt;
	struct psnap_view *view;
};

static void open_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	if (psnap_io_open_memory(store_bytes, STORE_BYTES, 1, &s->store_io,
				 NULL) ||
	    psnap_io_open_memory(origin_bytes, ORIGIN_BYTES, 1, &s->origin,
				 NULL) ||
	    psnap_store_open(s->store_io, 0, &s->store, NULL) ||
	    psnap_extents_new(&s->doubt.unknown, NULL) ||
	    psnap_extents_new(&s->doubt.uncertain, NULL) ||
	    psnap_view_open_salvage(s->store, s->origin, NULL, &s->doubt,
				    &s->view, NULL))
		abort();
}

static void close_scene(struct scene *s)
{
	psnap_view_close(s->view);
	psnap_extents_free(s->doubt.unknown);
	psnap_extents_free(s->doubt.uncertain);
	psnap_store_close(s->store);
	psnap_io_close(s->store_io, NULL);
	psnap_io_close(s->origin, NULL);
}

/* All of the view, each byte once, first by the origin, then by the store. */
static bool order_is_good(const struct psnap_view *view)
{
	struct psnap_extent *order;
	enum psnap_view_source source = PSNAP_VIEW_ORIGIN;
	struct psnap_extents *seen;
	uint64_t from = 0;
	bool good = true;
	size_t count;
	size_t i;

	if (psnap_extents_new(&seen, NULL) ||
	    psnap_view_order(view, &order, &count, NULL))
		abort();
	for (i = 0; i < count && good; i++) {
		uint64_t start = order[i].offset_bytes;
		uint64_t end = start + order[i].len_bytes;
		const struct psnap_view_segment *s =
			psnap_view_find(view, start);

		good = s->start_bytes == start && s->len_bytes == end - start &&
		       s->source >= source &&
		       (s->source != source || s->from_bytes >= from) &&
		       !psnap_extents_common_bytes(seen, start, end) &&
		       !psnap_extents_add(seen, start, end, NULL);
		source = s->source;
		from = s->from_bytes;
	}
	good = good && psnap_extents_contain(seen, 0, ORIGIN_BYTES);
	psnap_extents_free(seen);
	free(order);
	return good;
}

static void test_views(void)
{
	struct model m;
	unsigned int in_doubt = 0;
	unsigned int used = 0;
	unsigned int n;
	bool good = true;
	bool sound = true;
	bool ordered = true;

	for (n = 0; n < PAIRS && good; n++) {
		struct scene s;
		unsigned int i;

		make_entries(&m);
		make_store(&m);
		judge(&m);
		make_wanted(&m);
		open_scene(&s);
		good = psnap_io_read(psnap_view_io(s.view), 0, got,
				     ORIGIN_BYTES, NULL) == 0 &&
		       memcmp(got, wanted, ORIGIN_BYTES) == 0;
		sound = sound && doubts_agree(&m, s.doubt.unknown);
		ordered = ordered && order_is_good(s.view);
		for (i = 0; i < ORIGIN_CHUNKS; i++) {
			in_doubt += m.doubt[i];
			used += m.source[i] != 0;
		}
		close_scene(&s);
	}
	T_OK(good, "%u stores show what the model has", n);
	T_OK(sound, "and the same is unknown");
	T_OK(ordered, "the order of the devices has all of them");
	T_OK(in_doubt > 1000 && used > 1000, "%u chunks in doubt, %u used",
	     in_doubt, used);
}

int main(void)
{
	fill_random(origin_bytes, sizeof(origin_bytes));
	test_views();
	return T_DONE();
}
