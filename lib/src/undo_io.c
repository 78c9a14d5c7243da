/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io that saves before it overwrites. The rule: no byte of a device is
 * overwritten before a record with its old value is durable in the undo file.
 */
#include "checked.h"
#include "fail.h"
#include "undo_file.h"

#include <errno.h>
#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

struct undo_io {
	struct psnap_io io;
	struct psnap_undo *undo;
	struct psnap_io *inner;
	unsigned int device;
	/* Ranges that are saved, sorted, disjoint: the last announcement. */
	struct psnap_extent *ready;
	size_t ready_count;
};

struct psnap_undo {
	struct undo_file file;
	struct undo_io ios[PSNAP_UNDO_DEVICES];
	/* Records on their way to the file. */
	uint8_t *buffer;
	size_t buffered_bytes;
};

#define BUFFER_BYTES (2 * UNDO_DATA_BYTES_MAX)

static int flush_buffer(struct psnap_undo *u, struct psnap_error *err)
{
	size_t len = u->buffered_bytes;
	int rc;

	if (len == 0)
		return 0;
	rc = psnap_io_write(u->file.io, u->file.end_bytes - len, u->buffer, len,
			    err);
	u->buffered_bytes = 0;
	return rc;
}

/* Append a record for [offset, offset + len), at most UNDO_DATA_BYTES_MAX. */
static int save(struct undo_io *d, uint64_t offset_bytes, size_t len,
		struct psnap_error *err)
{
	struct psnap_undo *u = d->undo;
	struct disk_undo_record *r;
	int rc;

	if (BUFFER_BYTES - u->buffered_bytes < sizeof(*r) + len) {
		rc = flush_buffer(u, err);
		if (rc)
			return rc;
	}
	r = (struct disk_undo_record *)(void *)(u->buffer + u->buffered_bytes);
	rc = psnap_io_read(d->inner, offset_bytes, r + 1, len, err);
	if (rc)
		return rc;
	r->magic = le32_put(UNDO_RECORD_MAGIC);
	r->device = le32_put(d->device);
	r->offset_bytes = le64_put(offset_bytes);
	r->len_bytes = le64_put(len);
	r->previous_bytes = le64_put(u->file.last_bytes);
	r->data_crc32 = le32_put(psnap_crc32(0, r + 1, len));
	r->head_crc32 = le32_put(psnap_crc32(
		0, r, offsetof(struct disk_undo_record, head_crc32)));
	u->file.last_bytes = u->file.end_bytes;
	u->file.end_bytes += sizeof(*r) + len;
	u->file.records++;
	u->file.saved_bytes += len;
	u->buffered_bytes += sizeof(*r) + len;
	return 0;
}

static int compare_extents(const void *left, const void *right)
{
	const struct psnap_extent *a = left;
	const struct psnap_extent *b = right;

	return (a->offset_bytes > b->offset_bytes) -
	       (a->offset_bytes < b->offset_bytes);
}

/* Sorted and joined: old bytes are read in device order. */
static int set_ready(struct undo_io *d, const struct psnap_extent *extents,
		     size_t count, struct psnap_error *err)
{
	size_t used = 0;
	size_t i;

	free(d->ready);
	d->ready_count = 0;
	d->ready = malloc((count + 1) * sizeof(*d->ready));
	if (!d->ready)
		return psnap_fail_nomem(err, "saving for undo");
	if (count)
		memcpy(d->ready, extents, count * sizeof(*d->ready));
	qsort(d->ready, count, sizeof(*d->ready), compare_extents);
	for (i = 0; i < count; i++) {
		struct psnap_extent e = d->ready[i];
		struct psnap_extent *last = used ? &d->ready[used - 1] : NULL;

		if (last &&
		    e.offset_bytes <= last->offset_bytes + last->len_bytes) {
			uint64_t end = e.offset_bytes + e.len_bytes;

			if (end > last->offset_bytes + last->len_bytes)
				last->len_bytes = end - last->offset_bytes;
		} else {
			d->ready[used++] = e;
		}
	}
	d->ready_count = used;
	return 0;
}

static int save_ready(struct undo_io *d, struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < d->ready_count && rc == 0; i++) {
		uint64_t at = d->ready[i].offset_bytes;
		uint64_t end = at + d->ready[i].len_bytes;

		while (at < end && rc == 0) {
			size_t n =
				(size_t)min_u64(UNDO_DATA_BYTES_MAX, end - at);

			rc = save(d, at, n, err);
			at += n;
		}
	}
	if (rc == 0)
		rc = flush_buffer(d->undo, err);
	if (rc == 0 && d->ready_count)
		rc = psnap_io_sync(d->undo->file.io, err);
	if (rc)
		d->ready_count = 0;
	return rc;
}

