/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of several entries for one old chunk a kernel reads. Linux since 5.2
 * keeps a list for each 256 old chunks, ascending, and joins an entry to the
 * run that it continues; the first that covers a chunk wins. So usually the
 * first entry of the table does, but a run that starts lower comes before it.
 * Source: dm_insert_exception() and dm_lookup_exception(); psnap-store(5)
 * "Duplicates".
 */
#include "repair_internal.h"

#include <string.h>

/* Join @e to a run, or say where it has to stand. */
static bool join(struct winner_run *list, size_t count,
		 const struct winner_entry *e, size_t *at)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct winner_run *l = &list[i];

		if (e->old_chunk == l->old_chunk + l->more + 1 &&
		    e->new_chunk == l->new_chunk + l->more + 1) {
			l->more++;
			return true;
		}
		if (e->old_chunk + 1 == l->old_chunk &&
		    e->new_chunk + 1 == l->new_chunk) {
			l->old_chunk--;
			l->new_chunk--;
			l->more++;
			return true;
		}
		if (e->old_chunk < l->old_chunk)
			break;
	}
	*at = i;
	return false;
}

static void insert(struct winner_run *list, size_t *count,
		   const struct winner_entry *e)
{
	size_t at;

	if (join(list, *count, e, &at))
		return;
	memmove(&list[at + 1], &list[at], (*count - at) * sizeof(*list));
	list[at] = (struct winner_run){ e->old_chunk, e->new_chunk, 0 };
	++*count;
}

void psnap_winner_group(struct winner_group *g,
			const struct winner_entry *entries, size_t count)
{
	size_t i;

	g->entries = entries;
	g->count = count;
	g->run_count = 0;
	for (i = 0; i < count && count <= WINNER_GROUP_MAX; i++)
		insert(g->runs, &g->run_count, &entries[i]);
}

static size_t first_of(const struct winner_group *g, uint64_t old_chunk)
{
	size_t i;

	for (i = 0; i < g->count; i++)
		if (g->entries[i].old_chunk == old_chunk)
			break;
	return i;
}

size_t psnap_winner(const struct winner_group *g, uint64_t old_chunk)
{
	const struct winner_run *r = g->runs;
	const struct winner_run *end = r + g->run_count;
	uint64_t wins;
	size_t e;

	while (r < end &&
	       (old_chunk < r->old_chunk || old_chunk - r->old_chunk > r->more))
		r++;
	if (r == end)
		return first_of(g, old_chunk);
	wins = r->new_chunk + (old_chunk - r->old_chunk);
	for (e = 0; e < g->count; e++)
		if (g->entries[e].old_chunk == old_chunk &&
		    g->entries[e].new_chunk == wins)
			return e;
	return first_of(g, old_chunk);
}
