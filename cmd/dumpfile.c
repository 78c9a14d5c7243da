/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump from its first record to its last. What can be missing or out of
 * place is noticed: each record says where in the table it stands, and the last
 * one how many there are.
 */
#include "dumpfile.h"

#include "dumpfile_line.h"

#include "dumpfile_text.h"

#include <inttypes.h>
#include <stdlib.h>

/**
 * struct psnap_dumpfile - a dump being read
 * @read_once, @once_crc32, @once_bytes:  the whole text, when it was read first
 * @next_slot:  behind the last entry, counted from the start of the table
 * @gap:        entries did not follow each other
 * @records:    of entries, whether passed over or not
 * @ended:      the last record was read, and there is nothing behind it
 */
struct psnap_dumpfile {
	struct psnap_text text;
	struct psnap_line_parser *parser;
	bool read_once;
	uint32_t once_crc32;
	uint64_t once_bytes;
	struct psnap_dumpfile_head head;
	uint64_t next_slot;
	bool gap;
	uint64_t records;
	bool ended;
	struct psnap_dumpfile_totals totals;
};

static int fail(const struct psnap_dumpfile *d, struct psnap_error *err,
		const char *text)
{
	return psnap_text_fail(err, PSNAP_E_CORRUPT, d->text.number, "%s",
			       text);
}

static int fail_nomem(struct psnap_error *err)
{
	if (err)
		*err = (struct psnap_error){ .code = PSNAP_E_NOMEM };
	return PSNAP_E_NOMEM;
}

static int next_record(struct psnap_dumpfile *d, struct psnap_line *line,
		       struct psnap_error *err)
{
	const char *text;
	size_t len_bytes;
	int rc = psnap_text_next(&d->text, &text, &len_bytes, err);

	if (rc <= 0)
		return rc;
	rc = psnap_line_parse(d->parser, text, len_bytes, d->text.number, line,
			      err);
	return rc ? rc : 1;
}

/* Where it stands in the table has to be behind what was before it. */
static int take_place(struct psnap_dumpfile *d, const struct psnap_run *run,
		      struct psnap_error *err)
{
	uint64_t per_area = d->head.chunk_bytes / PSNAP_EXCEPTION_BYTES;
	uint64_t slot;

	if (run->entry_index >= per_area)
		return fail(d, err, "\"entry\" is beyond the end of an area");
	if (__builtin_mul_overflow(run->area_index, per_area, &slot) ||
	    __builtin_add_overflow(slot, run->entry_index, &slot) ||
	    slot > UINT64_MAX - run->chunks)
		return fail(d, err, "\"area\" is too large");
	if (slot < d->next_slot)
		return fail(d, err,
			    "stands before the entry of the line "
			    "before in the table");
	if (slot > d->next_slot)
		d->gap = true;
	d->next_slot = slot + run->chunks;
	d->totals.exceptions += run->chunks;
	return 0;
}

static int judge_end(struct psnap_dumpfile *d, const struct psnap_line *line,
		     struct psnap_error *err)
{
	struct psnap_dumpfile_totals *totals = &d->totals;

	if (line->records != d->records)
		return psnap_text_fail(err, PSNAP_E_CORRUPT, d->text.number,
				       "the dump had %" PRIu64
				       " records, and %" PRIu64 " are here",
				       line->records, d->records);
	if (line->exceptions < totals->exceptions)
		return psnap_text_fail(err, PSNAP_E_CORRUPT, d->text.number,
				       "the table had %" PRIu64
				       " exceptions, and here are %" PRIu64,
				       line->exceptions, totals->exceptions);
	totals->missing = line->exceptions - totals->exceptions;
	totals->unreadable_bytes = line->unreadable_bytes;
	if (d->gap && totals->missing == 0 && totals->unreadable_bytes == 0)
		return fail(d, err,
			    "the entries do not follow each other in "
			    "the table, and nothing says why");
	return 0;
}

/* Nothing may follow, and it has to be what it was. */
static int finish(struct psnap_dumpfile *d, struct psnap_error *err)
{
	const char *text;
	size_t len_bytes;
	int rc = psnap_text_next(&d->text, &text, &len_bytes, err);

	if (rc < 0)
		return rc;
	if (rc > 0)
		return fail(d, err, "stands behind the last record");
	if (d->read_once &&
	    (d->once_crc32 != d->text.crc32 || d->once_bytes != d->text.bytes))
		return fail(d, err, "the dump was changed while it was used");
	d->read_once = true;
	d->once_crc32 = d->text.crc32;
	d->once_bytes = d->text.bytes;
	d->ended = true;
	return 0;
}

