/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump as JSON (one document, a record on each line) and as ndjson (an
 * object on each line, so that a reader needs no memory for the table).
 */
#include "digits.h"
#include "emit.h"
#include "json.h"

#include <inttypes.h>

static void json_header(struct psnap_emit *emit)
{
	struct psnap_outbuf *out = emit->out;

	psnap_outbuf_text(out, emit->ndjson ? "{\"type\":\"header\"," : "{");
	psnap_json_intro(out, "dump");
	psnap_outbuf_text(out, ",\"store\":");
	psnap_json_io(out, emit->store);
	psnap_outbuf_text(out, ",\"header\":");
	psnap_json_header(out, emit->header);
	psnap_outbuf_text(out, ",\"geometry\":");
	psnap_json_geometry(out, emit->geo);
	if (emit->ndjson)
		psnap_outbuf_text(out, "}\n");
}

static void json_header_end(struct psnap_emit *emit)
{
	if (!emit->ndjson)
		psnap_outbuf_text(emit->out, "}\n");
}

static void json_table(struct psnap_emit *emit)
{
	if (!emit->ndjson)
		psnap_outbuf_text(emit->out, emit->exceptions
						     ? ",\n\"exceptions\":["
						     : ",\n\"runs\":[");
}

static char *begin_record(char *p, const struct psnap_emit *emit)
{
	if (emit->ndjson)
		return emit->exceptions
			       ? PSNAP_PUT(p, "{\"type\":\"exception\",")
			       : PSNAP_PUT(p, "{\"type\":\"run\",");
	return emit->records == 0 ? PSNAP_PUT(p, "\n{") : PSNAP_PUT(p, ",\n{");
}

static int json_record(void *ctx, const struct psnap_dump_record *record)
{
	struct psnap_emit *emit = ctx;
	const struct psnap_run *run = &record->run;
	char *p = psnap_outbuf_reserve(emit->out, PSNAP_EMIT_RECORD_BYTES);

	p = begin_record(p, emit);
	p = PSNAP_PUT(p, "\"old_chunk\":");
	p = psnap_digits_put(p, run->old_chunk);
	p = PSNAP_PUT(p, ",\"new_chunk\":");
	p = psnap_counter_put(p, &emit->new_chunk, run->new_chunk);
	if (!emit->exceptions) {
		p = PSNAP_PUT(p, ",\"chunks\":");
		p = psnap_counter_put(p, &emit->chunks, run->chunks);
	}
	p = PSNAP_PUT(p, ",\"area\":");
	p = psnap_counter_put(p, &emit->area, run->area_index);
	p = PSNAP_PUT(p, ",\"entry\":");
	p = psnap_counter_put(p, &emit->entry, run->entry_index);
	if (run->state != PSNAP_ENTRY_LIVE) {
		p = PSNAP_PUT(p, ",\"state\":\"");
		p = stpcpy(p, psnap_emit_state_name(run->state));
		*p++ = '"';
	}
	if (emit->crc32) {
		p = PSNAP_PUT(p, ",\"crc32\":");
		p = record->has_crc32 ? psnap_digits_put(p, record->crc32)
				      : PSNAP_PUT(p, "null");
	}
	*p++ = '}';
	if (emit->ndjson)
		*p++ = '\n';
	return psnap_emit_record_done(emit, record, p);
}

static void json_gaps(struct psnap_emit *emit)
{
	for (size_t i = 0; i < emit->gap_count; i++)
		psnap_outbuf_printf(emit->out,
				    "%s{\"offset_bytes\":%" PRIu64
				    ",\"length_bytes\":%" PRIu64 "}",
				    i > 0 ? "," : "",
				    emit->gaps[i].offset_bytes,
				    emit->gaps[i].len_bytes);
	psnap_outbuf_text(emit->out, "]}");
}

static const char *end_name(enum psnap_walk_end end)
{
	switch (end) {
	case PSNAP_WALK_END_DEVICE:
		return "device-end";
	case PSNAP_WALK_END_UNREADABLE:
		return "unreadable";
	case PSNAP_WALK_END_TERMINATOR:
	case PSNAP_WALK_END_NONE:
		break;
	}
	return "terminator";
}

static void json_end(struct psnap_emit *emit,
		     const struct psnap_walk_totals *totals,
		     const struct psnap_usage *usage)
{
	struct psnap_outbuf *out = emit->out;

	if (emit->ndjson)
		psnap_outbuf_text(out, "{\"type\":\"end\"");
	else
		psnap_outbuf_text(out, emit->records > 0 ? "\n]" : "]");
	psnap_outbuf_printf(
		out,
		"%s\"table\":{\"end\":\"%s\",\"exceptions\":%" PRIu64
		",\"records\":%" PRIu64 ",\"last_area\":%" PRIu64
		",\"unreadable_bytes\":%" PRIu64 ",\"unreadable\":[",
		emit->ndjson ? "," : ",\n", end_name(totals->end),
		totals->exceptions, emit->records, totals->last_area_index,
		totals->unreadable_bytes);
	json_gaps(emit);
	psnap_outbuf_text(out, emit->ndjson ? ",\"usage\":" : ",\n\"usage\":");
	psnap_json_usage(out, emit->header, usage);
	psnap_outbuf_text(out, "}\n");
}

const struct psnap_emit_ops psnap_emit_json = {
	.header = json_header,
	.header_end = json_header_end,
	.table = json_table,
	.record = json_record,
	.end = json_end,
};
