/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a dump, through json-c, which is named nowhere else. Nothing is
 * taken on trust: a number is a whole one from 0 to 2^64 - 1, or the line is
 * refused.
 */
#include "dumpfile_line.h"

#include "dumpfile_text.h"
#include "json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <psnap/store.h>
#include <stdlib.h>
#include <string.h>

/* The deepest there is: the gaps in a list in "table" in the last record. */
#define DEPTH_MAX 8

struct psnap_line_parser {
	struct json_tokener *tokener;
};

/* The line at hand. */
struct context {
	const char *text;
	size_t len_bytes;
	uint64_t number;
	struct psnap_error *err;
};

struct psnap_line_parser *psnap_line_parser_new(void)
{
	struct psnap_line_parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	parser->tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!parser->tokener) {
		free(parser);
		return NULL;
	}
	/* Nothing behind the object, no numbers such as 007. */
	json_tokener_set_flags(parser->tokener,
			       JSON_TOKENER_STRICT |
				       JSON_TOKENER_VALIDATE_UTF8);
	return parser;
}

void psnap_line_parser_free(struct psnap_line_parser *parser)
{
	if (!parser)
		return;
	json_tokener_free(parser->tokener);
	free(parser);
}

static int fail_member(const struct context *c, const char *key,
		       const char *problem)
{
	return psnap_text_fail(c->err, PSNAP_E_CORRUPT, c->number, "\"%s\" %s",
			       key, problem);
}

/* json-c takes the largest number for all that are larger; only the text tells
 * which it was. */
static bool has_larger_number(const struct context *c)
{
	static const char largest[] = "18446744073709551615";
	const size_t digits_max = sizeof(largest) - 1;
	size_t digits = 0;

	for (size_t i = 0; i < c->len_bytes; i++) {
		char ch = c->text[i];

		if (ch < '0' || ch > '9')
			digits = 0;
		else if (digits > 0 || ch != '0')
			digits++;
		if (digits > digits_max || (digits == digits_max &&
					    memcmp(c->text + i + 1 - digits_max,
						   largest, digits_max) > 0))
			return true;
	}
	return false;
}

static int get_u64(const struct context *c, struct json_object *object,
		   const char *key, uint64_t max, uint64_t *value)
{
	struct json_object *member;

	*value = 0;
	if (!json_object_object_get_ex(object, key, &member))
		return fail_member(c, key, "is missing");
	if (!json_object_is_type(member, json_type_int))
		return fail_member(c, key, "is not a whole number");
	/* Beyond 2^63 - 1 the signed value is that, so only a number below 0
	 * is below 0. */
	if (json_object_get_int64(member) < 0)
		return fail_member(c, key, "is below 0");
	*value = json_object_get_uint64(member);
	if (*value == UINT64_MAX && has_larger_number(c))
		return fail_member(c, key, "is too large");
	return *value > max ? fail_member(c, key, "is too large") : 0;
}

static int get_object(const struct context *c, struct json_object *object,
		      const char *key, struct json_object **member)
{
	if (!json_object_object_get_ex(object, key, member))
		return fail_member(c, key, "is missing");
	if (!json_object_is_type(*member, json_type_object))
		return fail_member(c, key, "is not an object");
	return 0;
}

