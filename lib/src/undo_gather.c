/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what is to be saved: many reads at a time past the page cache, where
 * the system allows it, or announced and then one by one. What could not be read
 * in the first way, the second tries again, and says why it cannot.
 */
#include "undo_save.h"

#include "checked.h"
#include "fail.h"
#include "io_ring.h"
#include "reopen.h"

#include <errno.h>
#include <unistd.h>

/* For less it is not worth it. */
#define TOGETHER_BYTES_MIN (UINT64_C(1) << 20)
/* As much as of the undo file is under way: a disk reads less while it writes. */
#define ROOM_BYTES ((size_t)8 << 20)
/* Announced, or read, in one: two requests cost more than reading what is
 * between. */
#define GAP_BYTES   ((uint64_t)16 << 10)
#define GROUP_BYTES ((uint64_t)128 << 10)
/* So many, and so much data, is announced before it is read. */
#define AHEAD_RECORDS 512u
#define AHEAD_BYTES   ((uint64_t)8 << 20)

/* Of less than this nobody is told: it is done before anybody looks. */
#define TOLD_BYTES_MIN ((uint64_t)4 << 20)

/* The first byte that is not done yet: in range @i; at the end, nowhere. */
struct cursor {
	size_t i;
	uint64_t at_bytes;
};

/*
 * @saved:  what has a record
 * @done_bytes, @total_bytes:  that of all of it
 * @rc:     of the first record that could not be appended; or interrupted
 */
struct gather {
	struct undo_device *d;
	const struct psnap_extent *list;
	size_t count;
	struct cursor saved;
	uint64_t done_bytes;
	uint64_t total_bytes;
	int rc;
	struct psnap_error *err;
};

static struct cursor range_start(const struct gather *g, size_t i)
{
	return (struct cursor){ i, i < g->count ? g->list[i].offset_bytes : 0 };
}

static bool at_end(const struct gather *g, const struct cursor *c)
{
	return c->i == g->count;
}

/* The record that begins here. */
static struct psnap_extent record_at(const struct gather *g,
				     const struct cursor *c)
{
	const struct psnap_extent *e = &g->list[c->i];
	uint64_t rest_bytes = e->offset_bytes + e->len_bytes - c->at_bytes;

	return (struct psnap_extent){
		c->at_bytes, min_u64(rest_bytes, UNDO_DATA_BYTES_MAX)
	};
}

static void step_over(const struct gather *g, struct cursor *c,
		      const struct psnap_extent *record)
{
	const struct psnap_extent *e = &g->list[c->i];

	c->at_bytes += record->len_bytes;
	if (c->at_bytes == e->offset_bytes + e->len_bytes)
		*c = range_start(g, c->i + 1);
}

/* Of the device, what is read or announced in one: whole records, and not more
 * than one may have. Moves @c behind it. */
static struct psnap_extent next_group(const struct gather *g, struct cursor *c)
{
	const uint64_t start = c->at_bytes;
	uint64_t end = start;

	while (!at_end(g, c)) {
		struct psnap_extent record = record_at(g, c);

		if (end > start &&
		    (end - start >= GROUP_BYTES ||
		     record.offset_bytes - end > GAP_BYTES ||
		     psnap_undo_end_of(&record) - start > UNDO_DATA_BYTES_MAX))
			break;
		end = psnap_undo_end_of(&record);
		step_over(g, c, &record);
	}
	return (struct psnap_extent){ start, end - start };
}

/* @data: what stands there, or NULL. */
static void append(struct gather *g, const struct psnap_extent *record,
		   const uint8_t *data)
{
	g->rc = psnap_undo_append(g->d, record->offset_bytes,
				  (size_t)record->len_bytes, data, g->err);
	g->done_bytes += record->len_bytes;
	step_over(g, &g->saved, record);
}

/* Nothing is overwritten yet: this is a safe point, and may be a long way from
 * the next one. */
static void tell(struct gather *g)
{
	const struct psnap_progress *p = &g->d->undo->progress;

	if (g->rc == 0 && p->tick && g->total_bytes >= TOLD_BYTES_MIN &&
	    p->tick(p->ctx, g->done_bytes, g->total_bytes))
		g->rc = psnap_fail(g->err, PSNAP_E_INTERRUPTED, "interrupted");
}

/* The records that are whole in what was read. Where a system takes no such
 * reads, the rest is not for here. */
