/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap dump: open, enumerate, print. Parts that cannot be read are left out
 * and said on standard error; the rest is still printed, because on a dying
 * disk half a table is a lot.
 */
#include "dump.h"

#include "emit.h"
#include "json.h"
#include "lookup.h"
#include "operand.h"
#include "output.h"

#include <inttypes.h>
#include <psnap/check.h>
#include <psnap/image.h>
#include <psnap/newfile.h>

/* A disk that has lost a whole head would fill the screen. */
#define UNREADABLE_SHOWN 100

/**
 * struct dump - a dump under way
 * @emit:        first: the visitor's ctx is that of the record function
 * @unreadable:  parts that could not be read
 */
struct dump {
	struct psnap_emit emit;
	const struct psnap_dump_args *args;
	struct psnap_operand operand;
	struct psnap_output output;
	struct psnap_store *store;
	struct psnap_progress progress;
	uint64_t unreadable;
};

/* False when enough has been said. */
static bool tell_unreadable(struct dump *dump)
{
	return dump->unreadable++ < UNREADABLE_SHOWN && !dump->args->cli.quiet;
}

static int on_unreadable(void *ctx, uint64_t offset_bytes, uint64_t len_bytes,
			 const struct psnap_error *why)
{
	struct dump *dump = ctx;

	if (tell_unreadable(dump))
		psnap_msg(dump->operand.name,
			  "table bytes [%" PRIu64 ", %" PRIu64
			  ") are left out: %s",
			  offset_bytes, offset_bytes + len_bytes, why->message);
	return psnap_emit_unreadable(&dump->emit, offset_bytes, len_bytes);
}

static int on_no_checksum(void *ctx, const struct psnap_run *entry,
			  const struct psnap_error *why)
{
	struct dump *dump = ctx;

	if (tell_unreadable(dump))
		psnap_msg(dump->operand.name,
			  "store chunk %" PRIu64 " has no checksum: %s",
			  entry->new_chunk, why->message);
	return 0;
}

/* The numbers after a table that was walked to its end. */
static int end_table(struct dump *dump, const struct psnap_walk_totals *totals)
{
	struct psnap_usage usage;
	int status = 0;

	psnap_usage_compute(dump->emit.geo, totals, &usage);
	dump->emit.ops->end(&dump->emit, totals, &usage);
	if (dump->unreadable > UNREADABLE_SHOWN && !dump->args->cli.quiet)
		psnap_msg(dump->operand.name,
			  "%" PRIu64 " more parts cannot be read",
			  dump->unreadable - UNREADABLE_SHOWN);
	if (dump->unreadable > 0)
		status |= PSNAP_EXIT_FAILED;
	if (totals->end == PSNAP_WALK_END_DEVICE)
		status |= PSNAP_EXIT_LEFT;
	return status;
}

/* Each of the three below: 0 or an exit status; @keep: output is complete. */
static int show_table(struct dump *dump, bool *keep)
{
	const struct psnap_dump_visitor visitor = {
		.record = dump->emit.ops->record,
		.unreadable = on_unreadable,
		.no_checksum = on_no_checksum,
		.ctx = dump,
	};
	struct psnap_dump_options options = dump->args->table;
	struct psnap_walk_totals totals;
	struct psnap_error err = { 0 };
	int rc;

	options.progress = dump->progress;
	dump->emit.ops->header(&dump->emit);
	dump->emit.ops->table(&dump->emit);
	psnap_outbuf_flush(dump->emit.out);
	rc = psnap_dump(dump->store, &options, &visitor, &totals, &err);
	if (rc == PSNAP_CLI_STOP)
		return 0;
	/* From the list of gaps, which knows no error record. */
	if (rc == PSNAP_E_NOMEM && err.code == 0)
		return psnap_msg_nomem();
	if (rc < 0)
		return psnap_msg_error(dump->operand.name, &err);
	*keep = true;
	return end_table(dump, &totals);
}

static int show_header(struct dump *dump, bool *keep)
{
	dump->emit.ops->header(&dump->emit);
	dump->emit.ops->header_end(&dump->emit);
	*keep = true;
	return 0;
}

static void show_answer(struct dump *dump, size_t i,
			const struct psnap_lookup *answer)
{
	struct psnap_outbuf *out = dump->emit.out;

	if (dump->args->cli.format == PSNAP_FORMAT_TEXT) {
		psnap_lookup_text(out, dump->emit.geo, answer);
		return;
	}
	if (dump->emit.ndjson)
		psnap_outbuf_text(out, "{\"type\":\"lookup\",");
	else
		psnap_outbuf_text(out, i == 0 ? "\n{" : ",\n{");
	psnap_lookup_json(out, dump->emit.geo, answer);
	psnap_outbuf_text(out, dump->emit.ndjson ? "}\n" : "}");
}

/* What the figures of a table mean for the exit status, and a word on it. */
static int judge_totals(struct dump *dump,
			const struct psnap_walk_totals *totals)
{
	int status = 0;

	if (totals->unreadable_bytes > 0) {
		status |= PSNAP_EXIT_FAILED;
		if (!dump->args->cli.quiet)
			psnap_msg(dump->operand.name,
				  "%" PRIu64 " bytes of the table cannot be "
				  "read; what was not found may be in them",
				  totals->unreadable_bytes);
	}
	if (totals->end == PSNAP_WALK_END_DEVICE)
		status |= PSNAP_EXIT_LEFT;
	return status;
}

