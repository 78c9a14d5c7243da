/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Appending to an undo file: write records, make them durable, then a mark which
 * says that they are, and what the samples of the devices are (undo_mark.c). A
 * mark is only evidence: nothing waits for it to be durable, and when the power
 * takes it, the one before is still true.
 */
#include "undo_save.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BUFFER_BYTES (2 * UNDO_DATA_BYTES_MAX)
/* A multiple of what psnap_io_write_behind() writes. */
#define BLOCK_BYTES ((uint64_t)64 << 10)

/* Another number for each run: what is left of a run that was cut must not
 * continue the records of the next one, should they be the same otherwise. */
static uint64_t new_run(void)
{
	struct timespec now;
	uint64_t run;

	if (getrandom(&run, sizeof(run), GRND_NONBLOCK) == sizeof(run))
		return run;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) +
	       (uint64_t)now.tv_nsec;
}

int psnap_undo_save_init(struct psnap_undo *u, struct psnap_error *err)
{
	u->run = new_run();
	u->buffer = malloc(BUFFER_BYTES);
	return u->buffer ? 0 : psnap_fail_nomem(err, "saving for undo");
}

void psnap_undo_save_release(struct psnap_undo *u)
{
	free(u->buffer);
}

static int flush_bytes(struct psnap_undo *u, size_t len)
{
	uint64_t start = u->file.end_bytes - u->buffered_bytes;
	int rc;

	if (len == 0)
		return 0;
	rc = psnap_io_write(u->file.io, start, u->buffer, len, &u->failed);
	u->buffered_bytes = rc ? 0 : u->buffered_bytes - len;
	memmove(u->buffer, u->buffer + len, u->buffered_bytes);
	return rc;
}

/* Up to the last end of a block: only whole ones go past the page cache. Records
 * end anywhere, so the first one may have been begun. */
static int flush_blocks(struct psnap_undo *u)
{
	uint64_t start = u->file.end_bytes - u->buffered_bytes;
	size_t rest = (size_t)(u->file.end_bytes % BLOCK_BYTES);
	size_t first = (size_t)(-start % BLOCK_BYTES);
	int rc;

	if (u->buffered_bytes <= rest)
		return 0;
	rc = flush_bytes(u, first);
	return rc ? rc : flush_bytes(u, u->buffered_bytes - rest);
}

static int flush_buffer(struct psnap_undo *u)
{
	int rc = flush_blocks(u);

	return rc ? rc : flush_bytes(u, u->buffered_bytes);
}

/* The head of a record whose data stands behind it already. */
static void put_head(struct undo_device *d, struct disk_undo_record *r,
		     uint64_t offset_bytes, size_t len)
{
	struct undo_file *f = &d->undo->file;

	r->magic = le32_put(UNDO_RECORD_MAGIC);
	r->device = le32_put(d->index);
	r->offset_bytes = le64_put(offset_bytes);
	r->len_bytes = le32_put((uint32_t)len);
	r->previous_crc32 = le32_put(f->last_crc32);
	r->previous_bytes = le64_put(f->last_bytes);
	r->run = le64_put(d->undo->run);
	r->data_crc32 = le32_put(psnap_crc32(0, r + 1, len));
	f->last_crc32 = psnap_crc32(
		0, r, offsetof(struct disk_undo_record, head_crc32));
	r->head_crc32 = le32_put(f->last_crc32);
	f->last_bytes = f->end_bytes;
	f->end_bytes += sizeof(*r) + len;
	f->records++;
	f->saved_bytes += len;
}

int psnap_undo_append(struct undo_device *d, uint64_t offset_bytes,
		      size_t len_bytes, const uint8_t *data,
		      struct psnap_error *err)
{
	struct psnap_undo *u = d->undo;
	struct disk_undo_record *r;
	int rc = 0;

	if (BUFFER_BYTES - u->buffered_bytes < sizeof(*r) + len_bytes)
		rc = flush_blocks(u);
	if (rc)
		return rc;
	r = (struct disk_undo_record *)(void *)(u->buffer + u->buffered_bytes);
	if (data)
		memcpy(r + 1, data, len_bytes);
	else
		rc = psnap_io_read(d->inner, offset_bytes, r + 1, len_bytes,
				   err);
	if (rc)
		return rc;
	put_head(d, r, offset_bytes, len_bytes);
	u->buffered_bytes += sizeof(*r) + len_bytes;
	return 0;
}

static int make_durable(struct psnap_undo *u)
{
	int rc = flush_buffer(u);

	if (rc == 0)
		rc = psnap_io_sync(u->file.io, &u->failed);
	/* Read again only by an undo; as in a merge, memory is better reused. */
	if (rc == 0)
		psnap_io_forget(u->file.io, 0, u->file.end_bytes);
	if (rc == 0)
		rc = psnap_undo_file_mark(&u->file, &u->failed);
	u->mark_unflushed = true;
	return rc;
}

int psnap_undo_flush_mark(struct psnap_undo *u, struct psnap_error *err)
{
	int rc = u->failed.code;

	if (rc == 0 && u->mark_unflushed)
		rc = psnap_io_sync(u->file.io, &u->failed);
	if (rc && err)
		*err = u->failed;
	u->mark_unflushed = false;
	return rc;
}

int psnap_undo_rely(struct psnap_undo *u, struct psnap_error *err)
{
	int rc = make_durable(u);

	if (rc && err)
		*err = u->failed;
	return rc ? rc : psnap_undo_flush_mark(u, err);
}

/* To the byte: what is announced and not written stays there as zeros. */
static int announce_records(struct psnap_undo *u,
			    const struct psnap_extent *list, size_t count)
{
	struct psnap_extent e = { u->file.end_bytes, 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t len = list[i].len_bytes;
		uint64_t records = len / UNDO_DATA_BYTES_MAX +
				   (len % UNDO_DATA_BYTES_MAX != 0);

		e.len_bytes += len + records * sizeof(struct disk_undo_record);
	}
	return psnap_io_prepare(u->file.io, &e, 1, &u->failed);
}

int psnap_undo_save(struct undo_device *d, struct psnap_extents *set,
		    struct psnap_error *err)
{
	struct psnap_undo *u = d->undo;
	const struct psnap_extent *list;
	const struct undo_knowledge before = psnap_undo_knowledge(d);
	unsigned int n;
	size_t count;
	size_t i;
	int rc = u->failed.code;

	list = psnap_extents_list(set, &count);
	for (i = 0; i < count; i++)
		psnap_undo_mark_forget(d, &list[i]);
	if (rc == 0 && count == 0 && !psnap_undo_mark_has_news(u))
		return 0;
	for (n = 0; n < PSNAP_UNDO_DEVICES && rc == 0; n++)
		rc = psnap_undo_mark_learn(&u->devices[n], err);
	if (rc == 0 && count)
		rc = announce_records(u, list, count);
	if (rc == 0)
		rc = psnap_undo_gather(d, list, count, err);
	if (rc == 0)
		rc = make_durable(u);
	if (rc)
		psnap_undo_mark_remember(d, &before);
	if (u->failed.code && err)
		*err = u->failed;
	return rc;
}
