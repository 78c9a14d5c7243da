/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a stream of lvmsync: from range to range once, so that any place can
 * be found afterwards. Ranges come in the order of the store they were made of,
 * and are sorted here.
 */
#include "lvmsync_format.h"

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* @data_bytes: where its data is in the stream */
struct record {
	uint64_t offset_bytes;
	uint64_t data_bytes;
	uint64_t len_bytes;
};

struct psnap_lvmsync {
	struct psnap_io io;
	struct psnap_io *file;
	struct psnap_io *base;
	struct record *list;
	size_t count;
	size_t max;
};

static int check_line(const struct psnap_lvmsync *s, struct psnap_error *err)
{
	char line[LVMSYNC_LINE_BYTES];
	const size_t digit = LVMSYNC_LINE_BYTES - 3;
	int rc;

	if (s->file->size_bytes < LVMSYNC_LINE_BYTES)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "it is no stream of lvmsync");
	rc = psnap_io_read(s->file, 0, line, sizeof(line), err);
	if (rc || memcmp(line, LVMSYNC_LINE, sizeof(line)) == 0)
		return rc;
	if (memcmp(line, LVMSYNC_LINE, digit) == 0)
		return psnap_fail(err, PSNAP_E_VERSION,
				  "it is a stream of lvmsync, but not of its "
				  "protocol 3, which is the only one known");
	return psnap_fail(err, PSNAP_E_CORRUPT, "it is no stream of lvmsync");
}

static int add(struct psnap_lvmsync *s, const struct record *record,
	       struct psnap_error *err)
{
	if (s->count == s->max) {
		size_t max = s->max ? s->max * 2 : 64;
		void *grown = reallocarray(s->list, max, sizeof(*s->list));

		if (!grown)
			return psnap_fail_nomem(err,
						"reading a stream of changes");
		s->list = grown;
		s->max = max;
	}
	s->list[s->count++] = *record;
	return 0;
}

/* One range: its head stands at @at_bytes. */
static int read_record(struct psnap_lvmsync *s, uint64_t at_bytes,
		       struct record *record, struct psnap_error *err)
{
	uint64_t left = s->file->size_bytes - at_bytes;
	uint8_t head[LVMSYNC_HEAD_BYTES];
	uint32_t len;
	int rc;

	if (left < sizeof(head))
		return psnap_fail_at(err, PSNAP_E_TRUNCATED, at_bytes,
				     "the stream was cut here, in the head of "
				     "a range");
	rc = psnap_io_read(s->file, at_bytes, head, sizeof(head), err);
	if (rc)
		return rc;
	lvmsync_get_head(head, &record->offset_bytes, &len);
	record->len_bytes = len;
	record->data_bytes = at_bytes + sizeof(head);
	if (len == 0)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, at_bytes,
				     "the range that stands here is empty; the "
				     "stream is damaged");
	if (record->offset_bytes > s->base->size_bytes ||
	    len > s->base->size_bytes - record->offset_bytes)
		return psnap_fail_at(
			err, PSNAP_E_RANGE, at_bytes,
			"%lu bytes for byte %llu stand here, and %s has %llu; "
			"the stream is damaged, or was made of a larger device",
			(unsigned long)len,
			(unsigned long long)record->offset_bytes, s->base->name,
			(unsigned long long)s->base->size_bytes);
	if (len > left - sizeof(head))
		return psnap_fail_at(err, PSNAP_E_TRUNCATED, at_bytes,
				     "the stream was cut in the range that "
				     "begins here");
	return 0;
}

static int read_records(struct psnap_lvmsync *s,
			const struct psnap_progress *progress,
			struct psnap_error *err)
{
	uint64_t at = LVMSYNC_LINE_BYTES;
	uint64_t ticked = 0;
	struct record record = { 0 };
	int rc = 0;

