/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs that take memory only, or on which reads are failed elsewhere: the
 * parts of a repair that do not belong to a plan.
 */
#include "alloc_verbs.h"

#include <psnap/carve.h>
#include <psnap/compare.h>
#include <psnap/delta.h>
#include <psnap/infer.h>
#include <psnap/lvmsync.h>
#include <psnap/newstore.h>
#include <psnap/rebuild.h>
#include <psnap/watch.h>
#include <string.h>

#define ENTRIES 80u

static void run_infer(struct psnap_io *io, struct psnap_io *origin,
		      struct outcome *o)
{
	struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
	size_t count;
	bool decided;

	(void)origin;
	o->rc = psnap_infer_geometry(io, NULL, NULL, list, &count, &decided,
				     &o->err);
}

static int count_carving(void *ctx, const struct psnap_carving *found)
{
	((struct outcome *)ctx)->records += found->entries;
	return 0;
}

static void run_carve(struct psnap_io *io, struct psnap_io *origin,
		      struct outcome *o)
{
	(void)origin;
	o->rc = psnap_carve(io, NULL, 512, PSNAP_ALL_AREAS, NULL, count_carving,
			    o, &o->err);
}

/* A list of single chunks, each with a checksum that is not its own. */
static int next_entry(void *ctx, struct psnap_rebuild_entry *entry,
		      struct psnap_error *err)
{
	uint64_t *n = ctx;

	(void)err;
	if (*n == ENTRIES)
		return 0;
	*entry = (struct psnap_rebuild_entry){
		.run = { .old_chunk = *n * 3,
			 .new_chunk = 2 + *n + *n / 32,
			 .chunks = 1 },
		.has_crc32 = true,
	};
	++*n;
	return 1;
}

/* Into memory over a store that is only read. */
static void run_rebuild(struct psnap_io *io, struct psnap_io *origin,
			struct outcome *o)
{
	uint64_t n = 0;
	const struct psnap_rebuild_options options = {
		.chunk_bytes = 512, .valid = 1, .next = next_entry, .ctx = &n
	};
	struct psnap_rebuild_result result;
	struct psnap_io *overlay;

	(void)origin;
	o->rc = psnap_rebuild_check(io, &options, &result, &o->err);
	if (o->rc)
		return;
	o->rc = psnap_io_open_overlay(io, io->size_bytes, &overlay, &o->err);
	if (o->rc)
		return;
	n = 0;
	o->rc = psnap_rebuild_write(overlay, &options, &result, &o->err);
	o->records = result.exceptions;
	psnap_io_close(overlay, NULL);
}

static int count_range(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	((struct outcome *)ctx)->records += end_bytes > start_bytes;
	return 0;
}

/* All of it, and then what was found once more. */
static void run_compare(struct psnap_io *io, struct psnap_io *origin,
			struct outcome *o)
{
	uint64_t end = io->size_bytes < origin->size_bytes ? io->size_bytes
							   : origin->size_bytes;
	struct psnap_extents *differ;

	o->rc = psnap_extents_new(&differ, &o->err);
	if (o->rc)
		return;
	o->rc = psnap_compare(io, origin, 0, end, 512, differ, NULL, &o->err);
	if (o->rc == 0)
		o->rc = psnap_compare_each(io, origin, differ, 1, count_range,
					   o, NULL, &o->err);
	psnap_extents_free(differ);
}

/* Some of the store anew, as if it were what a snapshot shows, into memory over
 * itself. */
static void renew(struct psnap_io *io, struct psnap_extents *changes,
		  struct outcome *o)
{
	const struct psnap_newstore_options options = { .chunk_bytes = 1024,
							.drop_equal = true };
	struct psnap_newstore *store = NULL;
	struct psnap_io *overlay = NULL;
	struct psnap_io *origin = NULL;
	static const uint8_t zeros[40000];

