/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums are most of the time of undoing. Here they are made by folding 16
 * bytes at a time, where the processor multiplies polynomials (Intel, "Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ"), and one in so many is
 * compared with the library's. The linker puts this before psnap_crc32().
 */
#include <psnap/zip.h>
#include <stdlib.h>

uint32_t __real_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes);
uint32_t __wrap_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes);

#ifdef __x86_64__
#	include <immintrin.h>

#	define PART_BYTES    64u
#	define COMPARE_EVERY 1000u
#	define FOLDING	      __attribute__((target("pclmul,sse4.1")))

static FOLDING __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* @x as many bits further on as @by is made for, and what stands there. */
static FOLDING __m128i fold(__m128i x, __m128i by, __m128i there)
{
	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00),
					   _mm_clmulepi64_si128(x, by, 0x11)),
			     there);
}

/* From 128 bits to 64, and from those to 32 by Barrett's reduction. */
static FOLDING uint32_t reduce(__m128i x, __m128i by_128)
{
	const __m128i by_64 = _mm_set_epi64x(0, 0x163cd6124);
	const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);
	const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
	__m128i y;

	x = _mm_xor_si128(_mm_srli_si128(x, 8),
			  _mm_clmulepi64_si128(x, by_128, 0x10));
	y = _mm_clmulepi64_si128(_mm_and_si128(x, low), by_64, 0x00);
	x = _mm_xor_si128(_mm_srli_si128(x, 4), y);
	y = _mm_clmulepi64_si128(_mm_and_si128(x, low), barrett, 0x10);
	y = _mm_clmulepi64_si128(_mm_and_si128(y, low), barrett, 0x00);
	return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, y), 1);
}

/* @len: at least PART_BYTES, a multiple of 16. */
static FOLDING uint32_t fold_all(uint32_t crc32, const uint8_t *p, size_t len)
{
	const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
	const __m128i by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	__m128i a = _mm_xor_si128(load(p), _mm_cvtsi32_si128((int)~crc32));
	__m128i b = load(p + 16);
	__m128i c = load(p + 32);
	__m128i d = load(p + 48);
	size_t at;

	for (at = PART_BYTES; at + PART_BYTES <= len; at += PART_BYTES) {
		a = fold(a, by_512, load(p + at));
		b = fold(b, by_512, load(p + at + 16));
		c = fold(c, by_512, load(p + at + 32));
		d = fold(d, by_512, load(p + at + 48));
	}
	a = fold(fold(fold(a, by_128, b), by_128, c), by_128, d);
	for (; at < len; at += 16)
		a = fold(a, by_128, load(p + at));
	return ~reduce(a, by_128);
}

uint32_t __wrap_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes)
{
	size_t whole = len_bytes / 16 * 16;
	static unsigned int calls;
	uint32_t now;

	if (whole < PART_BYTES || !__builtin_cpu_supports("pclmul") ||
	    !__builtin_cpu_supports("sse4.1"))
		return __real_psnap_crc32(crc32, data, len_bytes);
	now = fold_all(crc32, data, whole);
	now = __real_psnap_crc32(now, (const uint8_t *)data + whole,
				 len_bytes - whole);
	if (++calls % COMPARE_EVERY == 1 &&
	    now != __real_psnap_crc32(crc32, data, len_bytes))
		abort();
	return now;
}
#else
uint32_t __wrap_psnap_crc32(uint32_t crc32, const void *data, size_t len_bytes)
{
	return __real_psnap_crc32(crc32, data, len_bytes);
}
#endif
