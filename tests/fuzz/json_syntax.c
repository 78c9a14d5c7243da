/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recursive descent over JSON that keeps nothing but where keys stand.
 */
#include "json_syntax.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 16
#define KEYS_MAX  64

struct syntax {
	const char *text;
	size_t len_bytes;
	size_t at;
	const char *problem;
	unsigned int depth;
};

static bool fail(struct syntax *s, const char *problem)
{
	if (!s->problem)
		s->problem = problem;
	return false;
}

/* The next byte, or -1 at the end: a zero in the text is a byte like others. */
static int peek(const struct syntax *s)
{
	return s->at < s->len_bytes ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct syntax *s)
{
	while (peek(s) == ' ' || peek(s) == '\n' || peek(s) == '\t' ||
	       peek(s) == '\r')
		s->at++;
}

static bool literal(struct syntax *s, const char *word)
{
	size_t len = strlen(word);

	if (s->len_bytes - s->at < len ||
	    memcmp(s->text + s->at, word, len) != 0)
		return fail(s, "not a value");
	s->at += len;
	return true;
}

static bool number(struct syntax *s)
{
	uint64_t value = 0;
	size_t start = s->at;

	while (peek(s) >= '0' && peek(s) <= '9') {
		uint64_t digit = (uint64_t)(peek(s) - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return fail(s, "a number beyond 64 bits");
		value = value * 10 + digit;
		s->at++;
	}
	if (s->at > start + 1 && s->text[start] == '0')
		return fail(s, "a number that begins with 0");
	return s->at > start || fail(s, "not a value");
}

static bool escape(struct syntax *s)
{
	int c = peek(s);

	s->at++;
	if (c > 0 && strchr("\"\\/bfnrt", c))
		return true;
	if (c != 'u')
		return fail(s, "an unknown escape");
	for (int i = 0; i < 4; i++, s->at++) {
		c = peek(s);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
		      (c >= 'A' && c <= 'F')))
			return fail(s, "not a hexadecimal digit");
	}
	return true;
}

/* Decodes and compares ranges, where the code under test looks at bytes. */
static bool utf8(struct syntax *s)
{
	static const uint32_t lowest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = (uint32_t)peek(s);
	unsigned int bytes = c < 0x80	? 1
			     : c < 0xc0 ? 0
			     : c < 0xe0 ? 2
			     : c < 0xf0 ? 3
			     : c < 0xf8 ? 4
					: 0;

	if (bytes == 0)
		return fail(s, "not UTF-8");
	s->at++;
	if (bytes == 1)
		return true;
	c &= 0x7fu >> bytes;
	for (unsigned int i = 1; i < bytes; i++, s->at++) {
		if (peek(s) < 0x80 || peek(s) > 0xbf)
			return fail(s, "half a character");
		c = c << 6 | (uint32_t)(peek(s) & 0x3f);
	}
	if (c < lowest[bytes] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return fail(s, "not a character");
	return true;
}

static bool string(struct syntax *s)
{
	if (peek(s) != '"')
		return fail(s, "not a string");
	s->at++;
	while (peek(s) != '"') {
		bool good;

		if (peek(s) < 0x20)
			return fail(s, "a control character, or the end");
		if (peek(s) == '\\') {
			s->at++;
			good = escape(s);
		} else {
			good = utf8(s);
		}
		if (!good)
			return false;
	}
	s->at++;
	return true;
}

static bool value(struct syntax *s);

/* A member of an object, whose keys so far begin at @keys. */
static bool member(struct syntax *s, size_t keys[KEYS_MAX], unsigned int count)
{
	size_t start;
	size_t len;

	skip_space(s);
	start = s->at;
	if (!string(s))
		return false;
	len = s->at - start;
	if (count >= KEYS_MAX)
		return fail(s, "too many keys");
	/* With both quotes, so that no key is taken for part of another. */
	for (unsigned int i = 0; i < count; i++)
		if (memcmp(s->text + keys[i], s->text + start, len) == 0)
			return fail(s, "a key for the second time");
	keys[count] = start;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "no colon");
	s->at++;
	return value(s);
}

static bool object(struct syntax *s)
{
	size_t keys[KEYS_MAX];
	unsigned int count = 0;

	s->at++;
	skip_space(s);
	if (peek(s) == '}') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!member(s, keys, count++))
			return false;
		if (peek(s) == '}')
			break;
		if (peek(s) != ',')
			return fail(s, "no comma between members");
		s->at++;
	}
	s->at++;
	return true;
}

static bool array(struct syntax *s)
{
	s->at++;
	skip_space(s);
	if (peek(s) == ']') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!value(s))
			return false;
		if (peek(s) == ']')
			break;
		if (peek(s) != ',')
			return fail(s, "no comma between values");
		s->at++;
	}
	s->at++;
	return true;
}

static bool any_value(struct syntax *s)
{
	switch (peek(s)) {
	case '{':
		return object(s);
	case '[':
		return array(s);
	case '"':
		return string(s);
	case 't':
		return literal(s, "true");
	case 'f':
		return literal(s, "false");
	case 'n':
		return literal(s, "null");
	default:
		return number(s);
	}
}

/* A value and the spaces around it. */
static bool value(struct syntax *s)
{
	bool good;

	if (++s->depth > DEPTH_MAX)
		return fail(s, "nested too deeply");
	skip_space(s);
	good = any_value(s);
	skip_space(s);
	s->depth--;
	return good;
}

const char *json_syntax_check(const char *text, size_t len_bytes, size_t *where)
{
	struct syntax s = { .text = text, .len_bytes = len_bytes };

	if (value(&s) && s.at != len_bytes)
		fail(&s, "more behind the value");
	*where = s.at;
	return s.problem;
}
