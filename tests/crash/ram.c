/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices in memory behind the crash test.
 */
#include "ram.h"

#include "follow.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES 512u

static void *grow(void *old, size_t used, size_t want, size_t *max, size_t unit)
{
	void *bigger = old;

	if (used + want <= *max)
		return old;
	*max = (used + want) * 2;
	bigger = realloc(old, *max * unit);
	if (!bigger)
		abort();
	return bigger;
}

static void record(struct ram *ram, unsigned int device, uint64_t offset_bytes,
		   const void *buf, size_t len_bytes)
{
	if (!ram->recording)
		return;
	ram->events = grow(ram->events, ram->event_count, 1, &ram->event_max,
			   sizeof(*ram->events));
	ram->data =
		grow(ram->data, ram->data_bytes, len_bytes, &ram->data_max, 1);
	ram->events[ram->event_count++] =
		(struct ram_event){ device, offset_bytes, len_bytes,
				    ram->data_bytes };
	if (len_bytes)
		memcpy(ram->data + ram->data_bytes, buf, len_bytes);
	ram->data_bytes += len_bytes;
}

static int64_t ram_read_some(struct psnap_io *io, uint64_t offset_bytes,
			     void *buf, size_t len_bytes)
{
	struct ram_device *d = (struct ram_device *)(void *)io;

	follow_note_read(d, offset_bytes, len_bytes);
	if (d->grows && offset_bytes >= d->len_bytes)
		return 0;
	if (d->grows && len_bytes > d->len_bytes - offset_bytes)
		len_bytes = (size_t)(d->len_bytes - offset_bytes);
	memcpy(buf, d->bytes + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static void lengthen(struct ram_device *d, uint64_t end_bytes)
{
	if (d->len_bytes < end_bytes)
		d->len_bytes = end_bytes;
}

static int64_t ram_write_some(struct psnap_io *io, uint64_t offset_bytes,
			      const void *buf, size_t len_bytes)
{
	struct ram_device *d = (struct ram_device *)(void *)io;

	memcpy(d->bytes + offset_bytes, buf, len_bytes);
	lengthen(d, offset_bytes + len_bytes);
	follow_note(d, offset_bytes, len_bytes);
	record(d->ram, d->index, offset_bytes, buf, len_bytes);
	return (int64_t)len_bytes;
}

static int ram_sync(struct psnap_io *io)
{
	struct ram_device *d = (struct ram_device *)(void *)io;

	if (!d->ignore_sync)
		record(d->ram, d->index, 0, NULL, 0);
	return 0;
}

static int ram_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops ram_ops = {
	.read_some = ram_read_some,
	.write_some = ram_write_some,
	.sync = ram_sync,
	.close = ram_close,
};

void ram_init(struct ram *ram, const uint64_t *sizes_bytes, unsigned int count)
{
	static const char *const names[RAM_DEVICES] = { "store", "origin",
							"undo" };
	unsigned int i;

	memset(ram, 0, sizeof(*ram));
	ram->device_count = count;
	for (i = 0; i < count; i++) {
		struct ram_device *d = &ram->devices[i];

		d->io.ops = &ram_ops;
		d->io.name = names[i];
		d->io.size_bytes = sizes_bytes[i];
		d->io.align_bytes = 1;
		d->io.fd = -1;
		d->ram = ram;
		d->index = i;
		d->grows = i == 2;
		d->bytes = calloc(1, sizes_bytes[i]);
		if (!d->bytes)
			abort();
	}
}

void ram_init_like(struct ram *ram, const struct ram *other)
{
	uint64_t sizes_bytes[RAM_DEVICES];
	unsigned int i;

	for (i = 0; i < other->device_count; i++)
		sizes_bytes[i] = other->devices[i].io.size_bytes;
	ram_init(ram, sizes_bytes, other->device_count);
}

void ram_release(struct ram *ram)
{
	unsigned int i;

	follow_end(ram);
	for (i = 0; i < ram->device_count; i++)
		free(ram->devices[i].bytes);
	free(ram->events);
	free(ram->data);
}

void ram_copy_bytes(struct ram *to, const struct ram *from)
{
	unsigned int i;

	for (i = 0; i < from->device_count; i++) {
		const struct ram_device *d = &from->devices[i];
		uint64_t used = d->grows ? d->len_bytes : d->io.size_bytes;

		if (to->devices[i].differs)
			abort();
		memcpy(to->devices[i].bytes, d->bytes, used);
		/* A file that is shorter now has nothing behind its end. */
		if (to->devices[i].len_bytes > used)
			memset(to->devices[i].bytes + used, 0,
			       to->devices[i].len_bytes - used);
		to->devices[i].len_bytes = d->len_bytes;
	}
}

void ram_forget(struct ram *ram)
{
	ram->event_count = 0;
	ram->data_bytes = 0;
}

void ram_swap_logs(struct ram *a, struct ram *b)
{
	struct ram was = *a;

	a->events = b->events;
	a->event_count = b->event_count;
	a->event_max = b->event_max;
	a->data = b->data;
	a->data_bytes = b->data_bytes;
	a->data_max = b->data_max;
	b->events = was.events;
	b->event_count = was.event_count;
	b->event_max = was.event_max;
	b->data = was.data;
	b->data_bytes = was.data_bytes;
	b->data_max = was.data_max;
}

bool ram_same_logs(const struct ram *a, const struct ram *b)
{
	size_t i;

	if (a->event_count != b->event_count ||
	    a->data_bytes != b->data_bytes ||
	    memcmp(a->data, b->data, a->data_bytes) != 0)
		return false;
	for (i = 0; i < a->event_count; i++)
		if (a->events[i].device != b->events[i].device ||
		    a->events[i].offset_bytes != b->events[i].offset_bytes ||
		    a->events[i].len_bytes != b->events[i].len_bytes)
			return false;
	return true;
}

void ram_apply(struct ram *to, const struct ram *from, size_t index,
	       uint64_t sectors)
{
	const struct ram_event *e = &from->events[index];
	struct ram_device *d = &to->devices[e->device];
	uint8_t *bytes = d->bytes + e->offset_bytes;
	const uint8_t *data = from->data + e->data;
	size_t at;

	lengthen(d, e->offset_bytes + e->len_bytes);
	follow_note(d, e->offset_bytes, e->len_bytes);
	if (sectors == UINT64_MAX) {
		memcpy(bytes, data, e->len_bytes);
		return;
	}
	for (at = 0; at < e->len_bytes;) {
		size_t in_sector =
			(size_t)((e->offset_bytes + at) % SECTOR_BYTES);
		size_t n = SECTOR_BYTES - in_sector;
		size_t bit = at / SECTOR_BYTES;

		if (n > e->len_bytes - at)
			n = e->len_bytes - at;
		if (sectors >> (bit < 63 ? bit : 63) & 1)
			memcpy(bytes + at, data + at, n);
		at += n;
	}
}
