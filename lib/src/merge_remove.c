/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking merged entries out of the table. Where everything behind the first of
 * them goes, they are cleared; where some stay, those move to the front, into
 * slots of merged entries.
 *
 * A moved entry is durable in its new place before the old one is cleared, so
 * a cut leaves it there twice, never not at all; the view is the same. At most
 * PSNAP_MERGE_MOVES stand twice at a time: what is twice already goes before
 * more is moved.
 */
#include "merge_internal.h"

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

struct move {
	uint64_t from;
	uint64_t to;
};

/*
 * @low:   every entry before it stays
 * @high:  behind the last entry that stays where it is, or is to be moved
 */
struct cursor {
	uint64_t low;
	uint64_t high;
};

static void skip(const struct merger *m, struct cursor *c)
{
	while (c->low < c->high && psnap_merge_stays(m, c->low))
		c->low++;
	while (c->low < c->high && !psnap_merge_stays(m, c->high - 1))
		c->high--;
}

static uint64_t offset_of(const struct merger *m, uint64_t number)
{
	uint64_t per_area = m->geo->exceptions_per_area;

	return psnap_geometry_entry_offset(m->geo, number / per_area,
					   (uint32_t)(number % per_area));
}

static size_t choose(const struct merger *m, struct cursor *c,
		     struct move *moves)
{
	size_t count = 0;

	for (skip(m, c); c->low < c->high && count < PSNAP_MERGE_MOVES;
	     skip(m, c)) {
		moves[count].from = --c->high;
		moves[count++].to = c->low++;
	}
	return count;
}

static int move_entries(struct merger *m, const struct move *moves,
			size_t count, struct psnap_error *err)
{
	struct psnap_extent extents[PSNAP_MERGE_MOVES];
	struct disk_exception entry;
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		extents[i] = (struct psnap_extent){ offset_of(m, moves[i].to),
						    sizeof(entry) };
	rc = psnap_io_prepare(m->store, extents, count, err);
	for (i = 0; i < count && rc == 0; i++) {
		rc = psnap_io_read(m->store, offset_of(m, moves[i].from),
				   &entry, sizeof(entry), err);
		if (rc == 0)
			rc = psnap_io_write(m->store, offset_of(m, moves[i].to),
					    &entry, sizeof(entry), err);
	}
	return rc ? rc : psnap_io_sync(m->store, err);
}

static int clear(struct merger *m, uint64_t first, uint64_t end,
		 struct psnap_error *err)
{
	int rc;

	if (first == end && m->tail_is_zero)
		return 0;
	rc = psnap_merge_clear(m, first, end, err);
	/* The next step's writes must not overtake these. */
	return rc ? rc : psnap_io_sync(m->store, err);
}

int psnap_merge_remove(struct merger *m, struct psnap_error *err)
{
	struct move moves[PSNAP_MERGE_MOVES];
	struct cursor c = { m->first, m->end + m->kept };
	uint64_t end = c.high;
	size_t count;
	int rc;

	/* Also when nothing goes: bytes behind the terminator do. */
	skip(m, &c);
	rc = clear(m, c.high, end, err);
	while (rc == 0 && c.low < c.high) {
		end = c.high;
		count = choose(m, &c, moves);
		rc = move_entries(m, moves, count, err);
		if (rc == 0)
			rc = clear(m, c.high, end, err);
	}
	return rc;
}
