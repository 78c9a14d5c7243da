/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, sizes and ranges of the command line: what is taken, and that
 * everything else is refused without touching the value.
 */
#include "parse.h"
#include "test.h"

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

typedef const char *parse_fn(const char *text, uint64_t *value);

static void takes(parse_fn *parse, const char *text, uint64_t want)
{
	uint64_t value = UNTOUCHED;

	T_EQ_STR(parse(text, &value), NULL);
	T_OK(value == want, "'%s' is %" PRIu64 ", got %" PRIu64, text, want,
	     value);
}

static void refuses(parse_fn *parse, const char *text, const char *why)
{
	uint64_t value = UNTOUCHED;
	const char *problem = parse(text, &value);

	T_OK(problem && strstr(problem, why), "'%s' %s, got '%s'", text, why,
	     problem ? problem : "(taken)");
	T_OK(value == UNTOUCHED, "'%s' leaves the value alone, got %" PRIu64,
	     text, value);
}

static void test_numbers(void)
{
	takes(psnap_parse_u64, "0", 0);
	takes(psnap_parse_u64, "7", 7);
	takes(psnap_parse_u64, "010", 10);
	takes(psnap_parse_u64, "0x10", 16);
	takes(psnap_parse_u64, "0xfF", 255);
	takes(psnap_parse_u64, "18446744073709551615", UINT64_MAX);
	takes(psnap_parse_u64, "0xffffffffffffffff", UINT64_MAX);
	takes(psnap_parse_u64, "00000000000000000000000001", 1);

	refuses(psnap_parse_u64, "", "not a number");
	refuses(psnap_parse_u64, "-1", "not a number");
	refuses(psnap_parse_u64, "+1", "not a number");
	refuses(psnap_parse_u64, " 1", "not a number");
	refuses(psnap_parse_u64, "1 ", "not a number");
	refuses(psnap_parse_u64, "1K", "not a number");
	refuses(psnap_parse_u64, "0x", "not a number");
	refuses(psnap_parse_u64, "0xg", "not a number");
	refuses(psnap_parse_u64, "x1", "not a number");
	refuses(psnap_parse_u64, "1a", "not a number");
	refuses(psnap_parse_u64, "1.5", "not a number");
	refuses(psnap_parse_u64, "18446744073709551616", "too large");
	refuses(psnap_parse_u64, "18446744073709551620", "too large");
	refuses(psnap_parse_u64, "99999999999999999999999", "too large");
	refuses(psnap_parse_u64, "0x10000000000000000", "too large");
}

static void test_sizes(void)
{
	takes(psnap_parse_size, "0", 0);
	takes(psnap_parse_size, "4096", 4096);
	takes(psnap_parse_size, "8s", 4096);
	takes(psnap_parse_size, "0x8s", 4096);
	takes(psnap_parse_size, "4K", 4096);
	takes(psnap_parse_size, "1M", UINT64_C(1) << 20);
	takes(psnap_parse_size, "3G", UINT64_C(3) << 30);
	takes(psnap_parse_size, "1T", UINT64_C(1) << 40);
	takes(psnap_parse_size, "1P", UINT64_C(1) << 50);
	takes(psnap_parse_size, "15E", UINT64_C(15) << 60);
	/* Behind 0x an E is a digit, as in every other program. */
	takes(psnap_parse_size, "0x1E", 30);
	takes(psnap_parse_size, "36028797018963967s",
	      UINT64_C(36028797018963967) * 512);

	refuses(psnap_parse_size, "", "not a size");
	refuses(psnap_parse_size, "K", "not a size");
	refuses(psnap_parse_size, "-4K", "not a size");
	refuses(psnap_parse_size, "4k", "unknown suffix");
	refuses(psnap_parse_size, "4KiB", "unknown suffix");
	refuses(psnap_parse_size, "4KK", "unknown suffix");
	refuses(psnap_parse_size, "4 K", "unknown suffix");
	refuses(psnap_parse_size, "4S", "unknown suffix");
	refuses(psnap_parse_size, "1.5G", "unknown suffix");
	refuses(psnap_parse_size, "16E", "too large");
	refuses(psnap_parse_size, "36028797018963968s", "too large");
	refuses(psnap_parse_size, "18446744073709551616", "too large");
}

static void takes_range(const char *text, uint64_t start, uint64_t end)
{
	struct psnap_range range = { 0 };

	T_EQ_STR(psnap_parse_range(text, &range), NULL);
	T_OK(range.given, "'%s' counts as given", text);
	T_EQ_U64(range.start, start);
	T_EQ_U64(range.end, end);
}

static void refuses_range(const char *text, const char *why)
{
	struct psnap_range range = { 0 };
	const char *problem = psnap_parse_range(text, &range);

	T_OK(problem && strstr(problem, why), "'%s' %s, got '%s'", text, why,
	     problem ? problem : "(taken)");
	T_OK(!range.given, "'%s' does not count as given", text);
}

static void test_ranges(void)
{
	takes_range("0..1", 0, 1);
	takes_range("5", 5, 6);
	takes_range("0x10..0x20", 16, 32);
	takes_range("0..18446744073709551615", 0, UINT64_MAX);
	takes_range("18446744073709551614", UINT64_MAX - 1, UINT64_MAX);

	refuses_range("", "not a range");
	refuses_range("..", "not a range");
	refuses_range("..5", "not a range");
	refuses_range("5..", "not a range");
	refuses_range("5.6", "not a range");
	refuses_range("5...6", "not a range");
	refuses_range("5..6..7", "not a range");
	refuses_range("5-6", "not a range");
	refuses_range("4K..5K", "not a range");
	refuses_range("5..5", "empty");
	refuses_range("6..5", "empty");
	refuses_range("18446744073709551615", "too large");
	refuses_range("0..18446744073709551616", "too large");
	refuses_range("18446744073709551616..0", "too large");
}

static void test_choices(void)
{
	static const char *const words[] = { "text", "json", NULL };

	T_EQ_I64(psnap_parse_choice("text", words), 0);
	T_EQ_I64(psnap_parse_choice("json", words), 1);
	T_EQ_I64(psnap_parse_choice("jso", words), -1);
	T_EQ_I64(psnap_parse_choice("jsonx", words), -1);
	T_EQ_I64(psnap_parse_choice("", words), -1);
}

int main(void)
{
	test_numbers();
	test_sizes();
	test_ranges();
	test_choices();
	return T_DONE();
}
