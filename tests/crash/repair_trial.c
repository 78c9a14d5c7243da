/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a damaged store and repairing it, also on and with an undo file.
 */
#include "repair_trial.h"

#include "follow.h"
#include "lazy.h"

#include <psnap/undo.h>
#include <stdlib.h>
#include <string.h>

/* A store to repair. */
void trial_make(struct trial *t, uint64_t seed)
{
	sample_make(&t->damaged, seed, seed % 4 ? 512 : 1024, 3);
	(void)damage_some(&t->damaged);
	t->refused = !table_header_loads(&t->damaged);
	t->told_bytes = 0;
	sample_copy(&t->want, &t->damaged);
	memset(t->seen, 0, SEEN_SLOTS * sizeof(*t->seen));
	t->seed = seed;
}

struct psnap_io *trial_origin(const struct trial *t, struct ram *ram)
{
	return t->damaged.has_origin ? &ram->devices[1].io : NULL;
}

static int repair_on(struct ram *ram, struct psnap_io *store,
		     const struct trial *t)
{
	struct fix f;
	int rc;

	fix_init(&f);
	f.options.chunk_bytes = t->told_bytes;
	f.options.alone = t->seed % 2;
	rc = fix_plan(&f, store, trial_origin(t, ram), t->damaged.chunk_bytes);
	return rc ? rc : fix_apply(&f, store, trial_origin(t, ram));
}

static int repair_saving(struct ram *ram, const struct trial *t)
{
	struct psnap_io *const devices[] = { &ram->devices[0].io,
					     &ram->devices[1].io };
	struct psnap_undo *undo;
	int rc;

	ram->devices[2].ignore_sync = !t->flush_undo;
	rc = psnap_undo_open(&ram->devices[2].io, devices, &undo, NULL);
	if (rc)
		return rc;
	rc = repair_on(ram, psnap_undo_io(undo, PSNAP_UNDO_STORE), t);
	psnap_undo_close(undo);
	return rc;
}

int trial_repair(struct ram *ram, const struct trial *t)
{
	struct lazy lying;

	if (t->saving)
		return repair_saving(ram, t);
	if (!t->lying_store)
		return repair_on(ram, &ram->devices[0].io, t);
	lazy_init(&lying, &ram->devices[0].io, NULL, NULL);
	return repair_on(ram, &lying.io, t);
}

/* An undo file without a whole header is none: nothing was overwritten yet, and
 * one begins anew. */
int trial_go_on(struct ram *ram, const struct trial *t)
{
	int rc = trial_repair(ram, t);

	if (rc != PSNAP_E_CORRUPT || !t->saving ||
	    memcmp(ram->devices[0].bytes, t->damaged.bytes,
		   t->damaged.size_bytes) != 0)
		return rc;
	memset(ram->devices[2].bytes, 0, ram->devices[2].len_bytes);
	follow_note(&ram->devices[2], 0, ram->devices[2].len_bytes);
	ram->devices[2].len_bytes = 0;
	return trial_repair(ram, t);
}

/* Whoever had to tell the chunk size tells it again. */
void trial_tell_size(struct trial *t, struct ram *ram)
{
	struct fix f;

	fix_init(&f);
	if (fix_plan(&f, &ram->devices[0].io, trial_origin(t, ram),
		     t->damaged.chunk_bytes))
		abort();
	if (f.asked || !f.plan.before.has_geometry)
		t->told_bytes = t->damaged.chunk_bytes;
	fix_end(&f);
}
