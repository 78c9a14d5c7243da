/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a view: a look-up of the segment, and a read of the device that has
 * it. Chunks need not be as large as the sectors of the devices, so the view has
 * no alignment, and what is not aligned below goes through psnap_io_read().
 */
#include "view_internal.h"

#include "checked.h"

#include <errno.h>

static struct psnap_view *view_of(struct psnap_io *io)
{
	return (struct psnap_view *)(void *)io;
}

static struct psnap_io *device_of(const struct psnap_view *v,
				  const struct psnap_view_segment *s)
{
	return s->source == PSNAP_VIEW_STORE ? v->store : v->origin;
}

/* Of [offset, offset + len) what stands in the segment: its place on the
 * device. */
static uint64_t clip(const struct psnap_view_segment *s, uint64_t offset_bytes,
		     uint64_t *len_bytes)
{
	uint64_t inside = offset_bytes - s->start_bytes;

	*len_bytes = min_u64(*len_bytes, s->len_bytes - inside);
	return s->from_bytes + inside;
}

static int64_t view_read_some(struct psnap_io *io, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct psnap_view *v = view_of(io);
	const struct psnap_view_segment *s = psnap_view_find(v, offset_bytes);
	struct psnap_io *device = device_of(v, s);
	struct psnap_error err = { 0 };
	uint64_t len = len_bytes;
	uint64_t from = clip(s, offset_bytes, &len);
	int rc;

	if (((from | len) & (device->align_bytes - 1u)) == 0)
		return device->ops->read_some(device, from, buf, (size_t)len);
	rc = psnap_io_read(device, from, buf, (size_t)len, &err);
	if (rc == 0)
		return (int64_t)len;
	if (rc == PSNAP_E_NOMEM)
		return -ENOMEM;
	return err.os_errno ? -err.os_errno : -EIO;
}

/* What @give says to the view is said to the devices that are behind it. */
static void hint(struct psnap_view *v, uint64_t offset_bytes,
		 uint64_t len_bytes,
		 void (*give)(struct psnap_io *io, uint64_t offset_bytes,
			      uint64_t len_bytes))
{
	while (len_bytes > 0) {
		const struct psnap_view_segment *s =
			psnap_view_find(v, offset_bytes);
		uint64_t len = len_bytes;
		uint64_t from = clip(s, offset_bytes, &len);

		give(device_of(v, s), from, len);
		offset_bytes += len;
		len_bytes -= len;
	}
}

static void view_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	hint(view_of(io), offset_bytes, len_bytes, psnap_io_prefetch);
}

static void view_forget(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	hint(view_of(io), offset_bytes, len_bytes, psnap_io_forget);
}

static uint64_t view_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct psnap_view *v = view_of(io);
	const struct psnap_view_segment *s = psnap_view_find(v, offset_bytes);
	const struct psnap_view_segment *end = v->segments + v->count;

	for (; s < end; s++) {
		uint64_t len = UINT64_MAX;
		uint64_t from = clip(s, offset_bytes, &len);
		uint64_t data = psnap_io_next_data(device_of(v, s), from);

		if (data < from + len)
			return offset_bytes + (data - from);
		offset_bytes += len;
	}
	return io->size_bytes;
}

static bool view_source(struct psnap_io *io, uint64_t offset_bytes,
			struct psnap_io_source *source)
{
	struct psnap_view *v = view_of(io);
	const struct psnap_view_segment *s = psnap_view_find(v, offset_bytes);
	uint64_t len = UINT64_MAX;
	uint64_t from = clip(s, offset_bytes, &len);

	if (!psnap_io_source(device_of(v, s), from, source))
		return false;
	source->len_bytes = min_u64(source->len_bytes, len);
	return true;
}

/* It is a part of the view, and goes with it. */
static int view_io_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops view_ops = {
	.read_some = view_read_some,
	.prefetch = view_prefetch,
	.forget = view_forget,
	.next_data = view_next_data,
	.source = view_source,
	.close = view_io_close,
};

void psnap_view_io_init(struct psnap_view *view)
{
	view->io = (struct psnap_io){
		.ops = &view_ops,
		.name = "snapshot",
		.size_bytes = view->origin->size_bytes,
		.align_bytes = 1,
		.fd = -1,
	};
}

struct psnap_io *psnap_view_io(struct psnap_view *view)
{
	return &view->io;
}
