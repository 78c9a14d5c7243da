/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of OUTPUT is not what it was: as lines on standard error, in the report,
 * and as a map that ddrescue and its tools read.
 */
#include "convert.h"
#include "json.h"

#include <inttypes.h>

/* Ranges that are listed; the map has all. */
#define LISTED_MAX 1000u

/* A range of the first of two sets, or of the second; @unreadable says which
 * it is. */
struct bad_range {
	uint64_t start_bytes;
	uint64_t end_bytes;
	bool unreadable;
};

/* The next range from @at_bytes on, of one kind. Return: is there one? */
static bool next_bad(const struct psnap_convert_salvage *salvage,
		     uint64_t at_bytes, struct bad_range *range)
{
	const struct psnap_extent *u =
		psnap_extents_find(salvage->filled, at_bytes);
	const struct psnap_extent *d =
		psnap_extents_find(salvage->doubt.unknown, at_bytes);
	const struct psnap_extent *e = u;

	if (d && (!u || d->offset_bytes < u->offset_bytes))
		e = d;
	if (!e)
		return false;
	range->unreadable = e == u;
	range->start_bytes =
		e->offset_bytes > at_bytes ? e->offset_bytes : at_bytes;
	range->end_bytes = e->offset_bytes + e->len_bytes;
	/* What cannot be read is told as that, wherever it is. */
	if (e == d && u && u->offset_bytes < range->end_bytes)
		range->end_bytes = u->offset_bytes;
	return true;
}

static void say_range(const struct psnap_convert_job *job,
		      const struct bad_range *range)
{
	const struct psnap_view_segment *s =
		psnap_view_find(job->view, range->start_bytes);
	const struct psnap_operand *device =
		s->source == PSNAP_VIEW_STORE ? &job->store : &job->origin;

	if (range->unreadable)
		psnap_msg(device->name,
			  "filled: bytes %" PRIu64 "..%" PRIu64
			  " of the output: byte %" PRIu64 ": cannot be read",
			  range->start_bytes, range->end_bytes,
			  s->from_bytes +
				  (range->start_bytes - s->start_bytes));
	else
		psnap_msg(job->store.name,
			  "filled: bytes %" PRIu64 "..%" PRIu64
			  " of the output: the exception is in doubt",
			  range->start_bytes, range->end_bytes);
}

static void say_incomplete(const struct psnap_convert_job *job)
{
	const struct psnap_view_doubt *doubt = &job->salvage.doubt;

	if (doubt->lost_bytes > 0)
		psnap_msg(job->store.name,
			  "up to %" PRIu64 " exceptions are lost: what is "
			  "shown as the origin has it may be newer than the "
			  "snapshot",
			  doubt->lost_bytes / PSNAP_EXCEPTION_BYTES);
	else if (doubt->incomplete)
		psnap_msg(job->store.name,
			  "a part of the table is lost: what is shown as the "
			  "origin has it may be newer than the snapshot");
}

void psnap_convert_filled_say(struct psnap_convert_job *job)
{
	const struct psnap_convert_salvage *salvage = &job->salvage;
	struct bad_range range = { 0 };
	uint64_t told;

	if (!salvage->io)
		return;
	for (told = 0; next_bad(salvage, range.end_bytes, &range); told++)
		if (told < LISTED_MAX)
			say_range(job, &range);
	if (told > LISTED_MAX)
		psnap_msg(job->path,
			  "filled: %" PRIu64 " more ranges; --filled-map "
			  "writes them all",
			  told - LISTED_MAX);
	say_incomplete(job);
}

static uint64_t start_of(struct psnap_extents *set, uint64_t at_bytes,
			 uint64_t size_bytes, uint64_t *end_bytes)
{
	const struct psnap_extent *e = psnap_extents_find(set, at_bytes);

	*end_bytes = e ? e->offset_bytes + e->len_bytes : size_bytes;
	return e ? e->offset_bytes : size_bytes;
}

void psnap_convert_filled_map(const struct psnap_convert_job *job,
			      struct psnap_outbuf *out)
{
	uint64_t size = job->shown->size_bytes;
	uint64_t at = 0;

