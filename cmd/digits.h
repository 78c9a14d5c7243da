/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers to text, fast: the length first, then two digits a step from the
 * end. Tables of millions of entries are printed through here; printf() takes
 * four times as long. The caller has made room: 20 bytes for any number.
 */
#ifndef PSNAP_CMD_DIGITS_H
#define PSNAP_CMD_DIGITS_H

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

/** psnap_digits_put() - write a number at @p; the position behind it */
static inline char *psnap_digits_put(char *p, uint64_t value)
{
	static const char pairs[201] =
		"00010203040506070809101112131415161718192021222324"
		"25262728293031323334353637383940414243444546474849"
		"50515253545556575859606162636465666768697071727374"
		"75767778798081828384858687888990919293949596979899";
	char *end = p + psnap_digits_count(value);
	char *at = end;

	while (value >= 100) {
		at -= 2;
		memcpy(at, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (value >= 10)
		memcpy(at - 2, pairs + 2 * value, 2);
	else
		at[-1] = (char)('0' + value);
	return end;
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
