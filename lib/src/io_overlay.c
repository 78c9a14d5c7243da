/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io whose writes stay in memory: pages, over an io that is
 * only read. A dry run writes to one of these and then looks at the result.
 *
 * A page holds what @inner has there, once any part of it was written to. What
 * @inner cannot read stays unreadable until it is written, as on a disk.
 */
#include <psnap/watch.h>

#include "checked.h"
#include "fail.h"
#include "io_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES_MIN 4096u
#define UNIT_BYTES_MIN 512u

/* @unit_bytes: no smaller than a sector of @inner, like pages */
struct io_overlay {
	struct psnap_io io;
	struct psnap_io *inner;
	struct pages pages;
	size_t unit_bytes;
};

static struct io_overlay *overlay_of(struct psnap_io *io)
{
	return (struct io_overlay *)(void *)io;
}

/* Unit by unit only where the whole fails: a disk answers that slowly. */
static void load_page(struct io_overlay *o, struct page *page)
{
	uint64_t start = page->number * o->pages.page_bytes;
	size_t len, at;

	if (start >= o->inner->size_bytes)
		return;
	len = (size_t)min_u64(o->pages.page_bytes,
			      o->inner->size_bytes - start);
	if (psnap_io_read(o->inner, start, page->bytes, len, NULL) == 0)
		return;
	for (at = 0; at < len; at += o->unit_bytes) {
		size_t n = (size_t)min_u64(o->unit_bytes, len - at);

		if (psnap_io_read(o->inner, start + at, page->bytes + at, n,
				  NULL))
			page->unreadable |= (uint8_t)(1u << at / o->unit_bytes);
	}
}

static struct page *get_page(struct io_overlay *o, uint64_t number)
{
	struct page *page = psnap_pages_find(&o->pages, number);

	if (page)
		return page;
	page = psnap_pages_add(&o->pages, number);
	if (page)
		load_page(o, page);
	return page;
}

static int64_t read_inner(struct io_overlay *o, uint64_t offset_bytes,
			  void *buf, size_t len_bytes)
{
	uint64_t size = o->inner->size_bytes;

	if (offset_bytes >= size) {
		memset(buf, 0, len_bytes);
		return (int64_t)len_bytes;
	}
	return o->inner->ops->read_some(
		o->inner, offset_bytes, buf,
		(size_t)min_u64(len_bytes, size - offset_bytes));
}

/* Up to the end of the page, or of what is readable, or not, like the first. */
static int64_t read_page(struct io_overlay *o, const struct page *page,
			 uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	size_t start = (size_t)(offset_bytes % o->pages.page_bytes);
	size_t unit = start / o->unit_bytes;
	bool bad = page->unreadable >> unit & 1;
	size_t end;

	do
		unit++;
	while (unit * o->unit_bytes < o->pages.page_bytes &&
	       (page->unreadable >> unit & 1) == bad);
	end = unit * o->unit_bytes;
	if (len_bytes > end - start)
		len_bytes = end - start;
	/* It may read by now; if not, the reason is the disk's. */
	if (bad)
		return read_inner(o, offset_bytes, buf, len_bytes);
	memcpy(buf, page->bytes + start, len_bytes);
	return (int64_t)len_bytes;
}

static int64_t overlay_read_some(struct psnap_io *io, uint64_t offset_bytes,
				 void *buf, size_t len_bytes)
{
	struct io_overlay *o = overlay_of(io);
	uint64_t number = offset_bytes / o->pages.page_bytes;
	const struct page *page = psnap_pages_find(&o->pages, number);
	size_t span;

	if (page)
		return read_page(o, page, offset_bytes, buf, len_bytes);
	span = o->pages.page_bytes -
	       (size_t)(offset_bytes % o->pages.page_bytes);
	while (span < len_bytes && !psnap_pages_find(&o->pages, ++number))
		span += o->pages.page_bytes;
	return read_inner(o, offset_bytes, buf,
			  (size_t)min_u64(span, len_bytes));
}

