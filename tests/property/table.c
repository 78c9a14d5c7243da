/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a table slot by slot, from psnap-store(5) alone; which slots there
 * are is sample.c's arithmetic.
 */
#include "table.h"

#include "numbers.h"

#include <string.h>

static uint64_t per_area(const struct sample *s)
{
	return s->chunk_bytes / SAMPLE_ENTRY_BYTES;
}

struct pair_entry table_entry(const struct sample *s, uint64_t slot)
{
	const uint8_t *p = s->bytes + sample_slot_offset(s, slot);

	return (struct pair_entry){ sample_get(p, 8), sample_get(p + 8, 8) };
}

uint64_t table_chunks(const struct sample *s)
{
	return s->size_bytes / s->chunk_bytes;
}

static uint64_t table_old_limit(const struct sample *s)
{
	if (s->has_origin)
		return (s->origin_bytes + s->chunk_bytes - 1) / s->chunk_bytes;
	return (UINT64_C(1) << 63) / s->chunk_bytes;
}

static bool new_possible(const struct sample *s, uint64_t new_chunk)
{
	return new_chunk >= 2 && new_chunk < table_chunks(s) &&
	       new_chunk % (per_area(s) + 1) != 1;
}

bool table_plausible(const struct sample *s, uint64_t slot)
{
	struct pair_entry e = table_entry(s, slot);

	return new_possible(s, e.new_chunk) && e.old_chunk < table_old_limit(s);
}

uint64_t table_live(const struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t n = 0;

	while (n < slots && table_entry(s, n).new_chunk != 0)
		n++;
	return n;
}

/* Does an area hold a table, with no more than one entry in eight damaged? */
static bool is_area(const struct sample *s, uint64_t first)
{
	uint64_t end = first + per_area(s);
	uint64_t entries = 0;
	uint64_t good = 0;

	if (first >= sample_slots(s) || !table_plausible(s, first))
		return false;
	for (; first < end; first++) {
		entries += table_entry(s, first).new_chunk != 0;
		good += table_plausible(s, first);
	}
	return good * 8 >= entries * 7;
}

/*
 * Does the table go on behind the empty slot @z for certain? Where only a new
 * chunk was lost, and an entry follows; or where the rest of the area is there,
 * and so is the next one.
 */
static bool goes_on(const struct sample *s, uint64_t z)
{
	uint64_t end = (z / per_area(s) + 1) * per_area(s);
	uint64_t slot = z;

	if (table_entry(s, z).old_chunk != 0 && z + 1 < end &&
	    table_plausible(s, z + 1))
		return true;
	while (slot < end && table_entry(s, slot).new_chunk == 0)
		slot++;
	if (slot == end || !is_area(s, end))
		return false;
	for (; slot < end; slot++)
		if (!table_plausible(s, slot))
			return false;
	return true;
}

/* The first slot at which a repair may take the table to end. */
uint64_t table_first_end(const struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t slot;

	for (slot = 0; slot < slots; slot++)
		if (table_entry(s, slot).new_chunk == 0 && !goes_on(s, slot))
			break;
	return slot;
}

/* Behind the gap [first, used): was there an old chunk in it, or is the last
 * slot of the area in use, most of those before it too, and is there an entry in
 * the next area? */
static bool may_go_on(const struct sample *s, uint64_t first, uint64_t used)
{
	uint64_t end = (first / per_area(s) + 1) * per_area(s);
	uint64_t entries = 0;
	bool dead = false;
	uint64_t slot;

	for (; first < used; first++)
		dead |= table_entry(s, first).old_chunk != 0;
	if (used < end && dead)
		return true;
	for (slot = used; slot < end; slot++)
		entries += table_entry(s, slot).new_chunk != 0;
	if (used < end && (entries * 4 < (end - used) * 3 ||
			   table_entry(s, end - 1).new_chunk == 0))
		return false;
	for (slot = end; slot < end + per_area(s) && slot < sample_slots(s);
	     slot++)
		if (table_plausible(s, slot))
			return true;
	return false;
}

