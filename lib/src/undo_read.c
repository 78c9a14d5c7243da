/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the records of undo files, forwards and backwards. Nothing in them is
 * believed that its checksum, its device or the record before contradicts.
 */
#include "undo_file.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES ((size_t)4 << 20)
/* Verified between two ticks. */
#define TICK_BYTES ((uint64_t)1 << 20)

int psnap_undo_reader_init(struct undo_reader *reader,
			   const struct undo_file *f, bool backwards,
			   struct psnap_error *err)
{
	size_t window_bytes = (size_t)min_u64(WINDOW_BYTES, f->io->size_bytes);

	*reader = (struct undo_reader){ .file = f,
					.backwards = backwards,
					.window_bytes = window_bytes,
					.eof_bytes = f->io->size_bytes,
					.until_bytes = f->end_bytes };
	reader->window = malloc(window_bytes);
	return reader->window ? 0
			      : psnap_fail_nomem(err, "reading the undo file");
}

void psnap_undo_reader_release(struct undo_reader *reader)
{
	free(reader->window);
}

static int load(struct undo_reader *reader, uint64_t start_bytes, size_t len,
		struct psnap_error *err)
{
	int rc = psnap_io_read(reader->file->io, start_bytes, reader->window,
			       len, err);

	reader->start_bytes = start_bytes;
	reader->len_bytes = rc ? 0 : len;
	return rc;
}

/* With the head of a record comes its data, or the window is read once more for
 * it. */
static uint64_t end_backwards(const struct undo_reader *reader, uint64_t at,
			      size_t len)
{
	uint64_t end = reader->until_bytes;

	return end >= at + len && end <= reader->eof_bytes &&
			       end - at <= reader->window_bytes
		       ? end
		       : at + len;
}

/* Move the window so that it has [at, at + len), and as much of what comes next
 * as is there and can be read: whoever fails there fails when it is needed. */
static int move(struct undo_reader *reader, uint64_t at, size_t len,
		struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	uint64_t start = at;
	uint64_t end;
	size_t more;
	int rc;

	end = reader->backwards
		      ? end_backwards(reader, at, len)
		      : min_u64(reader->eof_bytes, at + reader->window_bytes);
	if (reader->backwards)
		start = end - min_u64(end, reader->window_bytes);
	more = (size_t)(end - start);
	rc = load(reader, start, more, &why);
	/* A file that grows says where it ends only so. */
	if (rc == PSNAP_E_TRUNCATED && why.offset_bytes >= start)
		reader->eof_bytes = why.offset_bytes;
	if (len > reader->eof_bytes - min_u64(at, reader->eof_bytes))
		return 0;
	if (rc == PSNAP_E_TRUNCATED)
		rc = load(reader, start,
			  (size_t)min_u64(more, reader->eof_bytes - start),
			  err);
	else if (rc == PSNAP_E_IO)
		rc = load(reader, at, len, err);
	else if (rc && err)
		*err = why;
	return rc ? rc : 1;
}

/* Have [at, at + len) in the window, which holds any record of the file. 1, 0
 * behind the end of the file, or negative. */
static int fetch(struct undo_reader *reader, uint64_t at, size_t len,
		 struct psnap_error *err)
{
	if (at > reader->eof_bytes || len > reader->eof_bytes - at)
		return 0;
	if (at >= reader->start_bytes &&
	    at - reader->start_bytes <= reader->len_bytes &&
	    len <= reader->len_bytes - (at - reader->start_bytes))
		return 1;
	return move(reader, at, len, err);
}

static bool decode(const struct undo_file *f, const struct disk_undo_record *d,
		   struct undo_record *r)
{
	uint64_t size_bytes;

