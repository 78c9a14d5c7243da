/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms of psnap dump, byte for byte, with numbers no real store holds;
 * JSON strings; and answers of --lookup for damaged tables.
 */
#include "emit.h"
#include "json.h"
#include "lookup.h"
#include "test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BACK_BYTES 8192

static struct psnap_outbuf out;
static char back[BACK_BYTES];

static bool begin(void)
{
	int fd = memfd_create("out", 0);

	out = (struct psnap_outbuf){ 0 };
	return T_OK(fd >= 0 && psnap_outbuf_open(&out, fd, false, NULL) == 0,
		    "an output buffer");
}

/* What was written since begin(). */
static const char *end(void)
{
	ssize_t n;

	psnap_outbuf_finish(&out);
	n = pread(out.fd, back, BACK_BYTES - 1, 0);
	back[n > 0 ? n : 0] = '\0';
	close(out.fd);
	psnap_outbuf_release(&out);
	return back;
}

static const struct psnap_header header = {
	.magic = PSNAP_MAGIC, .valid = 1, .version = 1, .chunk_sectors = 8
};
static const struct psnap_io io = { .name = "a\"b", .size_bytes = 16777216 };
static struct psnap_geometry geo;

static const struct psnap_dump_record records[] = {
	{ .run = { .old_chunk = 0,
		   .new_chunk = 2,
		   .chunks = 130,
		   .area_index = 0,
		   .entry_index = 0 },
	  .has_crc32 = true,
	  .crc32 = 0x00c0ffee },
	{ .run = { .old_chunk = UINT64_MAX,
		   .new_chunk = UINT64_MAX,
		   .chunks = UINT64_MAX,
		   .area_index = UINT64_MAX,
		   .entry_index = UINT32_MAX,
		   .state = PSNAP_ENTRY_AFTER_TERMINATOR } },
	{ .run = { .old_chunk = 7,
		   .new_chunk = 9,
		   .chunks = 1,
		   .area_index = 1,
		   .entry_index = 255,
		   .state = PSNAP_ENTRY_UNCERTAIN } },
};

/* The three records in one form, with what stands around them. */
static const char *emit_all(struct psnap_emit *emit)
{
	const struct psnap_walk_totals totals = {
		.end = PSNAP_WALK_END_DEVICE,
		.exceptions = 131,
		.last_area_index = 1,
		.unreadable_bytes = 512,
	};
	const struct psnap_usage usage = { .allocated_sectors = 1240,
					   .total_sectors = 32768,
					   .metadata_sectors = 16,
					   .next_free_chunk = 155 };

	if (!begin())
		return "";
	emit->out = &out;
	emit->store = &io;
	emit->header = &header;
	emit->geo = &geo;
	emit->ops->header(emit);
	emit->ops->table(emit);
	for (size_t i = 0; i < 3; i++)
		T_EQ_I64(emit->ops->record(emit, &records[i]), 0);
	/* Neighbours join. */
	T_EQ_I64(psnap_emit_unreadable(emit, 4096, 256), 0);
	T_EQ_I64(psnap_emit_unreadable(emit, 4352, 256), 0);
	T_EQ_I64(psnap_emit_unreadable(emit, 9000, 1), 0);
	emit->ops->end(emit, &totals, &usage);
	psnap_emit_release(emit);
	T_EQ_U64(emit->records, 3);
	T_EQ_U64(emit->live, 2);
	return end();
}

#define INTRO                                                        \
	"\"psnap\":\"dump\",\"schema_version\":1,\"psnap_version\":" \
	"\"" PSNAP_VERSION "\",\"store\":{\"name\":\"a\\\"b\","      \
	"\"size_bytes\":16777216},\"header\":{\"magic\":1883336275," \
	"\"valid\":1,\"version\":1,\"chunk_size_sectors\":8},"       \
	"\"geometry\":{\"chunk_size_bytes\":4096,"                   \
	"\"chunk_size_sectors\":8,\"exceptions_per_area\":256,"      \
	"\"chunk_count\":4096,\"area_count\":16,\"size_sectors\":32768}"