static int undo_prepare(struct psnap_io *io, const struct psnap_extent *extents,
			size_t count, struct psnap_error *err)
{
	struct undo_io *d = (struct undo_io *)(void *)io;
	int rc = set_ready(d, extents, count, err);

	if (rc == 0)
		rc = save_ready(d, err);
	return rc ? rc : psnap_io_prepare(d->inner, extents, count, err);
}

static bool is_ready(const struct undo_io *d, uint64_t offset_bytes,
		     uint64_t len_bytes)
{
	size_t low = 0;
	size_t high = d->ready_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->ready[mid].offset_bytes <= offset_bytes)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 &&
	       offset_bytes + len_bytes <= d->ready[low - 1].offset_bytes +
						   d->ready[low - 1].len_bytes;
}

/* Announced or not: nothing is overwritten unsaved. */
static int64_t undo_write_some(struct psnap_io *io, uint64_t offset_bytes,
			       const void *buf, size_t len_bytes)
{
	struct undo_io *d = (struct undo_io *)(void *)io;
	struct psnap_error err = { 0 };

	if (!is_ready(d, offset_bytes, len_bytes)) {
		const struct psnap_extent e = { offset_bytes, len_bytes };

		if (undo_prepare(io, &e, 1, &err))
			return err.os_errno ? -(int64_t)err.os_errno : -EIO;
	}
	return d->inner->ops->write_some(d->inner, offset_bytes, buf,
					 len_bytes);
}

static int64_t undo_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct undo_io *d = (struct undo_io *)(void *)io;

	return d->inner->ops->read_some(d->inner, offset_bytes, buf, len_bytes);
}

static int undo_sync(struct psnap_io *io)
{
	struct undo_io *d = (struct undo_io *)(void *)io;

	return d->inner->ops->sync(d->inner);
}

static void undo_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	struct undo_io *d = (struct undo_io *)(void *)io;

	if (d->inner->ops->prefetch)
		d->inner->ops->prefetch(d->inner, offset_bytes, len_bytes);
}

static uint64_t undo_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct undo_io *d = (struct undo_io *)(void *)io;

	return psnap_io_next_data(d->inner, offset_bytes);
}

static int undo_close(struct psnap_io *io)
{
	(void)io; /* belongs to struct psnap_undo */
	return 0;
}

static const struct psnap_io_ops undo_ops = {
	.read_some = undo_read_some,
	.write_some = undo_write_some,
	.sync = undo_sync,
	.prefetch = undo_prefetch,
	.next_data = undo_next_data,
	.prepare = undo_prepare,
	.close = undo_close,
};

static bool is_empty(struct psnap_io *file)
{
	uint8_t first;
	int rc = psnap_io_read(file, 0, &first, 1, NULL);

	return rc == PSNAP_E_RANGE || rc == PSNAP_E_TRUNCATED;
}

static int begin(struct psnap_undo *u, struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 struct psnap_error *err)
{
	int rc;

	if (is_empty(file)) {
		rc = psnap_undo_file_create(&u->file, file, devices, err);
		return rc ? rc : psnap_io_sync(file, err);
	}
	rc = psnap_undo_file_open(&u->file, file, err);
	return rc ? rc : psnap_undo_file_match(&u->file, devices, err);
}

int psnap_undo_open(struct psnap_io *file,
		    struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		    struct psnap_undo **undo, struct psnap_error *err)
{
	struct psnap_undo *u = calloc(1, sizeof(*u));
	unsigned int i;
	int rc;

	*undo = NULL;
	if (!u)
		return psnap_fail_nomem(err, "saving for undo");
	u->buffer = malloc(BUFFER_BYTES);
	rc = u->buffer ? begin(u, file, devices, err)
		       : psnap_fail_nomem(err, "saving for undo");
	if (rc) {
		psnap_undo_close(u);
		return rc;
	}
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct undo_io *d = &u->ios[i];

		d->io = *devices[i];
		d->io.ops = &undo_ops;
		d->undo = u;
		d->inner = devices[i];
		d->device = i;
	}
	*undo = u;
	return 0;
}

struct psnap_io *psnap_undo_io(struct psnap_undo *undo,
			       enum psnap_undo_device device)
{
	return &undo->ios[device].io;
}

void psnap_undo_close(struct psnap_undo *undo)
{
	unsigned int i;

	if (!undo)
		return;
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++)
		free(undo->ios[i].ready);
	free(undo->buffer);
	free(undo);
}
