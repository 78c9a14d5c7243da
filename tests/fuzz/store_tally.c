/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting entry by entry and by sorting, where the library uses runs and
 * bitmaps.
 */
#include "store_tally.h"

/* One area's part of it, until it is clear that it is an area. */
struct area_tally {
	uint64_t entries;
	uint64_t impossible;
	uint64_t near; /* beyond the device, but not far */
	uint64_t highest_near;
	uint64_t far;
	uint64_t counts[PSNAP_FINDING_COUNT];
};

/* Do numbers go on where the device stops, in a table of that length? */
static bool goes_on(uint64_t highest, uint64_t entries, uint64_t areas)
{
	return highest <= 4 * (entries + areas) + 16;
}

static bool tally_new(struct tally *t, struct area_tally *a,
		      const struct store_model *m, uint64_t old_chunk,
		      uint64_t new_chunk)
{
	if (new_chunk >> 56) {
		a->counts[PSNAP_F_NEW_CHUNK_HUGE]++;
		return false;
	}
	if (new_chunk >= m->chunk_count) {
		if (!goes_on(new_chunk, t->entries + m->stride - 1,
			     t->areas + 1)) {
			a->far++;
			return false;
		}
		a->near++;
		if (new_chunk > a->highest_near)
			a->highest_near = new_chunk;
		return false;
	}
	if (model_is_metadata(m, new_chunk)) {
		a->counts[PSNAP_F_NEW_CHUNK_IN_METADATA]++;
		return false;
	}
	t->new_chunks[t->new_count] =
		(struct tally_number){ new_chunk, old_chunk, t->new_count };
	t->new_count++;
	if (new_chunk > t->highest_new)
		t->highest_new = new_chunk;
	return true;
}

static bool tally_old(struct tally *t, struct area_tally *a, uint64_t old_chunk,
		      uint64_t new_chunk)
{
	if (old_chunk >= t->old_limit) {
		a->counts[PSNAP_F_OLD_CHUNK_OUT_OF_RANGE]++;
		return false;
	}
	t->old_chunks[t->old_count] =
		(struct tally_number){ old_chunk, new_chunk, t->old_count };
	t->old_count++;
	return true;
}

static void tally_entry(struct tally *t, struct area_tally *a,
			const struct store_model *m,
			const struct model_entry *e)
{
	bool new_possible = tally_new(t, a, m, e->old_chunk, e->new_chunk);
	bool old_possible = tally_old(t, a, e->old_chunk, e->new_chunk);
	uint64_t origin_left;

	a->entries++;
	if (!new_possible ||
	    e->old_chunk >= (UINT64_C(1) << 63) / m->chunk_bytes)
		a->impossible++;
	if (!new_possible)
		return;
	t->data_bytes += m->chunk_bytes;
	if (!t->has_origin || !old_possible)
		return;
	origin_left = t->origin_bytes - e->old_chunk * m->chunk_bytes;
	t->data_bytes +=
		origin_left < m->chunk_bytes ? origin_left : m->chunk_bytes;
}

/* When most of an area is impossible, it is the area that is wrong. */
static void end_area(struct tally *t, struct area_tally *a)
{
	uint64_t against = a->impossible;

	t->entries += a->entries;
	t->areas++;
	against -= a->near < against ? a->near : against;
	if (against >= 4 && against * 2 >= a->entries) {
		t->counts[PSNAP_F_AREA_IMPLAUSIBLE]++;
	} else {
		for (int i = 0; i < PSNAP_FINDING_COUNT; i++)
			t->counts[i] += a->counts[i];
		t->near += a->near;
		t->far += a->far;
		if (a->highest_near > t->highest_near)
			t->highest_near = a->highest_near;
	}
	memset(a, 0, sizeof(*a));
}

