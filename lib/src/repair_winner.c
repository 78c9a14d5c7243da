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

/* Larger groups are made, not found: there the first entry wins. */
#define GROUP_MAX 1024u

/* A run in the list: old_chunk .. old_chunk + more. */
struct listed {
	uint64_t old_chunk;
	uint64_t new_chunk;
	uint64_t more;
};

/* Join @e to a run, or say where it has to stand. */
static bool join(struct listed *list, size_t count,
		 const struct winner_entry *e, size_t *at)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct listed *l = &list[i];

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

static void insert(struct listed *list, size_t *count,
		   const struct winner_entry *e)
{
	size_t at;

	if (join(list, *count, e, &at))
		return;
	memmove(&list[at + 1], &list[at], (*count - at) * sizeof(*list));
	list[at] = (struct listed){ e->old_chunk, e->new_chunk, 0 };
	++*count;
}

static size_t first_of(const struct winner_entry *entries, size_t count,
		       uint64_t old_chunk)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (entries[i].old_chunk == old_chunk)
			break;
	return i;
}

size_t psnap_winner(const struct winner_entry *entries, size_t count,
		    uint64_t old_chunk)
{
	struct listed list[GROUP_MAX];
	size_t listed = 0;
	size_t i;

	if (count > GROUP_MAX)
		return first_of(entries, count, old_chunk);
	for (i = 0; i < count; i++)
		insert(list, &listed, &entries[i]);
	for (i = 0; i < listed; i++)
		if (old_chunk >= list[i].old_chunk &&
		    old_chunk - list[i].old_chunk <= list[i].more)
			break;
	if (i < listed) {
		uint64_t wins =
			list[i].new_chunk + (old_chunk - list[i].old_chunk);
		size_t e;

		for (e = 0; e < count; e++)
			if (entries[e].old_chunk == old_chunk &&
			    entries[e].new_chunk == wins)
				return e;
	}
	return first_of(entries, count, old_chunk);
}
