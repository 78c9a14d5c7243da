/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Little-endian numbers as bytes: alignment 1, no padding, the same code on
 * every host, and no way to use one without converting it.
 */
#ifndef PSNAP_LE_H
#define PSNAP_LE_H

#include <stdint.h>

struct le32 {
	uint8_t b[4];
};

struct le64 {
	uint8_t b[8];
};

static inline uint32_t le32_get(struct le32 v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 |
	       (uint32_t)v.b[2] << 16 | (uint32_t)v.b[3] << 24;
}

static inline uint64_t le64_get(struct le64 v)
{
	return (uint64_t)v.b[0] | (uint64_t)v.b[1] << 8 |
	       (uint64_t)v.b[2] << 16 | (uint64_t)v.b[3] << 24 |
	       (uint64_t)v.b[4] << 32 | (uint64_t)v.b[5] << 40 |
	       (uint64_t)v.b[6] << 48 | (uint64_t)v.b[7] << 56;
}

static inline struct le32 le32_put(uint32_t value)
{
	struct le32 v;
	unsigned int i;

	for (i = 0; i < 4; i++)
		v.b[i] = (uint8_t)(value >> (8 * i));
	return v;
}

static inline struct le64 le64_put(uint64_t value)
{
	struct le64 v;
	unsigned int i;

	for (i = 0; i < 8; i++)
		v.b[i] = (uint8_t)(value >> (8 * i));
	return v;
}

#endif
