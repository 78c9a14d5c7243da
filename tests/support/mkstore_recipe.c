/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directives of mkstore: takes the recipe apart, checks the number of
 * words, and hands each directive to the table or keeps it for the end. What
 * a directive means is told in the help text of mkstore.c.
 */
#include "mkstore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 6

static void add_raw(struct mkstore *m, struct mkstore_raw raw)
{
	uint64_t end_bytes = raw.offset_bytes + raw.len_bytes;

	/* Neither passes 2^63 - 1, so neither sum above nor this one wraps. */
	if (raw.offset_bytes > MKSTORE_FILE_BYTES_MAX ||
	    end_bytes > MKSTORE_FILE_BYTES_MAX)
		mkstore_die(m, "these bytes end past byte 2^63 - 1");
	if (end_bytes > m->raw_end_bytes)
		m->raw_end_bytes = end_bytes;
	raw.line = m->line;
	m->raw = reallocarray(m->raw, m->raw_count + 1, sizeof(*m->raw));
	if (!m->raw)
		mkstore_die(m, "out of memory");
	m->raw[m->raw_count++] = raw;
}

static void do_chunk(struct mkstore *m, char **words, int count)
{
	uint64_t bytes = mkstore_size(m, words[1]);

	(void)count;
	if (m->layout_fixed)
		mkstore_die(m, "chunk comes before everything it places");
	if (!bytes || bytes % MKSTORE_SECTOR_BYTES ||
	    bytes > MKSTORE_CHUNK_BYTES_MAX)
		mkstore_die(m, "chunk %s: give a multiple of 512 up to 2G",
			    words[1]);
	m->chunk_bytes = bytes;
	m->entries_per_area = bytes / MKSTORE_ENTRY_BYTES;
}

static void do_size(struct mkstore *m, char **words, int count)
{
	(void)count;
	m->has_size = true;
	m->size_line = m->line;
	m->size_bytes = mkstore_size(m, words[1]);
}

static void do_truncate(struct mkstore *m, char **words, int count)
{
	(void)count;
	m->has_truncate = true;
	m->truncate_line = m->line;
	m->truncate_bytes = mkstore_size(m, words[1]);
}

static void do_header(struct mkstore *m, char **words, int count)
{
	m->has_header = true;
	for (int i = 1; i < count; i++) {
		char *value = strchr(words[i], '=');

		if (value)
			*value++ = '\0';
		if (!value)
			mkstore_die(m, "\"%s\" lacks =NUMBER", words[i]);
		else if (!strcmp(words[i], "magic"))
			m->magic = mkstore_number32(m, value);
		else if (!strcmp(words[i], "valid"))
			m->valid = mkstore_number32(m, value);
		else if (!strcmp(words[i], "version"))
			m->version = mkstore_number32(m, value);
		else if (!strcmp(words[i], "chunk"))
			m->header_chunk_sectors = mkstore_number32(m, value);
		else
			mkstore_die(m, "the header has no field \"%s\"",
				    words[i]);
		if (words[i][0] == 'c')
			m->has_header_chunk = true;
	}
}

static void do_noheader(struct mkstore *m, char **words, int count)
{
	(void)words;
	(void)count;
	m->has_header = false;
}

static void do_exc(struct mkstore *m, char **words, int count)
{
	mkstore_table_exc(m, mkstore_number(m, words[1]),
			  mkstore_number(m, words[2]),
			  count > 3 ? mkstore_number(m, words[3]) : 1);
}

static void do_alloc(struct mkstore *m, char **words, int count)
{
	mkstore_table_alloc(m, mkstore_number(m, words[1]),
			    count > 2 ? mkstore_number(m, words[2]) : 1);
}

static void do_scatter(struct mkstore *m, char **words, int count)
{
	mkstore_table_scatter(m, mkstore_number(m, words[1]),
			      mkstore_number(m, words[2]),
			      mkstore_number(m, words[3]),
			      count > 4 ? mkstore_number(m, words[4]) : 1);
}

static void do_reverse(struct mkstore *m, char **words, int count)
{
	(void)words;
	(void)count;
	m->reverse = true;
}

static void do_skip(struct mkstore *m, char **words, int count)
{
	(void)count;
	mkstore_table_skip(m, mkstore_number(m, words[1]));
}

static void do_next(struct mkstore *m, char **words, int count)
{
	(void)count;
	m->next_free_chunk = mkstore_number(m, words[1]);
	if (!m->next_free_chunk)
		mkstore_die(m, "next 0: chunk 0 would read as a terminator");
}

static void do_at(struct mkstore *m, char **words, int count)
{
	(void)count;
	mkstore_table_move(m, mkstore_number(m, words[1]),
			   mkstore_number(m, words[2]));
}

static void do_set(struct mkstore *m, char **words, int count)
{
	(void)count;
	mkstore_table_set(
		m, mkstore_number(m, words[1]), mkstore_number(m, words[2]),
		mkstore_number(m, words[3]), mkstore_number(m, words[4]));
}

