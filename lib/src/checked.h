/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic on sizes that came from a disk or a user: true when the result
 * fits, false (and nothing stored) when it does not.
 */
#ifndef PSNAP_CHECKED_H
#define PSNAP_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline bool is_power_of_two_u64(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
