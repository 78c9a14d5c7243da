/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running what writes. Which verbs there are is in write_list.c, what has to
 * come of them in write_ends.c; asserting is for the programs.
 */
#include "write_verbs.h"

#include <errno.h>
#include <psnap/undo.h>
#include <stdlib.h>
#include <string.h>

/* The exception that cannot be read, counted from the start of the table. */
#define BAD_ENTRY 20u

static int add_range(struct psnap_extents **set, uint64_t start_bytes,
		     uint64_t end_bytes, struct psnap_error *err)
{
	int rc;

	if (start_bytes == end_bytes)
		return 0;
	rc = psnap_extents_new(set, err);
	return rc ? rc : psnap_extents_add(*set, start_bytes, end_bytes, err);
}

static enum scene_device device_of(const struct psnap_merge_result *result,
				   const struct psnap_io *store,
				   const struct psnap_io *origin,
				   const struct psnap_io *file)
{
	if (result->failed == store)
		return SCENE_STORE;
	if (result->failed == origin)
		return SCENE_ORIGIN;
	return result->failed == file ? SCENE_FILE : SCENE_DEVICES;
}

/* Open the undo file if there is to be one, and merge. */
static int carry_out(const struct write_verb *verb,
		     struct psnap_io *const ios[SCENE_DEVICES],
		     const struct psnap_merge_options *options,
		     const struct psnap_merge_plan *plan,
		     struct write_outcome *o)
{
	struct psnap_io *const devices[] = { ios[SCENE_STORE],
					     ios[SCENE_ORIGIN] };
	struct psnap_io *store = devices[PSNAP_UNDO_STORE];
	struct psnap_io *origin = devices[PSNAP_UNDO_ORIGIN];
	struct psnap_merge_result result = { 0 };
	struct psnap_undo *undo = NULL;
	int rc;

	if (verb->kind == WRITE_MERGE_TO) {
		rc = psnap_merge_to(store, origin, ios[SCENE_FILE], options,
				    plan, &result, &o->err);
	} else if (verb->kind == WRITE_MERGE) {
		rc = psnap_merge(store, origin, options, plan, &result,
				 &o->err);
	} else {
		rc = psnap_undo_open(ios[SCENE_FILE], devices, &undo, &o->err);
		if (rc)
			return rc;
		store = psnap_undo_io(undo, PSNAP_UNDO_STORE);
		origin = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
		rc = psnap_merge(store, origin, options, plan, &result,
				 &o->err);
	}
	o->left = result.exceptions_left;
	o->failed = device_of(&result, store, origin, ios[SCENE_FILE]);
	psnap_undo_close(undo);
	return rc;
}

/* Plan and merge: as the command does. */
static int run_merge(const struct write_verb *verb,
		     struct psnap_io *const ios[SCENE_DEVICES],
		     struct write_outcome *o)
{
	struct psnap_merge_options options = {
		.batch_bytes = verb->batch_chunks * PAIR_CHUNK_BYTES,
		.keep_store = verb->keep_store,
		.skip_equal = verb->skip_equal,
		.verify = verb->verify,
		.salvage = verb->salvage,
	};
	struct psnap_merge_plan plan;
	int rc;

	rc = add_range(&options.only, verb->only_start, verb->only_end,
		       &o->err);
	if (rc == 0)
		rc = add_range(&options.except, verb->except_start,
			       verb->except_end, &o->err);
	if (rc == 0)
		rc = psnap_merge_plan(ios[SCENE_STORE], ios[SCENE_ORIGIN],
				      &options, NULL, NULL, &plan, &o->err);
	if (rc == 0)
		rc = plan.refused ? WRITE_REFUSED
				  : carry_out(verb, ios, &options, &plan, o);
	psnap_extents_free(options.only);
	psnap_extents_free(options.except);
	return rc;
}

static int run_undo(struct psnap_io *const ios[SCENE_DEVICES],
		    struct write_outcome *o)
{
	struct psnap_io *const devices[] = { ios[SCENE_STORE],
					     ios[SCENE_ORIGIN] };
	struct psnap_undo_info info;

	return psnap_undo_apply(ios[SCENE_FILE], devices, NULL, &info, &o->err);
}

static int run_inspect(struct psnap_io *const ios[SCENE_DEVICES],
		       struct write_outcome *o)
{
	struct psnap_io *const devices[] = { ios[SCENE_STORE],
					     ios[SCENE_ORIGIN] };
	struct psnap_undo_info info;
	int rc = psnap_undo_inspect(ios[SCENE_FILE], NULL, &info, &o->err);

	return rc ? rc : psnap_undo_matches(ios[SCENE_FILE], devices, &o->err);
}

void write_verb_run_on(const struct write_verb *verb,
		       struct psnap_io *const ios[SCENE_DEVICES],
		       struct write_outcome *o)
{
	memset(o, 0, sizeof(*o));
	o->left = UINT64_MAX;
	o->failed = SCENE_DEVICES;
	if (verb->kind == WRITE_UNDO)
		o->rc = run_undo(ios, o);
	else if (verb->kind == WRITE_INSPECT)
		o->rc = run_inspect(ios, o);
	else
		o->rc = run_merge(verb, ios, o);
}

void write_verb_run(const struct write_verb *verb, struct scene *s,
		    struct write_outcome *outcome)
{
	struct psnap_io *const ios[] = { &s->io[SCENE_STORE].io,
					 &s->io[SCENE_ORIGIN].io,
					 &s->io[SCENE_FILE].io };

	write_verb_run_on(verb, ios, outcome);
}

static bool needs_merge_before(const struct write_verb *verb)
{
	return verb->kind == WRITE_UNDO || verb->kind == WRITE_INSPECT ||
	       verb->cut_at;
}

/* The merge that is going to be undone, or to go on. */
static void merge_before(const struct write_verb *verb, struct scene *s)
{
	struct write_verb merge = *verb;
	struct write_outcome o;

	if (verb->kind != WRITE_MERGE)
		merge.kind = WRITE_MERGE_SAVING;
	write_verb_restart(&merge, s);
	s->io[SCENE_STORE].fail_op = IO_FAULT_WRITE;
	s->io[SCENE_STORE].fail_at = verb->cut_at;
	write_verb_run(&merge, s, &o);
	if (o.rc != (verb->cut_at ? PSNAP_E_IO : 0))
		abort();
	ram_copy_bytes(&s->before, &s->now);
}

void write_verb_init(const struct write_verb *verb, struct scene *s)
{
	scene_init(s, verb->exceptions,
		   verb->origin_bytes ? verb->origin_bytes
				      : pair_origin_bytes(verb->exceptions));
	/* A new file is made as long as the origin. */
	if (verb->kind == WRITE_MERGE_TO)
		s->before.devices[SCENE_FILE].len_bytes = s->origin_bytes;
	if (needs_merge_before(verb))
		merge_before(verb, s);
}

void write_verb_restart(const struct write_verb *verb, struct scene *s)
{
	scene_restart(s, verb->align_bytes ? verb->align_bytes : 1);
	if (verb->kind == WRITE_MERGE_TO)
		s->io[SCENE_FILE].io.size_bytes = s->origin_bytes;
	if (verb->salvage) {
		struct io_fault *store = &s->io[SCENE_STORE];

		store->bad_start = scene_data_offset(s, BAD_ENTRY);
		store->bad_end = store->bad_start + 1;
		store->bad_errno = EIO;
	}
}
