/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beginning to save for undo, or going on with a file that a run before began,
 * and its end.
 */
#include "undo_save.h"

#include "fail.h"

#include <stdlib.h>

/*
 * When a flush fails, the system may keep in memory what it could not write,
 * and call it written. Records are continued only if the disk has them, so
 * what is in memory is flushed and dropped before it is read.
 */
static int drop_cached(struct psnap_io *file, struct psnap_error *err)
{
	int rc = psnap_io_sync(file, err);

	if (rc == 0)
		psnap_io_forget(file, 0, file->size_bytes);
	return rc;
}

/* What a file that is continued has already: saved again, it would only be as
 * much longer. */
static int match(struct psnap_undo *u,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_progress *progress, struct psnap_error *err)
{
	struct psnap_extents *had[PSNAP_UNDO_DEVICES] = { NULL };
	struct psnap_undo_options options = { 0 };
	struct psnap_undo_info info = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++) {
		rc = psnap_extents_new(&had[i], err);
		u->devices[i].had = had[i];
	}
	if (progress)
		options.progress = *progress;
	return rc ? rc
		  : psnap_undo_file_match(&u->file, devices, had, &options,
					  &info, err);
}

static int begin(struct psnap_undo *u, struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_progress *progress, struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	int rc = psnap_undo_file_open(&u->file, file, &why);

	if (rc && u->file.begun) {
		rc = psnap_undo_file_create(&u->file, file, devices, err);
		return rc ? rc : psnap_io_sync(file, err);
	}
	if (rc && err)
		*err = why;
	if (rc == 0)
		rc = drop_cached(file, err);
	if (rc == 0)
		rc = psnap_undo_file_open(&u->file, file, err);
	return rc ? rc : match(u, devices, progress, err);
}

/* Records that had no mark yet when the run before was cut: nothing was
 * overwritten on the strength of them, but will be now. */
static int rely_on_had(struct psnap_undo *u, struct psnap_error *err)
{
	const struct undo_file *f = &u->file;

	return f->records && f->end_bytes > le64_get(f->mark.durable_bytes)
		       ? psnap_undo_rely(u, err)
		       : 0;
}

int psnap_undo_begin(struct psnap_io *file,
		     struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		     const struct psnap_progress *progress,
		     struct psnap_undo **undo, struct psnap_error *err)
{
	struct psnap_undo *u = calloc(1, sizeof(*u));
	unsigned int i;
	int rc;

	*undo = NULL;
	if (!u)
		return psnap_fail_nomem(err, "saving for undo");
	if (progress)
		u->progress = *progress;
	rc = psnap_undo_save_init(u, err);
	if (rc == 0)
		rc = begin(u, file, devices, progress, err);
	if (rc) {
		psnap_undo_close(u);
		return rc;
	}
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct undo_device *d = &u->devices[i];

		d->io = *devices[i];
		d->io.ops = &psnap_undo_ops;
		d->undo = u;
		d->inner = devices[i];
		d->index = i;
	}
	rc = rely_on_had(u, err);
	if (rc)
		psnap_undo_close(u);
	else
		*undo = u;
	return rc;
}

int psnap_undo_open(struct psnap_io *file,
		    struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		    struct psnap_undo **undo, struct psnap_error *err)
{
	return psnap_undo_begin(file, devices, NULL, undo, err);
}

struct psnap_io *psnap_undo_io(struct psnap_undo *undo,
			       enum psnap_undo_device device)
{
	return &undo->devices[device].io;
}

static int add_need(void *ctx, uint64_t start_bytes, uint64_t end_bytes,
		    struct psnap_error *err)
{
	struct psnap_undo_need *need = ctx;

	(void)err;
	need->bytes += end_bytes - start_bytes;
	need->ranges += need->ranges == 0 || start_bytes != need->end_bytes;
	need->end_bytes = end_bytes;
	return 0;
}

void psnap_undo_need(const struct psnap_undo *undo,
		     enum psnap_undo_device device, uint64_t start_bytes,
		     uint64_t end_bytes, struct psnap_undo_need *need)
{
	(void)psnap_undo_missing(&undo->devices[device], start_bytes, end_bytes,
				 add_need, need, NULL);
}

uint64_t psnap_undo_end_bytes(const struct psnap_undo *undo)
{
	return undo->file.end_bytes;
}

void psnap_undo_close(struct psnap_undo *undo)
{
	unsigned int i;

	if (!undo)
		return;
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		psnap_extents_free(undo->devices[i].ready);
		psnap_extents_free(undo->devices[i].had);
	}
	psnap_undo_save_release(undo);
	free(undo);
}
