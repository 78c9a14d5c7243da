/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dumpfile*.c on text in memory: entries one by one, lines of all lengths, and
 * a dump with each of its bytes damaged. Messages are the command line tests'.
 */
#include "dumpfile.h"

#include "io_fault.h"
#include "random.h"
#include "test.h"

#include <stdlib.h>

static const char head[] =
	"{\"type\":\"header\",\"psnap\":\"dump\",\"schema_version\":1,"
	"\"store\":{\"name\":\"s\",\"size_bytes\":9223372036854775807},"
	"\"header\":{\"magic\":1883336275,\"valid\":1,\"version\":1,"
	"\"chunk_size_sectors\":1},\"geometry\":{\"chunk_size_bytes\":512}}\n";
static const char end_of_3[] =
	"{\"type\":\"end\",\"table\":{\"exceptions\":5,\"records\":3,"
	"\"unreadable_bytes\":0}}\n";
static const char three[] =
	"{\"type\":\"run\",\"old_chunk\":18446744073709551614,"
	"\"new_chunk\":18446744073709551615,\"chunks\":1,\"area\":0,"
	"\"entry\":0}\n"
	"{\"type\":\"exception\",\"old_chunk\":9223372036854775808,"
	"\"new_chunk\":0,\"area\":0,\"entry\":1,\"crc32\":4294967295}\n"
	"{\"type\":\"run\",\"old_chunk\":7,\"new_chunk\":8,\"chunks\":3,"
	"\"area\":0,\"entry\":2,\"state\":\"live\",\"more\":[[{}]]}\n";

/* All entries of a text: 0, or the failure. */
static int read_text(const char *text, size_t len_bytes,
		     struct psnap_rebuild_entry *entries, size_t max,
		     size_t *count, struct psnap_dumpfile_totals *totals)
{
	const struct psnap_progress silent = { 0 };
	struct psnap_dumpfile *dump;
	struct psnap_error err;
	struct psnap_io *io;
	int rc;

	*count = 0;
	if (psnap_io_open_memory(text, len_bytes, 1, &io, NULL))
		abort();
	rc = psnap_dumpfile_open(io, &silent, &dump, &err);
	while (rc == 0) {
		struct psnap_rebuild_entry entry;

		rc = psnap_dumpfile_next(dump, &entry, &err);
		if (rc <= 0)
			break;
		rc = 0;
		if (*count < max)
			entries[*count] = entry;
		++*count;
	}
	if (rc == 0)
		*totals = *psnap_dumpfile_totals(dump);
	psnap_dumpfile_close(dump);
	psnap_io_close(io, NULL);
	return rc;
}

static size_t join(char *text, const char *a, const char *b, const char *c)
{
	return (size_t)sprintf(text, "%s%s%s", a, b, c);
}

static void test_entries(void)
{
	struct psnap_rebuild_entry e[4] = { 0 };
	struct psnap_dumpfile_totals totals;
	char text[2000];
	size_t len_bytes = join(text, head, three, end_of_3);
	size_t count;

	T_EQ_I64(read_text(text, len_bytes, e, 4, &count, &totals), 0);
	T_EQ_U64(count, 3);
	T_EQ_U64(e[0].run.old_chunk, UINT64_MAX - 1);
	T_EQ_U64(e[0].run.new_chunk, UINT64_MAX);
	T_EQ_U64(e[0].run.chunks, 1);
	T_OK(!e[0].has_crc32, "no checksum");
	T_EQ_U64(e[1].run.old_chunk, UINT64_C(1) << 63);
	T_EQ_U64(e[1].run.new_chunk, 0);
	T_EQ_U64(e[1].run.chunks, 1);
	T_OK(e[1].has_crc32, "a checksum");
	T_EQ_U64(e[1].crc32, UINT32_MAX);
	T_EQ_U64(e[2].run.chunks, 3);
	T_EQ_U64(e[2].run.entry_index, 2);
	T_EQ_U64(totals.exceptions, 5);
	T_EQ_U64(totals.missing + totals.skipped + totals.unreadable_bytes, 0);
}

static void valid_is(const char *header, uint32_t want)
{
	const struct psnap_progress silent = { 0 };
	struct psnap_dumpfile *dump;
	struct psnap_error err;
	struct psnap_io *io;
	char text[2000];

	sprintf(text,
		"{\"type\":\"header\",\"psnap\":\"dump\",\"schema_version\":1,"
		"\"store\":{\"size_bytes\":1000000},\"header\":%s,"
		"\"geometry\":{\"chunk_size_bytes\":512}}\n",
		header);
	if (psnap_io_open_memory(text, strlen(text), 1, &io, NULL))
		abort();
	T_EQ_I64(psnap_dumpfile_open(io, &silent, &dump, &err), 0);
	if (dump) {
		T_EQ_U64(psnap_dumpfile_head(dump)->valid, want);
		T_EQ_U64(psnap_dumpfile_head(dump)->store_bytes, 1000000);
		T_EQ_U64(psnap_dumpfile_head(dump)->chunk_bytes, 512);
	}
	psnap_dumpfile_close(dump);
	psnap_io_close(io, NULL);
}

#define HEADER(magic, valid, version, sectors)                             \
	"{\"magic\":" #magic ",\"valid\":" #valid ",\"version\":" #version \
	",\"chunk_size_sectors\":" #sectors "}"

static void test_valid(void)
{
	valid_is("null", 1);
	valid_is(HEADER(1883336275, 0, 1, 1), 0);
	valid_is(HEADER(1883336275, 9, 7, 3), 9);
	/* Only the magic is lost. */
	valid_is(HEADER(0, 0, 1, 1), 0);
	/* All of it is. */
	valid_is(HEADER(0, 0, 0, 0), 1);
	valid_is(HEADER(5, 77, 1, 1), 1);
}

