/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that mostly stay or grow by one from record to record (new_chunk,
 * area, entry): the text of the last one is kept and its last digit moved on,
 * which spares a table of millions of entries four of five conversions.
 */
#ifndef PSNAP_CMD_COUNTER_H
#define PSNAP_CMD_COUNTER_H

#include "digits.h"

/** struct psnap_counter - zero-initialise */
struct psnap_counter {
	uint64_t value;
	unsigned int digits;
	char text[PSNAP_DIGITS_MAX];
};

/* Rarely: the conversion that the counter spares. Kept out of the way. */
static __attribute__((noinline, unused)) void
psnap_counter_set(struct psnap_counter *counter, uint64_t value)
{
	char *end = psnap_digits_put(counter->text, value);

	counter->digits = (unsigned int)(end - counter->text);
	counter->value = value;
}

/**
 * psnap_counter_put() - write a number at @p; the position behind it
 *
 * Copies PSNAP_DIGITS_MAX bytes whatever the number has, so there must be room
 * for as many.
 */
static inline __attribute__((always_inline)) char *
psnap_counter_put(char *p, struct psnap_counter *counter, uint64_t value)
{
	unsigned int last = counter->digits - 1;

	if (value != counter->value || counter->digits == 0) {
		/* The digit is moved on behind the copy: a wide load right
		 * after a store of one byte would have to wait for it. */
		if (counter->digits > 0 && value != 0 &&
		    value == counter->value + 1 && counter->text[last] != '9') {
			memcpy(p, counter->text, PSNAP_DIGITS_MAX);
			p[last] = (char)(p[last] + 1);
			counter->text[last] = p[last];
			counter->value = value;
			return p + counter->digits;
		}
		psnap_counter_set(counter, value);
	}
	memcpy(p, counter->text, PSNAP_DIGITS_MAX);
	return p + counter->digits;
}

#endif