static void tally_live(struct tally *t, const struct store_model *m)
{
	struct area_tally area = { 0 };

	for (size_t i = 0; i < m->live_count; i++) {
		const struct model_entry *e = &m->entries[i];

		if (i > 0 && e->area_index != e[-1].area_index)
			end_area(t, &area);
		tally_entry(t, &area, m, e);
		if (i > 0 && e->new_chunk < e[-1].new_chunk)
			t->counts[PSNAP_F_OUT_OF_ORDER]++;
	}
	end_area(t, &area);
	if (goes_on(t->highest_near, m->live_count, m->last_area + 1))
		t->counts[PSNAP_F_STORE_TRUNCATED] = t->near;
	else
		t->far += t->near;
	t->counts[PSNAP_F_NEW_CHUNK_OUT_OF_RANGE] = t->far;
}

static int compare_numbers(const void *left, const void *right)
{
	const struct tally_number *a = left;
	const struct tally_number *b = right;

	if (a->chunk != b->chunk)
		return (a->chunk > b->chunk) - (a->chunk < b->chunk);
	return (a->position > b->position) - (a->position < b->position);
}

/* Numbers that were there already; @same: with the same other number as where
 * they come first. */
static uint64_t surplus(struct tally_number *numbers, uint64_t count,
			uint64_t *same)
{
	const struct tally_number *first = numbers;
	uint64_t found = 0;

	*same = 0;
	qsort(numbers, (size_t)count, sizeof(*numbers), compare_numbers);
	for (uint64_t i = 1; i < count; i++) {
		if (numbers[i].chunk != first->chunk) {
			first = &numbers[i];
			continue;
		}
		found++;
		*same += numbers[i].other == first->other;
	}
	return found;
}

/* More than that are not told apart. Returns surplus new numbers. */
static uint64_t tally_duplicates(struct tally *t)
{
	const uint64_t told_max = 1024;
	uint64_t same_old;
	uint64_t same_new;
	uint64_t olds = surplus(t->old_chunks, t->old_count, &same_old);
	uint64_t news = surplus(t->new_chunks, t->new_count, &same_new);

	if (olds > told_max)
		same_old = 0;
	if (news > told_max)
		same_new = 0;
	t->counts[PSNAP_F_DUPLICATE_OLD] = olds - same_old;
	t->counts[PSNAP_F_DUPLICATE_NEW] = news - same_new;
	t->counts[PSNAP_F_DUPLICATE_SAME] = same_old;
	return news;
}

static void tally_whole(struct tally *t, const struct store_model *m,
			uint64_t stale_max)
{
	uint64_t surplus_news = tally_duplicates(t);
	uint64_t areas;

	if (t->new_count > 0) {
		areas = (t->highest_new - 1) / m->stride + 1;
		t->counts[PSNAP_F_HOLES] =
			t->highest_new - areas - (t->new_count - surplus_news);
	}
	t->counts[PSNAP_F_AREA_MISSING_SUCCESSOR] = m->device_end;
	for (size_t i = m->live_count; i < m->count; i++) {
		const struct model_entry *e = &m->entries[i];

		if (!model_visible(m, e, true, stale_max))
			continue;
		if (e->state == PSNAP_ENTRY_AFTER_TERMINATOR)
			t->counts[PSNAP_F_ENTRIES_AFTER_TERMINATOR]++;
		else if (i == m->live_count || e[-1].state != e->state ||
			 e[-1].area_index != e->area_index)
			t->counts[PSNAP_F_STALE_AREAS]++;
	}
}

void tally_make(struct tally *t, const struct store_model *m,
		uint64_t origin_bytes, bool has_origin, uint64_t stale_max)
{
	memset(t, 0, sizeof(*t));
	t->has_origin = has_origin;
	t->origin_bytes = origin_bytes;
	t->old_limit = (UINT64_C(1) << 63) / m->chunk_bytes;
	if (has_origin)
		t->old_limit =
			(origin_bytes + m->chunk_bytes - 1) / m->chunk_bytes;
	t->old_chunks = calloc(m->live_count + 1, sizeof(*t->old_chunks));
	t->new_chunks = calloc(m->live_count + 1, sizeof(*t->new_chunks));
	FUZZ_REQUIRE(t->old_chunks && t->new_chunks, "no memory");
	tally_live(t, m);
	tally_whole(t, m, stale_max);
}

void tally_release(struct tally *t)
{
	free(t->old_chunks);
	free(t->new_chunks);
}
