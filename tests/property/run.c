/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices in memory for one repair, and what library and log say of what came
 * of it.
 */
#include "run.h"

#include "table.h"

#include <inttypes.h>
#include <psnap/undo.h>
#include <psnap/walk.h>
#include <stdio.h>
#include <string.h>

/* Header and records of whatever a repair of a sample writes. */
#define UNDO_ROOM_BYTES (64u * 1024u)

struct psnap_io *run_store_of(struct run *r)
{
	return &r->ram.devices[0].io;
}

struct psnap_io *run_origin_of(struct run *r)
{
	return r->damaged->has_origin ? &r->ram.devices[1].io : NULL;
}

const char *run_say(struct run *r, const char *what, const char *detail)
{
	snprintf(r->text, ATTEMPT_TEXT_BYTES, "%s: %s", what, detail);
	return r->text;
}

const char *run_say_error(struct run *r, const char *what, int rc)
{
	snprintf(r->text, ATTEMPT_TEXT_BYTES, "%s returns %d: %.120s", what, rc,
		 r->fix.err.message);
	return r->text;
}

void run_load(struct run *r)
{
	const struct sample *d = r->damaged;
	const uint64_t sizes_bytes[] = { d->size_bytes, d->origin_bytes,
					 UNDO_ROOM_BYTES + 2 * d->size_bytes };

	ram_init(&r->ram, sizes_bytes, 3);
	memcpy(r->ram.devices[0].bytes, d->bytes, d->size_bytes);
	r->ram.recording = true;
	fix_init(&r->fix);
}

/* A header that is one, of a store with other chunks. */
bool run_has_other_size(const struct sample *d)
{
	uint64_t sectors = sample_get(d->bytes + 12, 4);

	return sample_get(d->bytes, 4) == 0x70416e53 && sectors != 0 &&
	       (sectors & (sectors - 1)) == 0 && sectors <= 2097152 &&
	       sectors * SAMPLE_SECTOR_BYTES != d->chunk_bytes;
}

/* What the repair wrote of the store. */
uint64_t run_written_bytes(const struct run *r)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < r->ram.event_count; i++)
		if (r->ram.events[i].device == 0)
			bytes += r->ram.events[i].len_bytes;
	return bytes;
}

bool run_origin_written(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->ram.event_count; i++)
		if (r->ram.events[i].device == 1)
			return true;
	return false;
}

/* All that was written is flushed, and the header is what came last. */
bool run_ends_flushed(const struct run *r)
{
	bool pending = false;
	size_t i;

	for (i = 0; i < r->ram.event_count; i++)
		if (r->ram.events[i].device == 0)
			pending = r->ram.events[i].len_bytes > 0;
	return !pending;
}

/* Through an undo file, on which everything is flushed in time. */
int run_apply(struct run *r, bool saving)
{
	struct psnap_io *const devices[] = { &r->ram.devices[0].io,
					     &r->ram.devices[1].io };
	struct psnap_undo *undo;
	int rc;

	if (!saving)
		return fix_apply(&r->fix, run_store_of(r), run_origin_of(r));
	rc = psnap_undo_open(&r->ram.devices[2].io, devices, &undo,
			     &r->fix.err);
	if (rc)
		return rc;
	rc = fix_apply(&r->fix, psnap_undo_io(undo, PSNAP_UNDO_STORE),
		       run_origin_of(r));
	psnap_undo_close(undo);
	return rc;
}

const char *run_undo(struct run *r)
{
	struct psnap_io *const devices[] = { &r->ram.devices[0].io,
					     &r->ram.devices[1].io };
	struct psnap_undo_info info;
	int rc = psnap_undo_apply(&r->ram.devices[2].io, devices, NULL, &info,
				  &r->fix.err);

	if (rc)
		return run_say_error(r, "undoing", rc);
	if (memcmp(r->ram.devices[0].bytes, r->damaged->bytes,
		   r->damaged->size_bytes) != 0)
		return "undoing does not lead back";
	r->tally->undone++;
	return NULL;
}

/* The library reads the table that the model reads. */
static const char *loads(struct run *r)
{
	struct sample now = *r->damaged;
	struct psnap_store *store;
	struct psnap_walk *walk = NULL;
	struct psnap_run e;
	uint64_t count = 0;
	int rc;

	now.bytes = r->ram.devices[0].bytes;
	rc = psnap_store_open(run_store_of(r), 0, &store, &r->fix.err);
	if (rc)
		return run_say_error(r, "opening the repaired store", rc);
	rc = psnap_walk_open(store, NULL, &walk, &r->fix.err);
	while (rc == 0 && (rc = psnap_walk_next(walk, &e, &r->fix.err)) == 1) {
		count++;
		rc = 0;
	}
	if (psnap_store_geometry(store)->chunk_bytes == now.chunk_bytes &&
	    count != table_live(&now))
		rc = PSNAP_E_CORRUPT;
	psnap_walk_close(walk);
	psnap_store_close(store);
	return rc ? run_say_error(r, "walking the repaired store", rc) : NULL;
}

/* What a check says is what the plan said, and nothing above a note. */
const char *run_is_clean(struct run *r)
{
	struct psnap_check_result result;
	const char *wrong;
	const struct psnap_check_result *after = &r->fix.plan.after;
	/* Nobody believes the chunk size of a blank header. */
	uint64_t chunk_bytes = after->state == PSNAP_STATE_BLANK
				       ? after->geometry.chunk_bytes
				       : 0;
	int rc = fix_check(run_store_of(r), run_origin_of(r), chunk_bytes,
			   &result, &r->fix.err);

	if (rc)
		return run_say_error(r, "checking", rc);
	wrong = fix_differ(after, &result);
	if (wrong)
		return run_say(r, "the plan foretold another verdict", wrong);
	wrong = fix_unclean(&result);
	if (wrong)
		return run_say(r, "is left", wrong);
	if (result.state == PSNAP_STATE_BLANK) {
		r->blank = true;
		r->tally->blank++;
		return run_written_bytes(r) == 0 ? NULL
						 : "blank, but written to";
	}
	if (result.kernel != PSNAP_KERNEL_LOADS)
		return run_say(r, "afterwards the kernel",
			       psnap_kernel_action_name(result.kernel));
	if (result.state != PSNAP_STATE_ACTIVE &&
	    result.state != PSNAP_STATE_EMPTY)
		return run_say(r, "state", psnap_state_name(result.state));
	return loads(r);
}

/* Again, by the header alone, there is nothing to do. */
const char *run_is_finished(struct run *r)
{
	struct fix again;
	int rc;

	fix_init(&again);
	ram_forget(&r->ram);
	rc = fix_plan(&again, run_store_of(r), run_origin_of(r), 0);
	if (rc == 0 && !again.plan.needs_chunk_size)
		rc = fix_apply(&again, run_store_of(r), run_origin_of(r));
	if (rc)
		return run_say_error(r, "a second repair", rc);
	if (again.plan.needs_chunk_size && !r->blank)
		return "a second repair asks for the chunk size";
	if (fix_needs_step(&again) || again.plan.lost || again.plan.regained)
		return "a second repair finds something to do";
	if (again.plan.write_bytes || run_written_bytes(r))
		return "a second repair writes";
	return fix_differ(&again.plan.after, &again.plan.before) == NULL
		       ? NULL
		       : "a second repair changes the verdict";
}
