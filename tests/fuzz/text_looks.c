/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading back what the writers wrote, from a file in memory.
 */
#include "text_looks.h"

#include "emit.h"
#include "json_syntax.h"

#include <unistd.h>

#include <sys/mman.h>

/* The last thing written. */
static char *written;
static size_t written_bytes;

void written_begin(struct psnap_outbuf *out, bool eager)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_REQUIRE(fd >= 0, "no memory file");
	*out = (struct psnap_outbuf){ .eager = eager };
	FUZZ_EQUAL(psnap_outbuf_open(out, fd, false, NULL), 0);
}

void written_end(struct psnap_outbuf *out)
{
	off_t size;
	size_t got = 0;

	FUZZ_EQUAL(psnap_outbuf_finish(out), 0);
	size = lseek(out->fd, 0, SEEK_END);
	FUZZ_REQUIRE(size >= 0, "no size");
	written_bytes = (size_t)size;
	/* No zero behind it: what reads on is to be noticed. */
	written = malloc(written_bytes > 0 ? written_bytes : 1);
	FUZZ_REQUIRE(written, "no memory");
	while (got < written_bytes) {
		ssize_t n = pread(out->fd, written + got, written_bytes - got,
				  (off_t)got);

		FUZZ_REQUIRE(n > 0, "cannot read back");
		got += (size_t)n;
	}
	close(out->fd);
	psnap_outbuf_release(out);
}

static void forget(void)
{
	free(written);
	written = NULL;
}

/* The next line, without its end; NULL when there is none. */
static const char *next_line(size_t *at, size_t *len_bytes)
{
	const char *line = written + *at;
	const char *stop;

	if (*at == written_bytes)
		return NULL;
	stop = memchr(line, '\n', written_bytes - *at);
	FUZZ_REQUIRE(stop, "the last line does not end");
	*len_bytes = (size_t)(stop - line);
	*at += *len_bytes + 1;
	return line;
}

static void require_json(const char *text, size_t len_bytes)
{
	size_t where;
	const char *problem = json_syntax_check(text, len_bytes, &where);

	FUZZ_REQUIRE(!problem, "byte %zu: %s:\n%.*s", where, problem,
		     (int)len_bytes, text);
}

void look_json(void)
{
	FUZZ_REQUIRE(written_bytes > 2 && written[0] == '{' &&
			     written[written_bytes - 1] == '\n',
		     "no object in lines");
	require_json(written, written_bytes);
	forget();
}

void look_ndjson(uint64_t lines_wanted)
{
	static const char start[] = "{\"type\":\"";
	const char *line;
	uint64_t lines = 0;
	size_t at = 0;
	size_t len;

	while ((line = next_line(&at, &len)) != NULL) {
		FUZZ_REQUIRE(len > sizeof(start) &&
				     memcmp(line, start, sizeof(start) - 1) ==
					     0,
			     "no type in %.*s", (int)len, line);
		require_json(line, len);
		lines++;
	}
	FUZZ_EQUAL(lines, lines_wanted);
	forget();
}

/* No byte but ends of lines that a terminal would not just show. */
void look_text(uint64_t lines_wanted)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < written_bytes; i++) {
		unsigned char c = (unsigned char)written[i];

		if (c == '\n')
			lines++;
		else
			FUZZ_REQUIRE(c >= 0x20 && c != 0x7f,
				     "control character %d", c);
	}
	FUZZ_REQUIRE(written_bytes > 0 && written[written_bytes - 1] == '\n',
		     "the last line does not end");
	FUZZ_REQUIRE(lines >= lines_wanted, "%" PRIu64 " lines", lines);
	forget();
}

/* A decimal number and the byte behind it. */
static const char *csv_number(const char *p, uint64_t want, char behind)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "%c", want, behind);

	FUZZ_REQUIRE(memcmp(p, text, (size_t)len) == 0, "not %s at %.24s", text,
		     p);
	return p + len;
}

static void look_csv_record(const char *line, size_t len, bool has_crc32,
			    const struct psnap_dump_record *record)
{
	const char *state = psnap_emit_state_name(record->run.state);
	const char *p = line;
	char crc32[10] = "";

	/* The longest of the numbers that are compared below. */
	FUZZ_REQUIRE(len >= 5 * 2 + strlen(state), "%.*s", (int)len, line);
	p = csv_number(p, record->run.old_chunk, ',');
	p = csv_number(p, record->run.new_chunk, ',');
	p = csv_number(p, record->run.chunks, ',');
	p = csv_number(p, record->run.area_index, ',');
	p = csv_number(p, record->run.entry_index, ',');
	FUZZ_REQUIRE(memcmp(p, state, strlen(state)) == 0, "%.*s", (int)len,
		     line);
	p += strlen(state);
	if (has_crc32 && record->has_crc32)
		snprintf(crc32, sizeof(crc32), ",%08" PRIx32, record->crc32);
	else if (has_crc32)
		strcpy(crc32, ",");
	FUZZ_REQUIRE((size_t)(line + len - p) == strlen(crc32) &&
			     memcmp(p, crc32, strlen(crc32)) == 0,
		     "%.*s", (int)len, line);
}

void look_csv(const struct text_sample *sample)
{
	static const char head[] =
		"old_chunk,new_chunk,chunks,area,entry,state";
	const char *line;
	size_t at = 0;
	size_t len = 0;

	line = next_line(&at, &len);
	FUZZ_REQUIRE(line && memcmp(line, head, sizeof(head) - 1) == 0,
		     "no head");
	FUZZ_EQUAL(len, sizeof(head) - 1 + (sample->crc32 ? 6 : 0));
	for (size_t i = 0; i < sample->record_count; i++) {
		line = next_line(&at, &len);
		FUZZ_REQUIRE(line, "%zu records", i);
		look_csv_record(line, len, sample->crc32, &sample->records[i]);
	}
	FUZZ_REQUIRE(!next_line(&at, &len), "more lines than records");
	forget();
}
