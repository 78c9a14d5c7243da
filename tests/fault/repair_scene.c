/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running repairs, and what the model says of what came of them. Making faults
 * is the programs' business.
 */
#include "repair_scene.h"
#include "how.h"

#include "../property/table.h"

#include <psnap/undo.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (128u * 1024u)

const struct repair_verb repair_verbs[] = {
	{ .name = "magic lost, found by the table",
	  .seed = 44,
	  .kind = DAMAGE_HEADER,
	  .step = PSNAP_F_MAGIC_ZERO },
	{ .name = "chunk size lost, told",
	  .seed = 11,
	  .kind = DAMAGE_HEADER,
	  .step = PSNAP_F_CHUNK_SIZE_BAD },
	{ .name = "magic wrong, leftovers, saving",
	  .seed = 6,
	  .kind = DAMAGE_HEADER,
	  .step = PSNAP_F_HEADER_TAIL_NONZERO,
	  .saving = true },
	{ .name = "marked invalid",
	  .seed = 134,
	  .kind = DAMAGE_HEADER,
	  .step = PSNAP_F_SNAPSHOT_INVALID },
	{ .name = "gap in the table",
	  .seed = 11,
	  .kind = DAMAGE_SECTORS,
	  .step = PSNAP_F_ENTRIES_AFTER_TERMINATOR },
	{ .name = "area overwritten",
	  .seed = 9,
	  .kind = DAMAGE_SECTORS,
	  .step = PSNAP_F_AREA_IMPLAUSIBLE },
	{ .name = "area overwritten, saving",
	  .seed = 2,
	  .kind = DAMAGE_AREA,
	  .step = PSNAP_F_AREA_IMPLAUSIBLE,
	  .saving = true },
	{ .name = "cut short",
	  .seed = 2,
	  .kind = DAMAGE_TRUNCATION,
	  .step = PSNAP_F_AREA_MISSING_SUCCESSOR },
	{ .name = "entries twice, sectors",
	  .seed = 1,
	  .kind = DAMAGE_DUPLICATES,
	  .step = PSNAP_F_DUPLICATE_OLD,
	  .align_bytes = 512 },
	{ .name = "entries twice, saving, sectors",
	  .seed = 6,
	  .kind = DAMAGE_DUPLICATES,
	  .step = PSNAP_F_DUPLICATE_NEW,
	  .saving = true,
	  .align_bytes = 512 },
	{ .name = "part of an area overwritten, sectors",
	  .seed = 2,
	  .kind = DAMAGE_SECTORS,
	  .step = PSNAP_F_NEW_CHUNK_HUGE,
	  .align_bytes = 512 },
	{ .name = "bits flipped, saving",
	  .seed = 108,
	  .kind = DAMAGE_FLIPS,
	  .step = PSNAP_F_NEW_CHUNK_IN_METADATA,
	  .saving = true },
};
const unsigned int repair_verb_count =
	sizeof(repair_verbs) / sizeof(repair_verbs[0]);

static struct psnap_io *origin_or_none(const struct repair_scene *s,
				       struct psnap_io *origin)
{
	return s->damaged.has_origin ? origin : NULL;
}

/* Something could not be read, before or in the preview, or there is a step
 * that cannot be taken: nobody goes on with that. */
static bool has_unread(const struct fix *f)
{
	return f->plan.before.counts[PSNAP_F_READ_ERROR] > 0 ||
	       f->plan.after.counts[PSNAP_F_READ_ERROR] > 0 ||
	       fix_is_impossible(f);
}

static int plan_and_apply(const struct repair_scene *s,
			  struct psnap_io *const ios[REPAIR_DEVICES],
			  struct psnap_io *store, struct repair_outcome *o)
{
	struct psnap_io *origin = origin_or_none(s, ios[REPAIR_ORIGIN]);
	int rc = fix_plan(&o->fix, ios[REPAIR_STORE], origin,
			  s->damaged.chunk_bytes);

	if (rc)
		return rc;
	o->stopped = has_unread(&o->fix);
	if (!o->stopped)
		return fix_apply(&o->fix, store, origin);
	fix_end(&o->fix);
	return 0;
}

/* As the command does. */
static void run_on(const struct repair_scene *s,
		   struct psnap_io *const ios[REPAIR_DEVICES],
		   struct repair_outcome *o)
{
	struct psnap_io *const devices[] = { ios[REPAIR_STORE],
					     ios[REPAIR_ORIGIN] };
	struct psnap_undo *undo;

	memset(o, 0, sizeof(*o));
	fix_init(&o->fix);
	if (!s->verb->saving) {
		o->rc = plan_and_apply(s, ios, ios[REPAIR_STORE], o);
		return;
	}
	o->rc = psnap_undo_open(ios[REPAIR_FILE], devices, &undo, &o->fix.err);
	if (o->rc)
		return;
	o->rc = plan_and_apply(s, ios, psnap_undo_io(undo, PSNAP_UNDO_STORE),
			       o);
	psnap_undo_close(undo);
}

static void run_plainly(const struct repair_scene *s, struct ram *ram,
			struct repair_outcome *o)
{
	struct psnap_io *const ios[] = { &ram->devices[0].io,
					 &ram->devices[1].io,
					 &ram->devices[2].io };

	run_on(s, ios, o);
}

void repair_scene_run(struct repair_scene *s, struct repair_outcome *o)
{
	struct psnap_io *const ios[] = { &s->io[REPAIR_STORE].io,
					 &s->io[REPAIR_ORIGIN].io,
					 &s->io[REPAIR_FILE].io };

	run_on(s, ios, o);
}