	r->crc32 = psnap_crc32(0, d,
			       offsetof(struct disk_undo_record, head_crc32));
	if (le32_get(d->magic) != UNDO_RECORD_MAGIC ||
	    le32_get(d->head_crc32) != r->crc32)
		return false;
	r->device = le32_get(d->device);
	r->offset_bytes = le64_get(d->offset_bytes);
	r->len_bytes = le32_get(d->len_bytes);
	r->previous_bytes = le64_get(d->previous_bytes);
	r->previous_crc32 = le32_get(d->previous_crc32);
	if (r->device >= PSNAP_UNDO_DEVICES)
		return false;
	size_bytes = le64_get(f->header.devices[r->device].size_bytes);
	return r->len_bytes > 0 && r->len_bytes <= UNDO_DATA_BYTES_MAX &&
	       r->offset_bytes <= size_bytes &&
	       r->len_bytes <= size_bytes - r->offset_bytes &&
	       r->previous_bytes < r->at_bytes;
}

int psnap_undo_reader_read(struct undo_reader *reader, uint64_t at_bytes,
			   struct undo_record *r, struct psnap_error *err)
{
	struct disk_undo_record d;
	const uint8_t *p;
	int rc = fetch(reader, at_bytes, sizeof(d), err);

	if (rc <= 0)
		return rc;
	memcpy(&d, reader->window + (at_bytes - reader->start_bytes),
	       sizeof(d));
	r->at_bytes = at_bytes;
	if (!decode(reader->file, &d, r))
		return 0;
	rc = fetch(reader, at_bytes, sizeof(d) + r->len_bytes, err);
	if (rc <= 0)
		return rc;
	p = reader->window + (at_bytes - reader->start_bytes);
	r->data = p + sizeof(d);
	reader->until_bytes = at_bytes;
	return psnap_crc32(0, r->data, r->len_bytes) == le32_get(d.data_crc32);
}

/* The next record of the chain. One that is whole but does not name the one
 * before is left over from a run that was cut. */
static int next(struct undo_file *f, struct undo_reader *reader,
		struct undo_record *r, struct psnap_error *err)
{
	int rc = psnap_undo_reader_read(reader, f->end_bytes, r, err);

	if (rc <= 0)
		return rc;
	if (r->previous_bytes != f->last_bytes ||
	    r->previous_crc32 != f->last_crc32)
		return 0;
	f->last_bytes = r->at_bytes;
	f->last_crc32 = r->crc32;
	f->end_bytes += sizeof(struct disk_undo_record) + r->len_bytes;
	f->records++;
	f->saved_bytes += r->len_bytes;
	return 1;
}

static int fail_damaged(const struct undo_file *f, struct psnap_error *err)
{
	return psnap_fail_at(
		err, PSNAP_E_CORRUPT, f->end_bytes,
		"the undo file is damaged: a record from here to byte %llu, "
		"which was relied on, is not whole; nothing was written",
		(unsigned long long)le64_get(f->mark.durable_bytes));
}

int psnap_undo_file_scan(struct undo_file *f,
			 const struct psnap_progress *progress,
			 void (*each)(void *ctx, const struct undo_record *r),
			 void *ctx, struct psnap_error *err)
{
	uint64_t size_bytes = f->io->size_bytes;
	uint64_t ticked_bytes = f->end_bytes;
	struct undo_reader reader;
	struct undo_record r;
	int rc = psnap_undo_reader_init(&reader, f, false, err);

	if (rc)
		return rc;
	/* That of a file that grows is no size. */
	if (size_bytes == (uint64_t)INT64_MAX)
		size_bytes = 0;
	while ((rc = next(f, &reader, &r, err)) > 0) {
		if (each)
			each(ctx, &r);
		if (f->end_bytes - ticked_bytes < TICK_BYTES)
			continue;
		ticked_bytes = f->end_bytes;
		if (progress && progress->tick &&
		    progress->tick(progress->ctx, ticked_bytes, size_bytes)) {
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
			break;
		}
	}
	psnap_undo_reader_release(&reader);
	if (rc == 0 && f->end_bytes < le64_get(f->mark.durable_bytes))
		rc = fail_damaged(f, err);
	return rc;
}
