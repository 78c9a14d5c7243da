/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this JSON? As strict as RFC 8259 allows, and stricter where psnap promises
 * more: text is UTF-8, numbers are integers without sign of at most 64 bits, no
 * object has a key twice, nothing nests deeper than 16.
 */
#ifndef PSNAP_FUZZ_JSON_SYNTAX_H
#define PSNAP_FUZZ_JSON_SYNTAX_H

#include <stddef.h>

/*
 * NULL when [text, text + len_bytes) is one value and spaces around it, else
 * what is wrong; *where is then the offset.
 */
const char *json_syntax_check(const char *text, size_t len_bytes,
			      size_t *where);

#endif