void repair_scene_restart(struct repair_scene *s)
{
	uint32_t align = s->verb->align_bytes ? s->verb->align_bytes : 1;
	int i;

	ram_copy_bytes(&s->now, &s->before);
	ram_forget(&s->now);
	s->watch = (struct io_fault_watch){ 0 };
	for (i = 0; i < REPAIR_DEVICES; i++) {
		io_fault_init(&s->io[i], &s->now.devices[i].io,
			      i == REPAIR_STORE ? align : 1);
		s->io[i].watch = &s->watch;
	}
}

static void make_store(struct repair_scene *s)
{
	sample_make(&s->damaged, s->verb->seed, 512, 3);
	/* Where old chunks have a limit, the check's bitmaps are small. */
	s->damaged.has_origin = s->damaged.origin_bytes > 1;
	/* Devices end with a sector. */
	s->damaged.size_bytes -= s->damaged.size_bytes % 512;
	damage_do(&s->damaged, s->verb->kind);
	s->damaged.size_bytes -= s->damaged.size_bytes % 512;
	s->refused = !table_header_loads(&s->damaged);
	sample_copy(&s->want, &s->damaged);
}

const char *repair_scene_init(struct repair_scene *s,
			      const struct repair_verb *verb)
{
	uint64_t sizes_bytes[REPAIR_DEVICES] = { 0, 0, FILE_BYTES };
	struct repair_outcome *o = &s->sound;
	int i;

	memset(s, 0, sizeof(*s));
	s->verb = verb;
	make_store(s);
	sizes_bytes[REPAIR_STORE] = s->damaged.size_bytes;
	sizes_bytes[REPAIR_ORIGIN] = s->damaged.origin_bytes;
	ram_init(&s->before, sizes_bytes, REPAIR_DEVICES);
	ram_init_like(&s->now, &s->before);
	ram_init_like(&s->scratch, &s->before);
	memcpy(s->before.devices[0].bytes, s->damaged.bytes,
	       s->damaged.size_bytes);
	s->now.recording = true;
	repair_scene_restart(s);
	repair_scene_run(s, o);
	for (i = 0; i < REPAIR_DEVICES; i++)
		memcpy(s->calls[i], s->io[i].calls, sizeof(s->calls[i]));
	memcpy(s->want.bytes, s->now.devices[0].bytes, s->want.size_bytes);
	if (o->rc)
		return o->fix.err.message;
	if (s->io[REPAIR_STORE].calls[IO_FAULT_WRITE] == 0)
		return "there is nothing to repair";
	if (!o->fix.plan.steps[verb->step].needed)
		return "there is something else to repair";
	if (s->io[REPAIR_STORE].misaligned)
		return "does not write whole sectors";
	return fix_unclean(&o->fix.plan.after);
}

void repair_scene_release(struct repair_scene *s)
{
	sample_release(&s->damaged);
	sample_release(&s->want);
	ram_release(&s->before);
	ram_release(&s->now);
	ram_release(&s->scratch);
}

static struct sample store_in(const struct repair_scene *s,
			      const struct ram *ram)
{
	struct sample now = s->damaged;

	now.bytes = ram->devices[0].bytes;
	return now;
}

static bool is_wanted(const struct repair_scene *s, const struct ram *ram)
{
	struct sample now = store_in(s, ram);

	return table_same_store(&now, &s->want);
}

bool repair_scene_ended(const struct repair_scene *s)
{
	bool pending = false;
	size_t i;

	for (i = 0; i < s->now.event_count; i++)
		if (s->now.events[i].device == REPAIR_STORE)
			pending = s->now.events[i].len_bytes > 0;
	return !pending && is_wanted(s, &s->now);
}

/* Without its header an undo file is none, and nothing was overwritten. */
static bool leads_back(struct repair_scene *s)
{
	struct psnap_io *const devices[] = { &s->scratch.devices[0].io,
					     &s->scratch.devices[1].io };
	struct psnap_undo_info info;
	int rc = psnap_undo_apply(&s->scratch.devices[2].io, devices, NULL,
				  &info, NULL);

	return (rc == 0 || rc == PSNAP_E_CORRUPT) &&
	       memcmp(s->scratch.devices[0].bytes, s->damaged.bytes,
		      s->damaged.size_bytes) == 0;
}

const char *repair_scene_safe(struct repair_scene *s)
{
	struct sample now = store_in(s, &s->now);
	struct repair_outcome o;

	if (!table_same_data(&s->damaged, now.bytes))
		return "data was written to";
	if (s->refused && table_header_loads(&now) && !is_wanted(s, &s->now))
		return "the header loads before the table is done";
	if (s->verb->saving) {
		ram_copy_bytes(&s->scratch, &s->now);
		if (!leads_back(s))
			return "undoing does not lead back";
	}
	ram_copy_bytes(&s->scratch, &s->now);
	run_plainly(s, &s->scratch, &o);
	if (o.rc || o.stopped)
		return "the same again fails";
	if (!is_wanted(s, &s->scratch))
		return "the same again comes to another end";
	if (s->verb->saving && !leads_back(s))
		return "what was finished later cannot be undone";
	return NULL;
}

void repair_scene_drop(struct repair_scene *s, enum repair_device device)
{
	how_drop(&s->now, &s->before, &s->now, device);
}
