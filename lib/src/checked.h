/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small arithmetic on sizes. Numbers from a disk are compared with what the
 * device has before they are multiplied or added, so that neither can overflow:
 * "len > size - offset", never "offset + len > size".
 */
#ifndef PSNAP_CHECKED_H
#define PSNAP_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool is_power_of_two_u64(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
