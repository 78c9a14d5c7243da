/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io that saves before it overwrites. The rule: no byte of a device is
 * overwritten before a record with the value that it had first is durable in the
 * undo file. How it gets there is undo_save.c's business.
 */
#include "undo_save.h"

#include "checked.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>

static int add_to_set(void *ctx, uint64_t start_bytes, uint64_t end_bytes,
		      struct psnap_error *err)
{
	return psnap_extents_add(ctx, start_bytes, end_bytes, err);
}

/* In whole sectors, because those are what is written. */
static int add(const struct undo_device *d, const struct psnap_extent *e,
	       struct psnap_extents *set, struct psnap_error *err)
{
	const struct psnap_io *io = d->inner;
	uint64_t mask = io->align_bytes - UINT64_C(1);
	uint64_t start;
	uint64_t end;

	if (e->offset_bytes > io->size_bytes ||
	    e->len_bytes > io->size_bytes - e->offset_bytes)
		return psnap_fail_at(err, PSNAP_E_RANGE, e->offset_bytes,
				     "%llu bytes from here are not all inside",
				     (unsigned long long)e->len_bytes);
	if (e->len_bytes == 0)
		return 0;
	start = e->offset_bytes & ~mask;
	end = min_u64((e->offset_bytes + e->len_bytes + mask) & ~mask,
		      io->size_bytes);
	return psnap_undo_missing(d, start, end, add_to_set, set, err);
}

/* @ready: out: the ranges, which are saved; NULL on failure. */
static int save(struct undo_device *d, const struct psnap_extent *extents,
		size_t count, struct psnap_extents **ready,
		struct psnap_error *err)
{
	struct psnap_extents *set;
	size_t i;
	int rc;

	*ready = NULL;
	rc = psnap_extents_new(&set, err);
	for (i = 0; i < count && rc == 0; i++)
		rc = add(d, &extents[i], set, err);
	if (rc == 0)
		rc = psnap_undo_save(d, set, err);
	if (rc == 0)
		*ready = set;
	else
		psnap_extents_free(set);
	return rc;
}

static int undo_prepare(struct psnap_io *io, const struct psnap_extent *extents,
			size_t count, struct psnap_error *err)
{
	struct undo_device *d = (struct undo_device *)(void *)io;
	struct psnap_extents *ready;
	int rc = save(d, extents, count, &ready, err);

	psnap_extents_free(d->ready);
	d->ready = ready;
	return rc ? rc : psnap_io_prepare(d->inner, extents, count, err);
}

/* What was not announced, by itself. What was stays announced. */
static int save_one(struct undo_device *d, const struct psnap_extent *e,
		    struct psnap_error *err)
{
	struct psnap_extents *ready;
	int rc = save(d, e, 1, &ready, err);

	psnap_extents_free(ready);
	return rc ? rc : psnap_io_prepare(d->inner, e, 1, err);
}

/* What an operation of an io says about a failure of the undo file. */
static int cause(const struct psnap_error *err)
{
	if (err->code == PSNAP_E_NOMEM)
		return ENOMEM;
	return err->os_errno ? err->os_errno : EIO;
}

/* The range of @set (may be NULL) that has this byte. */
static const struct psnap_extent *range_at(struct psnap_extents *set,
					   uint64_t at_bytes)
{
	const struct psnap_extent *e =
		set ? psnap_extents_find(set, at_bytes) : NULL;

	return e && e->offset_bytes <= at_bytes ? e : NULL;
}

/* Before this run or in it, or a part then and a part now. When saving has
 * failed, nothing is overwritten any more. */
static bool is_saved(const struct undo_device *d, uint64_t start_bytes,
		     uint64_t end_bytes)
{
	if (d->undo->failed.code)
		return false;
	while (start_bytes < end_bytes) {
		const struct psnap_extent *e = range_at(d->ready, start_bytes);

		if (!e)
			e = range_at(d->had, start_bytes);
		if (!e)
			return false;
		start_bytes = psnap_undo_end_of(e);
	}
	return true;
}

/* Announced or not: nothing is overwritten unsaved. */
static int64_t undo_write_some(struct psnap_io *io, uint64_t offset_bytes,
			       const void *buf, size_t len_bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;
	const struct psnap_extent e = { offset_bytes, len_bytes };
	struct psnap_error err = { 0 };

	if ((!is_saved(d, offset_bytes, offset_bytes + len_bytes) ||
	     psnap_undo_is_marked(d, offset_bytes, len_bytes)) &&
	    save_one(d, &e, &err))
		return -(int64_t)cause(&err);
	psnap_undo_note_write(d, offset_bytes, len_bytes);
	return d->inner->ops->write_some(d->inner, offset_bytes, buf,
					 len_bytes);
}

static int64_t undo_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	return d->inner->ops->read_some(d->inner, offset_bytes, buf, len_bytes);
}

static int undo_sync(struct psnap_io *io)
{
	struct undo_device *d = (struct undo_device *)(void *)io;
	struct psnap_error err = { 0 };
	int rc = d->inner->ops->sync(d->inner);

	if (rc)
		return rc;
	psnap_undo_note_sync(d);
	/* Whoever flushes all devices has the mark flushed too. */
	if (psnap_undo_flush_mark(d->undo, &err))
		return -cause(&err);
	return 0;
}

static void undo_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	if (d->inner->ops->prefetch)
		d->inner->ops->prefetch(d->inner, offset_bytes, len_bytes);
}

static void undo_forget(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	psnap_io_forget(d->inner, offset_bytes, len_bytes);
}

static uint64_t undo_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	return psnap_io_next_data(d->inner, offset_bytes);
}

static bool undo_source(struct psnap_io *io, uint64_t offset_bytes,
			struct psnap_io_source *source)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	return psnap_io_source(d->inner, offset_bytes, source);
}

static bool undo_lend(struct psnap_io *io, const void *memory, size_t bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	return psnap_io_lend(d->inner, memory, bytes);
}

static bool undo_settle(struct psnap_io *io, const void *memory, size_t bytes)
{
	struct undo_device *d = (struct undo_device *)(void *)io;

	return psnap_io_settle(d->inner, memory, bytes);
}

static int undo_close(struct psnap_io *io)
{
	(void)io; /* belongs to struct psnap_undo */
	return 0;
}

const struct psnap_io_ops psnap_undo_ops = {
	.read_some = undo_read_some,
	.write_some = undo_write_some,
	.sync = undo_sync,
	.prefetch = undo_prefetch,
	.forget = undo_forget,
	.next_data = undo_next_data,
	.prepare = undo_prepare,
	.source = undo_source,
	.lend = undo_lend,
	.settle = undo_settle,
	.close = undo_close,
};
