/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of GNU ddrescue, as its manual describes them in "Mapfile structure": a
 * status line, then blocks in order; '#' at the begin of a line or after white
 * space begins a comment. Only '+' vouches for bytes, so what no block speaks
 * of was not rescued either. Read in pieces: only one line is ever in memory.
 */
#include <psnap/mapfile.h>

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define MAP_BYTES_MAX (UINT64_C(64) << 20)
#define PIECE_BYTES   65536u
/* ddrescue writes less than 100; comments are not kept and may be longer. */
#define LINE_BYTES 4096u
#define FIELDS_MAX 4u

/**
 * struct map_reader - where in the map we are
 * @line_number:  of the line that is being put together, from 1
 * @end_bytes:    end of the last block; up to here everything is told
 * @line:         what came of the line so far, without its comment
 */
struct map_reader {
	struct psnap_extents *unrescued;
	uint64_t line_number;
	uint64_t end_bytes;
	bool has_status;
	bool in_comment;
	size_t len_bytes;
	char line[LINE_BYTES + 1];
	char piece[PIECE_BYTES];
};

static int fail_line(const struct map_reader *r, struct psnap_error *err,
		     const char *what)
{
	return psnap_fail(err, PSNAP_E_CORRUPT, "line %llu: %s",
			  (unsigned long long)r->line_number, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

/* As C writes them: decimal, 0x and hexadecimal, 0 and octal; no sign. */
static bool parse_number(const char *text, uint64_t *value)
{
	unsigned int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		base = 8;
		text++;
	}
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned int digit = digit_of(*text);

		if (digit >= base || *value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return true;
}

static bool is_one_of(const char *field, const char *characters)
{
	return field[0] && !field[1] && strchr(characters, field[0]);
}

/* Position, what ddrescue was doing there, and in newer maps in which pass:
 * nothing of it says anything about bytes. */
static int parse_status(struct map_reader *r, char *const *fields, size_t count,
			struct psnap_error *err)
{
	uint64_t position_bytes;
	uint64_t pass = 1;

	if (count < 2 || count > 3 ||
	    !parse_number(fields[0], &position_bytes) ||
	    !is_one_of(fields[1], "?*/-FG+") ||
	    (count == 3 && !parse_number(fields[2], &pass)) || pass == 0)
		return fail_line(r, err,
				 "this is no status line (a position, a "
				 "status, a pass); is it a map of ddrescue?");
	r->has_status = true;
	return 0;
}

static int parse_block(struct map_reader *r, char *const *fields, size_t count,
		       struct psnap_error *err)
{
	uint64_t start_bytes;
	uint64_t len_bytes;
	uint64_t end_bytes;
	int rc;

	if (count != 3 || !is_one_of(fields[2], "?*/-+"))
		return fail_line(r, err,
				 "this is no block (a position, a size, one of "
				 "? * / - +)");
	if (!parse_number(fields[0], &start_bytes) ||
	    !parse_number(fields[1], &len_bytes))
		return fail_line(r, err,
				 "position and size of a block are two numbers "
				 "below 2^64");
	if (len_bytes > UINT64_MAX - start_bytes)
		return fail_line(r, err, "the block ends behind byte 2^64");
	if (start_bytes < r->end_bytes)
		return fail_line(r, err,
				 "the block begins before the end of the one "
				 "in front of it");
	end_bytes = start_bytes + len_bytes;
	/* With the gap in front of it, which is at least that. */
	rc = psnap_extents_add(
		r->unrescued, r->end_bytes,
		is_one_of(fields[2], "+") ? start_bytes : end_bytes, err);
	r->end_bytes = end_bytes;
	return rc;
}

static int end_line(struct map_reader *r, struct psnap_error *err)
{
	char *fields[FIELDS_MAX];
	size_t count = 0;
	size_t i;
	int rc = 0;

	r->line[r->len_bytes] = '\0';
	for (i = 0; i < r->len_bytes; i++) {
		if (is_blank(r->line[i]))
			r->line[i] = '\0';
		else if ((i == 0 || !r->line[i - 1]) && count < FIELDS_MAX)
			fields[count++] = &r->line[i];
	}
	if (count > 0)
		rc = r->has_status ? parse_block(r, fields, count, err)
				   : parse_status(r, fields, count, err);
	r->len_bytes = 0;
	r->in_comment = false;
	r->line_number++;
	return rc;
}

static int take_byte(struct map_reader *r, char c, struct psnap_error *err)
{
	if (c == '\n')
		return end_line(r, err);
	if (r->in_comment)
		return 0;
	if (c == '#' &&
	    (r->len_bytes == 0 || is_blank(r->line[r->len_bytes - 1]))) {
		r->in_comment = true;
		return 0;
	}
	if (c == '\0')
		return fail_line(r, err,
				 "a zero byte; a map of ddrescue is a text");
	if (r->len_bytes == LINE_BYTES)
		return fail_line(r, err,
				 "longer than any line of a map of ddrescue");
	r->line[r->len_bytes++] = c;
	return 0;
}

static int read_lines(struct map_reader *r, struct psnap_io *file,
		      struct psnap_error *err)
{
	uint64_t at_bytes = 0;
	int rc = 0;

	while (at_bytes < file->size_bytes) {
		size_t n = (size_t)min_u64(PIECE_BYTES,
					   file->size_bytes - at_bytes);
		size_t i;

		rc = psnap_io_read(file, at_bytes, r->piece, n, err);
		for (i = 0; i < n && rc == 0; i++)
			rc = take_byte(r, r->piece[i], err);
		if (rc)
			return rc;
		at_bytes += n;
	}
	return end_line(r, err);
}

int psnap_mapfile_read(struct psnap_io *file, struct psnap_extents *unrescued,
		       struct psnap_error *err)
{
	struct map_reader *r;
	int rc;

	if (file->size_bytes > MAP_BYTES_MAX)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "is larger than 64 MiB; is it a map of "
				  "ddrescue?");
	r = malloc(sizeof(*r));
	if (!r)
		return psnap_fail_nomem(err, "reading a map");
	r->unrescued = unrescued;
	r->line_number = 1;
	r->end_bytes = 0;
	r->has_status = false;
	r->in_comment = false;
	r->len_bytes = 0;
	rc = read_lines(r, file, err);
	if (rc == 0 && !r->has_status)
		rc = psnap_fail(err, PSNAP_E_CORRUPT,
				"has no status line; is it a map of ddrescue?");
	if (rc == 0)
		rc = psnap_extents_add(unrescued, r->end_bytes, UINT64_MAX,
				       err);
	free(r);
	return rc;
}
