/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkstore: makes a persistent snapshot store, legal or not, from a recipe.
 * The grammar of recipes is help_text below. This file has the command line
 * and the reading of numbers; mkstore_recipe.c works the directives off,
 * mkstore_table.c places entries, mkstore_bytes.c writes everything else.
 * Entries leave line by line, so memory does not grow with the store, and
 * what nobody wrote is a hole in the file.
 */
#include "mkstore.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help_text[] =
	"usage: mkstore [-q] RECIPE OUT     (RECIPE - reads standard input)\n"
	"\n"
	"One directive a line; # at the start of a word begins a comment.\n"
	"Numbers are decimal or 0x; SIZE takes K M G T P E or s (512 bytes).\n"
	"\n"
	"  chunk SIZE        chunk size of the layout, default 4K; comes first\n"
	"  size SIZE         store size; default: all that is placed, and the\n"
	"                    zeroed successor of a full last area\n"
	"  header [magic=N] [valid=N] [version=N] [chunk=SECTORS]\n"
	"                    fields as written, default 0x70416e53 1 1 and the\n"
	"                    layout's chunk size\n"
	"  noheader          leave the header zero\n"
	"  exc OLD NEW [COUNT]\n"
	"                    append exceptions, both numbers rising; the\n"
	"                    allocator then goes on after the highest NEW\n"
	"  alloc OLD [COUNT] append exceptions; NEW as Linux 3.2 and later\n"
	"                    allocates, without holes, skipping metadata\n"
	"  scatter COUNT ORIGIN_CHUNKS SEED [RUN]\n"
	"                    append exceptions with distinct pseudo-random olds\n"
	"                    below ORIGIN_CHUNKS in runs of RUN (1); NEW as alloc\n"
	"  reverse           each later alloc line gives its chunks last first\n"
	"  skip N            the allocator leaves out N data chunks\n"
	"  next CHUNK        the allocator goes on at CHUNK, even a metadata\n"
	"                    chunk (so did kernels before 3.12 after loading)\n"
	"  at AREA SLOT      the next exception goes there\n"
	"  set AREA SLOT OLD NEW\n"
	"                    write one entry; moves neither position nor\n"
	"                    allocator, NEW does not count for the default size\n"
	"  data pattern      fill mapped whole data chunks inside the store with\n"
	"                    lines of 32 bytes, \"chunk %016x %08x\\n\": old chunk,\n"
	"                    byte offset in it; live entries win over stale ones\n"
	"\n"
	"Raw bytes, laid over header, table and data in the order given:\n"
	"  zero OFFSET LEN            fill OFFSET LEN BYTE\n"
	"  hex OFFSET HEXBYTES        text OFFSET WORD\n"
	"  random OFFSET LEN SEED\n"
	"OFFSET is SIZE, area:K or chunk:N, the latter two also with +SIZE.\n"
	"\n"
	"  truncate SIZE     last of all, cut or extend the file\n"
	"\n"
	"A recipe that cannot be met is reported as RECIPE:LINE: text, exit 1,\n"
	"and leaves no output.\n";

_Noreturn void mkstore_die(const struct mkstore *m, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mkstore: ");
	if (m->line)
		fprintf(stderr, "%s:%ju: ", m->recipe_name, (uintmax_t)m->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (m->fd >= 0)
		unlink(m->out_name);
	exit(1);
}

/* Reads digits up to *end; strtoull alone would take signs and blanks. */
static uint64_t digits(const struct mkstore *m, const char *word, char **end)
{
	bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	unsigned long long value;

	errno = 0;
	value = strtoull(word, end, is_hex ? 16 : 10);
	if (!isdigit((unsigned char)word[0]) || *end == word)
		mkstore_die(m, "\"%s\" is not a number", word);
	if (errno)
		mkstore_die(m, "%s passes 2^64 - 1", word);
	return value;
}

uint64_t mkstore_number(const struct mkstore *m, const char *word)
{
	char *end;
	uint64_t value = digits(m, word, &end);

	if (*end)
		mkstore_die(m, "\"%s\" is not a number", word);
	return value;
}

uint32_t mkstore_number32(const struct mkstore *m, const char *word)
{
	uint64_t value = mkstore_number(m, word);

	if (value > UINT32_MAX)
		mkstore_die(m, "%s does not fit 32 bits", word);
	return (uint32_t)value;
}

uint64_t mkstore_size(const struct mkstore *m, const char *word)
{
	static const char suffixes[] = "KMGTPE";
	char *end;
	uint64_t value = digits(m, word, &end);
	uint64_t unit_bytes = 1;

	if (*end == 's') {
		unit_bytes = MKSTORE_SECTOR_BYTES;
		end++;
	} else if (*end && strchr(suffixes, *end)) {
		unit_bytes <<= 10 * (strchr(suffixes, *end) - suffixes + 1);
		end++;
	}
	if (*end)
		mkstore_die(m, "\"%s\" is not a size", word);
	if (__builtin_mul_overflow(value, unit_bytes, &value) ||
	    value > MKSTORE_FILE_BYTES_MAX)
		mkstore_die(m, "%s passes 2^63 - 1 bytes", word);
	return value;
}

uint64_t mkstore_offset(const struct mkstore *m, char *word)
{
	char *plus = strchr(word, '+');
	uint64_t chunk;

	if (strncmp(word, "area:", 5) != 0 && strncmp(word, "chunk:", 6) != 0)
		return mkstore_size(m, word);
	if (plus)
		*plus++ = '\0';
	chunk = mkstore_number(m, strchr(word, ':') + 1);
	if (word[0] == 'a')
		chunk = mkstore_area_chunk(m, chunk);
	return mkstore_chunk_offset(m, chunk) +
	       (plus ? mkstore_size(m, plus) : 0);
}

int main(int argc, char **argv)
{
	static struct mkstore m = {
		.fd = -1,
		.chunk_bytes = 4096,
		.entries_per_area = 4096 / MKSTORE_ENTRY_BYTES,
		.has_header = true,
		.magic = 0x70416e53,
		.valid = 1,
		.version = 1,
		.next_free_chunk = 2,
	};
	bool is_quiet = argc > 1 && !strcmp(argv[1], "-q");
	FILE *recipe = stdin;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(help_text, stdout) < 0 || fflush(stdout);
	if (argc != 3 + is_quiet)
		mkstore_die(&m, "give RECIPE and OUT; see mkstore --help");
	m.recipe_name = argv[1 + is_quiet];
	m.out_name = argv[2 + is_quiet];
	if (!strcmp(m.recipe_name, "-"))
		m.recipe_name = "stdin";
	else
		recipe = fopen(m.recipe_name, "re");
	if (!recipe)
		mkstore_die(&m, "cannot open recipe %s: %s", m.recipe_name,
			    strerror(errno));
	mkstore_file_open(&m);
	mkstore_recipe_run(&m, recipe);
	mkstore_file_finish(&m);
	if (recipe != stdin)
		fclose(recipe);
	if (!is_quiet)
		printf("%s: %ju bytes, chunks of %ju, %ju entries written, "
		       "next free chunk %ju\n",
		       m.out_name,
		       (uintmax_t)(m.has_truncate ? m.truncate_bytes
						  : m.size_bytes),
		       (uintmax_t)m.chunk_bytes, (uintmax_t)m.entry_count,
		       (uintmax_t)m.next_free_chunk);
	return fflush(stdout) != 0;
}
