/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the table what a survey says: entries from its end move into the slots
 * of those that go, then everything behind the new end is cleared.
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
/* Marks: see mark_gap() and mark_junk(). No device has so many chunks, and the
 * kernel takes the number for no run. */
#define OLD_OF_GAP  1u
#define NEW_OF_JUNK (UINT64_C(1) << 55)

/*
 * @low:   every slot before it holds what it is to hold
 * @next:  the next entry to move, at or behind @end
 * @end:   of the table that is to be: as many slots as entries stay
 */
struct mover {
	struct survey *s;
	struct psnap_io *io;
	uint64_t low;
	uint64_t next;
	uint64_t end;
	bool marked;
	uint64_t from[MOVES];
	struct psnap_extent to[MOVES];
};

static uint64_t offset_of(const struct survey *s, uint64_t slot)
{
	uint64_t per_area = s->geo->exceptions_per_area;

	return psnap_geometry_entry_offset(s->geo, slot / per_area,
					   (uint32_t)(slot % per_area));
}

/* Whatever was done, the next repair goes on from there: as after a cut. */
static int tick(const struct survey *s, uint64_t slot, struct psnap_error *err)
{
	const struct psnap_progress *p = &s->options->progress;

	if (p->tick && p->tick(p->ctx, slot * sizeof(struct disk_exception),
			       s->end * sizeof(struct disk_exception)))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/* To the next slot that is free, and the next entry to be moved there. As many
 * are free before the end as there are entries behind it, and the first goes
 * into the first: so runs stay runs. */
static bool find_move(struct mover *m)
{
	while (m->low < m->end && psnap_slots_get(&m->s->keep, m->low))
		m->low++;
	if (m->low == m->end)
		return false;
	while (!psnap_slots_get(&m->s->keep, m->next))
		m->next++;
	return true;
}

static int move_some(struct mover *m, struct psnap_error *err)
{
	struct disk_exception entry;
	size_t count = 0;
	size_t i;
	int rc;

	while (count < MOVES && find_move(m)) {
		m->from[count] = m->next++;
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

static int write_mark(struct mover *m, uint64_t slot, uint64_t old_chunk,
		      uint64_t new_chunk, struct psnap_error *err)
{
	const struct disk_exception mark = { le64_put(old_chunk),
					     le64_put(new_chunk) };
	const struct psnap_extent e = { offset_of(m->s, slot), sizeof(mark) };
	int rc = psnap_io_prepare(m->io, &e, 1, err);

	m->marked = true;
	return rc ? rc
		  : psnap_io_write(m->io, e.offset_bytes, &mark, sizeof(mark),
				   err);
}

/*
 * What showed that a gap is none may be in the first slot that is filled, or may
 * be that there is one gap and not many. So every empty slot is made to show it:
 * it gets an old chunk, and a kernel never leaves one without the other.
 */
static int mark_gap(struct mover *m, uint64_t slot,
		    const struct disk_exception *entry, struct psnap_error *err)
{
	return le64_get(entry->new_chunk) == 0
		       ? write_mark(m, slot, OLD_OF_GAP, 0, err)
		       : 0;
}

/*
 * An area that is none has entries that look possible, too. Once others have
 * moved in beside them it would be an area again, and they would count; so they
 * are made impossible, like the rest.
 */
static int mark_junk(struct mover *m, uint64_t slot,
		     const struct disk_exception *entry,
		     struct psnap_error *err)
{
	return psnap_entry_plausible(m->s->geo, le64_get(entry->old_chunk),
				     le64_get(entry->new_chunk))
		       ? write_mark(m, slot, UINT64_MAX, NEW_OF_JUNK, err)
		       : 0;
}

/* Is [first, end) of an area that is none? */
static bool is_junk(const struct survey *s, uint64_t first, uint64_t end)
{
	return s->dropped[PSNAP_F_AREA_IMPLAUSIBLE] > 0 &&
	       psnap_slots_count(&s->keep, first, end) == 0;
}

typedef int mark_fn(struct mover *m, uint64_t slot,
		    const struct disk_exception *entry,
		    struct psnap_error *err);

/* Look at those slots of [first, end) whose entry does not stay. */
static int mark_slots(struct mover *m, uint64_t first, uint64_t end,
		      mark_fn *mark_one, struct psnap_error *err)
{
	uint64_t slot;
	int rc = 0;

	for (slot = first; slot < end && rc == 0; slot++) {
		struct disk_exception entry;

		if (psnap_slots_get(&m->s->keep, slot))
			continue;
		rc = tick(m->s, slot, err);
		if (rc == 0)
			rc = psnap_survey_entry(m->s, slot, &entry, err);
		if (rc == 0)
			rc = mark_one(m, slot, &entry, err);
	}
	return rc;
}

/* All that was marked is durable. */
static int marks_end(struct mover *m, struct psnap_error *err)
{
	bool any = m->marked;

	m->marked = false;
	return any ? psnap_io_sync(m->io, err) : 0;
}

/*
 * Before anything moves: let every slot that goes say so, durably, whatever its
 * neighbours will be. Gaps come first: that one is none may be known from an
 * entry of an area that is none.
 */
static int mark(struct mover *m, struct psnap_error *err)
{
	const struct survey *s = m->s;
	uint64_t per_area = s->geo->exceptions_per_area;
	uint64_t first;
	int rc;

	rc = mark_slots(m, s->kernel_end, min_u64(s->carved_from, s->end),
			mark_gap, err);
	if (rc == 0)
		rc = marks_end(m, err);
	for (first = 0; first < s->end && rc == 0; first += per_area) {
		uint64_t end = min_u64(first + per_area, s->end);

		if (is_junk(s, first, end))
			rc = mark_slots(m, first, end, mark_junk, err);
	}
	return rc ? rc : marks_end(m, err);
}

/* Clear [first, end), and with @tail what stands behind it in its area; a full
 * last area gets a zeroed successor so. Nothing follows a device that ends
 * there. Durable on return. */
static int clear(const struct survey *s, struct psnap_io *io, uint64_t first,
		 uint64_t end, bool tail, struct psnap_error *err)
{
	uint64_t per_area = s->geo->exceptions_per_area;
	struct merger m = {
		.store = io,
		.geo = s->geo,
		.tail_is_zero = !tail || end / per_area >= s->geo->area_count,
	};
	int rc;

	m.piece = malloc(PSNAP_MERGE_PIECE_BYTES);
	if (!m.piece)
		return psnap_fail_nomem(err, "clearing the table");
	rc = psnap_merge_clear(&m, first, end, err);
	free(m.piece);
	return rc ? rc : psnap_io_sync(io, err);
}

/*
 * Everything behind the new end, its own area first: what is left there of an
 * area that was none would make one of it again, should the places be cleared
 * first that the entries in front of it came from.
 */
static int clear_rest(const struct survey *s, struct psnap_io *io,
		      uint64_t first, bool tail, struct psnap_error *err)
{
	uint64_t per_area = s->geo->exceptions_per_area;
	uint64_t area_end = first - first % per_area + per_area;
	int rc;

	if (s->end <= area_end)
		return clear(s, io, first, s->end, tail, err);
	rc = clear(s, io, first, area_end, false, err);
	return rc ? rc : clear(s, io, area_end, s->end, tail, err);
}

/* Durable when it returns, if anything had to move. */
static int move_all(struct mover *m, struct psnap_error *err)
{
	bool moved = false;
	int rc = 0;

	while (rc == 0 && find_move(m)) {
		moved = true;
		rc = tick(m->s, m->low, err);
		if (rc == 0)
			rc = move_some(m, err);
	}
	return rc == 0 && moved ? psnap_io_sync(m->io, err) : rc;
}

int psnap_repair_table(struct survey *s, struct psnap_io *io,
		       struct psnap_error *err)
{
	/* What is behind the terminator is left only if nobody wants it gone. */
	bool tail = s->chosen[PSNAP_F_ENTRIES_AFTER_TERMINATOR] ||
		    s->carved_from != UINT64_MAX;
	struct mover *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return psnap_fail_nomem(err, "repairing the table");
	m->s = s;
	m->io = io;
	m->end = psnap_slots_count(&s->keep, 0, s->end);
	m->next = m->end;
	/* Of an area that is none a torn clear may leave what looks possible. */
	rc = find_move(m) || s->dropped[PSNAP_F_AREA_IMPLAUSIBLE] > 0
		     ? mark(m, err)
		     : 0;
	if (rc == 0)
		rc = move_all(m, err);
	if (rc == 0 && (m->end < s->end || (tail && s->tail_used > 0)))
		rc = clear_rest(s, io, m->end, tail, err);
	free(m);
	return rc;
}
