/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which a store is damaged. What comes of it is for model.c.
 */
#include "damage.h"

#include <string.h>

const char *const damage_names[DAMAGE_KINDS] = {
	[DAMAGE_FLIPS] = "bits flipped",
	[DAMAGE_TEAR] = "sectors torn",
	[DAMAGE_HEADER] = "header lost",
	[DAMAGE_AREA] = "area overwritten",
	[DAMAGE_SECTORS] = "part of an area overwritten",
	[DAMAGE_TRUNCATION] = "cut short",
	[DAMAGE_SHIFT_TABLE] = "area shifted",
	[DAMAGE_SHIFT_STORE] = "store shifted",
	[DAMAGE_DUPLICATES] = "entries twice",
	[DAMAGE_SWAPS] = "numbers swapped",
	[DAMAGE_BEHIND] = "junk behind the end",
};

static uint64_t per_area(const struct sample *s)
{
	return s->chunk_bytes / SAMPLE_ENTRY_BYTES;
}

static uint8_t *slot_at(const struct sample *s, uint64_t slot)
{
	return s->bytes + sample_slot_offset(s, slot);
}

/* Mostly one in use, or the one behind the end. 0 on a store without areas. */
static uint64_t choose_slot(struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t used = s->count + 1 < slots ? s->count + 1 : slots;

	if (sample_below(s, 8) == 0 || used == 0)
		used = slots;
	return used ? sample_below(s, used) : 0;
}