	psnap_outbuf_text(out, "# Mapfile. Created by psnap-convert\n"
			       "# + as the snapshot had it, - filled, ? as the "
			       "origin has it, perhaps newer\n"
			       "# current_pos  current_status  current_pass\n"
			       "0x00000000     +               1\n"
			       "#      pos        size  status\n");
	while (at < size) {
		uint64_t bad_end;
		uint64_t end;
		uint64_t bad = start_of(job->salvage.bad, at, size, &bad_end);
		uint64_t unsure = start_of(job->salvage.unsure, at, size, &end);
		char status = '?';

		if (bad <= at) {
			status = '-';
			end = bad_end;
		} else if (unsure > at) {
			status = '+';
			end = unsure < bad ? unsure : bad;
		} else if (end > bad) {
			end = bad;
		}
		psnap_outbuf_printf(out,
				    "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n",
				    at, end - at, status);
		at = end;
	}
}

/* Of it what cannot be read; the rest is unknown. */
static uint64_t unreadable_bytes(const struct psnap_convert_job *job)
{
	return psnap_extents_common_bytes(job->salvage.filled, 0, UINT64_MAX);
}

void psnap_convert_filled_text(const struct psnap_convert_job *job,
			       struct psnap_outbuf *out)
{
	const struct psnap_convert_salvage *salvage = &job->salvage;
	uint64_t unreadable;
	size_t count;

	if (!salvage->bad)
		return;
	(void)psnap_extents_list(salvage->bad, &count);
	if (count > 0) {
		unreadable = unreadable_bytes(job);
		psnap_outbuf_printf(out,
				    "filled      %zu range%s, %" PRIu64
				    " bytes (unreadable %" PRIu64
				    ", unknown %" PRIu64 ")\n",
				    count, count == 1 ? "" : "s",
				    salvage->bad_bytes, unreadable,
				    salvage->bad_bytes - unreadable);
	}
	if (salvage->unsure_bytes > 0)
		psnap_outbuf_printf(out,
				    "uncertain   %" PRIu64
				    " bytes, perhaps newer than the "
				    "snapshot\n",
				    salvage->unsure_bytes);
}

static void json_ranges(const struct psnap_convert_salvage *salvage,
			struct psnap_outbuf *out)
{
	struct bad_range range = { 0 };
	uint64_t count;

	psnap_outbuf_text(out, ",\n\"runs\":[");
	for (count = 0; next_bad(salvage, range.end_bytes, &range); count++) {
		if (count >= LISTED_MAX)
			continue;
		psnap_outbuf_text(out, count > 0 ? ",\n" : "\n");
		psnap_outbuf_printf(
			out,
			"{\"offset_bytes\":%" PRIu64
			",\"length_bytes\":%" PRIu64 ",\"reason\":\"%s\"}",
			range.start_bytes, range.end_bytes - range.start_bytes,
			range.unreadable ? "unreadable" : "unknown");
	}
	psnap_outbuf_printf(out, "],\"runs_truncated\":%s",
			    count > LISTED_MAX ? "true" : "false");
}

void psnap_convert_filled_json(const struct psnap_convert_job *job,
			       struct psnap_outbuf *out)
{
	const struct psnap_convert_salvage *salvage = &job->salvage;
	uint64_t unreadable;
	size_t count;

	psnap_outbuf_text(out, ",\n\"salvage\":");
	if (!salvage->io || !salvage->bad) {
		psnap_outbuf_text(out, "null");
		return;
	}
	unreadable = unreadable_bytes(job);
	(void)psnap_extents_list(salvage->bad, &count);
	psnap_outbuf_printf(
		out,
		"{\"ranges\":%zu,\"filled_bytes\":%" PRIu64
		",\"unreadable_bytes\":%" PRIu64 ",\"unknown_bytes\":%" PRIu64
		",\"uncertain_bytes\":%" PRIu64
		",\"unused_exceptions\":%" PRIu64 ",\"table_incomplete\":%s",
		count, salvage->bad_bytes, unreadable,
		salvage->bad_bytes - unreadable, salvage->unsure_bytes,
		salvage->doubt.unused,
		salvage->doubt.incomplete ? "true" : "false");
	json_ranges(salvage, out);
	psnap_outbuf_text(out, "}");
}
