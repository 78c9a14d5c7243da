/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks by entry and by run, with all options, against the model; and the
 * usage that follows from their sums.
 */
#include "store_looks.h"

#include <psnap/usage.h>

void look_range(uint64_t size_bytes, uint64_t offset_bytes, uint64_t len_bytes)
{
	FUZZ_REQUIRE(offset_bytes <= size_bytes &&
			     len_bytes <= size_bytes - offset_bytes,
		     "%" PRIu64 " bytes at %" PRIu64 " of %" PRIu64, len_bytes,
		     offset_bytes, size_bytes);
}

void look_entry(const struct store_input *input, const struct store_model *m,
		const struct psnap_run *run, uint64_t distance)
{
	uint64_t slot = run->entry_index + distance;
	uint64_t area = run->area_index + slot / m->per_area;
	uint64_t at = (1 + area * m->stride) * m->chunk_bytes +
		      slot % m->per_area * 16;

	FUZZ_REQUIRE(area < m->area_count, "area %" PRIu64, area);
	FUZZ_REQUIRE(run->new_chunk != 0, "a terminator");
	FUZZ_EQUAL(model_u64(&input->image, at), run->old_chunk + distance);
	FUZZ_EQUAL(model_u64(&input->image, at + 8), run->new_chunk + distance);
}

/* One walk; @next: the entry of the model that is due. */
struct walker {
	const struct store_input *input;
	const struct store_model *m;
	struct psnap_walk_options options;
	size_t next;
	struct psnap_run previous;
	bool by_run;
};

static void skip_invisible(struct walker *w)
{
	while (w->next < w->m->count &&
	       !model_visible(w->m, &w->m->entries[w->next],
			      w->options.past_terminator,
			      w->options.stale_areas_max))
		w->next++;
}

static void take_entry(struct walker *w, const struct psnap_run *run,
		       uint64_t distance)
{
	const struct model_entry *e;
	uint64_t slot = run->entry_index + distance;

	skip_invisible(w);
	FUZZ_REQUIRE(w->next < w->m->count, "more entries than there are");
	e = &w->m->entries[w->next++];
	FUZZ_EQUAL(run->old_chunk + distance, e->old_chunk);
	FUZZ_EQUAL(run->new_chunk + distance, e->new_chunk);
	FUZZ_EQUAL(run->area_index + slot / w->m->per_area, e->area_index);
	FUZZ_EQUAL(slot % w->m->per_area, e->entry_index);
	FUZZ_EQUAL(run->state, e->state);
}

/* A run ends only where something breaks. */
static void require_break(const struct walker *w, const struct psnap_run *run)
{
	const struct psnap_run *p = &w->previous;
	uint64_t p_end =
		p->area_index * w->m->per_area + p->entry_index + p->chunks;

	FUZZ_REQUIRE(p->chunks == 0 || p->state != run->state ||
			     p->old_chunk + p->chunks != run->old_chunk ||
			     p->new_chunk + p->chunks != run->new_chunk ||
			     run->old_chunk == 0 ||
			     p_end != run->area_index * w->m->per_area +
					      run->entry_index,
		     "a run was cut at old chunk %" PRIu64, run->old_chunk);
}

static void take_run(struct walker *w, const struct psnap_run *run)
{
	FUZZ_REQUIRE(run->chunks > 0 && (w->by_run || run->chunks == 1),
		     "%" PRIu64 " chunks", run->chunks);
	FUZZ_REQUIRE(run->chunks <= w->input->image.len_bytes / 16 + 1,
		     "%" PRIu64 " chunks", run->chunks);
	/* Numbers do not wrap within a run. */
	FUZZ_REQUIRE(run->chunks - 1 <= UINT64_MAX - run->old_chunk &&
			     run->chunks - 1 <= UINT64_MAX - run->new_chunk,
		     "%" PRIu64 " chunks", run->chunks);
	for (uint64_t i = 0; i < run->chunks; i++) {
		look_entry(w->input, w->m, run, i);
		if (!w->input->faulty)
			take_entry(w, run, i);
	}
	if (w->by_run && !w->input->faulty)
		require_break(w, run);
	w->previous = *run;
}

