/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to come of what writes: the end it is for, and whatever happened,
 * that nothing is lost and one can go on.
 */
#include "write_verbs.h"

#include <string.h>

/* Exceptions that nobody asked to merge. */
static uint64_t not_asked(const struct write_verb *verb, const struct scene *s)
{
	uint64_t all = verb->exceptions;

	if (verb->only_end)
		return scene_outside(s, verb->only_start, verb->only_end);
	if (verb->except_end)
		return scene_outside(s, 0, verb->except_start) -
		       (all -
			scene_outside(s, verb->except_end, s->origin_bytes));
	return verb->keep_store ? all : 0;
}

/* The copy shows what was to be merged, and elsewhere what the origin has. */
static bool is_copy(const struct write_verb *verb, const struct scene *s,
		    const struct ram *ram, uint64_t bad_chunks)
{
	const uint8_t *origin = s->original.devices[SCENE_ORIGIN].bytes;
	const uint8_t *copy = ram->devices[SCENE_FILE].bytes;
	uint64_t start = verb->only_start;
	uint64_t end = verb->only_end ? verb->only_end : s->origin_bytes;
	uint64_t at;

	/* A chunk that is cut by the range belongs to the origin. */
	start += PAIR_CHUNK_BYTES - 1;
	start -= start % PAIR_CHUNK_BYTES;
	if (end < s->origin_bytes)
		end -= end % PAIR_CHUNK_BYTES;
	for (at = 0; at < s->origin_bytes; at += PAIR_CHUNK_BYTES) {
		uint64_t len = s->origin_bytes - at;
		bool inside = at >= start && at < end;

		if (len > PAIR_CHUNK_BYTES)
			len = PAIR_CHUNK_BYTES;
		if (memcmp(copy + at, (inside ? s->want : origin) + at, len) ==
		    0)
			continue;
		if (!inside || bad_chunks == 0 ||
		    memcmp(copy + at, origin + at, len) != 0)
			return false;
		bad_chunks--;
	}
	return true;
}

static bool ended(const struct write_verb *verb, struct scene *s,
		  const struct ram *ram, uint64_t bad_chunks)
{
	switch (verb->kind) {
	case WRITE_UNDO:
		return scene_same_pair(ram, &s->original);
	case WRITE_INSPECT:
		return scene_same_pair(ram, &s->before);
	case WRITE_MERGE_TO:
		return scene_same_pair(ram, &s->original) &&
		       is_copy(verb, s, ram, bad_chunks);
	case WRITE_MERGE:
	case WRITE_MERGE_SAVING:
		break;
	}
	if (verb->keep_store)
		return memcmp(ram->devices[SCENE_ORIGIN].bytes, s->want,
			      s->origin_bytes) == 0 &&
		       memcmp(ram->devices[SCENE_STORE].bytes,
			      s->original.devices[SCENE_STORE].bytes,
			      ram->devices[SCENE_STORE].io.size_bytes) == 0;
	if (bad_chunks && pair_count(ram) - not_asked(verb, s) <= bad_chunks)
		bad_chunks = pair_count(ram) - not_asked(verb, s);
	return scene_merged(s, ram, not_asked(verb, s) + bad_chunks) &&
	       (verb->only_end == 0 ||
		pair_count_outside(ram, verb->only_start, verb->only_end) ==
			pair_count(ram));
}

/* Salvaging, any failed read may have left some exceptions more. */
bool write_verb_ended(const struct write_verb *verb, struct scene *s)
{
	return ended(verb, s, &s->now, verb->salvage ? verb->exceptions : 0);
}

/* Before its header is whole, an undo file is none, and nothing was
 * overwritten. */
static const char *lead_back(struct scene *s)
{
	static const struct write_verb undo = { .kind = WRITE_UNDO };
	struct psnap_io *ios[SCENE_DEVICES];
	struct write_outcome o;

	scene_plain_ios(&s->scratch, ios);
	write_verb_run_on(&undo, ios, &o);
	if (o.rc != 0 && o.rc != PSNAP_E_CORRUPT)
		return "cannot be undone";
	return scene_same_pair(&s->scratch, &s->original)
		       ? NULL
		       : "is not as before after undoing";
}

static const char *try_again(const struct write_verb *verb, struct scene *s)
{
	struct psnap_io *ios[SCENE_DEVICES];
	struct psnap_io file = s->scratch.devices[SCENE_FILE].io;
	struct write_outcome o;

	scene_plain_ios(&s->scratch, ios);
	/* A new file that failed is gone, and the next one is blank. */
	if (verb->kind == WRITE_MERGE_TO) {
		ram_copy_bytes(&s->scratch, &s->before);
		ios[SCENE_FILE]->size_bytes = s->origin_bytes;
	}
	write_verb_run_on(verb, ios, &o);
	*ios[SCENE_FILE] = file;
	if (o.rc != 0)
		return "the same again fails";
	return ended(verb, s, &s->scratch, 0)
		       ? NULL
		       : "the same again comes to another end";
}

const char *write_verb_safe(const struct write_verb *verb, struct scene *s,
			    const struct ram *ram)
{
	const char *wrong;

	if (verb->kind == WRITE_MERGE_TO && !scene_same_pair(ram, &s->original))
		return "the pair was written to";
	if (verb->kind != WRITE_UNDO && !scene_view_kept(s, ram))
		return "the snapshot shows something else";
	if (verb->kind == WRITE_MERGE_SAVING || verb->kind == WRITE_UNDO ||
	    verb->kind == WRITE_INSPECT) {
		ram_copy_bytes(&s->scratch, ram);
		wrong = lead_back(s);
		if (wrong)
			return wrong;
	}
	ram_copy_bytes(&s->scratch, ram);
	wrong = try_again(verb, s);
	if (!wrong && verb->kind == WRITE_MERGE_SAVING)
		wrong = lead_back(s);
	return wrong;
}