static void flip(uint8_t *p, uint64_t bit)
{
	p[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void flip_bits(struct sample *s)
{
	static const unsigned int most[] = { 1, 1, 2, 4, 20 };
	uint64_t n = 1 + sample_below(s, most[sample_below(s, 5)]);

	for (; n > 0; n--) {
		uint64_t slot;
		uint64_t bit;

		/* One random number a statement: compilers differ in the order
		 * of arguments, and a seed has to mean the same to all. */
		if (sample_below(s, 5) == 0 &&
		    s->size_bytes >= s->chunk_bytes) {
			bit = sample_below(s, 4) ? 128 : 4096;
			flip(s->bytes, sample_below(s, bit));
		} else if (sample_below(s, 2)) {
			bit = sample_below(s, 128);
			flip(slot_at(s, choose_slot(s)), bit);
		} else { /* in the low bits, where numbers stay plausible */
			bit = sample_below(s, 9);
			slot = choose_slot(s);
			bit += 64 * sample_below(s, 2);
			flip(slot_at(s, slot), bit);
		}
	}
}

/* Sectors that a commit, or a merge that clears from the end, did not write. */
static void tear(struct sample *s)
{
	uint64_t earlier = s->count ? sample_below(s, s->count) : 0;
	uint64_t area = sample_below(s, 2) ? earlier / per_area(s) : 0;
	uint64_t keep = sample_random(s);
	uint64_t slot;

	for (slot = area * per_area(s); slot < s->count; slot++) {
		uint64_t sector =
			sample_slot_offset(s, slot) / SAMPLE_SECTOR_BYTES;

		if (slot >= earlier && !(keep >> sector % 64 & 1))
			memset(slot_at(s, slot), 0, SAMPLE_ENTRY_BYTES);
	}
}

static void fill_random(struct sample *s, uint8_t *p, uint64_t len)
{
	for (; len > 0; len--)
		*p++ = (uint8_t)(sample_random(s) >> 32);
}

static void lose_header(struct sample *s)
{
	uint8_t *p = s->bytes;

	switch (sample_below(s, 10)) {
	case 0:
		memset(p, 0, s->chunk_bytes);
		break;
	case 1:
		fill_random(s, p, s->chunk_bytes);
		break;
	case 2:
		fill_random(s, p, 16);
		break;
	case 3: /* the race of 2.6.32: an area in the header's chunk */
		memcpy(p, p + s->chunk_bytes, s->chunk_bytes);
		break;
	case 4:
		memset(p, 0, 4);
		break;
	case 5:
		fill_random(s, p, 4);
		break;
	case 6:
		sample_put(p + 4, sample_below(s, 3) == 0 ? 2 : 0, 4);
		break;
	case 7:
		fill_random(s, p + 8, 4);
		break;
	case 8:
		sample_put(p + 12, sample_below(s, 2) ? 0 : 24, 4);
		if (sample_below(s, 3) == 0)
			sample_put(p + 12, 1u << sample_below(s, 8), 4);
		break;
	default:
		fill_random(s, p + 16, s->chunk_bytes - 16);
		break;
	}
}

static void overwrite(struct sample *s, uint8_t *p, uint64_t len)
{
	static const char text[] = "neither header nor table, but data. ";
	uint64_t i;

	switch (sample_below(s, 4)) {
	case 0:
		memset(p, 0, len);
		break;
	case 1:
		memset(p, 0xff, len);
		break;
	case 2:
		fill_random(s, p, len);
		break;
	default:
		for (i = 0; i < len; i++)
			p[i] = (uint8_t)text[i % (sizeof(text) - 1)];
	}
}

static uint64_t choose_area(struct sample *s)
{
	return choose_slot(s) / per_area(s) * per_area(s);
}

static void overwrite_sectors(struct sample *s)
{
	uint64_t start = sample_below(s, s->chunk_bytes);
	uint64_t len = 1 + sample_below(s, s->chunk_bytes - start);

	if (sample_below(s, 2) && s->chunk_bytes > SAMPLE_SECTOR_BYTES) {
		start -= start % SAMPLE_SECTOR_BYTES;
		len = SAMPLE_SECTOR_BYTES;
	}
	overwrite(s, slot_at(s, choose_area(s)) + start, len);
}

/* There is always room for the first area: less is no store at all. */
static void cut_short(struct sample *s)
{
	uint64_t least = 2 * s->chunk_bytes;
	uint64_t size = least + sample_below(s, s->size_bytes - least + 1);

	if (sample_below(s, 2))
		size -= size % s->chunk_bytes;
	s->size_bytes = size;
}

static void shift_table(struct sample *s)
{
	uint8_t *area = slot_at(s, choose_area(s));
	uint64_t by = sample_below(s, 2) ? 16 * (1 + sample_below(s, 4))
					 : 1 + sample_below(s, 40);
	uint64_t from = sample_below(s, s->chunk_bytes - by) / 16 * 16;
	uint64_t len = s->chunk_bytes - by - from;

	if (sample_below(s, 2))
		memmove(area + from + by, area + from, len);
	else
		memmove(area + from, area + from + by, len);
}

static void shift_store(struct sample *s)
{
	uint64_t by = sample_below(s, 2)
			      ? s->chunk_bytes
			      : SAMPLE_SECTOR_BYTES * (1 + sample_below(s, 3));

	s->shifted = true;
	if (by >= s->size_bytes)
		return;
	if (sample_below(s, 2))
		memmove(s->bytes + by, s->bytes, s->size_bytes - by);
	else
		memmove(s->bytes, s->bytes + by, s->size_bytes - by);
}

static void copy_entries(struct sample *s)
{
	uint64_t n = 1 + sample_below(s, 6);

	for (; n > 0; n--) {
		uint8_t *from = slot_at(s, choose_slot(s));
		uint8_t *to = slot_at(s, choose_slot(s));
		uint64_t what = sample_below(s, 4);

		if (what < 2)
			memmove(to, from, 16);
		else
			memmove(to + 8 * (what - 2), from + 8 * (what - 2), 8);
	}
}

static void swap_bytes(uint8_t *a, uint8_t *b, int len)
{
	for (; len > 0; len--, a++, b++) {
		uint8_t byte = *a;

		*a = *b;
		*b = byte;
	}
}

static void swap_entries(struct sample *s)
{
	uint64_t n = 1 + sample_below(s, 4);

	for (; n > 0; n--) {
		uint8_t *a = slot_at(s, choose_slot(s));
		uint8_t *b = slot_at(s, choose_slot(s));

		if (sample_below(s, 2))
			swap_bytes(a, b, 16);
		else
			swap_bytes(a + 8, b + 8, 8);
	}
}

static void junk_behind(struct sample *s)
{
	uint64_t slots = sample_slots(s);
	uint64_t n = 1 + sample_below(s, 8);
	uint64_t room = per_area(s) - s->count % per_area(s);

	for (; n > 0; n--) {
		uint64_t slot = s->count + 1 + sample_below(s, room);
		uint8_t *p;

		if (slot >= slots)
			continue;
		p = slot_at(s, slot);
		if (sample_below(s, 3) == 0) {
			fill_random(s, p, 16);
			continue;
		}
		sample_put(p, sample_below(s, s->count + 50), 8);
		sample_put(p + 8, sample_below(s, s->count + 50), 8);
	}
}

void damage_do(struct sample *s, enum damage_kind kind)
{
	switch (kind) {
	case DAMAGE_FLIPS:
		flip_bits(s);
		break;
	case DAMAGE_TEAR:
		tear(s);
		break;
	case DAMAGE_HEADER:
		lose_header(s);
		break;
	case DAMAGE_AREA:
		overwrite(s, slot_at(s, choose_area(s)), s->chunk_bytes);
		break;
	case DAMAGE_SECTORS:
		overwrite_sectors(s);
		break;
	case DAMAGE_TRUNCATION:
		cut_short(s);
		break;
	case DAMAGE_SHIFT_TABLE:
		shift_table(s);
		break;
	case DAMAGE_SHIFT_STORE:
		shift_store(s);
		break;
	case DAMAGE_DUPLICATES:
		copy_entries(s);
		break;
	case DAMAGE_SWAPS:
		swap_entries(s);
		break;
	case DAMAGE_BEHIND:
		junk_behind(s);
		break;
	case DAMAGE_KINDS:
		break;
	}
}

uint64_t damage_some(struct sample *s)
{
	uint64_t n = sample_below(s, 3) ? 1 : 2 + sample_below(s, 2);
	uint64_t done = 0;

	for (; n > 0; n--) {
		uint64_t kind = sample_below(s, DAMAGE_KINDS);

		damage_do(s, (enum damage_kind)kind);
		done |= UINT64_C(1) << kind;
	}
	return done;
}
