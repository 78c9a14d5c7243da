/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms in which psnap dump shows a table. One emitter per form; the
 * record function is at the same time the library's visitor, so a record costs
 * one call and no error checks inside.
 */
#ifndef PSNAP_CMD_EMIT_H
#define PSNAP_CMD_EMIT_H

#include "counter.h"
#include "message.h"
#include "outbuf.h"

#include <psnap/dump.h>
#include <psnap/io.h>

struct psnap_emit;

/** struct psnap_emit_gap - bytes of the table that could not be read */
struct psnap_emit_gap {
	uint64_t offset_bytes;
	uint64_t len_bytes;
};

/**
 * struct psnap_emit_ops - one form
 * @header:      name, header and geometry
 * @header_end:  there is nothing but the header
 * @table:       the table begins
 * @record:      a record; ctx is the emitter
 * @end:         the table has ended
 */
struct psnap_emit_ops {
	void (*header)(struct psnap_emit *emit);
	void (*header_end)(struct psnap_emit *emit);
	void (*table)(struct psnap_emit *emit);
	int (*record)(void *ctx, const struct psnap_dump_record *record);
	void (*end)(struct psnap_emit *emit,
		    const struct psnap_walk_totals *totals,
		    const struct psnap_usage *usage);
};

/**
 * struct psnap_emit - zero-initialise and fill in
 * @store:       what is dumped
 * @exceptions:  records are entries, not runs
 * @all:         records have a state
 * @crc32:       records have a checksum
 * @filtered:    ranges were given: not all records are seen
 * @ndjson:      one object a line instead of one in all
 * @records:     how many so far
 * @live:        those that the kernel would read
 * @dead_chunks: exceptions in the others
 * @gaps:        parts of the table that could not be read
 * @new_chunk, @chunks, @area, @entry:  as text, from the record before
 */
struct psnap_emit {
	const struct psnap_emit_ops *ops;
	struct psnap_outbuf *out;
	const struct psnap_io *store;
	const struct psnap_header *header;
	const struct psnap_geometry *geo;
	bool exceptions;
	bool all;
	bool crc32;
	bool filtered;
	bool ndjson;
	uint64_t records;
	uint64_t live;
	uint64_t dead_chunks;
	struct psnap_emit_gap *gaps;
	size_t gap_count;
	size_t gap_max;
	struct psnap_counter new_chunk;
	struct psnap_counter chunks;
	struct psnap_counter area;
	struct psnap_counter entry;
};

extern const struct psnap_emit_ops psnap_emit_text;
extern const struct psnap_emit_ops psnap_emit_json;
extern const struct psnap_emit_ops psnap_emit_csv;

/* Room for any record in any form: six numbers of 20 digits, keys, state. */
#define PSNAP_EMIT_RECORD_BYTES 320

/** psnap_emit_unreadable() - note a gap in the table; 0 or PSNAP_E_NOMEM */
int psnap_emit_unreadable(struct psnap_emit *emit, uint64_t offset_bytes,
			  uint64_t len_bytes);

/** psnap_emit_release() - free what was noted */
void psnap_emit_release(struct psnap_emit *emit);

/** psnap_emit_state_name() - "live", "stale", ... */
const char *psnap_emit_state_name(enum psnap_entry_state state);

/**
 * psnap_emit_record_done() - a record ends at @end
 *
 * The first one goes out at once: whoever waits for a slow disk sees that
 * there is something, and `| head -n 3` need not wait for a full buffer.
 */
static inline int psnap_emit_record_done(struct psnap_emit *emit,
					 const struct psnap_dump_record *record,
					 const char *end)
{
	psnap_outbuf_advance(emit->out, end);
	if (record->run.state <= PSNAP_ENTRY_UNCERTAIN)
		emit->live++;
	else
		emit->dead_chunks += record->run.chunks;
	if (emit->records++ == 0 || emit->out->eager)
		psnap_outbuf_flush(emit->out);
	return emit->out->os_errno != 0 ? PSNAP_CLI_STOP : 0;
}

#endif
