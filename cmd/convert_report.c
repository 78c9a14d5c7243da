/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap convert says that it made.
 */
#include "convert.h"
#include "json.h"
#include "report.h"

#include <inttypes.h>

void psnap_convert_content_text(const struct psnap_content *content,
				struct psnap_outbuf *out)
{
	if (!content->type[0]) {
		psnap_outbuf_text(out, "none known");
		return;
	}
	psnap_outbuf_plain(out, content->type);
	if (content->uuid[0]) {
		psnap_outbuf_text(out, ", UUID ");
		psnap_outbuf_plain(out, content->uuid);
	}
	if (content->label[0]) {
		psnap_outbuf_text(out, ", label \"");
		psnap_outbuf_plain(out, content->label);
		psnap_outbuf_text(out, "\"");
	}
}

uint64_t psnap_convert_segments(const struct psnap_convert_job *job,
				enum psnap_view_source source)
{
	const struct psnap_view_segment *s;
	uint64_t sum = 0;
	size_t count;
	size_t i;

	if (!job->view)
		return 0;
	s = psnap_view_segments(job->view, &count);
	for (i = 0; i < count; i++)
		sum += s[i].source == source;
	return sum;
}

static void text_io(struct psnap_outbuf *out, const char *before,
		    const char *name, uint64_t size_bytes)
{
	psnap_outbuf_text(out, before);
	psnap_outbuf_plain(out, name);
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\n", size_bytes);
}

static void text_operand(struct psnap_outbuf *out, const char *before,
			 const struct psnap_operand *operand)
{
	if (operand->io)
		text_io(out, before, operand->name, operand->io->size_bytes);
}

static void text_made(const struct psnap_convert_made *made,
		      struct psnap_outbuf *out)
{
	psnap_outbuf_printf(
		out, "new store   %" PRIu64 " exceptions of %" PRIu64 " bytes",
		made->exceptions, made->chunk_bytes);
	if (made->dropped > 0)
		psnap_outbuf_printf(
			out, "; %" PRIu64 " left out that are as in the origin",
			made->dropped);
	psnap_outbuf_text(out, "\n");
	if (made->data_missing)
		psnap_outbuf_text(out, "data        missing: it has a table "
				       "only\n");
}

static void report_text(const struct psnap_convert_job *job,
			struct psnap_outbuf *out)
{
	text_operand(out, "store       ", &job->store);
	text_operand(out, "origin      ", &job->origin);
	text_operand(out, "input       ", &job->input);
	if (job->shown) {
		psnap_outbuf_text(out, "file system ");
		psnap_convert_content_text(&job->content, out);
		psnap_outbuf_text(out, "\n");
	}
	psnap_outbuf_printf(out, "format      %s\n",
			    psnap_convert_format(job)->name);
	text_io(out, "output      ", job->path, job->output_bytes);
	if (job->made.chunk_bytes)
		text_made(&job->made, out);
	if (job->cluster_bytes > 0)
		psnap_outbuf_printf(out,
				    "clusters    %" PRIu64 " of %" PRIu64
				    " bytes, %" PRIu64 " of them compressed, "
				    "and %" PRIu64 " that are zero\n",
				    job->qcow2.clusters, job->cluster_bytes,
				    job->qcow2.compressed_clusters,
				    job->qcow2.zero_clusters);
	if (!job->view)
		return;
	psnap_outbuf_printf(out,
			    "segments    %" PRIu64 " of the origin, %" PRIu64
			    " of the store\n",
			    psnap_convert_segments(job, PSNAP_VIEW_ORIGIN),
			    psnap_convert_segments(job, PSNAP_VIEW_STORE));
	psnap_convert_filled_text(job, out);
}

static void json_text(struct psnap_outbuf *out, const char *key,
		      const char *value)
{
	psnap_outbuf_printf(out, "\"%s\":", key);
	if (value[0])
		psnap_json_string(out, value);
	else
		psnap_outbuf_text(out, "null");
}

