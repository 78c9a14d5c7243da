/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz targets have in common: the entry point that libFuzzer and
 * replay.c call, a requirement that ends the process when it does not hold,
 * and a cursor that takes values off the input.
 */
#ifndef PSNAP_FUZZ_H
#define PSNAP_FUZZ_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/* abort() is what libFuzzer takes for a crash: it keeps the input. */
#define FUZZ_REQUIRE(good, ...)                                            \
	do {                                                               \
		if (!(good)) {                                             \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, \
				#good);                                    \
			fprintf(stderr, __VA_ARGS__);                      \
			fputc('\n', stderr);                               \
			abort();                                           \
		}                                                          \
	} while (0)

#define FUZZ_EQUAL(got, want)                                           \
	FUZZ_REQUIRE((uint64_t)(got) == (uint64_t)(want),               \
		     "got %" PRIu64 ", want %" PRIu64, (uint64_t)(got), \
		     (uint64_t)(want))

/* An input that has been used up goes on with zeros. */
struct fuzz_cursor {
	const uint8_t *at;
	size_t left_bytes;
};

static inline uint8_t fuzz_u8(struct fuzz_cursor *c)
{
	if (c->left_bytes == 0)
		return 0;
	c->left_bytes--;
	return *c->at++;
}

/*
 * A number whose first byte says how wide it is, so that a mutation of one
 * byte moves it from a small number to one at the end of the range.
 */
static inline uint64_t fuzz_u64(struct fuzz_cursor *c)
{
	uint8_t kind = fuzz_u8(c);
	unsigned int bytes = kind % 9;
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | fuzz_u8(c);
	return kind & 0x80 ? ~value : value;
}

/* A string of at most @size_bytes - 1 bytes; it ends early at a zero. */
static inline void fuzz_string(struct fuzz_cursor *c, char *text,
			       size_t size_bytes)
{
	size_t len_bytes = fuzz_u64(c) % size_bytes;
	size_t i;

	for (i = 0; i < len_bytes && c->left_bytes > 0; i++)
		text[i] = (char)fuzz_u8(c);
	text[i] = '\0';
}

#endif