static void take(void *ctx, const struct psnap_io_ring_done *done)
{
	struct gather *g = ctx;
	bool whole = done->result == (int)done->len_bytes;

	if (done->result == -EINVAL || done->result == -EOPNOTSUPP)
		g->d->one_by_one = true;
	while (g->rc == 0 && !g->d->one_by_one && !at_end(g, &g->saved)) {
		struct psnap_extent record = record_at(g, &g->saved);

		if (psnap_undo_end_of(&record) >
		    done->offset_bytes + done->len_bytes)
			break;
		append(g, &record,
		       whole ? done->data + (record.offset_bytes -
					     done->offset_bytes)
			     : NULL);
	}
	tell(g);
}

/* In whole blocks: what stands beside is read, but not for its own sake. */
static void read_together(struct gather *g, struct psnap_io_ring *ring)
{
	const uint64_t mask =
		max_u64(psnap_io_ring_align_bytes(), g->d->inner->align_bytes) -
		1;
	struct cursor c = range_start(g, 0);

	while (!at_end(g, &c) && g->rc == 0 && !g->d->one_by_one) {
		struct psnap_extent e = next_group(g, &c);
		uint64_t start = e.offset_bytes & ~mask;
		uint64_t end = (psnap_undo_end_of(&e) + mask) & ~mask;

		/* The end of a device need not be that of a block. */
		if (end > g->d->inner->size_bytes ||
		    psnap_io_ring_read(ring, start, (size_t)(end - start)))
			break;
	}
	/* What a ring took before it broke is saved; it is not tried again. */
	if (psnap_io_ring_drain(ring))
		g->d->one_by_one = true;
}

/* Return: a descriptor, or -1: what it holds is not the device as it is. */
static int open_direct(struct psnap_io *io)
{
	struct psnap_io_source source;

	if (io->size_bytes == 0 || !psnap_io_source(io, 0, &source) ||
	    source.offset_bytes != 0 || source.len_bytes < io->size_bytes)
		return -1;
	return psnap_reopen(source.fd, O_RDONLY | O_DIRECT);
}

static void try_together(struct gather *g)
{
	struct psnap_io_ring *ring = NULL;
	int fd;

	if (g->d->one_by_one || g->total_bytes < TOGETHER_BYTES_MIN)
		return;
	fd = open_direct(g->d->inner);
	if (fd >= 0)
		ring = psnap_io_ring_new(fd, ROOM_BYTES, take, g);
	g->d->one_by_one = !ring;
	if (ring)
		read_together(g, ring);
	psnap_io_ring_free(ring);
	if (fd >= 0)
		close(fd);
}

/* What is announced, as far as @next, and not yet saved. */
struct ahead {
	struct cursor next;
	size_t records;
	uint64_t bytes;
};

static void announce(const struct gather *g, struct ahead *ahead)
{
	while (!at_end(g, &ahead->next) && ahead->records < AHEAD_RECORDS &&
	       ahead->bytes < AHEAD_BYTES) {
		struct cursor c = ahead->next;
		struct psnap_extent e = next_group(g, &ahead->next);

		psnap_io_prefetch(g->d->inner, e.offset_bytes, e.len_bytes);
		while (c.i != ahead->next.i ||
		       c.at_bytes != ahead->next.at_bytes) {
			struct psnap_extent record = record_at(g, &c);

			step_over(g, &c, &record);
			ahead->records++;
			ahead->bytes += record.len_bytes;
		}
	}
}

static void read_one_by_one(struct gather *g)
{
	struct ahead ahead = { .next = g->saved };

	while (g->rc == 0 && !at_end(g, &g->saved)) {
		struct psnap_extent record = record_at(g, &g->saved);

		announce(g, &ahead);
		append(g, &record, NULL);
		ahead.records--;
		ahead.bytes -= record.len_bytes;
		tell(g);
	}
}

int psnap_undo_gather(struct undo_device *d, const struct psnap_extent *list,
		      size_t count, struct psnap_error *err)
{
	struct gather g = { .d = d, .list = list, .count = count, .err = err };
	size_t i;

	for (i = 0; i < count; i++)
		g.total_bytes += list[i].len_bytes;
	g.saved = range_start(&g, 0);
	try_together(&g);
	read_one_by_one(&g);
	return g.rc;
}
