/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, sizes and ranges as users type them. Nothing is guessed: a sign, a
 * space, anything behind the number or a value beyond 64 bits is refused.
 *
 * Each function returns NULL and fills @value, or returns what is wrong with
 * the text as the end of a sentence ("is not a number"); @value is then
 * unchanged.
 */
#ifndef PSNAP_CMD_PARSE_H
#define PSNAP_CMD_PARSE_H

#include <psnap/dump.h>

/** psnap_parse_u64() - decimal, or hexadecimal behind 0x */
const char *psnap_parse_u64(const char *text, uint64_t *value);

/**
 * psnap_parse_size() - a number of bytes
 *
 * A number as above and one of K M G T P E (powers of 1024) or s (sectors of
 * 512 bytes). Behind 0x an E is a digit.
 */
const char *psnap_parse_size(const char *text, uint64_t *value_bytes);

/** psnap_parse_range() - A..B is [A, B); A alone is [A, A + 1) */
const char *psnap_parse_range(const char *text, struct psnap_range *range);

/**
 * psnap_parse_choice() - which of some words
 * @words:  NULL-terminated
 *
 * Return: index into @words, or -1.
 */
int psnap_parse_choice(const char *text, const char *const *words);

#endif
