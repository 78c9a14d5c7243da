/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, sizes and ranges as users type them. strtoull() is of no use here:
 * it takes "-1", " 7", "" and "010" for numbers nobody meant.
 */
#include "parse.h"

#include <string.h>

static const char not_number[] =
	"is not a number (decimal, or hexadecimal behind 0x)";
static const char too_large[] = "is too large";

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Take the number that @text begins with; @end is what follows it. */
static const char *take_number(const char *text, uint64_t *value,
			       const char **end)
{
	uint64_t sum = 0;
	int base = 10;
	int digit;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	if (digit_value(*text) >= base)
		return not_number;
	while ((digit = digit_value(*text)) < base) {
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return too_large;
		text++;
	}
	*value = sum;
	*end = text;
	return NULL;
}

const char *psnap_parse_u64(const char *text, uint64_t *value)
{
	const char *problem;
	const char *end;
	uint64_t number;

	problem = take_number(text, &number, &end);
	if (problem)
		return problem;
	if (*end != '\0')
		return not_number;
	*value = number;
	return NULL;
}

const char *psnap_parse_size(const char *text, uint64_t *value_bytes)
{
	static const char powers[] = "KMGTPE";
	uint64_t factor_bytes = 1;
	const char *problem;
	const char *power;
	const char *end;
	uint64_t number;

	problem = take_number(text, &number, &end);
	if (problem)
		return problem == too_large
			       ? too_large
			       : "is not a size (a number, then nothing for "
				 "bytes, K M G T P E, or s for sectors)";
	if (*end == 's') {
		factor_bytes = 512;
		end++;
	} else if (*end != '\0' && (power = strchr(powers, *end))) {
		factor_bytes = UINT64_C(1024) << (10 * (power - powers));
		end++;
	}
	if (*end != '\0')
		return "has an unknown suffix (none for bytes, K M G T P E, "
		       "or s for sectors)";
	if (__builtin_mul_overflow(number, factor_bytes, &number))
		return too_large;
	*value_bytes = number;
	return NULL;
}

const char *psnap_parse_range(const char *text, struct psnap_range *range)
{
	const char *problem;
	const char *end;
	uint64_t start;
	uint64_t stop;

	problem = take_number(text, &start, &end);
	if (problem)
		return problem == too_large ? too_large
					    : "is not a range (A..B or A)";
	if (*end == '\0') {
		/* [A, A + 1) cannot be said of the last number there is. */
		if (start == UINT64_MAX)
			return too_large;
		stop = start + 1;
	} else if (end[0] == '.' && end[1] == '.') {
		problem = psnap_parse_u64(end + 2, &stop);
		if (problem)
			return problem == too_large
				       ? too_large
				       : "is not a range (A..B or A)";
	} else {
		return "is not a range (A..B or A)";
	}
	if (start >= stop)
		return "is empty: A..B leaves out B, so A must be below B";
	range->given = true;
	range->start = start;
	range->end = stop;
	return NULL;
}

int psnap_parse_choice(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	return -1;
}