static int show_lookups(struct dump *dump, bool *keep)
{
	int status = 0;
	bool json = dump->args->cli.format == PSNAP_FORMAT_JSON;
	struct psnap_map *map = NULL;
	struct psnap_lookup answer;
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_map_load(dump->store, &dump->progress, &map, &err);
	if (rc < 0)
		return psnap_msg_error(dump->operand.name, &err);
	if (dump->args->cli.format != PSNAP_FORMAT_TEXT)
		dump->emit.ops->header(&dump->emit);
	if (json)
		psnap_outbuf_text(dump->emit.out, ",\n\"lookups\":[");
	for (size_t i = 0; i < dump->args->lookup_count && rc == 0; i++) {
		rc = psnap_lookup_find(map, dump->emit.geo,
				       dump->args->lookups_bytes[i], &answer);
		if (rc < 0)
			break;
		show_answer(dump, i, &answer);
		psnap_lookup_release(&answer);
	}
	status = judge_totals(dump, psnap_map_totals(map));
	psnap_map_free(map);
	if (rc < 0)
		return psnap_msg_nomem();
	if (json)
		psnap_outbuf_text(dump->emit.out, "\n]}\n");
	*keep = true;
	return status;
}

static void fill_emit(struct dump *dump)
{
	const struct psnap_dump_args *args = dump->args;
	struct psnap_emit *emit = &dump->emit;

	emit->ops = args->cli.format == PSNAP_FORMAT_TEXT  ? &psnap_emit_text
		    : args->cli.format == PSNAP_FORMAT_CSV ? &psnap_emit_csv
							   : &psnap_emit_json;
	emit->out = &dump->output.buf;
	emit->store = dump->operand.io;
	emit->header = psnap_store_header(dump->store);
	emit->geo = psnap_store_geometry(dump->store);
	emit->exceptions = args->table.exceptions;
	emit->all = args->table.all;
	emit->crc32 = args->table.crc32;
	emit->filtered =
		args->table.old_range.given || args->table.new_range.given;
	emit->ndjson = args->cli.format == PSNAP_FORMAT_NDJSON;
}

static int dump_store(struct dump *dump)
{
	struct psnap_io *const inputs[] = { dump->operand.io, NULL };
	const struct psnap_dump_args *args = dump->args;
	struct psnap_error err = { 0 };
	bool keep = false;
	int status;

	if (psnap_store_open(dump->operand.io, args->cli.chunk_bytes,
			     &dump->store, &err) < 0)
		return psnap_msg_error(dump->operand.name, &err);
	status = psnap_output_open(&dump->output, args->output_file,
				   args->compress, inputs);
	if (status != 0)
		return status;
	fill_emit(dump);
	if (args->mode == PSNAP_DUMP_TABLE)
		status = show_table(dump, &keep);
	else if (args->mode == PSNAP_DUMP_LOOKUP)
		status = show_lookups(dump, &keep);
	else
		status = show_header(dump, &keep);
	psnap_meter_finish();
	return status | psnap_output_close(&dump->output, keep);
}

static int dump_image(struct dump *dump)
{
	const struct psnap_dump_args *args = dump->args;
	struct psnap_io *const inputs[] = { dump->operand.io, NULL };
	const struct psnap_image_options options = {
		.chunk_bytes = args->cli.chunk_bytes,
		.stale_areas_max = args->all_areas ? PSNAP_ALL_AREAS
						   : PSNAP_CHECK_STALE_AREAS,
		.progress = dump->progress,
	};
	struct psnap_image_result result;
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	int status;
	int rc;

	if (psnap_newfile_create(args->image_file, inputs, &file, &err) < 0)
		return psnap_msg_error(args->image_file, &err);
	rc = psnap_image_write(dump->operand.io, &options,
			       psnap_newfile_fd(file), &result, &err);
	psnap_meter_finish();
	if (rc < 0) {
		psnap_newfile_abandon(file);
		return psnap_msg_error(result.output_failed
					       ? args->image_file
					       : dump->operand.name,
				       &err);
	}
	if (psnap_newfile_commit(file, &err) < 0)
		return psnap_msg_error(args->image_file, &err);
	status = result.incomplete ? PSNAP_EXIT_LEFT : 0;
	if (result.unreadable_bytes == 0)
		return status;
	if (!args->cli.quiet)
		psnap_msg(dump->operand.name,
			  "%" PRIu64 " bytes of metadata cannot be read and "
			  "are zero in the image",
			  result.unreadable_bytes);
	return status | PSNAP_EXIT_FAILED;
}

int psnap_dump_main(int argc, const char **argv)
{
	struct psnap_dump_args args = { 0 };
	struct dump dump = { .args = &args };
	int status;

	status = psnap_dump_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	psnap_meter_start(args.cli.progress, args.cli.quiet, &dump.progress);
	status = psnap_operand_open(&dump.operand, args.cli.operands[0],
				    args.cli.quiet);
	if (status == 0)
		status = args.mode == PSNAP_DUMP_IMAGE ? dump_image(&dump)
						       : dump_store(&dump);
	psnap_meter_finish();
	psnap_emit_release(&dump.emit);
	psnap_store_close(dump.store);
	psnap_operand_close(&dump.operand);
out:
	psnap_dump_args_end(&args);
	return status;
}
