/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump as CSV: the table alone, for spreadsheets and databases. Header,
 * geometry and sums have no place in it; ask for JSON to get them.
 */
#include "digits.h"
#include "emit.h"

static void csv_header(struct psnap_emit *emit)
{
	(void)emit;
}

static void csv_table(struct psnap_emit *emit)
{
	psnap_outbuf_text(emit->out,
			  "old_chunk,new_chunk,chunks,area,entry,state");
	psnap_outbuf_text(emit->out, emit->crc32 ? ",crc32\n" : "\n");
}

static int csv_record(void *ctx, const struct psnap_dump_record *record)
{
	struct psnap_emit *emit = ctx;
	const struct psnap_run *run = &record->run;
	char *p = psnap_outbuf_reserve(emit->out, PSNAP_EMIT_RECORD_BYTES);

	p = psnap_digits_put(p, run->old_chunk);
	*p++ = ',';
	p = psnap_counter_put(p, &emit->new_chunk, run->new_chunk);
	*p++ = ',';
	p = psnap_counter_put(p, &emit->chunks, run->chunks);
	*p++ = ',';
	p = psnap_counter_put(p, &emit->area, run->area_index);
	*p++ = ',';
	p = psnap_counter_put(p, &emit->entry, run->entry_index);
	if (run->state == PSNAP_ENTRY_LIVE) {
		p = PSNAP_PUT(p, ",live");
	} else {
		*p++ = ',';
		p = stpcpy(p, psnap_emit_state_name(run->state));
	}
	if (emit->crc32) {
		*p++ = ',';
		if (record->has_crc32)
			p = psnap_digits_hex8(p, record->crc32);
	}
	*p++ = '\n';
	return psnap_emit_record_done(emit, record, p);
}

static void csv_end(struct psnap_emit *emit,
		    const struct psnap_walk_totals *totals,
		    const struct psnap_usage *usage)
{
	(void)emit;
	(void)totals;
	(void)usage;
}

const struct psnap_emit_ops psnap_emit_csv = {
	.header = csv_header,
	.header_end = csv_header,
	.table = csv_table,
	.record = csv_record,
	.end = csv_end,
};
