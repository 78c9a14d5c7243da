/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a file, plain or through gzip, in bounded memory. What they say
 * is not known here.
 */
#ifndef PSNAP_CMD_DUMPFILE_TEXT_H
#define PSNAP_CMD_DUMPFILE_TEXT_H

#include <psnap/io.h>
#include <psnap/progress.h>
#include <psnap/unzip.h>

/**
 * struct psnap_text - zero-initialise with @io and @progress, then
 *                     psnap_text_begin()
 * @number:  of the line that was handed out last, from 1
 * @crc32, @bytes:  of what was read so far, decompressed
 * @buf:     [@start, @end) is read and not yet used; @scanned bytes of that
 *           have no newline
 */
struct psnap_text {
	struct psnap_io *io;
	struct psnap_progress progress;
	uint64_t number;
	uint32_t crc32;
	uint64_t bytes;
	struct psnap_unzip *unzip;
	char *buf;
	size_t capacity;
	size_t start;
	size_t end;
	size_t scanned;
	bool at_end;
};

/** psnap_text_begin() - from the first line, also once more */
PSNAP_MUST_USE int psnap_text_begin(struct psnap_text *text,
				    struct psnap_error *err);

/**
 * psnap_text_next() - the next line
 * @line:  out: @len_bytes without the newline; valid until the next call
 *
 * Return: 1, 0 at the end, PSNAP_E_CORRUPT for one that is too long, or what
 * psnap_unzip_read() returns.
 */
PSNAP_MUST_USE int psnap_text_next(struct psnap_text *text, const char **line,
				   size_t *len_bytes, struct psnap_error *err);

/** psnap_text_fail() - fill @err: "line N: ..."; @code */
int psnap_text_fail(struct psnap_error *err, enum psnap_err code,
		    uint64_t number, const char *fmt, ...) PSNAP_PRINTF(4, 5);

/** psnap_text_end() - release the buffer */
void psnap_text_end(struct psnap_text *text);

#endif