/* NULL when it is missing or no string. */
static const char *get_string(struct json_object *object, const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

static void put_le32(uint8_t bytes[4], uint64_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

/* The library judges what it reads from a store; so it gets one to read. */
static int judge_valid(const uint8_t bytes[PSNAP_HEADER_BYTES], uint32_t *valid,
		       struct psnap_error *err)
{
	struct psnap_header header;
	struct psnap_io *io;
	int rc = psnap_io_open_memory(bytes, PSNAP_HEADER_BYTES, 1, &io, err);

	if (rc)
		return rc;
	rc = psnap_header_read(io, &header, err);
	psnap_io_close(io, NULL);
	if (rc == 0)
		*valid = psnap_header_believable(&header) ? header.valid : 1;
	return rc;
}

/* "header" is null of a store whose header was not there to be read. */
static int parse_valid(const struct context *c, struct json_object *object,
		       uint32_t *valid)
{
	static const char *const keys[] = { "magic", "valid", "version",
					    "chunk_size_sectors" };
	uint8_t bytes[PSNAP_HEADER_BYTES];
	struct json_object *header;

	*valid = 1;
	if (!json_object_object_get_ex(object, "header", &header))
		return fail_member(c, "header", "is missing");
	if (!header)
		return 0;
	if (!json_object_is_type(header, json_type_object))
		return fail_member(c, "header", "is not an object");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint64_t value;
		int rc = get_u64(c, header, keys[i], UINT32_MAX, &value);

		if (rc)
			return rc;
		put_le32(bytes + 4 * i, value);
	}
	return judge_valid(bytes, valid, c->err);
}

static int parse_header(const struct context *c, struct json_object *object,
			struct psnap_line *line)
{
	const char *command = get_string(object, "psnap");
	struct json_object *geometry;
	struct json_object *store;
	uint64_t schema;
	int rc;

	if (!command || strcmp(command, "dump") != 0)
		return psnap_text_fail(c->err, PSNAP_E_CORRUPT, c->number,
				       "not the output of psnap dump");
	rc = get_u64(c, object, "schema_version", UINT64_MAX, &schema);
	if (rc == 0 && schema != PSNAP_JSON_SCHEMA_VERSION)
		return psnap_text_fail(c->err, PSNAP_E_CORRUPT, c->number,
				       "\"schema_version\" %" PRIu64
				       " is not %d, the only one that is known",
				       schema, PSNAP_JSON_SCHEMA_VERSION);
	if (rc == 0)
		rc = get_object(c, object, "store", &store);
	if (rc == 0)
		rc = get_u64(c, store, "size_bytes", INT64_MAX,
			     &line->head.store_bytes);
	if (rc == 0)
		rc = get_object(c, object, "geometry", &geometry);
	if (rc == 0)
		rc = get_u64(c, geometry, "chunk_size_bytes", UINT64_MAX,
			     &line->head.chunk_bytes);
	if (rc == 0)
		rc = parse_valid(c, object, &line->head.valid);
	return rc;
}

/* Left out for what the kernel reads. */
static int parse_state(const struct context *c, struct json_object *object,
		       enum psnap_entry_state *state)
{
	static const char *const names[] = {
		[PSNAP_ENTRY_LIVE] = "live",
		[PSNAP_ENTRY_UNCERTAIN] = "uncertain",
		[PSNAP_ENTRY_AFTER_TERMINATOR] = "after-terminator",
		[PSNAP_ENTRY_STALE] = "stale",
	};
	const char *text;

	*state = PSNAP_ENTRY_LIVE;
	if (!json_object_object_get_ex(object, "state", NULL))
		return 0;
	text = get_string(object, "state");
	for (int i = PSNAP_ENTRY_LIVE; text && i <= PSNAP_ENTRY_STALE; i++) {
		if (strcmp(text, names[i]) == 0) {
			*state = (enum psnap_entry_state)i;
			return 0;
		}
	}
	return fail_member(c, "state", "is not one of a dump");
}

/* null: the data could not be read when the dump was made. */
static int parse_crc32(const struct context *c, struct json_object *object,
		       struct psnap_rebuild_entry *entry)
{
	struct json_object *member;
	uint64_t value;
	int rc;

	if (!json_object_object_get_ex(object, "crc32", &member) || !member)
		return 0;
	if (entry->run.chunks != 1)
		return fail_member(c, "crc32",
				   "is that of more than one chunk");
	rc = get_u64(c, object, "crc32", UINT32_MAX, &value);
	entry->has_crc32 = rc == 0;
	entry->crc32 = rc == 0 ? (uint32_t)value : 0;
	return rc;
}

static int parse_entries(const struct context *c, struct json_object *object,
			 bool is_run, struct psnap_line *line)
{
	struct psnap_run *run = &line->entry.run;
	uint64_t entry_index;
	int rc;

	run->chunks = 1;
	rc = get_u64(c, object, "old_chunk", UINT64_MAX, &run->old_chunk);
	if (rc == 0)
		rc = get_u64(c, object, "new_chunk", UINT64_MAX,
			     &run->new_chunk);
	if (rc == 0 && is_run)
		rc = get_u64(c, object, "chunks", UINT64_MAX, &run->chunks);
	if (rc == 0 && run->chunks == 0)
		rc = fail_member(c, "chunks", "is 0");
	if (rc == 0)
		rc = get_u64(c, object, "area", UINT64_MAX, &run->area_index);
	if (rc == 0)
		rc = get_u64(c, object, "entry", UINT32_MAX, &entry_index);
	if (rc)
		return rc;
	run->entry_index = (uint32_t)entry_index;
	rc = parse_state(c, object, &run->state);
	return rc ? rc : parse_crc32(c, object, &line->entry);
}

static int parse_end(const struct context *c, struct json_object *object,
		     struct psnap_line *line)
{
	struct json_object *table;
	int rc = get_object(c, object, "table", &table);

	if (rc == 0)
		rc = get_u64(c, table, "exceptions", UINT64_MAX,
			     &line->exceptions);
	if (rc == 0)
		rc = get_u64(c, table, "records", UINT64_MAX, &line->records);
	if (rc == 0)
		rc = get_u64(c, table, "unreadable_bytes", UINT64_MAX,
			     &line->unreadable_bytes);
	return rc;
}

static int parse_record(const struct context *c, struct json_object *object,
			struct psnap_line *line)
{
	const char *type = get_string(object, "type");

	*line = (struct psnap_line){ 0 };
	if (!type)
		return fail_member(c, "type", "is missing or no text");
	if (strcmp(type, "header") == 0) {
		line->type = PSNAP_LINE_HEADER;
		return parse_header(c, object, line);
	}
	if (strcmp(type, "end") == 0) {
		line->type = PSNAP_LINE_END;
		return parse_end(c, object, line);
	}
	line->type = PSNAP_LINE_ENTRIES;
	if (strcmp(type, "run") == 0)
		return parse_entries(c, object, true, line);
	if (strcmp(type, "exception") == 0)
		return parse_entries(c, object, false, line);
	return psnap_text_fail(c->err, PSNAP_E_CORRUPT, c->number,
			       "\"type\" is none of a table's; give what psnap "
			       "dump --output=ndjson prints");
}

int psnap_line_parse(struct psnap_line_parser *parser, const char *text,
		     size_t len_bytes, uint64_t number, struct psnap_line *line,
		     struct psnap_error *err)
{
	const struct context c = { text, len_bytes, number, err };
	struct json_tokener *tokener = parser->tokener;
	struct json_object *object = NULL;
	int rc;

	json_tokener_reset(tokener);
	/* json-c takes a zero for the end of the text. */
	if (!memchr(text, '\0', len_bytes))
		object = json_tokener_parse_ex(tokener, text, (int)len_bytes);
	if (json_object_is_type(object, json_type_object))
		rc = parse_record(&c, object, line);
	else
		rc = psnap_text_fail(
			err, PSNAP_E_CORRUPT, number,
			"not a line of what psnap dump "
			"--output=ndjson prints, or a damaged one");
	json_object_put(object);
	return rc;
}
