/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump for people: columns wide enough that damaged numbers of 20 digits
 * still line up.
 */
#include "digits.h"
#include "emit.h"
#include "json.h"

#include <inttypes.h>

#define WIDTH_AREA   10
#define WIDTH_ENTRY  7
#define WIDTH_CHUNK  22
#define WIDTH_CHUNKS 10
#define WIDTH_STATE  18

static const char *const state_names[] = {
	[PSNAP_ENTRY_LIVE] = "live",
	[PSNAP_ENTRY_UNCERTAIN] = "uncertain",
	[PSNAP_ENTRY_AFTER_TERMINATOR] = "after-terminator",
	[PSNAP_ENTRY_STALE] = "stale",
};

const char *psnap_emit_state_name(enum psnap_entry_state state)
{
	return state_names[state];
}

static void text_header(struct psnap_emit *emit)
{
	struct psnap_outbuf *out = emit->out;

	psnap_outbuf_text(out, "store       ");
	psnap_outbuf_plain(out, emit->store->name);
	psnap_outbuf_printf(
		out, "\nsize        %" PRIu64 " bytes (%" PRIu64 " sectors)\n",
		emit->geo->store_bytes, emit->geo->store_sectors);
	psnap_outbuf_printf(
		out, "header      valid %" PRIu32 ", version %" PRIu32 "\n",
		emit->header->valid, emit->header->version);
	psnap_outbuf_printf(
		out, "chunk size  %" PRIu64 " bytes (%" PRIu32 " sectors)\n",
		emit->geo->chunk_bytes, emit->geo->chunk_sectors);
	psnap_outbuf_printf(
		out, "areas       %" PRIu64 " of %" PRIu32 " exceptions\n",
		emit->geo->area_count, emit->geo->exceptions_per_area);
}

static void text_header_end(struct psnap_emit *emit)
{
	(void)emit;
}

static void text_table(struct psnap_emit *emit)
{
	psnap_outbuf_printf(emit->out, "\n%*s%*s%*s%*s%*s", WIDTH_AREA, "area",
			    WIDTH_ENTRY, "entry", WIDTH_CHUNK, "old_chunk",
			    WIDTH_CHUNK, "new_chunk", WIDTH_CHUNKS, "chunks");
	if (emit->all)
		psnap_outbuf_printf(emit->out, "%*s", WIDTH_STATE, "state");
	psnap_outbuf_text(emit->out, emit->crc32 ? "     crc32\n" : "\n");
}

static char *put_state(char *p, enum psnap_entry_state state)
{
	const char *name = state_names[state];
	size_t len = strlen(name);

	memset(p, ' ', WIDTH_STATE - len);
	p += WIDTH_STATE - len;
	return stpcpy(p, name);
}

static int text_record(void *ctx, const struct psnap_dump_record *record)
{
	struct psnap_emit *emit = ctx;
	const struct psnap_run *run = &record->run;
	char *p = psnap_outbuf_reserve(emit->out, PSNAP_EMIT_RECORD_BYTES);

	p = psnap_digits_right(p, run->area_index, WIDTH_AREA);
	*p++ = ' ';
	p = psnap_digits_right(p, run->entry_index, WIDTH_ENTRY - 1);
	*p++ = ' ';
	p = psnap_digits_right(p, run->old_chunk, WIDTH_CHUNK - 1);
	*p++ = ' ';
	p = psnap_digits_right(p, run->new_chunk, WIDTH_CHUNK - 1);
	*p++ = ' ';
	p = psnap_digits_right(p, run->chunks, WIDTH_CHUNKS - 1);
	/* An uncertain entry says so even where no state was asked for. */
	if (emit->all || run->state != PSNAP_ENTRY_LIVE)
		p = put_state(p, run->state);
	if (emit->crc32 && record->has_crc32) {
		p = PSNAP_PUT(p, "  ");
		p = psnap_digits_hex8(p, record->crc32);
	} else if (emit->crc32) {
		p = PSNAP_PUT(p, "         -");
	}
	*p++ = '\n';
	return psnap_emit_record_done(emit, record, p);
}

/* Sums are over the whole live table; records may be fewer or more. */
static void text_sums(struct psnap_emit *emit,
		      const struct psnap_walk_totals *totals)
{
	psnap_outbuf_printf(emit->out, "%" PRIu64 " exception%s",
			    totals->exceptions,
			    totals->exceptions == 1 ? "" : "s");
	if (emit->filtered)
		psnap_outbuf_printf(emit->out, ", %" PRIu64 " shown",
				    emit->records);
	else if (!emit->exceptions)
		psnap_outbuf_printf(emit->out, " in %" PRIu64 " run%s",
				    emit->live, emit->live == 1 ? "" : "s");
	if (emit->dead_chunks > 0)
		psnap_outbuf_printf(emit->out, ", %" PRIu64 " more not live",
				    emit->dead_chunks);
}

static void text_end(struct psnap_emit *emit,
		     const struct psnap_walk_totals *totals,
		     const struct psnap_usage *usage)
{
	char status[PSNAP_STATUS_BYTES];

	psnap_outbuf_text(emit->out, "\n");
	text_sums(emit, totals);
	psnap_outbuf_printf(emit->out, "; status %s\n",
			    psnap_status_text(emit->header, usage, status));
	if (totals->unreadable_bytes > 0)
		psnap_outbuf_printf(emit->out,
				    "%" PRIu64 " bytes of the table cannot be "
				    "read and are left out of these numbers\n",
				    totals->unreadable_bytes);
	if (totals->end == PSNAP_WALK_END_DEVICE)
		psnap_outbuf_text(emit->out,
				  "table ends at the device end, without the "
				  "terminator the kernel needs\n");
}

const struct psnap_emit_ops psnap_emit_text = {
	.header = text_header,
	.header_end = text_header_end,
	.table = text_table,
	.record = text_record,
	.end = text_end,
};
