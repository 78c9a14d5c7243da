/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digits.h, counter.h: the fast forms against printf(), at every border of
 * length, over random numbers of every size, and for counters that stay, grow
 * by one, carry and jump.
 */
#include "counter.h"
#include "random.h"
#include "test.h"

static bool right(uint64_t value)
{
	char got[64];
	char want[64];

	memset(got, 'x', sizeof(got));
	*psnap_digits_put(got, value) = '\0';
	snprintf(want, sizeof(want), "%" PRIu64, value);
	return strcmp(got, want) == 0 &&
	       psnap_digits_count(value) == strlen(want) &&
	       got[PSNAP_DIGITS_MAX + 1] == 'x';
}

static void test_borders(void)
{
	uint64_t power = 1;
	int digits;

	for (digits = 1; digits <= 20; digits++, power *= 10) {
		T_OK(right(power), "%" PRIu64, power);
		T_OK(right(power - 1), "%" PRIu64, power - 1);
		T_OK(right(power + 1), "%" PRIu64, power + 1);
	}
	T_OK(right(UINT64_MAX), "2^64 - 1");
}

static void test_random(void)
{
	unsigned int wrong = 0;
	uint64_t i;

	for (i = 0; i < 100000; i++)
		if (!right(i) || !right(next_random() >> (i % 64)))
			wrong++;
	T_EQ_U64(wrong, 0);
}

static void test_width(void)
{
	char text[64];

	*psnap_digits_right(text, 7, 5) = '\0';
	T_EQ_STR(text, "    7");
	*psnap_digits_right(text, 1234567, 5) = '\0';
	T_EQ_STR(text, "1234567");
	*psnap_digits_hex8(text, 0xab) = '\0';
	T_EQ_STR(text, "000000ab");
}

static void test_counter(void)
{
	struct psnap_counter counter = { 0 };
	unsigned int wrong = 0;
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		uint64_t step = next_random() % 16;
		char got[64];
		char want[64];

		*psnap_counter_put(got, &counter, value) = '\0';
		snprintf(want, sizeof(want), "%" PRIu64, value);
		wrong += strcmp(got, want) != 0;
		if (step == 0)
			value = next_random() >> (i % 64);
		else if (step > 1)
			value++;
	}
	T_EQ_U64(wrong, 0);
}

int main(void)
{
	test_borders();
	test_random();
	test_width();
	test_counter();
	return T_DONE();
}
