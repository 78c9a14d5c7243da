/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a base becomes through a delta, as an io: the frame that could have a
 * byte is found by the index, and what no frame has is read from the base.
 */
#include "delta_internal.h"

#include "checked.h"

#include <errno.h>
#include <string.h>

static struct psnap_delta *delta_of(struct psnap_io *io)
{
	return (struct psnap_delta *)(void *)((uint8_t *)io -
					      offsetof(struct psnap_delta, io));
}

/* The last frame that begins at or before @offset_bytes; frame_count: none. */
static uint64_t find_frame(const struct psnap_delta *d, uint64_t offset_bytes)
{
	uint64_t low = 0;
	uint64_t high = d->info.frame_count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (le64_get(d->entries[middle].offset_bytes) <= offset_bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : d->info.frame_count;
}

/* Where the next frame begins to overwrite. */
static uint64_t next_frame(const struct psnap_delta *d, uint64_t entry)
{
	uint64_t next = entry == d->info.frame_count ? 0 : entry + 1;

	return next < d->info.frame_count
		       ? le64_get(d->entries[next].offset_bytes)
		       : d->info.size_bytes;
}

/*
 * Who has the byte at @offset_bytes: the frame in d->f, at @inside_bytes of its
 * data, or the base; and how many that follow.
 */
static bool in_frame(const struct psnap_delta *d, uint64_t offset_bytes,
		     uint64_t *inside_bytes, uint64_t *len_bytes)
{
	uint64_t inside = 0;
	uint32_t i;

	for (i = 0; i < d->f.range_count; i++) {
		const struct psnap_extent *r = &d->f.ranges[i];

		if (offset_bytes < r->offset_bytes) {
			*len_bytes = min_u64(*len_bytes,
					     r->offset_bytes - offset_bytes);
			return false;
		}
		if (offset_bytes - r->offset_bytes < r->len_bytes) {
			uint64_t at = offset_bytes - r->offset_bytes;

			*inside_bytes = inside + at;
			*len_bytes = min_u64(*len_bytes, r->len_bytes - at);
			return true;
		}
		inside += r->len_bytes;
	}
	return false;
}

static int64_t negative_errno(int rc, const struct psnap_error *err)
{
	if (rc == PSNAP_E_NOMEM)
		return -ENOMEM;
	return err->os_errno ? -err->os_errno : -EIO;
}

/* A short read tells where the bad sector is, so it is handed on. */
static int64_t base_read_some(struct psnap_io *base, uint64_t offset_bytes,
			      void *buf, size_t len_bytes)
{
	struct psnap_error err = { 0 };
	int rc;

	if (((offset_bytes | len_bytes) & (base->align_bytes - 1u)) == 0)
		return base->ops->read_some(base, offset_bytes, buf, len_bytes);
	rc = psnap_io_read(base, offset_bytes, buf, len_bytes, &err);
	return rc ? negative_errno(rc, &err) : (int64_t)len_bytes;
}

static int64_t delta_read_some(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	struct psnap_delta *d = delta_of(io);
	uint64_t entry = find_frame(d, offset_bytes);
	uint64_t len = min_u64(len_bytes, next_frame(d, entry) - offset_bytes);
	struct psnap_error err = { 0 };
	uint64_t inside = 0;
	int rc = 0;

	if (entry < d->info.frame_count)
		rc = psnap_delta_load(d, entry, false, &err);
	if (rc == 0 && entry < d->info.frame_count &&
	    in_frame(d, offset_bytes, &inside, &len)) {
		rc = psnap_delta_load(d, entry, true, &err);
		if (rc == 0)
			memcpy(buf, delta_frame_data(&d->f) + inside,
			       (size_t)len);
	} else if (rc == 0) {
		return base_read_some(d->base, offset_bytes, buf, (size_t)len);
	}
	return rc ? negative_errno(rc, &err) : (int64_t)len;
}

static void delta_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	psnap_io_prefetch(delta_of(io)->base, offset_bytes, len_bytes);
}

/* A hole of the base, as far as no frame begins in it. Which ranges a frame has
 * is not looked up: all it may reach over counts as data. */
static uint64_t delta_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct psnap_delta *d = delta_of(io);
	uint64_t entry = find_frame(d, offset_bytes);
	uint64_t data;

	if (entry < d->info.frame_count &&
	    psnap_delta_load(d, entry, false, NULL) == 0) {
		const struct psnap_extent *last =
			&d->f.ranges[d->f.range_count - 1];

		if (offset_bytes < last->offset_bytes + last->len_bytes)
			return offset_bytes;
	}
	data = psnap_io_next_data(d->base, offset_bytes);
	return min_u64(data, next_frame(d, entry));
}

static int delta_io_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops delta_ops = {
	.read_some = delta_read_some,
	.prefetch = delta_prefetch,
	.next_data = delta_next_data,
	.close = delta_io_close,
};

int psnap_delta_view(struct psnap_delta *delta, struct psnap_io *base,
		     struct psnap_io **io, struct psnap_error *err)
{
	int rc = psnap_delta_check_base(delta, base, err);

	*io = NULL;
	if (rc)
		return rc;
	delta->base = base;
	delta->io = (struct psnap_io){
		.ops = &delta_ops,
		.name = "delta",
		.size_bytes = delta->info.size_bytes,
		.align_bytes = 1,
		.fd = -1,
	};
	*io = &delta->io;
	return 0;
}
