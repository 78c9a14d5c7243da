/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks for unit tests, printed as TAP. Each test is a program of its own:
 * checks never stop it, so one run shows everything that is wrong, and
 * `return T_DONE();` at the end of main() prints the plan and says whether all
 * checks held. A program that crashes has no plan, which is a failure too.
 */
#ifndef PSNAP_TEST_H
#define PSNAP_TEST_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned int t_count;
static unsigned int t_failed;

#define T_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Begin the line of one check; the caller ends it. */
static inline bool t_begin(bool good, const char *file, int line)
{
	const char *base = strrchr(file, '/');

	t_count++;
	if (!good)
		t_failed++;
	printf("%s %u - %s:%d: ", good ? "ok" : "not ok", t_count,
	       base ? base + 1 : file, line);
	return good;
}

static inline bool t_end(bool good)
{
	putchar('\n');
	fflush(stdout);
	return good;
}

T_PRINTF(4, 5)
static inline bool t_ok(bool good, const char *file, int line, const char *fmt,
			...)
{
	va_list args;

	t_begin(good, file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	return t_end(good);
}

static inline bool t_eq_u64(uint64_t got, uint64_t want, const char *file,
			    int line, const char *text)
{
	if (!t_begin(got == want, file, line))
		printf("got %" PRIu64 ", want %" PRIu64 ": ", got, want);
	printf("%s", text);
	return t_end(got == want);
}

static inline bool t_eq_i64(int64_t got, int64_t want, const char *file,
			    int line, const char *text)
{
	if (!t_begin(got == want, file, line))
		printf("got %" PRId64 ", want %" PRId64 ": ", got, want);
	printf("%s", text);
	return t_end(got == want);
}

/* NULL equals only NULL. */
static inline bool t_eq_str(const char *got, const char *want, const char *file,
			    int line, const char *text)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;

	if (!t_begin(good, file, line))
		printf("got \"%s\", want \"%s\": ", got ? got : "(null)",
		       want ? want : "(null)");
	printf("%s", text);
	return t_end(good);
}

static inline int t_done(void)
{
	printf("1..%u\n", t_count);
	if (t_failed > 0)
		printf("# %u of %u failed\n", t_failed, t_count);
	return t_failed > 0 || t_count == 0 ? 1 : 0;
}

/* T_OK(condition, format, ...): the text says what holds. All checks are true
 * when they held, so a test can stop before it follows a bad pointer. */
#define T_OK(cond, ...) t_ok(cond, __FILE__, __LINE__, __VA_ARGS__)
/* Comparisons: what was got first, what is wanted second. */
#define T_EQ_U64(got, want) \
	t_eq_u64(got, want, __FILE__, __LINE__, #got " == " #want)
#define T_EQ_I64(got, want) \
	t_eq_i64(got, want, __FILE__, __LINE__, #got " == " #want)
#define T_EQ_STR(got, want) \
	t_eq_str(got, want, __FILE__, __LINE__, #got " == " #want)
#define T_DONE() t_done()

#endif
