/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model behind the crash test: what a store and an origin say.
 */
#include "pair.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 16u

uint64_t pair_chunk_bytes = PAIR_CHUNK_BYTES;

uint64_t pair_per_area(void)
{
	return pair_chunk_bytes / ENTRY_BYTES;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint8_t *pair_slot(const struct ram *ram, uint64_t number)
{
	uint64_t area = number / pair_per_area();
	uint64_t chunk = 1 + area * (pair_per_area() + 1);

	return ram->devices[0].bytes + chunk * pair_chunk_bytes +
	       number % pair_per_area() * ENTRY_BYTES;
}

/* The entries one after the other, by the table's first. */
struct cursor {
	const uint8_t *entry;
	uint64_t left_in_area;
};

static struct cursor first(const struct ram *ram)
{
	return (struct cursor){ pair_slot(ram, 0), pair_per_area() };
}

static void next(struct cursor *c)
{
	c->entry += ENTRY_BYTES;
	if (--c->left_in_area > 0)
		return;
	c->left_in_area = pair_per_area();
	/* Behind an area are the chunks that it can speak of. */
	c->entry += c->left_in_area * pair_chunk_bytes;
}

static uint64_t old_of(const struct cursor *c)
{
	return get64(c->entry);
}

/* 0: the terminator. */
static uint64_t new_of(const struct cursor *c)
{
	return get64(c->entry + 8);
}

uint64_t pair_origin_chunks(const struct ram *ram)
{
	return (ram->devices[1].io.size_bytes + pair_chunk_bytes - 1) /
	       pair_chunk_bytes;
}

void pair_entry(const struct ram *ram, uint64_t number, uint64_t *old_chunk,
		uint64_t *new_chunk)
{
	*old_chunk = get64(pair_slot(ram, number));
	*new_chunk = get64(pair_slot(ram, number) + 8);
}

uint64_t pair_count(const struct ram *ram)
{
	struct cursor c;
	uint64_t n = 0;

	for (c = first(ram); new_of(&c) != 0; next(&c))
		n++;
	return n;
}

void pair_view(const struct ram *ram, uint8_t *view)
{
	uint64_t size = ram->devices[1].io.size_bytes;
	uint64_t count = pair_count(ram);
	uint64_t i;

	memcpy(view, ram->devices[1].bytes, size);
	for (i = 0; i < count; i++) {
		uint64_t to = get64(pair_slot(ram, i)) * pair_chunk_bytes;
		uint64_t from = get64(pair_slot(ram, i) + 8) * pair_chunk_bytes;
		uint64_t len = pair_chunk_bytes;

		if (to + len > size)
			len = size - to;
		memcpy(view + to, ram->devices[0].bytes + from, len);
	}
}

/* Does chunk @old_chunk of the view lie at @from_bytes of device @device? */
static bool is_shown(const struct ram *ram, unsigned int device,
		     uint64_t from_bytes, uint64_t old_chunk,
		     const uint8_t *view)
{
	const struct ram_device *d = &ram->devices[device];
	uint64_t size = ram->devices[1].io.size_bytes;
	uint64_t to = old_chunk * pair_chunk_bytes;
	uint64_t len =
		size - to < pair_chunk_bytes ? size - to : pair_chunk_bytes;

	return from_bytes + len <= d->io.size_bytes &&
	       memcmp(d->bytes + from_bytes, view + to, len) == 0;
}

bool pair_shows(const struct ram *ram, const uint8_t *view)
{
	uint64_t olds = pair_origin_chunks(ram);
	bool *covered = calloc(olds, sizeof(*covered));
	bool same = true;
	struct cursor c;
	uint64_t i;

	if (!covered)
		abort();
	for (c = first(ram); new_of(&c) != 0 && same; next(&c)) {
		uint64_t old_chunk = old_of(&c);

		same = old_chunk < olds &&
		       is_shown(ram, 0, new_of(&c) * pair_chunk_bytes,
				old_chunk, view);
		if (same)
			covered[old_chunk] = true;
	}
	for (i = 0; i < olds && same; i++)
		same = covered[i] ||
		       is_shown(ram, 1, i * pair_chunk_bytes, i, view);
	free(covered);
	return same;
}

bool pair_tail_clean(const struct ram *ram)
{
	struct cursor c;

	for (c = first(ram); new_of(&c) != 0; next(&c))
		;
	/* Each byte is the one before it, and the first is zero. */
	return c.entry[0] == 0 && memcmp(c.entry, c.entry + 1,
					 c.left_in_area * ENTRY_BYTES - 1) == 0;
}

uint64_t pair_count_outside(const struct ram *ram, uint64_t start_bytes,
			    uint64_t end_bytes)
{
	uint64_t size = ram->devices[1].io.size_bytes;
	uint64_t outside = 0;
	struct cursor c;

	for (c = first(ram); new_of(&c) != 0; next(&c)) {
		uint64_t start = old_of(&c) * pair_chunk_bytes;
		uint64_t end = start + pair_chunk_bytes;

		if (end > size)
			end = size;
		outside += start < start_bytes || end > end_bytes;
	}
	return outside;
}

static bool stands_before(const struct ram *ram, const struct cursor *c)
{
	struct cursor other = first(ram);

	while (other.entry != c->entry &&
	       memcmp(other.entry, c->entry, ENTRY_BYTES) != 0)
		next(&other);
	return other.entry != c->entry;
}

uint64_t pair_count_again(const struct ram *ram)
{
	uint64_t olds = pair_origin_chunks(ram);
	bool *met = calloc(olds, sizeof(*met));
	uint64_t again = 0;
	struct cursor c;

	if (!met)
		abort();
	for (c = first(ram); new_of(&c) != 0; next(&c)) {
		uint64_t old_chunk = old_of(&c);

		/* What is the same has the same old chunk, too. */
		if (old_chunk < olds && !met[old_chunk])
			met[old_chunk] = true;
		else
			again += stands_before(ram, &c);
	}
	free(met);
	return again;
}

void pair_plan(const struct ram *ram, struct psnap_merge_plan *plan)
{
	struct psnap_error err;

	memset(plan, 0, sizeof(*plan));
	if (psnap_geometry_init(&plan->check.geometry,
				ram->devices[0].io.size_bytes, pair_chunk_bytes,
				&err))
		abort();
	plan->exceptions = pair_count(ram);
	plan->check.exceptions = plan->exceptions;
	plan->check.counts[PSNAP_F_DUPLICATE_SAME] = pair_count_again(ram);
	plan->copy_bytes = plan->exceptions * pair_chunk_bytes;
}
