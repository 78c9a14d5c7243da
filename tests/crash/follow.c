/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bit for each block that may differ from the base.
 */
#include "follow.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 512u
#define WORD_BLOCKS 64u
#define WORD_BYTES  ((uint64_t)BLOCK_BYTES * WORD_BLOCKS)

/* Of all devices, so that none has the number of another. */
static uint64_t versions;

static size_t words_of(const struct ram_device *d)
{
	return (size_t)((d->io.size_bytes + WORD_BYTES - 1) / WORD_BYTES);
}

void follow_begin(struct ram *ram, const struct ram *base)
{
	unsigned int i;

	follow_end(ram);
	ram_copy_bytes(ram, base);
	for (i = 0; i < ram->device_count; i++) {
		struct ram_device *d = &ram->devices[i];

		d->base = &base->devices[i];
		d->version = ++versions;
		d->differs = calloc(words_of(d), sizeof(*d->differs));
		d->read = calloc(words_of(d), sizeof(*d->read));
		if (!d->differs || !d->read)
			abort();
	}
}

void follow_end(struct ram *ram)
{
	unsigned int i;

	for (i = 0; i < ram->device_count; i++) {
		free(ram->devices[i].differs);
		free(ram->devices[i].read);
		ram->devices[i].differs = NULL;
		ram->devices[i].read = NULL;
		ram->devices[i].base = NULL;
	}
}

/* The bits of all blocks that the range touches. */
static void mark(uint64_t *bits, uint64_t offset_bytes, uint64_t len_bytes)
{
	uint64_t block = offset_bytes / BLOCK_BYTES;
	uint64_t end =
		(offset_bytes + len_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;

	while (block < end) {
		uint64_t bit = block % WORD_BLOCKS;
		uint64_t n = WORD_BLOCKS - bit;

		if (n > end - block)
			n = end - block;
		bits[block / WORD_BLOCKS] |= (UINT64_MAX >> (WORD_BLOCKS - n))
					     << bit;
		block += n;
	}
}

void follow_note(struct ram_device *d, uint64_t offset_bytes,
		 uint64_t len_bytes)
{
	if (!d->differs || len_bytes == 0)
		return;
	d->version = ++versions;
	mark(d->differs, offset_bytes, len_bytes);
}

void follow_note_read(struct ram_device *d, uint64_t offset_bytes,
		      uint64_t len_bytes)
{
	if (d->read && len_bytes)
		mark(d->read, offset_bytes, len_bytes);
}

/*
 * The next bytes of @bits, a word of those of @d, as one range; those bits are
 * cleared. There has to be one.
 */
static size_t take(const struct ram_device *d, size_t word, uint64_t *bits,
		   uint64_t *offset_bytes)
{
	uint64_t first = (uint64_t)__builtin_ctzll(*bits);
	uint64_t rest = ~(*bits >> first);
	uint64_t n = rest ? (uint64_t)__builtin_ctzll(rest) : WORD_BLOCKS;
	uint64_t len_bytes = n * BLOCK_BYTES;

	*bits &= ~((UINT64_MAX >> (WORD_BLOCKS - n)) << first);
	*offset_bytes = word * WORD_BYTES + first * BLOCK_BYTES;
	if (len_bytes > d->io.size_bytes - *offset_bytes)
		len_bytes = d->io.size_bytes - *offset_bytes;
	return (size_t)len_bytes;
}

static void revert(struct ram_device *d)
{
	size_t words = words_of(d);
	uint64_t at;
	size_t i;

	for (i = 0; i < words; i++)
		while (d->differs[i]) {
			size_t n = take(d, i, &d->differs[i], &at);

			memcpy(d->bytes + at, d->base->bytes + at, n);
		}
	/* Behind its end a file has zeros, so has this one now. */
	d->len_bytes = d->base->len_bytes;
}

static bool is_base(const struct ram_device *d)
{
	return d->len_bytes == d->base->len_bytes &&
	       memcmp(d->bytes, d->base->bytes, d->io.size_bytes) == 0;
}

/* Of one in a thousand all bytes are compared, so that it shows if there were
 * writes that nobody noted. */
void follow_revert(struct ram *ram)
{
	static unsigned int calls;
	bool all = ++calls % 1000 == 0;
	unsigned int i;

	for (i = 0; i < ram->device_count; i++) {
		revert(&ram->devices[i]);
		if (all && !is_base(&ram->devices[i]))
			abort();
	}
}

/* Where @d may differ from @other, in one word. */
static uint64_t differing(const struct ram_device *d,
			  const struct ram_device *other, size_t word)
{
	uint64_t bits = 0;

	for (; d != other; d = d->base) {
		if (!d)
			abort();
		bits |= d->differs[word];
	}
	return bits;
}

uint64_t follow_reads(const struct ram *ram)
{
	uint64_t blocks = 0;
	unsigned int i;
	size_t word;

	for (i = 0; i < ram->device_count; i++)
		for (word = 0; word < words_of(&ram->devices[i]); word++)
			blocks += (uint64_t)__builtin_popcountll(
				ram->devices[i].read[word]);
	return blocks;
}

static void append(uint8_t **bytes, size_t *len, size_t *max, const void *more,
		   size_t more_len)
{
	if (*len + more_len > *max) {
		*max = (*len + more_len) * 2;
		*bytes = realloc(*bytes, *max);
		if (!*bytes)
			abort();
	}
	memcpy(*bytes + *len, more, more_len);
	*len += more_len;
}

void follow_append_read(const struct ram_device *d, uint8_t **bytes,
			size_t *len, size_t *max)
{
	size_t words = words_of(d);
	uint64_t at;
	size_t i;

	for (i = 0; i < words; i++) {
		uint64_t bits = d->differs[i] & d->read[i];

		while (bits) {
			size_t n = take(d, i, &bits, &at);

			append(bytes, len, max, &at, sizeof(at));
			append(bytes, len, max, d->bytes + at, n);
		}
	}
}

bool follow_same(const struct ram *ram, const struct ram *other,
		 unsigned int device)
{
	const struct ram_device *a = &ram->devices[device];
	const struct ram_device *b = &other->devices[device];
	size_t words = words_of(a);
	uint64_t at;
	size_t i;

	for (i = 0; i < words; i++) {
		uint64_t bits = differing(a, b, i);

		while (bits) {
			size_t n = take(a, i, &bits, &at);

			if (memcmp(a->bytes + at, b->bytes + at, n) != 0)
				return false;
		}
	}
	return true;
}