static void json_content(const struct psnap_content *content,
			 struct psnap_outbuf *out)
{
	psnap_outbuf_text(out, ",\n\"file_system\":");
	if (!content->type[0]) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{");
	json_text(out, "type", content->type);
	psnap_outbuf_text(out, ",");
	json_text(out, "uuid", content->uuid);
	psnap_outbuf_text(out, ",");
	json_text(out, "label", content->label);
	psnap_outbuf_text(out, "}");
}

static void json_output(const struct psnap_convert_job *job,
			struct psnap_outbuf *out)
{
	psnap_outbuf_text(out, ",\n\"output\":");
	if (!job->done) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{\"name\":");
	psnap_json_string(out, job->path);
	psnap_json_member(out, "size_bytes", true, job->output_bytes);
	psnap_outbuf_text(out, "}");
}

static void json_operand(struct psnap_outbuf *out, const char *key,
			 const struct psnap_operand *operand)
{
	psnap_outbuf_printf(out, ",\n\"%s\":", key);
	if (operand->io)
		psnap_json_io(out, operand->io);
	else
		psnap_outbuf_text(out, "null");
}

static void json_made(const struct psnap_convert_job *job,
		      struct psnap_outbuf *out)
{
	const struct psnap_convert_made *made = &job->made;

	psnap_outbuf_text(out, ",\n\"new_store\":");
	if (!job->done || !made->chunk_bytes) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_printf(out, "{\"chunk_size_bytes\":%" PRIu64,
			    made->chunk_bytes);
	psnap_json_member(out, "exceptions", true, made->exceptions);
	psnap_json_member(out, "dropped", true, made->dropped);
	psnap_outbuf_printf(out, ",\"data_missing\":%s}",
			    made->data_missing ? "true" : "false");
}

static void json_qcow2(const struct psnap_convert_job *job,
		       struct psnap_outbuf *out)
{
	if (job->args->format != PSNAP_CONVERT_QCOW2)
		return;
	psnap_outbuf_text(out, ",\n\"qcow2\":");
	if (!job->done) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{\"cluster_size_bytes\":");
	psnap_json_u64(out, job->cluster_bytes);
	psnap_json_member(out, "clusters", true, job->qcow2.clusters);
	psnap_json_member(out, "compressed_clusters", true,
			  job->qcow2.compressed_clusters);
	psnap_json_member(out, "zero_clusters", true, job->qcow2.zero_clusters);
	psnap_outbuf_text(out, "}");
}

/* Of an input without a store nothing was checked. */
static void json_verdict(const struct psnap_convert_job *job,
			 struct psnap_outbuf *out)
{
	struct psnap_report check = { 0 };

	if (job->args->input == PSNAP_CONVERT_SNAPSHOT)
		psnap_report_json_verdict(
			out, &job->plan.check,
			psnap_report_end(&check, &job->plan.check));
	else
		psnap_outbuf_text(out, ",\n\"verdict\":null");
}

static void report_json(const struct psnap_convert_job *job,
			struct psnap_outbuf *out, int exit_status)
{
	psnap_outbuf_text(out, "{");
	psnap_json_intro(out, "convert");
	psnap_outbuf_printf(out, ",\"format\":\"%s\",\"input_format\":\"%s\"",
			    psnap_convert_format(job)->name,
			    psnap_convert_input(job)->name);
	json_operand(out, "store", &job->store);
	json_operand(out, "origin", &job->origin);
	json_operand(out, "input", &job->input);
	json_content(&job->content, out);
	json_output(job, out);
	json_made(job, out);
	json_qcow2(job, out);
	psnap_outbuf_text(out, ",\"segments\":{\"origin\":");
	psnap_json_u64(out, psnap_convert_segments(job, PSNAP_VIEW_ORIGIN));
	psnap_json_member(out, "store", true,
			  psnap_convert_segments(job, PSNAP_VIEW_STORE));
	psnap_outbuf_text(out, "}");
	psnap_json_member(out, "exceptions", job->plan.check.table_read,
			  job->plan.check.exceptions);
	psnap_convert_filled_json(job, out);
	json_verdict(job, out);
	psnap_outbuf_printf(out, ",\"exit_status\":%d}\n", exit_status);
}

void psnap_convert_report(const struct psnap_convert_job *job,
			  struct psnap_outbuf *out, int exit_status)
{
	if (job->args->cli.format == PSNAP_FORMAT_JSON)
		report_json(job, out, exit_status);
	else if (job->done)
		report_text(job, out);
}