static void take_fault(const struct walker *w, const struct psnap_walk *walk,
		       const struct psnap_error *err)
{
	uint64_t offset_bytes;
	uint64_t len_bytes;

	FUZZ_REQUIRE(w->input->faulty && err->code == PSNAP_E_IO, "%d: %s",
		     err->code, err->message);
	psnap_walk_fault(walk, &offset_bytes, &len_bytes);
	FUZZ_REQUIRE(len_bytes > 0, "nothing was given up");
	look_range(w->input->image.size_bytes, offset_bytes, len_bytes);
}

static void look_usage(const struct store_model *m,
		       const struct psnap_geometry *geo,
		       const struct psnap_walk_totals *totals)
{
	uint64_t next = m->next_free;
	uint64_t sectors = m->chunk_bytes / 512;
	struct psnap_usage usage;
	bool fits;

	if (model_is_metadata(m, next) && next != 0)
		next++;
	fits = next < m->chunk_count;
	if (m->last_entries + 1 == m->per_area &&
	    m->last_area + 1 == m->area_count)
		fits = false;
	psnap_usage_compute(geo, totals, &usage);
	FUZZ_EQUAL(usage.next_free_chunk, next);
	FUZZ_EQUAL(usage.allocated_sectors, next * sectors);
	FUZZ_EQUAL(usage.total_sectors, geo->store_bytes / 512);
	FUZZ_EQUAL(usage.metadata_sectors, (m->last_area + 2) * sectors);
	FUZZ_EQUAL(usage.next_fits, fits);
}

static void look_totals(struct walker *w, const struct psnap_walk_totals *t)
{
	const struct store_model *m = w->m;
	uint64_t behind = m->area_count - 1 - m->last_area;

	skip_invisible(w);
	FUZZ_EQUAL(w->next, m->count);
	FUZZ_EQUAL(t->end, m->device_end ? PSNAP_WALK_END_DEVICE
					 : PSNAP_WALK_END_TERMINATOR);
	FUZZ_EQUAL(t->exceptions, m->live_count);
	FUZZ_EQUAL(t->last_area_index, m->last_area);
	FUZZ_EQUAL(t->last_area_entries, m->last_entries);
	FUZZ_EQUAL(t->next_free_chunk, m->next_free);
	FUZZ_EQUAL(t->unreadable_bytes, 0);
	FUZZ_EQUAL(t->stale_areas_seen, behind < w->options.stale_areas_max
						? behind
						: w->options.stale_areas_max);
}

static void walk_once(struct psnap_store *store, struct walker *w)
{
	struct psnap_error err = { 0 };
	struct psnap_walk *walk;
	struct psnap_run run;
	int rc;

	FUZZ_EQUAL(psnap_walk_open(store, &w->options, &walk, &err), 0);
	while ((rc = w->by_run ? psnap_walk_next_run(walk, &run, &err)
			       : psnap_walk_next(walk, &run, &err)) != 0) {
		if (rc == 1)
			take_run(w, &run);
		else
			take_fault(w, walk, &err);
	}
	if (!w->input->faulty) {
		look_totals(w, psnap_walk_totals(walk));
		look_usage(w->m, psnap_store_geometry(store),
			   psnap_walk_totals(walk));
	}
	FUZZ_EQUAL(psnap_walk_next(walk, &run, &err), 0);
	psnap_walk_close(walk);
}

void look_walk(struct psnap_store *store, const struct store_input *input,
	       const struct store_model *m)
{
	const uint64_t stale[3] = { 0, input->stale_max, PSNAP_ALL_AREAS };

	for (unsigned int i = 0; i < 12; i++) {
		struct walker w = {
			.input = input,
			.m = m,
			.options.past_terminator = i & 1,
			.options.stale_areas_max = stale[i / 4],
			.by_run = i & 2,
		};

		walk_once(store, &w);
	}
}