static int judge_head(const struct psnap_dumpfile *d, struct psnap_error *err)
{
	struct psnap_geometry geo;
	struct psnap_error why;

	if (psnap_geometry_init(&geo, d->head.store_bytes, d->head.chunk_bytes,
				&why) == 0)
		return 0;
	return fail(d, err, why.message);
}

static int begin(struct psnap_dumpfile *d, struct psnap_error *err)
{
	struct psnap_line line;
	int rc = psnap_text_begin(&d->text, err);

	if (rc)
		return rc;
	rc = next_record(d, &line, err);
	if (rc == 0)
		return psnap_text_fail(err, PSNAP_E_TRUNCATED, 1,
				       "the dump is empty");
	if (rc < 0)
		return rc;
	if (line.type != PSNAP_LINE_HEADER)
		return fail(d, err, "the dump does not begin with its header");
	d->head = line.head;
	return judge_head(d, err);
}

int psnap_dumpfile_open(struct psnap_io *io,
			const struct psnap_progress *progress,
			struct psnap_dumpfile **dump, struct psnap_error *err)
{
	struct psnap_dumpfile *d = calloc(1, sizeof(*d));
	int rc;

	*dump = NULL;
	if (!d)
		return fail_nomem(err);
	d->text.io = io;
	d->text.progress = *progress;
	d->parser = psnap_line_parser_new();
	rc = d->parser ? begin(d, err) : fail_nomem(err);
	if (rc) {
		psnap_dumpfile_close(d);
		return rc;
	}
	*dump = d;
	return 0;
}

int psnap_dumpfile_next(void *ctx, struct psnap_rebuild_entry *entry,
			struct psnap_error *err)
{
	struct psnap_dumpfile *d = ctx;
	struct psnap_line line;
	int rc;

	while (!d->ended) {
		rc = next_record(d, &line, err);
		if (rc == 0)
			return psnap_text_fail(err, PSNAP_E_TRUNCATED,
					       d->text.number + 1,
					       "the last record is missing: "
					       "the dump was cut");
		if (rc < 0)
			return rc;
		if (line.type == PSNAP_LINE_HEADER)
			return fail(d, err, "a second header");
		if (line.type == PSNAP_LINE_END) {
			rc = judge_end(d, &line, err);
			if (rc == 0)
				rc = finish(d, err);
			return rc;
		}
		d->records++;
		if (line.entry.run.state >= PSNAP_ENTRY_AFTER_TERMINATOR) {
			d->totals.skipped += line.entry.run.chunks;
			continue;
		}
		rc = take_place(d, &line.entry.run, err);
		if (rc)
			return rc;
		*entry = line.entry;
		return 1;
	}
	return 0;
}

int psnap_dumpfile_rewind(struct psnap_dumpfile *d, struct psnap_error *err)
{
	const struct psnap_dumpfile_head head = d->head;
	int rc;

	d->next_slot = 0;
	d->gap = false;
	d->records = 0;
	d->ended = false;
	d->totals = (struct psnap_dumpfile_totals){ 0 };
	rc = begin(d, err);
	if (rc)
		return rc;
	/* What the table is written with is not asked for again. */
	if (head.store_bytes != d->head.store_bytes ||
	    head.chunk_bytes != d->head.chunk_bytes ||
	    head.valid != d->head.valid)
		return fail(d, err, "the dump was changed while it was used");
	return 0;
}

const struct psnap_dumpfile_head *
psnap_dumpfile_head(const struct psnap_dumpfile *dump)
{
	return &dump->head;
}

const struct psnap_dumpfile_totals *
psnap_dumpfile_totals(const struct psnap_dumpfile *dump)
{
	return &dump->totals;
}

uint64_t psnap_dumpfile_line(const struct psnap_dumpfile *dump)
{
	return dump->text.number;
}

uint64_t psnap_dumpfile_position(const struct psnap_dumpfile *dump)
{
	return dump->text.unzip ? psnap_unzip_position(dump->text.unzip) : 0;
}

void psnap_dumpfile_close(struct psnap_dumpfile *dump)
{
	if (!dump)
		return;
	psnap_text_end(&dump->text);
	psnap_line_parser_free(dump->parser);
	free(dump);
}
