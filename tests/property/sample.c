/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making legal stores. Nothing here is shared with the library.
 */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

uint64_t sample_random(struct sample *s)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return s->seed * UINT64_C(2685821657736338717);
}

uint64_t sample_below(struct sample *s, uint64_t limit)
{
	return (sample_random(s) >> 11) % limit;
}

static bool chance(struct sample *s, uint64_t one_in)
{
	return sample_below(s, one_in) == 0;
}

uint64_t sample_get(const uint8_t *p, int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

void sample_put(uint8_t *p, uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*p++ = (uint8_t)value;
}

static uint64_t per_area(const struct sample *s)
{
	return s->chunk_bytes / SAMPLE_ENTRY_BYTES;
}

uint64_t sample_slot_offset(const struct sample *s, uint64_t slot)
{
	uint64_t area = slot / per_area(s);

	return (1 + area * (per_area(s) + 1)) * s->chunk_bytes +
	       slot % per_area(s) * SAMPLE_ENTRY_BYTES;
}

uint64_t sample_slots(const struct sample *s)
{
	uint64_t chunks = s->size_bytes / s->chunk_bytes;

	if (chunks < 2)
		return 0;
	return ((chunks - 2) / (per_area(s) + 1) + 1) * per_area(s);
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static uint64_t choose_chunk_bytes(struct sample *s, uint64_t max)
{
	static const uint64_t sizes[] = { 512,	512,  512,  512,  512,	512,
					  512,	512,  512,  1024, 1024, 1024,
					  2048, 2048, 2048, 4096 };
	uint64_t bytes = sizes[sample_below(s, 16)];

	return bytes > max ? max : bytes;
}

static uint64_t choose_count(struct sample *s, uint64_t areas_max)
{
	uint64_t area = per_area(s);
	uint64_t areas;

	/* Large areas are few, so that no store is beyond 2 MiB. */
	while (areas_max > 2 && area * areas_max > 600)
		areas_max--;
	areas = 1 + sample_below(s, areas_max);
	switch (sample_below(s, 8)) {
	case 0:
		return chance(s, 2) ? 0 : 1;
	case 1:
		return 1 + sample_below(s, 12);
	case 2:
	case 3:
		return areas * area;
	case 4:
		return areas * area + (chance(s, 2) ? 1 : UINT64_MAX);
	default:
		return 1 + sample_below(s, areas * area);
	}
}

static void swap_olds(struct sample *s, uint64_t a, uint64_t b)
{
	uint64_t old_chunk = s->entries[a].old_chunk;

	s->entries[a].old_chunk = s->entries[b].old_chunk;
	s->entries[b].old_chunk = old_chunk;
}

static void swap_news(struct sample *s, uint64_t a, uint64_t b)
{
	uint64_t new_chunk = s->entries[a].new_chunk;

	s->entries[a].new_chunk = s->entries[b].new_chunk;
	s->entries[b].new_chunk = new_chunk;
}

/* Ascending with gaps, as writes to the origin come, then some out of place. */
static void choose_olds(struct sample *s)
{
	bool runs = chance(s, 2);
	bool disorder = chance(s, 2);
	uint64_t base = 0;
	uint64_t next;
	uint64_t i;

	s->has_origin = chance(s, 2);
	if (!s->has_origin && chance(s, 3))
		base = UINT64_C(1) << (10 + sample_below(s, 30));
	next = base + sample_below(s, 4);
	for (i = 0; i < s->count; i++) {
		s->entries[i].old_chunk = next;
		next += runs && !chance(s, 8) ? 1 : 1 + sample_below(s, 3);
	}
	for (i = 1; i < s->count && disorder; i++)
		if (chance(s, 3))
			swap_olds(s, i, sample_below(s, i + 1));
	s->origin_bytes = 1;
	if (base == 0)
		s->origin_bytes =
			(next + sample_below(s, 3)) * s->chunk_bytes +
			(chance(s, 2) ? s->chunk_bytes : s->chunk_bytes / 3);
}

/* Returns how many chunks the store has to have. */
static uint64_t choose_news(struct sample *s)
{
	uint64_t stride = per_area(s) + 1;
	bool holes = chance(s, 3);
	uint64_t near = chance(s, 2) ? 4 : 64;
	bool disorder = chance(s, 3);
	uint64_t next = 2;
	uint64_t least = 2 + s->count / per_area(s) * stride;
	uint64_t i;

	for (i = 0; i < s->count; i++) {
		if (holes && chance(s, 4))
			next += 1 + sample_below(s, 3);
		next += next % stride == 1;
		s->entries[i].new_chunk = next++;
	}
	/* Old kernels committed as copies were completed: so many at a time. */
	for (i = 1; i < s->count && disorder; i++)
		swap_news(s, i, i - sample_below(s, (near < i ? near : i) + 1));
	return next > least ? next : least;
}

/* What data there is: also tables, of a store that was kept in the origin. */
static void fill_data(struct sample *s)
{
	uint64_t chunks = s->size_bytes / s->chunk_bytes;
	bool nested = chance(s, 10);
	uint64_t i;
	uint64_t at;

	for (i = 2; i < chunks; i++) {
		uint8_t *chunk = s->bytes + i * s->chunk_bytes;

		if (i % (per_area(s) + 1) == 1)
			continue;
		memset(chunk, (int)sample_random(s), s->chunk_bytes);
		if (nested && chance(s, 4)) {
			uint64_t from = sample_below(s, 2) * s->chunk_bytes;

			memcpy(chunk, s->bytes + from, s->chunk_bytes);
		} else if (!chance(s, 4)) {
			for (at = 0; at < s->chunk_bytes; at += 64)
				sample_put(chunk + at, sample_random(s), 8);
		}
	}
}

/* An earlier store's table, in areas that this one has not come to. */
static void leave_stale(struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t area = s->count / per_area(s) + 1;
	uint64_t slot;

	for (slot = area * per_area(s); slot < slots; slot++) {
		uint8_t *p = s->bytes + sample_slot_offset(s, slot);
		uint64_t new_chunk = slot / per_area(s) * (per_area(s) + 1) +
				     2 + slot % per_area(s);

		if (new_chunk >= s->size_bytes / s->chunk_bytes)
			break;
		sample_put(p, 3 * slot, 8);
		sample_put(p + 8, new_chunk, 8);
	}
}

static void write_table(struct sample *s)
{
	uint64_t i;

	sample_put(s->bytes, 0x70416e53, 4);
	sample_put(s->bytes + 4, 1, 4);
	sample_put(s->bytes + 8, 1, 4);
	sample_put(s->bytes + 12, s->chunk_bytes / SAMPLE_SECTOR_BYTES, 4);
	for (i = 0; i < s->count; i++) {
		uint8_t *p = s->bytes + sample_slot_offset(s, i);

		sample_put(p, s->entries[i].old_chunk, 8);
		sample_put(p + 8, s->entries[i].new_chunk, 8);
	}
}

void sample_make(struct sample *s, uint64_t seed, uint64_t chunk_bytes_max,
		 uint64_t areas_max)
{
	uint64_t chunks;

	memset(s, 0, sizeof(*s));
	s->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 88172645463325252u;
	(void)sample_random(s);
	s->chunk_bytes = choose_chunk_bytes(s, chunk_bytes_max);
	s->count = choose_count(s, areas_max);
	s->entries = must(calloc(s->count + 1, sizeof(*s->entries)));
	choose_olds(s);
	chunks = choose_news(s) + sample_below(s, chance(s, 4) ? 80 : 6);
	s->size_bytes = chunks * s->chunk_bytes;
	if (chance(s, 4))
		s->size_bytes += sample_below(s, s->chunk_bytes);
	s->room_bytes = s->size_bytes;
	s->bytes = must(calloc(1, s->room_bytes));
	write_table(s);
	fill_data(s);
	if (chance(s, 4))
		leave_stale(s);
}

void sample_copy(struct sample *to, const struct sample *from)
{
	*to = *from;
	to->bytes = must(malloc(from->room_bytes));
	memcpy(to->bytes, from->bytes, from->room_bytes);
	to->entries = must(calloc(from->count + 1, sizeof(*to->entries)));
	memcpy(to->entries, from->entries, from->count * sizeof(*to->entries));
}

void sample_release(struct sample *s)
{
	free(s->bytes);
	free(s->entries);
	memset(s, 0, sizeof(*s));
}
