/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the writers of psnap check and psnap dump. The input is taken
 * for names, numbers, records and findings such as the library could never
 * give; what is written in each form has to be well-formed, complete, and free
 * of bytes that a terminal would obey. text_sample.h makes the values,
 * text_looks.h looks at what was written.
 */
#include "text_looks.h"

#include "emit.h"
#include "lookup.h"
#include "report.h"

#include <unistd.h>

static struct psnap_outbuf out;

/* A writer gets room for one record; longer ones would leave the buffer. */
static void write_record(struct psnap_emit *emit,
			 const struct psnap_dump_record *record)
{
	off_t before;

	FUZZ_EQUAL(psnap_outbuf_flush(&out), 0);
	before = lseek(out.fd, 0, SEEK_CUR);
	FUZZ_EQUAL(emit->ops->record(emit, record), 0);
	FUZZ_EQUAL(psnap_outbuf_flush(&out), 0);
	FUZZ_REQUIRE(lseek(out.fd, 0, SEEK_CUR) - before <=
			     PSNAP_EMIT_RECORD_BYTES,
		     "a record of more than %d bytes", PSNAP_EMIT_RECORD_BYTES);
}

static void write_dump(const struct text_sample *sample,
		       const struct psnap_emit_ops *ops, bool ndjson)
{
	struct psnap_emit emit = {
		.ops = ops,
		.out = &out,
		.store = &sample->store,
		.header = &sample->header,
		.geo = &sample->geometry,
		.exceptions = sample->exceptions,
		.all = sample->all,
		.crc32 = sample->crc32,
		.filtered = sample->filtered,
		.ndjson = ndjson,
	};

	written_begin(&out, sample->eager);
	ops->header(&emit);
	if (sample->header_only) {
		ops->header_end(&emit);
	} else {
		ops->table(&emit);
		for (size_t i = 0; i < sample->record_count; i++)
			write_record(&emit, &sample->records[i]);
		ops->end(&emit, &sample->totals, &sample->result.usage);
	}
	written_end(&out);
}

static void fuzz_dump(const struct text_sample *sample)
{
	uint64_t records = sample->header_only ? 0 : sample->record_count;

	write_dump(sample, &psnap_emit_json, false);
	look_json();
	write_dump(sample, &psnap_emit_json, true);
	look_ndjson(sample->header_only ? 1 : records + 2);
	write_dump(sample, &psnap_emit_text, false);
	look_text(5 + records);
	if (sample->header_only)
		return;
	write_dump(sample, &psnap_emit_csv, false);
	look_csv(sample);
}

static uint64_t write_check(const struct text_sample *sample,
			    const struct psnap_report_ops *ops, bool ndjson)
{
	struct psnap_report report = {
		.ops = ops,
		.out = &out,
		.store = &sample->store_operand,
		.origin = sample->has_origin ? &sample->origin_operand : NULL,
		.ndjson = ndjson,
	};
	uint64_t shown = 0;
	int status;

	memcpy(report.ignored, sample->ignored, sizeof(report.ignored));
	written_begin(&out, sample->eager);
	psnap_report_begin(&report);
	for (size_t i = 0; i < sample->finding_count; i++) {
		FUZZ_EQUAL(psnap_report_finding(&report, &sample->findings[i]),
			   0);
		shown += !sample->ignored[sample->findings[i].id];
	}
	status = psnap_report_end(&report, &sample->result);
	FUZZ_REQUIRE(status == 0 || status == 4, "status %d", status);
	written_end(&out);
	return shown;
}

static void fuzz_check(const struct text_sample *sample)
{
	uint64_t shown;

	write_check(sample, &psnap_report_json, false);
	look_json();
	shown = write_check(sample, &psnap_report_json, true);
	look_ndjson(shown + 2);
	shown = write_check(sample, &psnap_report_text, false);
	look_text(shown + 5);
}

static void fuzz_lookup(const struct text_sample *sample)
{
	written_begin(&out, sample->eager);
	psnap_outbuf_text(&out, "{");
	psnap_lookup_json(&out, &sample->geometry, &sample->lookup);
	psnap_outbuf_text(&out, "}\n");
	written_end(&out);
	look_json();
	written_begin(&out, sample->eager);
	psnap_lookup_text(&out, &sample->geometry, &sample->lookup);
	written_end(&out);
	look_text(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static struct text_sample sample;
	struct fuzz_cursor cursor = { data, len_bytes };

	text_sample_make(&sample, &cursor);
	fuzz_dump(&sample);
	fuzz_check(&sample);
	fuzz_lookup(&sample);
	return 0;
}