/* Only whole units make what could not be read readable. */
static int write_page(const struct io_overlay *o, struct page *page,
		      size_t start, const void *buf, size_t len_bytes)
{
	size_t end = start + len_bytes;
	uint8_t healed = 0;
	size_t unit;

	for (unit = start / o->unit_bytes; unit * o->unit_bytes < end; unit++) {
		size_t unit_start = unit * o->unit_bytes;

		if (!(page->unreadable >> unit & 1))
			continue;
		if (start > unit_start || end < unit_start + o->unit_bytes)
			return -EIO;
		healed |= (uint8_t)(1u << unit);
	}
	page->unreadable &= (uint8_t)~healed;
	memcpy(page->bytes + start, buf, len_bytes);
	return 0;
}

static int64_t overlay_write_some(struct psnap_io *io, uint64_t offset_bytes,
				  const void *buf, size_t len_bytes)
{
	struct io_overlay *o = overlay_of(io);
	size_t start = (size_t)(offset_bytes % o->pages.page_bytes);
	size_t len = (size_t)min_u64(len_bytes, o->pages.page_bytes - start);
	struct page *page = get_page(o, offset_bytes / o->pages.page_bytes);
	int rc = page ? write_page(o, page, start, buf, len) : -ENOMEM;

	return rc ? rc : (int64_t)len;
}

/* There is nothing that could be lost later than now. */
static int overlay_sync(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static void overlay_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			     uint64_t len_bytes)
{
	psnap_io_prefetch(overlay_of(io)->inner, offset_bytes, len_bytes);
}

static void overlay_forget(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	struct psnap_io *inner = overlay_of(io)->inner;

	if (offset_bytes < inner->size_bytes)
		psnap_io_forget(
			inner, offset_bytes,
			min_u64(len_bytes, inner->size_bytes - offset_bytes));
}

static uint64_t overlay_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_overlay *o = overlay_of(io);
	uint64_t inner = psnap_io_next_data(o->inner, offset_bytes);
	uint64_t number;

	if (inner >= o->inner->size_bytes)
		inner = io->size_bytes;
	if (inner == offset_bytes)
		return inner;
	if (!psnap_pages_next(&o->pages, offset_bytes / o->pages.page_bytes,
			      &number))
		return offset_bytes;
	if (number == UINT64_MAX)
		return inner;
	if (number * o->pages.page_bytes <= offset_bytes)
		return offset_bytes;
	return min_u64(inner, number * o->pages.page_bytes);
}

static int overlay_close(struct psnap_io *io)
{
	struct io_overlay *o = overlay_of(io);

	psnap_pages_release(&o->pages);
	free(o);
	return 0;
}

static const struct psnap_io_ops overlay_ops = {
	.read_some = overlay_read_some,
	.write_some = overlay_write_some,
	.sync = overlay_sync,
	.prefetch = overlay_prefetch,
	.forget = overlay_forget,
	.next_data = overlay_next_data,
	.close = overlay_close,
};

int psnap_io_open_overlay(struct psnap_io *inner, uint64_t size_bytes,
			  struct psnap_io **io, struct psnap_error *err)
{
	uint32_t align = inner->align_bytes;
	struct io_overlay *o = calloc(1, sizeof(*o));

	*io = NULL;
	if (!o || !psnap_pages_init(&o->pages, align > PAGE_BYTES_MIN
						       ? align
						       : PAGE_BYTES_MIN)) {
		free(o);
		return psnap_fail_nomem(err, "keeping writes in memory");
	}
	o->io = *inner;
	o->io.ops = &overlay_ops;
	o->io.size_bytes = size_bytes;
	o->io.fd = -1;
	o->inner = inner;
	o->unit_bytes = align > UNIT_BYTES_MIN ? align : UNIT_BYTES_MIN;
	*io = &o->io;
	return 0;
}
