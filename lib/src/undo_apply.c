/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting back what an undo file holds, and saying what it holds.
 */
#include "fail.h"
#include "undo_file.h"

#include <stdlib.h>
#include <string.h>

static void describe(const struct undo_file *f, struct psnap_undo_info *info)
{
	unsigned int i;

	memset(info, 0, sizeof(*info));
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		memcpy(info->names[i], f->header.devices[i].name,
		       PSNAP_UNDO_NAME_BYTES - 1);
		info->size_bytes[i] = le64_get(f->header.devices[i].size_bytes);
	}
	info->records = f->records;
	info->saved_bytes = f->saved_bytes;
	if (f->io->size_bytes > f->end_bytes)
		info->torn_bytes = f->io->size_bytes - f->end_bytes;
}

int psnap_undo_inspect(struct psnap_io *file,
		       const struct psnap_progress *progress,
		       struct psnap_undo_info *info, struct psnap_error *err)
{
	struct undo_file f;
	int rc;

	memset(info, 0, sizeof(*info));
	rc = psnap_undo_file_open(&f, file, err);
	if (rc == 0)
		rc = psnap_undo_file_scan(&f, progress, NULL, NULL, err);
	if (rc == 0)
		describe(&f, info);
	return rc;
}

int psnap_undo_matches(struct psnap_io *file,
		       struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		       struct psnap_error *err)
{
	struct undo_file f;
	int rc = psnap_undo_file_open(&f, file, err);

	return rc ? rc : psnap_undo_file_match(&f, devices, err);
}

static int put_back(struct undo_file *f,
		    struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		    const struct psnap_progress *progress,
		    struct psnap_error *err)
{
	uint8_t *data = malloc(UNDO_DATA_BYTES_MAX);
	uint64_t at = f->last_bytes;
	uint64_t done_bytes = 0;
	int rc = data ? 0 : psnap_fail_nomem(err, "undoing");

	while (rc == 0 && at != 0) {
		struct undo_record r;

		rc = psnap_undo_file_read(f, at, &r, data, err);
		if (rc == 0)
			rc = psnap_fail_at(err, PSNAP_E_IO, at,
					   "a record of the undo file that was "
					   "whole a moment ago is damaged");
		if (rc < 0)
			break;
		rc = psnap_io_write(devices[r.device], r.offset_bytes, data,
				    (size_t)r.len_bytes, err);
		done_bytes += r.len_bytes;
		if (rc == 0 && progress && progress->tick &&
		    progress->tick(progress->ctx, done_bytes, f->saved_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
		at = r.previous_bytes;
	}
	free(data);
	return rc;
}

int psnap_undo_apply(struct psnap_io *file,
		     struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		     const struct psnap_progress *progress,
		     struct psnap_undo_info *info, struct psnap_error *err)
{
	struct undo_file f;
	unsigned int i;
	int rc;

	memset(info, 0, sizeof(*info));
	rc = psnap_undo_file_open(&f, file, err);
	/* Reads and verifies every record before the first byte is written. */
	if (rc == 0)
		rc = psnap_undo_file_match(&f, devices, err);
	if (rc)
		return rc;
	describe(&f, info);
	rc = put_back(&f, devices, progress, err);
	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++)
		rc = psnap_io_sync(devices[i], err);
	return rc;
}
