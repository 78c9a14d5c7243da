/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON by hand: objects of a few numbers, and strings whose bytes come from
 * file names and disks, so that nothing in them may be trusted to be UTF-8.
 */
#include "json.h"

#include "digits.h"

#include <inttypes.h>
#include <stdio.h>

/* Bytes of the UTF-8 character at @s, 0 when there is none. RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
static unsigned int utf8_bytes(const unsigned char *s)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	unsigned int len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	/* The zero at the end of the string fails here: no overrun. */
	for (unsigned int i = 2; i < len; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	}
	return len;
}

static char *put_escaped(char *p, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		*p++ = '\\';
		*p++ = (char)c;
		return p;
	}
	p = PSNAP_PUT(p, "\\u00");
	*p++ = hex[c >> 4];
	*p++ = hex[c & 15];
	return p;
}

void psnap_json_string(struct psnap_outbuf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int len;
	char *p;

	psnap_outbuf_text(out, "\"");
	while (*s != '\0') {
		p = psnap_outbuf_reserve(out, 8);
		len = utf8_bytes(s);
		if (len == 0) {
			p = PSNAP_PUT(p, "\xef\xbf\xbd");
			len = 1;
		} else if (*s < 0x20 || *s == 0x7f || *s == '"' || *s == '\\') {
			p = put_escaped(p, *s);
		} else {
			memcpy(p, s, len);
			p += len;
		}
		psnap_outbuf_advance(out, p);
		s += len;
	}
	psnap_outbuf_text(out, "\"");
}

void psnap_json_u64(struct psnap_outbuf *out, uint64_t value)
{
	char *p = psnap_outbuf_reserve(out, PSNAP_DIGITS_MAX);

	psnap_outbuf_advance(out, psnap_digits_put(p, value));
}

void psnap_json_member(struct psnap_outbuf *out, const char *key, bool known,
		       uint64_t value)
{
	psnap_outbuf_text(out, ",\"");
	psnap_outbuf_text(out, key);
	psnap_outbuf_text(out, "\":");
	if (known)
		psnap_json_u64(out, value);
	else
		psnap_outbuf_text(out, "null");
}

void psnap_json_intro(struct psnap_outbuf *out, const char *command)
{
	psnap_outbuf_printf(out,
			    "\"psnap\":\"%s\",\"schema_version\":%d,"
			    "\"psnap_version\":\"%s\"",
			    command, PSNAP_JSON_SCHEMA_VERSION,
			    psnap_version());
}

void psnap_json_io(struct psnap_outbuf *out, const struct psnap_io *io)
{
	psnap_outbuf_text(out, "{\"name\":");
	psnap_json_string(out, io->name);
	psnap_json_member(out, "size_bytes", true, io->size_bytes);
	psnap_outbuf_text(out, "}");
}

void psnap_json_file(struct psnap_outbuf *out, const char *key,
		     const char *path, uint64_t size_bytes)
{
	psnap_outbuf_printf(out, ",\n\"%s\":", key);
	if (!path) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{\"file\":");
	psnap_json_string(out, path);
	psnap_json_member(out, "size_bytes", true, size_bytes);
	psnap_outbuf_text(out, "}");
}

void psnap_json_header(struct psnap_outbuf *out,
		       const struct psnap_header *header)
{
	if (header->problems & PSNAP_HEADER_SHORT) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(out,
			    "{\"magic\":%" PRIu32 ",\"valid\":%" PRIu32
			    ",\"version\":%" PRIu32
			    ",\"chunk_size_sectors\":%" PRIu32 "}",
			    header->magic, header->valid, header->version,
			    header->chunk_sectors);
}

void psnap_json_geometry(struct psnap_outbuf *out,
			 const struct psnap_geometry *geo)
{
	if (!geo) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(
		out,
		"{\"chunk_size_bytes\":%" PRIu64
		",\"chunk_size_sectors\":%" PRIu32
		",\"exceptions_per_area\":%" PRIu32 ",\"chunk_count\":%" PRIu64
		",\"area_count\":%" PRIu64 ",\"size_sectors\":%" PRIu64 "}",
		geo->chunk_bytes, geo->chunk_sectors, geo->exceptions_per_area,
		geo->chunk_count, geo->area_count, geo->store_sectors);
}

void psnap_json_usage(struct psnap_outbuf *out,
		      const struct psnap_header *header,
		      const struct psnap_usage *usage)
{
	char status[PSNAP_STATUS_BYTES];

	if (!usage) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(
		out,
		"{\"status\":\"%s\",\"allocated_sectors\":%" PRIu64
		",\"total_sectors\":%" PRIu64 ",\"metadata_sectors\":%" PRIu64
		",\"next_free_chunk\":%" PRIu64 ",\"next_chunk_fits\":%s}",
		psnap_status_text(header, usage, status),
		usage->allocated_sectors, usage->total_sectors,
		usage->metadata_sectors, usage->next_free_chunk,
		usage->next_fits ? "true" : "false");
}

const char *psnap_status_text(const struct psnap_header *header,
			      const struct psnap_usage *usage,
			      char text[PSNAP_STATUS_BYTES])
{
	if (psnap_header_says_invalid(header))
		snprintf(text, PSNAP_STATUS_BYTES, "Invalid");
	else
		snprintf(text, PSNAP_STATUS_BYTES,
			 "%" PRIu64 "/%" PRIu64 " %" PRIu64,
			 usage->allocated_sectors, usage->total_sectors,
			 usage->metadata_sectors);
	return text;
}
