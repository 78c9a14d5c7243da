/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that can be read everywhere: what the one below refuses is filled, and
 * noted. Who knows that a range is not to be believed has it replaced, too.
 */
#include <psnap/salvage.h>

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No disk loses less. */
#define SECTOR_BYTES 512u

struct io_salvage {
	struct psnap_io io;
	struct psnap_salvage s;
};

static struct io_salvage *salvage_of(struct psnap_io *io)
{
	return (struct io_salvage *)(void *)io;
}

static void fill_pattern(const struct psnap_fill *fill, uint64_t offset_bytes,
			 uint8_t *buf, size_t len)
{
	size_t i;

	if (fill->pattern_bytes == 0)
		memset(buf, 0, len);
	else if (fill->pattern_bytes == 1)
		memset(buf, fill->pattern[0], len);
	else
		for (i = 0; i < len; i++)
			buf[i] = fill->pattern[(offset_bytes + i) %
					       fill->pattern_bytes];
}

static bool unreadable(int rc)
{
	return rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED;
}

/* 0, or -ENOMEM. */
static int fill_range(const struct psnap_fill *fill, uint64_t offset_bytes,
		      uint8_t *buf, size_t len)
{
	size_t done;

	if (!fill->origin) {
		fill_pattern(fill, offset_bytes, buf, len);
		return 0;
	}
	for (done = 0; done < len;) {
		uint64_t at = offset_bytes + done;
		size_t n = (size_t)min_u64(SECTOR_BYTES - at % SECTOR_BYTES,
					   len - done);
		int rc = psnap_io_read(fill->origin, at, buf + done, n, NULL);

		if (rc == PSNAP_E_NOMEM)
			return -ENOMEM;
		if (rc)
			memset(buf + done, 0, n);
		done += n;
	}
	return 0;
}

/* Nothing but this sector. */
static int read_sector(struct io_salvage *v, uint64_t at, uint8_t *buf,
		       size_t len)
{
	int rc = psnap_io_read(v->s.inner, at, buf, len, NULL);

	if (rc == 0)
		return 0;
	if (!unreadable(rc) ||
	    psnap_extents_add(v->s.filled, at, at + len, NULL))
		return -ENOMEM;
	return fill_range(&v->s.unreadable, at, buf, len);
}

/*
 * All of it, or what stands before the place where it failed and the sector
 * there: how much was read then.
 */
static int read_part(struct io_salvage *v, uint64_t at, uint8_t *buf,
		     size_t len, size_t *done)
{
	/* What is in the buffer after a failure is not to be relied on, so what
	 * stands before the place is read once more. */
	for (*done = len;;) {
		struct psnap_error err = { 0 };
		int rc = psnap_io_read(v->s.inner, at, buf, *done, &err);

		if (rc == 0)
			return 0;
		if (!unreadable(rc))
			return -ENOMEM;
		if (!err.has_offset || err.offset_bytes <= at ||
		    err.offset_bytes >= at + *done)
			break;
		*done = (size_t)(err.offset_bytes - at);
	}
	*done = (size_t)min_u64(SECTOR_BYTES - at % SECTOR_BYTES, len);
	return read_sector(v, at, buf, *done);
}

static int replace(struct io_salvage *v, uint64_t offset_bytes, uint8_t *buf,
		   size_t len)
{
	uint64_t end = offset_bytes + len;
	uint64_t at = offset_bytes;
	int rc = 0;

	while (rc == 0 && at < end) {
		const struct psnap_extent *e =
			psnap_extents_find(v->s.replace, at);
		uint64_t stop;

		if (!e || e->offset_bytes >= end)
			break;
		if (e->offset_bytes > at)
			at = e->offset_bytes;
		stop = min_u64(end, e->offset_bytes + e->len_bytes);
		rc = fill_range(&v->s.replacement, at,
				buf + (at - offset_bytes), (size_t)(stop - at));
		at = stop;
	}
	return rc;
}

static int64_t salvage_read_some(struct psnap_io *io, uint64_t offset_bytes,
				 void *buf, size_t len_bytes)
{
	struct io_salvage *v = salvage_of(io);
	size_t done = 0;
	int rc = 0;

	while (rc == 0 && done < len_bytes) {
		size_t n;

		rc = read_part(v, offset_bytes + done, (uint8_t *)buf + done,
			       len_bytes - done, &n);
		done += n;
	}
	if (rc == 0 && v->s.replace)
		rc = replace(v, offset_bytes, buf, len_bytes);
	return rc ? rc : (int64_t)len_bytes;
}

static void salvage_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			     uint64_t len_bytes)
{
	psnap_io_prefetch(salvage_of(io)->s.inner, offset_bytes, len_bytes);
}

static void salvage_forget(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	psnap_io_forget(salvage_of(io)->s.inner, offset_bytes, len_bytes);
}

/* A hole below may be one that is replaced. */
static uint64_t salvage_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_salvage *v = salvage_of(io);
	uint64_t data = psnap_io_next_data(v->s.inner, offset_bytes);
	const struct psnap_extent *e;

	e = v->s.replace ? psnap_extents_find(v->s.replace, offset_bytes)
			 : NULL;
	if (!e || e->offset_bytes >= data)
		return data;
	return e->offset_bytes > offset_bytes ? e->offset_bytes : offset_bytes;
}

static int salvage_close(struct psnap_io *io)
{
	free(salvage_of(io));
	return 0;
}

static const struct psnap_io_ops salvage_ops = {
	.read_some = salvage_read_some,
	.prefetch = salvage_prefetch,
	.forget = salvage_forget,
	.next_data = salvage_next_data,
	.close = salvage_close,
};

int psnap_io_open_salvage(const struct psnap_salvage *salvage,
			  struct psnap_io **io, struct psnap_error *err)
{
	struct io_salvage *v = calloc(1, sizeof(*v));

	*io = NULL;
	if (!v)
		return psnap_fail_nomem(err, "opening an image");
	v->s = *salvage;
	v->io = (struct psnap_io){
		.ops = &salvage_ops,
		.name = salvage->inner->name,
		.size_bytes = salvage->inner->size_bytes,
		.align_bytes = 1,
		.fd = -1,
	};
	*io = &v->io;
	return 0;
}
