/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same pseudo-random numbers in every run, on every machine (xorshift64).
 */
#ifndef PSNAP_TEST_RANDOM_H
#define PSNAP_TEST_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline void fill_random(uint8_t *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		bytes[i] = (uint8_t)next_random();
}

#endif
