/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the table what a survey says: entries from its end move into the slots
 * of those that go, then everything behind the new end is cleared, last bytes
 * first.
 *
 * All that moves is durable in its new place before the first old place is
 * cleared. A cut before that leaves entries twice and every sign by which the
 * survey knew what belongs to the table; a cut after it a table without gaps,
 * with copies at its end that go next time.
 */
#include "merge_internal.h"
#include "repair_internal.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>

/* An undo io saves so many slots with one flush. */
#define MOVES 512u

struct mover {
	struct survey *s;
	struct psnap_io *io;
	uint64_t low;
	uint64_t high;
	uint64_t from[MOVES];
	struct psnap_extent to[MOVES];
};

static uint64_t offset_of(const struct survey *s, uint64_t slot)
{
	uint64_t per_area = s->geo->exceptions_per_area;

	return psnap_geometry_entry_offset(s->geo, slot / per_area,
					   (uint32_t)(slot % per_area));
}

/* Every slot below @low stays; every one from @high on is to be cleared. */
static void skip(struct mover *m)
{
	while (m->low < m->high && psnap_slots_get(&m->s->keep, m->low))
		m->low++;
	while (m->low < m->high && !psnap_slots_get(&m->s->keep, m->high - 1))
		m->high--;
}

static int move_some(struct mover *m, struct psnap_error *err)
{
	struct disk_exception entry;
	size_t count = 0;
	size_t i;
	int rc;

	for (skip(m); m->low < m->high && count < MOVES; skip(m)) {
		m->from[count] = --m->high;
		m->to[count++] =
			(struct psnap_extent){ offset_of(m->s, m->low++),
					       sizeof(entry) };
	}
	rc = psnap_io_prepare(m->io, m->to, count, err);
	for (i = 0; i < count && rc == 0; i++) {
		rc = psnap_io_read(m->io, offset_of(m->s, m->from[i]), &entry,
				   sizeof(entry), err);
		if (rc == 0)
			rc = psnap_io_write(m->io, m->to[i].offset_bytes,
					    &entry, sizeof(entry), err);
	}
	return rc;
}

/*
 * Clear [first, s->end), and what stands behind the terminator in its area;
 * a full last area gets a zeroed successor so. Nothing follows a device that
 * ends there.
 */
static int clear(const struct survey *s, struct psnap_io *io, uint64_t first,
		 bool tail, struct psnap_error *err)
{
	uint64_t per_area = s->geo->exceptions_per_area;
	struct merger m = {
		.store = io,
		.geo = s->geo,
		.tail_is_zero =
			!tail || s->end / per_area >= s->geo->area_count,
	};
	int rc;

	m.piece = malloc(PSNAP_MERGE_PIECE_BYTES);
	if (!m.piece)
		return psnap_fail_nomem(err, "clearing the table");
	rc = psnap_merge_clear(&m, first, s->end, err);
	free(m.piece);
	return rc ? rc : psnap_io_sync(io, err);
}

int psnap_repair_table(struct survey *s, struct psnap_io *io,
		       struct psnap_error *err)
{
	/* What is behind the terminator is left only if nobody wants it gone. */
	bool tail = s->chosen[PSNAP_F_ENTRIES_AFTER_TERMINATOR] ||
		    s->carved_from != UINT64_MAX;
	struct mover *m = calloc(1, sizeof(*m));
	int rc = 0;

	if (!m)
		return psnap_fail_nomem(err, "repairing the table");
	m->s = s;
	m->io = io;
	m->high = s->end;
	skip(m);
	if (m->low == m->high) {
		if (m->high < s->end || (tail && s->tail_used > 0))
			rc = clear(s, io, m->high, tail, err);
		free(m);
		return rc;
	}
	while (m->low < m->high && rc == 0) {
		rc = move_some(m, err);
		skip(m);
	}
	if (rc == 0)
		rc = psnap_io_sync(io, err);
	if (rc == 0)
		rc = clear(s, io, m->high, tail, err);
	free(m);
	return rc;
}