	for (uint64_t at = 0; at < 40000 && o->rc == 0; at += 2048)
		o->rc = psnap_extents_add(changes, at, at + 700, &o->err);
	if (o->rc == 0)
		o->rc = psnap_io_open_memory(zeros, sizeof(zeros), 1, &origin,
					     &o->err);
	if (o->rc == 0)
		o->rc = psnap_newstore_new(io, origin, changes, &options,
					   &store, &o->err);
	if (o->rc == 0)
		o->rc = psnap_io_open_overlay(io, io->size_bytes, &overlay,
					      &o->err);
	if (o->rc == 0) {
		o->records = psnap_newstore_plan(store)->exceptions;
		o->rc = psnap_newstore_write(store, overlay, false, &o->err);
	}
	if (o->rc == 0)
		o->rc = psnap_newstore_copy(io, overlay, changes, NULL,
					    &o->err);
	psnap_io_close(overlay, NULL);
	psnap_newstore_free(store);
	psnap_io_close(origin, NULL);
}

static void run_newstore(struct psnap_io *io, struct psnap_io *origin,
			 struct outcome *o)
{
	struct psnap_extents *changes;

	(void)origin;
	o->rc = psnap_extents_new(&changes, &o->err);
	if (o->rc == 0)
		renew(io, changes, o);
	psnap_extents_free(changes);
}

/* What was made of changes; it needs no memory to be kept. */
static struct {
	uint8_t bytes[100000];
	size_t len;
} made;

static int keep(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	memcpy(made.bytes + made.len, data, len_bytes);
	made.len += len_bytes;
	return 0;
}

static int change(struct psnap_extents **ranges, struct outcome *o)
{
	uint64_t i;

	o->rc = psnap_extents_new(ranges, &o->err);
	for (i = 0; i < 100 && o->rc == 0; i++)
		o->rc = psnap_extents_add(*ranges, i * 512, i * 512 + 100,
					  &o->err);
	return o->rc;
}

static void read_delta(struct psnap_io *origin, struct outcome *o)
{
	struct psnap_delta_match match;
	struct psnap_delta_part *part = NULL;
	struct psnap_delta *delta = NULL;
	struct psnap_io *file;

	o->rc = psnap_io_open_memory(made.bytes, made.len, 1, &file, &o->err);
	if (o->rc)
		return;
	o->rc = psnap_delta_part_open(file, NULL, &part, &o->err);
	if (o->rc == 0)
		o->rc = psnap_delta_open(file, &delta, &o->err);
	if (o->rc == 0)
		o->rc = psnap_delta_verify(delta, origin, NULL, NULL, &match,
					   &o->err);
	psnap_delta_close(delta);
	psnap_delta_part_close(part);
	psnap_io_close(file, NULL);
}

static void run_delta(struct psnap_io *io, struct psnap_io *origin,
		      struct outcome *o)
{
	struct psnap_delta_source source = { .base = origin, .shown = origin };
	struct psnap_delta_info info;
	struct psnap_io *failed;

	(void)io;
	made.len = 0;
	if (change(&source.ranges, o) == 0)
		o->rc = psnap_delta_write(&source, keep, NULL, NULL, &info,
					  &failed, &o->err);
	psnap_extents_free(source.ranges);
	if (o->rc == 0)
		read_delta(origin, o);
}

static void run_lvmsync(struct psnap_io *io, struct psnap_io *origin,
			struct outcome *o)
{
	struct psnap_lvmsync *stream = NULL;
	struct psnap_extents *ranges = NULL;
	struct psnap_io *file = NULL;
	uint64_t bytes;

	(void)io;
	made.len = 0;
	if (change(&ranges, o) == 0)
		o->rc = psnap_lvmsync_write(origin, ranges, keep, NULL, NULL,
					    &bytes, &o->err);
	if (o->rc == 0)
		o->rc = psnap_io_open_memory(made.bytes, made.len, 1, &file,
					     &o->err);
	if (o->rc == 0)
		o->rc = psnap_lvmsync_open(file, origin, NULL, &stream,
					   &o->err);
	psnap_lvmsync_close(stream);
	psnap_extents_free(ranges);
	psnap_io_close(file, NULL);
}

const struct verb alloc_verbs[] = {
	{ "newstore", run_newstore }, { "infer", run_infer },
	{ "carve", run_carve },	      { "rebuild", run_rebuild },
	{ "compare", run_compare },   { "convert", verbs_run_convert },
	{ "delta", run_delta },	      { "lvmsync", run_lvmsync },
};
const unsigned int alloc_verb_count =
	sizeof(alloc_verbs) / sizeof(alloc_verbs[0]);
