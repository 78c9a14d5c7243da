/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a dump as a record. The order of records is dumpfile.c's
 * business.
 */
#ifndef PSNAP_CMD_DUMPFILE_LINE_H
#define PSNAP_CMD_DUMPFILE_LINE_H

#include "dumpfile.h"

struct psnap_line_parser;

enum psnap_line_type {
	PSNAP_LINE_HEADER,
	PSNAP_LINE_ENTRIES,
	PSNAP_LINE_END,
};

/**
 * struct psnap_line - what a line says
 * @head:        of a header
 * @entry:       of a run or an exception, with its place in the table
 * @exceptions, @records, @unreadable_bytes:  of the end
 */
struct psnap_line {
	enum psnap_line_type type;
	struct psnap_dumpfile_head head;
	struct psnap_rebuild_entry entry;
	uint64_t exceptions;
	uint64_t records;
	uint64_t unreadable_bytes;
};

/** psnap_line_parser_new() - what lines are parsed with; NULL: no memory */
struct psnap_line_parser *psnap_line_parser_new(void);

/**
 * psnap_line_parse() - what does a line say?
 * @text:   @len_bytes of it, without the newline
 * @number: of the line, from 1, for the message
 *
 * Members that are not known are passed over: dumps may only grow.
 * Return: 0, PSNAP_E_CORRUPT with the line named, PSNAP_E_NOMEM.
 */
PSNAP_MUST_USE int psnap_line_parse(struct psnap_line_parser *parser,
				    const char *text, size_t len_bytes,
				    uint64_t number, struct psnap_line *line,
				    struct psnap_error *err);

/** psnap_line_parser_free() - NULL is fine */
void psnap_line_parser_free(struct psnap_line_parser *parser);

#endif
