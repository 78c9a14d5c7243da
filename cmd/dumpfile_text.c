/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines out of a buffer that grows up to the longest line there may be.
 */
#include "dumpfile_text.h"

#include "dumpfile.h"

#include <inttypes.h>
#include <psnap/zip.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES ((size_t)64 << 10)

int psnap_text_fail(struct psnap_error *err, enum psnap_err code,
		    uint64_t number, const char *fmt, ...)
{
	va_list args;
	int n;

	if (!err)
		return code;
	*err = (struct psnap_error){ .code = code };
	n = snprintf(err->message, sizeof(err->message), "line %" PRIu64 ": ",
		     number);
	va_start(args, fmt);
	if (n > 0)
		vsnprintf(err->message + n, sizeof(err->message) - (size_t)n,
			  fmt, args);
	va_end(args);
	return code;
}

/* Without words: whoever prints it has some. */
static int fail_code(struct psnap_error *err, enum psnap_err code)
{
	if (err)
		*err = (struct psnap_error){ .code = code };
	return code;
}

int psnap_text_begin(struct psnap_text *text, struct psnap_error *err)
{
	psnap_unzip_close(text->unzip);
	text->unzip = NULL;
	text->number = 0;
	text->crc32 = 0;
	text->bytes = 0;
	text->start = 0;
	text->end = 0;
	text->scanned = 0;
	text->at_end = false;
	if (!text->buf) {
		text->buf = malloc(READ_BYTES);
		text->capacity = READ_BYTES;
	}
	if (!text->buf)
		return fail_code(err, PSNAP_E_NOMEM);
	return psnap_unzip_open(text->io, &text->unzip, err);
}

/* For more of the line at hand. */
static int make_room(struct psnap_text *text, struct psnap_error *err)
{
	size_t capacity;
	char *bigger;

	memmove(text->buf, text->buf + text->start, text->end - text->start);
	text->end -= text->start;
	text->start = 0;
	if (text->end < text->capacity)
		return 0;
	if (text->capacity >= PSNAP_DUMPFILE_LINE_BYTES_MAX)
		return psnap_text_fail(err, PSNAP_E_CORRUPT, text->number + 1,
				       "longer than any line of a dump");
	capacity = text->capacity * 2;
	bigger = realloc(text->buf, capacity);
	if (!bigger)
		return fail_code(err, PSNAP_E_NOMEM);
	text->buf = bigger;
	text->capacity = capacity;
	return 0;
}

static int read_more(struct psnap_text *text, struct psnap_error *err)
{
	const struct psnap_progress *p = &text->progress;
	size_t got;
	int rc;

	if (p->tick && p->tick(p->ctx, psnap_unzip_position(text->unzip),
			       text->io->size_bytes))
		return fail_code(err, PSNAP_E_INTERRUPTED);
	rc = make_room(text, err);
	if (rc)
		return rc;
	rc = psnap_unzip_read(text->unzip, text->buf + text->end,
			      text->capacity - text->end, &got, err);
	if (rc)
		return rc;
	text->crc32 = psnap_crc32(text->crc32, text->buf + text->end, got);
	text->bytes += got;
	text->end += got;
	text->at_end = got == 0;
	return 0;
}

int psnap_text_next(struct psnap_text *text, const char **line,
		    size_t *len_bytes, struct psnap_error *err)
{
	for (;;) {
		char *from = text->buf + text->start;
		size_t there = text->end - text->start;
		char *newline = memchr(from + text->scanned, '\n',
				       there - text->scanned);
		int rc;

		if (newline || (text->at_end && there > 0)) {
			*line = from;
			*len_bytes = newline ? (size_t)(newline - from) : there;
			text->start += *len_bytes + (newline ? 1 : 0);
			text->scanned = 0;
			text->number++;
			return 1;
		}
		if (text->at_end)
			return 0;
		text->scanned = there;
		rc = read_more(text, err);
		if (rc)
			return rc;
	}
}

void psnap_text_end(struct psnap_text *text)
{
	psnap_unzip_close(text->unzip);
	free(text->buf);
	text->unzip = NULL;
	text->buf = NULL;
}
