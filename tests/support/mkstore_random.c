/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chance of mkstore: numbers that look random and follow from the seed
 * alone, on every machine, so that a recipe always makes the same store.
 * What is done with them is left to the table and to the raw bytes.
 */
#include "mkstore.h"

/* splitmix64: every state, also 0, starts a good sequence. */
uint64_t mkstore_mix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/*
 * A permutation of [0, limit): each round is invertible over the next power of
 * two (odd factor, shift by at least one bit), and numbers at or past limit
 * are sent round again until they land inside. It needs no memory per number.
 */
void mkstore_permutation_init(struct mkstore_permutation *p, uint64_t limit,
			      uint64_t seed)
{
	unsigned int bits = 1;

	while (bits < 64 && (limit - 1) >> bits)
		bits++;
	p->limit = limit;
	p->mask = UINT64_MAX >> (64 - bits);
	p->shift = (bits + 1) / 2;
	for (int i = 0; i < 3; i++) {
		p->factor[i] = mkstore_mix(&seed) | 1;
		p->summand[i] = mkstore_mix(&seed);
	}
}

uint64_t mkstore_permute(const struct mkstore_permutation *p, uint64_t x)
{
	do {
		for (int i = 0; i < 3; i++) {
			x = (x * p->factor[i] + p->summand[i]) & p->mask;
			x ^= x >> p->shift;
		}
	} while (x >= p->limit);
	return x;
}