static void do_data(struct mkstore *m, char **words, int count)
{
	(void)count;
	if (strcmp(words[1], "pattern"))
		mkstore_die(m, "data \"%s\": only pattern is known", words[1]);
	m->has_data = true;
}

static void do_fill(struct mkstore *m, char **words, int count)
{
	struct mkstore_raw raw = { .kind = MKSTORE_RAW_FILL };

	raw.offset_bytes = mkstore_offset(m, words[1]);
	raw.len_bytes = mkstore_size(m, words[2]);
	raw.value = count > 3 ? mkstore_number(m, words[3]) : 0;
	if (raw.value > 255)
		mkstore_die(m, "%s does not fit a byte", words[3]);
	add_raw(m, raw);
}

static void do_random(struct mkstore *m, char **words, int count)
{
	struct mkstore_raw raw = { .kind = MKSTORE_RAW_RANDOM };

	(void)count;
	raw.offset_bytes = mkstore_offset(m, words[1]);
	raw.len_bytes = mkstore_size(m, words[2]);
	raw.value = mkstore_number(m, words[3]);
	add_raw(m, raw);
}

static void add_bytes(struct mkstore *m, char *offset, unsigned char *bytes,
		      size_t len_bytes)
{
	struct mkstore_raw raw = { .kind = MKSTORE_RAW_BYTES };

	raw.offset_bytes = mkstore_offset(m, offset);
	raw.len_bytes = len_bytes;
	raw.bytes = bytes;
	add_raw(m, raw);
}

static unsigned char *copy_word(const struct mkstore *m, const char *word)
{
	char *copy = strdup(word);

	if (!copy)
		mkstore_die(m, "out of memory");
	return (unsigned char *)copy;
}

static void do_text(struct mkstore *m, char **words, int count)
{
	(void)count;
	add_bytes(m, words[1], copy_word(m, words[2]), strlen(words[2]));
}

static void do_hex(struct mkstore *m, char **words, int count)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	unsigned char *bytes = copy_word(m, words[2]);
	size_t len_digits = strlen(words[2]);

	(void)count;
	for (size_t i = 0; i < len_digits; i++) {
		const char *digit = strchr(digits, words[2][i]);
		int value = digit ? (int)(digit - digits) % 16 : 0;

		if (!digit || len_digits % 2)
			mkstore_die(m, "\"%s\" is not pairs of hex digits",
				    words[2]);
		if (i % 2)
			bytes[i / 2] = (unsigned char)(bytes[i / 2] | value);
		else
			bytes[i / 2] = (unsigned char)(value << 4);
	}
	add_bytes(m, words[1], bytes, len_digits / 2);
}

static const struct directive {
	const char *name;
	int words_min; /* the name is one of them */
	int words_max;
	bool needs_layout;
	void (*run)(struct mkstore *m, char **words, int count);
} directives[] = {
	{ "chunk", 2, 2, false, do_chunk },
	{ "size", 2, 2, false, do_size },
	{ "truncate", 2, 2, false, do_truncate },
	{ "header", 1, 5, false, do_header },
	{ "noheader", 1, 1, false, do_noheader },
	{ "data", 2, 2, false, do_data },
	{ "reverse", 1, 1, false, do_reverse },
	{ "exc", 3, 4, true, do_exc },
	{ "alloc", 2, 3, true, do_alloc },
	{ "scatter", 4, 5, true, do_scatter },
	{ "skip", 2, 2, true, do_skip },
	{ "next", 2, 2, true, do_next },
	{ "at", 3, 3, true, do_at },
	{ "set", 5, 5, true, do_set },
	{ "zero", 3, 3, true, do_fill },
	{ "fill", 4, 4, true, do_fill },
	{ "hex", 3, 3, true, do_hex },
	{ "text", 3, 3, true, do_text },
	{ "random", 4, 4, true, do_random },
};

static void run_line(struct mkstore *m, char *text)
{
	char *words[MAX_WORDS + 1];
	char *rest = NULL;
	int count = 0;

	for (char *word = strtok_r(text, " \t\r\n", &rest);
	     word && word[0] != '#' && count <= MAX_WORDS;
	     word = strtok_r(NULL, " \t\r\n", &rest))
		words[count++] = word;
	if (!count)
		return;
	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++) {
		const struct directive *d = &directives[i];

		if (strcmp(words[0], d->name))
			continue;
		if (count < d->words_min || count > d->words_max)
			mkstore_die(m, "%s: wrong number of words", d->name);
		m->layout_fixed |= d->needs_layout;
		d->run(m, words, count);
		return;
	}
	mkstore_die(m, "unknown directive \"%s\"", words[0]);
}

void mkstore_recipe_run(struct mkstore *m, FILE *recipe)
{
	char *text = NULL;
	size_t capacity_bytes = 0;

	while (errno = 0, getline(&text, &capacity_bytes, recipe) > 0) {
		m->line++;
		run_line(m, text);
	}
	m->line = 0;
	if (ferror(recipe) || errno)
		mkstore_die(m, "cannot read recipe %s: %s", m->recipe_name,
			    strerror(errno));
	free(text);
}
