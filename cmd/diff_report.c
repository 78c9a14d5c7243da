/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap diff prints: columns, CSV, JSON, or numbers of blocks. Ranges go
 * out as they are found; only the sums know how many there were.
 */
#include "diff.h"
#include "digits.h"
#include "json.h"
#include "report.h"

#include <inttypes.h>

/* Room for a range in any form: four numbers of 20 digits, and keys. */
#define RANGE_BYTES 200

#define WIDTH_BYTES   22
#define WIDTH_SECTORS 20

static uint64_t sectors(uint64_t start_bytes, uint64_t end_bytes)
{
	uint64_t len_bytes = end_bytes - start_bytes;

	return len_bytes / PSNAP_DIFF_UNIT_BYTES +
	       (len_bytes % PSNAP_DIFF_UNIT_BYTES != 0);
}

static uint64_t equal_bytes(const struct psnap_diff_job *job)
{
	return job->allocated_bytes - job->differing_bytes;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void text_begin(struct psnap_diff_job *job)
{
	if (!job->args->summary)
		psnap_outbuf_printf(job->out, "%*s%*s%*s%*s\n", WIDTH_BYTES,
				    "start_bytes", WIDTH_BYTES, "len_bytes",
				    WIDTH_SECTORS, "start_sector",
				    WIDTH_SECTORS, "sectors");
}

static void text_range(struct psnap_diff_job *job, uint64_t start_bytes,
		       uint64_t end_bytes)
{
	char *p = psnap_outbuf_reserve(job->out, RANGE_BYTES);

	p = psnap_digits_right(p, start_bytes, WIDTH_BYTES);
	*p++ = ' ';
	p = psnap_digits_right(p, end_bytes - start_bytes, WIDTH_BYTES - 1);
	*p++ = ' ';
	p = psnap_digits_right(p, start_bytes / PSNAP_DIFF_UNIT_BYTES,
			       WIDTH_SECTORS - 1);
	*p++ = ' ';
	p = psnap_digits_right(p, sectors(start_bytes, end_bytes),
			       WIDTH_SECTORS - 1);
	*p++ = '\n';
	psnap_outbuf_advance(job->out, p);
}

static void text_end(struct psnap_diff_job *job, int exit_status)
{
	(void)exit_status;
	psnap_outbuf_printf(
		job->out,
		"%sdiffering   %" PRIu64 " bytes in %" PRIu64 " range%s\n"
		"allocated   %" PRIu64 " bytes in chunks with an exception\n"
		"equal       %" PRIu64 " bytes of those\n",
		job->args->summary ? "" : "\n", job->differing_bytes,
		job->ranges, plural(job->ranges), job->allocated_bytes,
		equal_bytes(job));
}

static void csv_begin(struct psnap_diff_job *job)
{
	psnap_outbuf_text(job->out,
			  "start_bytes,len_bytes,start_sector,sectors\n");
}

static void csv_range(struct psnap_diff_job *job, uint64_t start_bytes,
		      uint64_t end_bytes)
{
	char *p = psnap_outbuf_reserve(job->out, RANGE_BYTES);

	p = psnap_digits_put(p, start_bytes);
	*p++ = ',';
	p = psnap_digits_put(p, end_bytes - start_bytes);
	*p++ = ',';
	p = psnap_digits_put(p, start_bytes / PSNAP_DIFF_UNIT_BYTES);
	*p++ = ',';
	p = psnap_digits_put(p, sectors(start_bytes, end_bytes));
	*p++ = '\n';
	psnap_outbuf_advance(job->out, p);
}

static void nothing_begin(struct psnap_diff_job *job)
{
	(void)job;
}

static void nothing_end(struct psnap_diff_job *job, int exit_status)
{
	(void)job;
	(void)exit_status;
}

/* Two ranges may lie in one block, and a range in two. */
static void block_range(struct psnap_diff_job *job, uint64_t start_bytes,
			uint64_t end_bytes)
{
	uint64_t first = start_bytes / job->args->block_bytes;
	uint64_t last = (end_bytes - 1) / job->args->block_bytes;

	if (first < job->next_block)
		first = job->next_block;
	for (; first <= last && job->out->os_errno == 0; first++) {
		char *p = psnap_outbuf_reserve(job->out, RANGE_BYTES);

		p = psnap_digits_put(p, first);
		*p++ = '\n';
		psnap_outbuf_advance(job->out, p);
	}
	job->next_block = last + 1;
}

static bool is_ndjson(const struct psnap_diff_job *job)
{
	return job->args->cli.format == PSNAP_FORMAT_NDJSON;
}

static void json_store(struct psnap_diff_job *job, int i)
{
	const struct psnap_check_result *check = &job->stores[i].plan.check;
	struct psnap_report none = { 0 };

	psnap_outbuf_text(job->out, "\"store\":");
	psnap_json_io(job->out, job->stores[i].operand.io);
	psnap_report_json_verdict(job->out, check,
				  psnap_report_end(&none, check));
}

static void json_begin(struct psnap_diff_job *job)
{
	struct psnap_outbuf *out = job->out;

	psnap_outbuf_text(out, is_ndjson(job) ? "{\"type\":\"diff\"," : "{");
	psnap_json_intro(out, "diff");
	psnap_outbuf_text(out, ",");
	json_store(job, 0);
	psnap_outbuf_text(out, ",\"other\":");
	if (job->store_count == 2) {
		psnap_outbuf_text(out, "{");
		json_store(job, 1);
		psnap_outbuf_text(out, "}");
	} else {
		psnap_outbuf_text(out, "null");
	}
	psnap_outbuf_text(out, ",\"origin\":");
	psnap_json_io(out, job->origin.io);
	psnap_json_member(out, "unit_bytes", true, PSNAP_DIFF_UNIT_BYTES);
	if (is_ndjson(job))
		psnap_outbuf_text(out, "}\n");
	else if (job->args->summary || job->refused)
		psnap_outbuf_text(out, ",\n\"ranges\":null");
	else
		psnap_outbuf_text(out, ",\n\"ranges\":[");
}

static void json_range(struct psnap_diff_job *job, uint64_t start_bytes,
		       uint64_t end_bytes)
{
	char *p = psnap_outbuf_reserve(job->out, RANGE_BYTES);

	if (is_ndjson(job))
		p = PSNAP_PUT(p, "{\"type\":\"range\",");
	else
		p = job->ranges == 0 ? PSNAP_PUT(p, "\n{")
				     : PSNAP_PUT(p, ",\n{");
	p = PSNAP_PUT(p, "\"start_bytes\":");
	p = psnap_digits_put(p, start_bytes);
	p = PSNAP_PUT(p, ",\"len_bytes\":");
	p = psnap_digits_put(p, end_bytes - start_bytes);
	*p++ = '}';
	if (is_ndjson(job))
		*p++ = '\n';
	psnap_outbuf_advance(job->out, p);
}

static void json_end(struct psnap_diff_job *job, int exit_status)
{
	struct psnap_outbuf *out = job->out;

	if (is_ndjson(job))
		psnap_outbuf_text(out, "{\"type\":\"totals\"");
	else if (!job->args->summary && !job->refused)
		psnap_outbuf_text(out, job->ranges > 0 ? "\n]" : "]");
	psnap_outbuf_text(out, is_ndjson(job) ? "," : ",\n");
	psnap_outbuf_text(out, "\"totals\":");
	if (job->refused) {
		psnap_outbuf_text(out, "null");
	} else {
		psnap_outbuf_text(out, "{\"allocated_bytes\":");
		psnap_json_u64(out, job->allocated_bytes);
		psnap_json_member(out, "differing_bytes", true,
				  job->differing_bytes);
		psnap_json_member(out, "equal_bytes", true, equal_bytes(job));
		psnap_json_member(out, "ranges", true, job->ranges);
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_printf(out, ",\"exit_status\":%d}\n", exit_status);
}

const struct psnap_diff_form *
psnap_diff_form(const struct psnap_diff_args *args)
{
	static const struct psnap_diff_form text = { text_begin, text_range,
						     text_end, false };
	static const struct psnap_diff_form csv = { csv_begin, csv_range,
						    nothing_end, false };
	static const struct psnap_diff_form json = { json_begin, json_range,
						     json_end, true };
	static const struct psnap_diff_form blocks = { nothing_begin,
						       block_range, nothing_end,
						       false };

	if (args->block_bytes > 0)
		return &blocks;
	switch (args->cli.format) {
	case PSNAP_FORMAT_CSV:
		return &csv;
	case PSNAP_FORMAT_JSON:
	case PSNAP_FORMAT_NDJSON:
		return &json;
	case PSNAP_FORMAT_TEXT:
		break;
	}
	return &text;
}
