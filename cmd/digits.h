/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers to text, fast: eight digits a step, without a branch on the digits.
 * Tables of millions of entries are printed through here; printf() takes
 * four times as long. The caller has made room: 20 bytes for any number.
 */
#ifndef PSNAP_CMD_DIGITS_H
#define PSNAP_CMD_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define PSNAP_DIGITS_MAX 20

/** PSNAP_PUT() - copy a string literal to @p; the position behind it */
#define PSNAP_PUT(p, literal)                              \
	((char *)memcpy(p, literal, sizeof(literal) - 1) + \
	 (sizeof(literal) - 1))

/** psnap_digits_count() - how many decimal digits a number has */
static inline unsigned int psnap_digits_count(uint64_t value)
{
	/* [0] is 0, not 1, so that 0 has one digit. */
	static const uint64_t power[20] = {
		0,
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(value | 1);
	/* 1233 / 4096 is log10(2) closely enough for 64 bits. */
	unsigned int guess = bits * 1233 >> 12;

	return guess + (value >= power[guess] ? 1 : 0);
}

/*
 * Eight digits at once, the first in the lowest byte: halves of four digits,
 * then pairs, then single digits, each step on all parts of the word together.
 * The factors are 2^20 / 100 and 2^10 / 10, rounded up, exact in their range.
 */
static inline uint64_t psnap_digits_eight(uint32_t value)
{
	uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
	uint64_t high = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
	uint64_t pairs = high | (fours - 100 * high) << 16;
	uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f);

	return tens | (pairs - 10 * tens) << 8;
}

static inline void psnap_digits_store(char *p, uint64_t eight)
{
	uint64_t text = htole64(eight + UINT64_C(0x3030303030303030));

	memcpy(p, &text, sizeof(text));
}

/**
 * psnap_digits_put() - write a number at @p; the position behind it
 *
 * May store up to PSNAP_DIGITS_MAX bytes whatever the number has.
 */
static inline char *psnap_digits_put(char *p, uint64_t value)
{
	const uint32_t unit = 100000000;
	uint64_t eight;
	unsigned int zeros;

	if (value >= unit) {
		p = psnap_digits_put(p, value / unit);
		psnap_digits_store(
			p, psnap_digits_eight((uint32_t)(value % unit)));
		return p + 8;
	}
	eight = psnap_digits_eight((uint32_t)value);
	/* The last digit stays even when it is a zero too. */
	zeros = (unsigned int)__builtin_ctzll(eight | UINT64_C(1) << 56) / 8;
	psnap_digits_store(p, eight >> 8 * zeros);
	return p + (8 - zeros);
}

/** psnap_digits_right() - the same, with spaces before it up to @width */
static inline char *psnap_digits_right(char *p, uint64_t value,
				       unsigned int width)
{
	unsigned int digits = psnap_digits_count(value);

	if (digits < width) {
		memset(p, ' ', width - digits);
		p += width - digits;
	}
	return psnap_digits_put(p, value);
}

/** psnap_digits_hex8() - write eight hexadecimal digits */
static inline char *psnap_digits_hex8(char *p, uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[value >> shift & 15];
	return p;
}

#endif