uint64_t table_last_end(const struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t slot = 0;

	while (slot < slots) {
		uint64_t end = (slot / per_area(s) + 1) * per_area(s);
		uint64_t first = slot;

		while (slot < end && table_entry(s, slot).new_chunk == 0)
			slot++;
		if (slot > first && !may_go_on(s, first, slot))
			return first;
		while (slot < end && table_entry(s, slot).new_chunk != 0)
			slot++;
	}
	return slots;
}

/* What tells against an area. Where a store was cut, entries that point at the
 * part that is missing do not. */
static bool is_impossible(const struct sample *s, struct pair_entry e)
{
	uint64_t uncut = s->room_bytes / s->chunk_bytes;
	bool missing = e.new_chunk >= table_chunks(s) && e.new_chunk < uncut;

	return (!new_possible(s, e.new_chunk) && !missing) ||
	       e.old_chunk >= (UINT64_C(1) << 63) / s->chunk_bytes;
}

/* By its entries up to the first empty slot, or by all of them. */
bool table_area_implausible(const struct sample *s, uint64_t slot)
{
	uint64_t area = slot / per_area(s);
	uint64_t entries = 0;
	uint64_t against = 0;
	uint64_t i;

	for (i = area * per_area(s); i < (area + 1) * per_area(s); i++) {
		struct pair_entry e = table_entry(s, i);

		if (e.new_chunk == 0 && against >= 4 && against * 2 >= entries)
			return true;
		entries += e.new_chunk != 0;
		against += e.new_chunk != 0 && is_impossible(s, e);
	}
	return against >= 4 && against * 2 >= entries;
}

bool table_same_data(const struct sample *damaged, const uint8_t *repaired)
{
	uint64_t stride = per_area(damaged) + 1;
	uint64_t at = 2 * damaged->chunk_bytes;
	uint64_t group = (stride - 1) * damaged->chunk_bytes;

	for (; at < damaged->size_bytes; at += stride * damaged->chunk_bytes) {
		uint64_t len = damaged->size_bytes - at;

		if (memcmp(damaged->bytes + at, repaired + at,
			   len < group ? len : group) != 0)
			return false;
	}
	return true;
}

/* Exceptions by both of their numbers. */
static uint64_t key_of(struct pair_entry e)
{
	return (e.old_chunk * UINT64_C(0x9e3779b97f4a7c15)) ^
	       (e.new_chunk * UINT64_C(0xc2b2ae3d27d4eb4f));
}

/* Is every exception of @a among those of @b? */
static bool is_among(const struct sample *a, const struct sample *b)
{
	uint64_t live = table_live(b);
	struct numbers pairs;
	bool all = true;
	uint64_t i;

	numbers_init(&pairs, live);
	for (i = 0; i < live; i++)
		numbers_set(&pairs, key_of(table_entry(b, i)), 1);
	live = table_live(a);
	for (i = 0; i < live && all; i++)
		all = numbers_get(&pairs, key_of(table_entry(a, i)));
	numbers_release(&pairs);
	return all;
}

bool table_keeps_live(const struct sample *before, const struct sample *after)
{
	return is_among(before, after);
}

bool table_same_set(const struct sample *a, const struct sample *b)
{
	return table_live(a) == table_live(b) && is_among(a, b);
}

bool table_header_loads(const struct sample *s)
{
	return sample_get(s->bytes, 4) == 0x70416e53 &&
	       sample_get(s->bytes + 4, 4) != 0 &&
	       sample_get(s->bytes + 8, 4) == 1 &&
	       sample_get(s->bytes + 12, 4) * SAMPLE_SECTOR_BYTES ==
		       s->chunk_bytes;
}

bool table_same_store(const struct sample *a, const struct sample *b)
{
	uint64_t live = table_live(a);
	uint64_t slots = sample_slots(a);
	uint64_t end = (live / per_area(a) + 1) * per_area(a);
	uint64_t slot;

	if (memcmp(a->bytes, b->bytes, a->chunk_bytes) != 0 ||
	    !table_same_set(a, b))
		return false;
	for (slot = live; slot < end && slot < slots; slot++)
		if (table_entry(a, slot).new_chunk != 0 ||
		    table_entry(b, slot).new_chunk != 0)
			return false;
	return table_same_data(a, b->bytes);
}
