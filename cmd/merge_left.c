/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a merge leaves in the store. Exceptions outside the ranges that were
 * asked for are counted only; those whose data is lost are told one run a line
 * as they turn up, because on a failing disk that is what has to be known, and
 * are kept for the report.
 */
#include "json.h"
#include "merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* As text, as the key in JSON, and as a value there. */
static const struct {
	const char *text;
	const char *key;
} reasons[PSNAP_LEFT_REASONS] = {
	[PSNAP_LEFT_NOT_ASKED] = { "not asked for", "not_asked" },
	[PSNAP_LEFT_PARTLY] = { "partly in a range", "partly" },
	[PSNAP_LEFT_UNRESCUED] = { "not rescued", "unrescued" },
	[PSNAP_LEFT_UNREADABLE] = { "unreadable", "unreadable" },
};

/* The line on standard error. */
static void tell(const struct psnap_merge_job *job,
		 const struct psnap_merge_left_run *left)
{
	uint64_t chunk_sectors = job->plan.check.geometry.chunk_sectors;
	uint64_t chunk_bytes = job->plan.check.geometry.chunk_bytes;
	uint64_t origin_bytes = job->origin.io->size_bytes;
	uint64_t size_sectors = origin_bytes / PSNAP_SECTOR_BYTES +
				(origin_bytes % PSNAP_SECTOR_BYTES != 0);
	uint64_t end_sector =
		(left->run.old_chunk + left->run.chunks) * chunk_sectors;

	if (job->args->cli.quiet)
		return;
	if (end_sector > size_sectors)
		end_sector = size_sectors;
	if (left->message)
		psnap_msg(job->store.name,
			  "left: origin sectors %" PRIu64 "..%" PRIu64 ": %s",
			  left->run.old_chunk * chunk_sectors, end_sector,
			  left->message);
	else
		psnap_msg(job->store.name,
			  "left: origin sectors %" PRIu64 "..%" PRIu64
			  ": byte %" PRIu64 ": the %" PRIu64
			  " bytes from here on were not all "
			  "rescued",
			  left->run.old_chunk * chunk_sectors, end_sector,
			  left->run.new_chunk * chunk_bytes,
			  left->run.chunks * chunk_bytes);
}

/* Room for one more; there is none when memory ran out or the list is full. */
static bool has_room(struct psnap_merge_left_list *list)
{
	struct psnap_merge_left_run *grown;
	size_t max = list->count < 8 ? 8 : 2 * list->count;

	if (list->count == PSNAP_MERGE_LEFT_RUNS)
		return false;
	/* Full at 8, 16, 32, ... */
	if (list->count != 0 &&
	    (list->count < 8 || (list->count & (list->count - 1)) != 0))
		return true;
	grown = reallocarray(list->runs, max, sizeof(*grown));
	if (grown)
		list->runs = grown;
	return grown != NULL;
}

/* The last run is complete. */
static void close_run(struct psnap_merge_job *job)
{
	struct psnap_merge_left_list *list = &job->left;

	if (!list->open)
		return;
	list->open = false;
	tell(job, &list->last);
	if (has_room(list)) {
		list->runs[list->count++] = list->last;
	} else {
		list->truncated = true;
		free(list->last.message);
	}
	list->last.message = NULL;
}

static bool follows(const struct psnap_run *a, const struct psnap_run *b)
{
	return b->old_chunk == a->old_chunk + a->chunks &&
	       b->new_chunk == a->new_chunk + a->chunks;
}

/* Within a batch runs come in ascending order, batches in descending order. */
static bool join(struct psnap_merge_left_run *last,
		 const struct psnap_merge_left_run *next)
{
	if (last->reason != next->reason)
		return false;
	if (follows(&last->run, &next->run)) {
		last->run.chunks += next->run.chunks;
		free(next->message);
		return true;
	}
	if (follows(&next->run, &last->run)) {
		last->run.old_chunk = next->run.old_chunk;
		last->run.new_chunk = next->run.new_chunk;
		last->run.chunks += next->run.chunks;
		free(last->message);
		last->message = next->message;
		return true;
	}
	return false;
}

int psnap_merge_left_take(void *ctx, const struct psnap_run *run,
			  enum psnap_merge_left reason,
			  const struct psnap_error *why)
{
	struct psnap_merge_left_run next = { .run = *run, .reason = reason };
	struct psnap_merge_job *job = ctx;
	struct psnap_merge_left_list *list = &job->left;

	if (why) {
		next.message = strdup(why->message[0] != '\0'
					      ? why->message
					      : psnap_err_text(why->code));
		if (!next.message)
			return PSNAP_E_NOMEM;
	}
	if (list->open && join(&list->last, &next))
		return 0;
	close_run(job);
	list->last = next;
	list->open = true;
	return 0;
}

void psnap_merge_left_finish(struct psnap_merge_job *job)
{
	close_run(job);
}

void psnap_merge_left_release(struct psnap_merge_left_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->runs[i].message);
	free(list->runs);
	free(list->last.message);
	*list = (struct psnap_merge_left_list){ 0 };
}

uint64_t psnap_merge_left_lost(const uint64_t left[PSNAP_LEFT_REASONS])
{
	return left[PSNAP_LEFT_UNRESCUED] + left[PSNAP_LEFT_UNREADABLE];
}

void psnap_merge_left_text(struct psnap_outbuf *out, const char *before,
			   const uint64_t left[PSNAP_LEFT_REASONS])
{
	const char *between = " (";
	uint64_t sum = 0;

	for (int i = 0; i < PSNAP_LEFT_REASONS; i++)
		sum += left[i];
	if (sum == 0)
		return;
	psnap_outbuf_printf(out, "%s%" PRIu64 " exception%s", before, sum,
			    sum == 1 ? "" : "s");
	for (int i = 0; i < PSNAP_LEFT_REASONS; i++) {
		if (left[i] == 0)
			continue;
		psnap_outbuf_printf(out, "%s%s %" PRIu64, between,
				    reasons[i].text, left[i]);
		between = ", ";
	}
	psnap_outbuf_text(out, ")\n");
}

void psnap_merge_left_json(struct psnap_outbuf *out,
			   const uint64_t left[PSNAP_LEFT_REASONS])
{
	psnap_outbuf_text(out, ",\"left\":{");
	for (int i = 0; i < PSNAP_LEFT_REASONS; i++)
		psnap_outbuf_printf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
				    reasons[i].key, left[i]);
	psnap_outbuf_text(out, "}");
}

void psnap_merge_left_json_runs(struct psnap_outbuf *out,
				const struct psnap_merge_left_list *list)
{
	const struct psnap_merge_left_run *left;

	psnap_outbuf_text(out, ",\n\"left_runs\":[");
	for (size_t i = 0; i < list->count; i++) {
		left = &list->runs[i];
		psnap_outbuf_text(out, i > 0 ? ",\n{" : "\n{");
		psnap_outbuf_printf(out, "\"old_chunk\":%" PRIu64,
				    left->run.old_chunk);
		psnap_json_member(out, "new_chunk", true, left->run.new_chunk);
		psnap_json_member(out, "chunks", true, left->run.chunks);
		psnap_outbuf_printf(out, ",\"reason\":\"%s\",\"message\":",
				    reasons[left->reason].key);
		if (left->message)
			psnap_json_string(out, left->message);
		else
			psnap_outbuf_text(out, "null");
		psnap_outbuf_text(out, "}");
	}
	psnap_outbuf_printf(out, "],\"left_runs_truncated\":%s",
			    list->truncated ? "true" : "false");
}