#define TABLE                                                           \
	"\"table\":{\"end\":\"device-end\",\"exceptions\":131,"         \
	"\"records\":3,\"last_area\":1,\"unreadable_bytes\":512,"       \
	"\"unreadable\":[{\"offset_bytes\":4096,\"length_bytes\":512}," \
	"{\"offset_bytes\":9000,\"length_bytes\":1}]}"
#define USAGE                                                            \
	"\"usage\":{\"status\":\"1240/32768 16\",\"allocated_sectors\":" \
	"1240,\"total_sectors\":32768,\"metadata_sectors\":16,"          \
	"\"next_free_chunk\":155,\"next_chunk_fits\":false}"
#define MAX64 "18446744073709551615"

static void test_json(void)
{
	struct psnap_emit emit = { .ops = &psnap_emit_json };

	T_EQ_STR(emit_all(&emit),
		 "{" INTRO ",\n\"runs\":[\n"
		 "{\"old_chunk\":0,\"new_chunk\":2,\"chunks\":130,\"area\":0,"
		 "\"entry\":0},\n"
		 "{\"old_chunk\":" MAX64 ",\"new_chunk\":" MAX64
		 ",\"chunks\":" MAX64 ",\"area\":" MAX64
		 ",\"entry\":4294967295,\"state\":\"after-terminator\"},\n"
		 "{\"old_chunk\":7,\"new_chunk\":9,\"chunks\":1,\"area\":1,"
		 "\"entry\":255,\"state\":\"uncertain\"}\n"
		 "],\n" TABLE ",\n" USAGE "}\n");
}

static void test_ndjson(void)
{
	struct psnap_emit emit = { .ops = &psnap_emit_json,
				   .ndjson = true,
				   .exceptions = true,
				   .crc32 = true };

	T_EQ_STR(emit_all(&emit),
		 "{\"type\":\"header\"," INTRO "}\n"
		 "{\"type\":\"exception\",\"old_chunk\":0,\"new_chunk\":2,"
		 "\"area\":0,\"entry\":0,\"crc32\":12648430}\n"
		 "{\"type\":\"exception\",\"old_chunk\":" MAX64
		 ",\"new_chunk\":" MAX64 ",\"area\":" MAX64
		 ",\"entry\":4294967295,\"state\":\"after-terminator\","
		 "\"crc32\":null}\n"
		 "{\"type\":\"exception\",\"old_chunk\":7,\"new_chunk\":9,"
		 "\"area\":1,\"entry\":255,\"state\":\"uncertain\","
		 "\"crc32\":null}\n"
		 "{\"type\":\"end\"," TABLE "," USAGE "}\n");
}

static void test_csv(void)
{
	struct psnap_emit plain = { .ops = &psnap_emit_csv };
	struct psnap_emit crc32 = { .ops = &psnap_emit_csv, .crc32 = true };

	T_EQ_STR(emit_all(&plain),
		 "old_chunk,new_chunk,chunks,area,entry,state\n"
		 "0,2,130,0,0,live\n" MAX64 "," MAX64 "," MAX64 "," MAX64
		 ",4294967295,after-terminator\n"
		 "7,9,1,1,255,uncertain\n");
	T_EQ_STR(emit_all(&crc32),
		 "old_chunk,new_chunk,chunks,area,entry,state,crc32\n"
		 "0,2,130,0,0,live,00c0ffee\n" MAX64 "," MAX64 "," MAX64
		 "," MAX64 ",4294967295,after-terminator,\n"
		 "7,9,1,1,255,uncertain,\n");
}

