/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting back what an undo file holds, and saying what it holds.
 */
#include "fail.h"
#include "undo_file.h"

#include <stdlib.h>
#include <string.h>

/* Put back between two ticks. */
#define TICK_BYTES ((uint64_t)1 << 20)

static const struct psnap_undo_options no_options;

static void describe(const struct undo_file *f, struct psnap_undo_info *info)
{
	unsigned int i;

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

int psnap_undo_header(struct psnap_io *file, struct psnap_undo_info *info,
		      struct psnap_error *err)
{
	struct undo_file f;
	int rc;

	memset(info, 0, sizeof(*info));
	rc = psnap_undo_file_open(&f, file, err);
	if (rc == 0)
		describe(&f, info);
	/* Nobody has looked. */
	info->torn_bytes = 0;
	return rc;
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

/* Reads and verifies every record, and compares the devices. */
static int check(struct undo_file *f, struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_undo_options *options,
		 struct psnap_undo_info *info, struct psnap_error *err)
{
	int rc;

	memset(info, 0, sizeof(*info));
	rc = psnap_undo_file_open(f, file, err);
	if (rc == 0)
		rc = psnap_undo_file_match(f, devices, NULL, options, info,
					   err);
	if (rc == 0)
		describe(f, info);
	return rc;
}

int psnap_undo_check(struct psnap_io *file,
		     struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		     const struct psnap_undo_options *options,
		     struct psnap_undo_info *info, struct psnap_error *err)
{
	struct undo_file f;

	return check(&f, file, devices, options ? options : &no_options, info,
		     err);
}

int psnap_undo_matches(struct psnap_io *file,
		       struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		       struct psnap_error *err)
{
	struct psnap_undo_info info;

	return psnap_undo_check(file, devices, NULL, &info, err);
}

/* One that was whole a moment ago. */
static int read_again(struct undo_reader *reader, uint64_t at_bytes,
		      struct undo_record *r, struct psnap_error *err)
{
	int rc = psnap_undo_reader_read(reader, at_bytes, r, err);

	if (rc == 0)
		return psnap_fail_at(err, PSNAP_E_IO, at_bytes,
				     "a record of the undo file that was whole "
				     "a moment ago is damaged");
	return rc < 0 ? rc : 0;
}

/* Last first, so that of a byte that was saved twice the oldest wins. */
static int put_back(const struct undo_file *f,
		    struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		    const struct psnap_progress *progress,
		    struct psnap_error *err)
{
	struct undo_reader reader;
	struct undo_record r;
	uint64_t at_bytes = f->last_bytes;
	uint64_t done_bytes = 0;
	uint64_t ticked_bytes = 0;
	int rc = psnap_undo_reader_init(&reader, f, true, err);

	while (rc == 0 && at_bytes != 0) {
		rc = read_again(&reader, at_bytes, &r, err);
		if (rc)
			break;
		rc = psnap_io_write(devices[r.device], r.offset_bytes, r.data,
				    r.len_bytes, err);
		rc = psnap_undo_on_device(rc, devices[r.device], err);
		at_bytes = r.previous_bytes;
		done_bytes += r.len_bytes;
		if (rc || done_bytes - ticked_bytes < TICK_BYTES)
			continue;
		ticked_bytes = done_bytes;
		if (progress->tick &&
		    progress->tick(progress->ctx, done_bytes, f->saved_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	psnap_undo_reader_release(&reader);
	return rc;
}

int psnap_undo_apply(struct psnap_io *file,
		     struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		     const struct psnap_undo_options *options,
		     struct psnap_undo_info *info, struct psnap_error *err)
{
	struct undo_file f;
	unsigned int i;
	int rc;

	options = options ? options : &no_options;
	rc = check(&f, file, devices, options, info, err);
	if (rc == 0)
		rc = put_back(&f, devices, &options->progress, err);
	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++)
		rc = psnap_undo_on_device(psnap_io_sync(devices[i], err),
					  devices[i], err);
	return rc;
}