	while (rc == 0 && at < s->file->size_bytes) {
		rc = read_record(s, at, &record, err);
		if (rc == 0)
			rc = add(s, &record, err);
		if (rc)
			break;
		at = record.data_bytes + record.len_bytes;
		if (at - ticked < ((uint64_t)1 << 20))
			continue;
		ticked = at;
		if (progress && progress->tick &&
		    progress->tick(progress->ctx, at, s->file->size_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc;
}

static int compare(const void *left, const void *right)
{
	const struct record *a = left;
	const struct record *b = right;

	return (a->offset_bytes > b->offset_bytes) -
	       (a->offset_bytes < b->offset_bytes);
}

/* Which of two would count is not for us to say. */
static int sort(struct psnap_lvmsync *s, struct psnap_error *err)
{
	size_t i;

	if (s->count > 1)
		qsort(s->list, s->count, sizeof(*s->list), compare);
	for (i = 1; i < s->count; i++) {
		const struct record *a = &s->list[i - 1];
		const struct record *b = &s->list[i];

		if (b->offset_bytes - a->offset_bytes < a->len_bytes)
			return psnap_fail(
				err, PSNAP_E_CORRUPT,
				"it has data for byte %llu of the origin twice",
				(unsigned long long)b->offset_bytes);
	}
	return 0;
}

static struct psnap_lvmsync *stream_of(struct psnap_io *io)
{
	return (struct psnap_lvmsync *)(void *)io;
}

/* The first range that ends behind @offset_bytes; count: none does. */
static size_t find(const struct psnap_lvmsync *s, uint64_t offset_bytes)
{
	size_t low = 0;
	size_t high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record *r = &s->list[middle];

		if (r->offset_bytes + r->len_bytes > offset_bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Who has the byte, where, and how many that follow. */
static struct psnap_io *place(struct psnap_lvmsync *s, uint64_t *offset_bytes,
			      uint64_t *len_bytes)
{
	size_t i = find(s, *offset_bytes);
	const struct record *r = i < s->count ? &s->list[i] : NULL;
	uint64_t end = s->io.size_bytes;

	if (r && r->offset_bytes <= *offset_bytes) {
		uint64_t inside = *offset_bytes - r->offset_bytes;

		*len_bytes = min_u64(*len_bytes, r->len_bytes - inside);
		*offset_bytes = r->data_bytes + inside;
		return s->file;
	}
	if (r)
		end = r->offset_bytes;
	*len_bytes = min_u64(*len_bytes, end - *offset_bytes);
	return s->base;
}

static int64_t stream_read_some(struct psnap_io *io, uint64_t offset_bytes,
				void *buf, size_t len_bytes)
{
	struct psnap_error err = { 0 };
	uint64_t len = len_bytes;
	struct psnap_io *from = place(stream_of(io), &offset_bytes, &len);
	int rc;

	/* A short read tells where the bad sector is, so it is handed on. */
	if (((offset_bytes | len) & (from->align_bytes - 1u)) == 0)
		return from->ops->read_some(from, offset_bytes, buf,
					    (size_t)len);
	rc = psnap_io_read(from, offset_bytes, buf, (size_t)len, &err);
	if (rc == 0)
		return (int64_t)len;
	if (rc == PSNAP_E_NOMEM)
		return -ENOMEM;
	return err.os_errno ? -err.os_errno : -EIO;
}

static void stream_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			    uint64_t len_bytes)
{
	while (len_bytes > 0) {
		uint64_t from = offset_bytes;
		uint64_t len = len_bytes;

		psnap_io_prefetch(place(stream_of(io), &from, &len), from, len);
		offset_bytes += len;
		len_bytes -= len;
	}
}

static uint64_t stream_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct psnap_lvmsync *s = stream_of(io);
	uint64_t from = offset_bytes;
	uint64_t len = UINT64_MAX;

	if (place(s, &from, &len) == s->file)
		return offset_bytes;
	return min_u64(psnap_io_next_data(s->base, offset_bytes),
		       offset_bytes + len);
}

static int stream_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops stream_ops = {
	.read_some = stream_read_some,
	.prefetch = stream_prefetch,
	.next_data = stream_next_data,
	.close = stream_close,
};

int psnap_lvmsync_open(struct psnap_io *file, struct psnap_io *base,
		       const struct psnap_progress *progress,
		       struct psnap_lvmsync **stream, struct psnap_error *err)
{
	struct psnap_lvmsync *s = calloc(1, sizeof(*s));
	int rc;

	*stream = NULL;
	if (!s)
		return psnap_fail_nomem(err, "reading a stream of changes");
	s->file = file;
	s->base = base;
	s->io = (struct psnap_io){ .ops = &stream_ops,
				   .name = "changes",
				   .size_bytes = base->size_bytes,
				   .align_bytes = 1,
				   .fd = -1 };
	rc = check_line(s, err);
	if (rc == 0)
		rc = read_records(s, progress, err);
	if (rc == 0)
		rc = sort(s, err);
	if (rc) {
		psnap_lvmsync_close(s);
		return rc;
	}
	*stream = s;
	return 0;
}

struct psnap_io *psnap_lvmsync_io(struct psnap_lvmsync *stream)
{
	return &stream->io;
}

int psnap_lvmsync_ranges(const struct psnap_lvmsync *stream,
			 struct psnap_extents *ranges, struct psnap_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < stream->count && rc == 0; i++)
		rc = psnap_extents_add(ranges, stream->list[i].offset_bytes,
				       stream->list[i].offset_bytes +
					       stream->list[i].len_bytes,
				       err);
	return rc;
}

void psnap_lvmsync_close(struct psnap_lvmsync *stream)
{
	if (!stream)
		return;
	free(stream->list);
	free(stream);
}
