/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes in order, gathered into large writes that begin and end at multiples of
 * their size. On something that reads as zero what is zero is left out.
 */
#include "newstore_internal.h"

#include "checked.h"
#include "fail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((uint64_t)4 << 20)
/* Zeros are left out in blocks of the size that file systems have. */
#define BLOCK_BYTES ((uint64_t)4096)

int psnap_stream_init(struct stream *s, struct psnap_io *out,
		      struct psnap_error *err)
{
	*s = (struct stream){ .out = out, .buffer = malloc(BUFFER_BYTES) };
	if (!s->buffer)
		return psnap_fail_nomem(err, "writing a store");
	return 0;
}

void psnap_stream_release(struct stream *s)
{
	free(s->buffer);
	s->buffer = NULL;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* The bytes from @from on to the end of their block on the disk. */
static size_t block(const struct stream *s, size_t from)
{
	return (size_t)min_u64(BLOCK_BYTES - (s->at_bytes + from) % BLOCK_BYTES,
			       s->used_bytes - from);
}

/* Blocks that are not zero, neighbours in one. */
static int write_blocks(struct stream *s, struct psnap_error *err)
{
	size_t start = 0;
	size_t end = 0;
	int rc = 0;

	while (rc == 0 && start < s->used_bytes) {
		while (end < s->used_bytes &&
		       !is_zero(s->buffer + end, block(s, end)))
			end += block(s, end);
		if (end > start)
			rc = psnap_io_write(s->out, s->at_bytes + start,
					    s->buffer + start, end - start,
					    err);
		if (end < s->used_bytes)
			end += block(s, end);
		start = end;
	}
	return rc;
}

int psnap_stream_flush(struct stream *s, struct psnap_error *err)
{
	int rc;

	if (s->skip_zeros)
		rc = write_blocks(s, err);
	else
		rc = psnap_io_write(s->out, s->at_bytes, s->buffer,
				    s->used_bytes, err);
	s->at_bytes += s->used_bytes;
	s->used_bytes = 0;
	if (rc == 0 && s->progress.tick &&
	    s->progress.tick(s->progress.ctx,
			     min_u64(s->at_bytes, s->total_bytes),
			     s->total_bytes))
		rc = psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return rc;
}

/* How much fits before the next write. */
static size_t capacity(const struct stream *s)
{
	return (size_t)(BUFFER_BYTES - s->at_bytes % BUFFER_BYTES);
}

int psnap_stream_room(struct stream *s, uint64_t len_bytes, uint8_t **room,
		      size_t *room_bytes, struct psnap_error *err)
{
	int rc = 0;

	if (s->used_bytes == capacity(s))
		rc = psnap_stream_flush(s, err);
	*room = s->buffer + s->used_bytes;
	*room_bytes = (size_t)min_u64(len_bytes, capacity(s) - s->used_bytes);
	return rc;
}

void psnap_stream_filled(struct stream *s, size_t len_bytes)
{
	s->used_bytes += len_bytes;
	assert(s->used_bytes <= capacity(s));
}

int psnap_stream_zeros(struct stream *s, uint64_t len_bytes,
		       struct psnap_error *err)
{
	uint8_t *room;
	size_t n;
	int rc;

	while (len_bytes > 0) {
		rc = psnap_stream_room(s, len_bytes, &room, &n, err);
		if (rc)
			return rc;
		memset(room, 0, n);
		psnap_stream_filled(s, n);
		len_bytes -= n;
	}
	return 0;
}

int psnap_stream_seek(struct stream *s, uint64_t at_bytes,
		      struct psnap_error *err)
{
	int rc = 0;

	if (s->at_bytes + s->used_bytes == at_bytes)
		return 0;
	if (s->used_bytes > 0)
		rc = psnap_stream_flush(s, err);
	s->at_bytes = at_bytes;
	return rc;
}
