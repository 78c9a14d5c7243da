/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small hash table from numbers to numbers that are not 0.
 */
#ifndef PSNAP_TEST_NUMBERS_H
#define PSNAP_TEST_NUMBERS_H

#include <stdint.h>
#include <stdlib.h>

struct numbers {
	uint64_t (*slots)[2];
	uint64_t mask;
};

static inline void numbers_init(struct numbers *n, uint64_t count)
{
	uint64_t size = 16;

	while (size < 2 * count)
		size *= 2;
	n->mask = size - 1;
	n->slots = calloc(size, sizeof(*n->slots));
	if (!n->slots)
		abort();
}

static inline void numbers_release(struct numbers *n)
{
	free(n->slots);
}

static inline uint64_t numbers_at(const struct numbers *n, uint64_t key)
{
	uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 20 & n->mask;

	while (n->slots[at][1] && n->slots[at][0] != key)
		at = (at + 1) & n->mask;
	return at;
}

static inline void numbers_set(struct numbers *n, uint64_t key, uint64_t value)
{
	uint64_t at = numbers_at(n, key);

	n->slots[at][0] = key;
	n->slots[at][1] = value;
}

/* 0: there is none. */
static inline uint64_t numbers_get(const struct numbers *n, uint64_t key)
{
	return n->slots[numbers_at(n, key)][1];
}

#endif