/* The list once more: the same, or it is not finished. */
static void test_rewind(void)
{
	const struct psnap_progress silent = { 0 };
	struct psnap_rebuild_entry entry;
	struct psnap_dumpfile *dump;
	struct psnap_error err;
	struct psnap_io *io;
	char text[2000];
	size_t len_bytes = join(text, head, three, end_of_3);
	int rc;

	if (psnap_io_open_memory(text, len_bytes, 1, &io, NULL) ||
	    psnap_dumpfile_open(io, &silent, &dump, &err))
		abort();
	/* Not from its end alone. */
	T_EQ_I64(psnap_dumpfile_next(dump, &entry, &err), 1);
	for (int pass = 0; pass < 3; pass++) {
		size_t count = 0;

		T_EQ_I64(psnap_dumpfile_rewind(dump, &err), 0);
		while ((rc = psnap_dumpfile_next(dump, &entry, &err)) == 1)
			count++;
		T_EQ_I64(rc, 0);
		T_EQ_U64(count, 3);
		T_EQ_I64(psnap_dumpfile_next(dump, &entry, &err), 0);
		T_EQ_U64(psnap_dumpfile_position(dump), len_bytes);
	}
	*strstr(text, ":7,") = ' ';
	memcpy(strstr(text, "\"old_chunk\" 7"), "\"old_chunk\":6", 13);
	T_EQ_I64(psnap_dumpfile_rewind(dump, &err), 0);
	while ((rc = psnap_dumpfile_next(dump, &entry, &err)) == 1)
		continue;
	T_EQ_I64(rc, PSNAP_E_CORRUPT);
	T_OK(strstr(err.message, "was changed") != NULL, "%s", err.message);
	memcpy(strstr(text, "bytes\":512"), "bytes\":513", 10);
	T_EQ_I64(psnap_dumpfile_rewind(dump, &err), PSNAP_E_CORRUPT);
	memcpy(strstr(text, "bytes\":513"), "bytes\":\t4096", 12);
	T_OK(psnap_dumpfile_rewind(dump, &err) != 0, "no more the same head");
	psnap_dumpfile_close(dump);
	psnap_io_close(io, NULL);
}

/* Of a line of so many bytes; the limit is that of the buffer. */
static void test_length(size_t line_bytes, int want)
{
	struct psnap_rebuild_entry e[4];
	struct psnap_dumpfile_totals totals;
	size_t spaces = line_bytes - (sizeof(head) - 2);
	char *text = malloc(line_bytes + 2000);
	size_t count;
	size_t at = 0;

	if (!text)
		abort();
	memset(text, ' ', spaces);
	at = spaces;
	at += join(text + at, head, three, end_of_3);
	T_EQ_I64(read_text(text, at, e, 4, &count, &totals), want);
	T_EQ_U64(count, want == 0 ? 3 : 0);
	free(text);
}

/* Whatever a byte becomes, it is refused, or it is a dump. */
static void test_damaged(void)
{
	static const char bytes[] = "{}[]:,\"\\0189-+.eE \n\t\0\x80\xff/";
	struct psnap_rebuild_entry e[4];
	struct psnap_dumpfile_totals totals;
	char text[2000];
	size_t len_bytes = join(text, head, three, end_of_3);
	size_t refused = 0;
	size_t taken = 0;
	size_t wrong = 0;

	for (size_t i = 0; i < len_bytes; i++) {
		char was = text[i];

		for (size_t k = 0; k < sizeof(bytes); k++) {
			size_t count;
			int rc;

			text[i] = bytes[k];
			rc = read_text(text, len_bytes, e, 4, &count, &totals);
			if (rc < 0)
				refused++;
			else if (count != 3 ||
				 totals.exceptions + totals.missing < 5)
				wrong++;
			else
				taken++;
		}
		text[i] = was;
	}
	T_EQ_U64(wrong, 0);
	T_OK(refused > taken, "%zu refused, %zu taken", refused, taken);
}

static void test_random(void)
{
	struct psnap_rebuild_entry e[4];
	struct psnap_dumpfile_totals totals;
	char text[2000];
	size_t taken = 0;

	for (int i = 0; i < 20000; i++) {
		size_t len_bytes = join(text, head, three, end_of_3);
		size_t count;

		for (int k = 0; k < 4; k++) {
			size_t to = next_random() % len_bytes;
			size_t from = next_random() % len_bytes;
			size_t n = next_random() % 60;

			if (n > len_bytes - (to > from ? to : from))
				n = len_bytes - (to > from ? to : from);
			memmove(text + to, text + from, n);
		}
		if (read_text(text, len_bytes, e, 4, &count, &totals) == 0)
			taken++;
	}
	T_OK(taken < 20000, "%zu of 20000 taken", taken);
}

int main(void)
{
	test_entries();
	test_valid();
	test_rewind();
	test_length(sizeof(head) - 2, 0);
	test_length(65535, 0);
	test_length(65536, 0);
	test_length(200000, 0);
	test_length(PSNAP_DUMPFILE_LINE_BYTES_MAX - 1, 0);
	test_length(PSNAP_DUMPFILE_LINE_BYTES_MAX, PSNAP_E_CORRUPT);
	test_length(3 * PSNAP_DUMPFILE_LINE_BYTES_MAX, PSNAP_E_CORRUPT);
	test_damaged();
	test_random();
	return T_DONE();
}