static void test_text(void)
{
	struct psnap_emit emit = { .ops = &psnap_emit_text,
				   .all = true,
				   .crc32 = true };

	T_EQ_STR(
		emit_all(&emit),
		"store       a\"b\n"
		"size        16777216 bytes (32768 sectors)\n"
		"header      valid 1, version 1\n"
		"chunk size  4096 bytes (8 sectors)\n"
		"areas       16 of 256 exceptions\n"
		"\n"
		"      area  entry             old_chunk"
		"             new_chunk    chunks             state     crc32\n"
		"         0      0                     0"
		"                     2       130              live  00c0ffee\n"
		"18446744073709551615 4294967295  18446744073709551615"
		"  18446744073709551615 18446744073709551615"
		"  after-terminator         -\n"
		"         1    255                     7"
		"                     9         1         uncertain         -\n"
		"\n"
		"131 exceptions in 2 runs, " MAX64 " more not live; status "
		"1240/32768 16\n"
		"512 bytes of the table cannot be read and are left out of "
		"these numbers\n"
		"table ends at the device end, without the terminator the "
		"kernel needs\n");
}

static void json_string_is(const char *text, const char *want)
{
	if (!begin())
		return;
	psnap_json_string(&out, text);
	T_EQ_STR(end(), want);
}

static void test_json_strings(void)
{
	json_string_is("", "\"\"");
	json_string_is("a/b", "\"a/b\"");
	json_string_is("\"\\\n\x01\x7f", "\"\\\"\\\\\\u000a\\u0001\\u007f\"");
	json_string_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		       "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* Not UTF-8: a lone byte, overlong, surrogate, too high, cut off. */
	json_string_is("a\xff", "\"a\xef\xbf\xbd\"");
	json_string_is("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string_is("\xe0\x80\xaf",
		       "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string_is("\xed\xa0\x80",
		       "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string_is("\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd"
					   "\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string_is("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string_is("\xe2\"", "\"\xef\xbf\xbd\\\"\"");
}

static void test_lookup(void)
{
	struct psnap_run far[2] = {
		{ .old_chunk = 5, .new_chunk = UINT64_MAX, .chunks = 1 },
		{ .old_chunk = 5,
		  .new_chunk = 3,
		  .chunks = 1,
		  .area_index = 1,
		  .entry_index = 4 },
	};
	const struct psnap_lookup answer = {
		.offset_bytes = 257 * 4096 * 16 + 4096 + 33,
		.chunk = 257 * 16 + 1,
		.of_origin = { .entries = far, .count = 2, .claims = 2 },
		.of_store = { .entries = far + 1, .count = 1, .claims = 1 },
		.role = PSNAP_ROLE_AREA,
		.area_index = 16,
		.entry_index = 2,
	};

	if (!begin())
		return;
	psnap_lookup_text(&out, &geo, &answer);
	T_EQ_STR(end(),
		 "origin byte 16846881 (chunk 4113): claimed by 2 entries: "
		 "store chunk " MAX64 ", beyond any device (area 0, entry 0); "
		 "store chunk 3, byte 12321 (area 1, entry 4)\n"
		 "store byte 16846881 (chunk 4113): area 16, entry 2; claimed "
		 "by 1 entry: origin chunk 5, byte 20513 (area 1, entry 4)\n");
	if (!begin())
		return;
	psnap_lookup_json(&out, &geo, &answer);
	T_EQ_STR(end(),
		 "\"offset_bytes\":16846881,\"as_origin\":{\"old_chunk\":4113,"
		 "\"entries\":[{\"new_chunk\":" MAX64
		 ",\"store_offset_bytes\":null,\"area\":0,\"entry\":0},"
		 "{\"new_chunk\":3,\"store_offset_bytes\":12321,\"area\":1,"
		 "\"entry\":4}]},\"as_store\":{\"chunk\":4113,\"role\":"
		 "\"area\",\"area\":16,\"entry\":2,\"entries\":[{"
		 "\"old_chunk\":5,\"origin_offset_bytes\":20513,\"area\":1,"
		 "\"entry\":4}]}");
}

int main(void)
{
	if (!T_OK(psnap_geometry_init(&geo, 16777216, 4096, NULL) == 0,
		  "a geometry"))
		return T_DONE();
	test_json();
	test_ndjson();
	test_csv();
	test_text();
	test_json_strings();
	test_lookup();
	return T_DONE();
}
