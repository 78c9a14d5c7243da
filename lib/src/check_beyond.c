/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions that point past the end of the device. Those whose numbers go on
 * where the device stops are a store that was truncated, and one finding; those
 * far from anything that a table of so many entries could have used are stray,
 * and a finding each.
 */
#include "check_beyond.h"

#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>

/* Holes are common in the stores of old kernels, which leave up to three of
 * four chunks unused and never come back to them. */
static uint64_t highest_near(uint64_t entries, uint64_t areas)
{
	return 4 * (entries + areas) + 16;
}

int psnap_beyond_init(struct beyond *b, size_t named_max,
		      struct psnap_error *err)
{
	b->named_max = named_max;
	b->near.named = calloc(named_max, sizeof(*b->near.named));
	b->far.named = calloc(named_max, sizeof(*b->far.named));
	if (!b->near.named || !b->far.named)
		return psnap_fail_nomem(err, "checking the table");
	return 0;
}

void psnap_beyond_release(struct beyond *b)
{
	free(b->near.named);
	free(b->far.named);
}

static void take(struct beyond_list *list, size_t named_max,
		 const struct psnap_run *entry)
{
	uint64_t at = list->count + list->in_area;

	if (at < named_max)
		list->named[at] = *entry;
	list->in_area++;
	if (entry->new_chunk > list->area_highest)
		list->area_highest = entry->new_chunk;
}

bool psnap_beyond_is_near(uint64_t new_chunk, uint64_t entries, uint64_t areas)
{
	return new_chunk <= highest_near(entries, areas);
}

bool psnap_beyond_take(struct beyond *b, const struct psnap_run *entry,
		       uint64_t entries, uint64_t areas)
{
	bool near = psnap_beyond_is_near(entry->new_chunk, entries, areas);

	take(near ? &b->near : &b->far, b->named_max, entry);
	return near;
}

static void end_list(struct beyond_list *list, bool keep)
{
	if (keep) {
		list->count += list->in_area;
		if (list->area_highest > list->highest)
			list->highest = list->area_highest;
	}
	list->in_area = 0;
	list->area_highest = 0;
}

void psnap_beyond_end_area(struct beyond *b, bool keep)
{
	end_list(&b->near, keep);
	end_list(&b->far, keep);
}

static int report_stray(struct beyond *b, struct beyond_list *list,
			struct checker *c)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < list->count && i < b->named_max && rc == 0; i++)
		rc = psnap_check_emit_entry(c, PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
					    &list->named[i]);
	if (list->count > b->named_max)
		psnap_check_count(c, PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
				  list->count - b->named_max);
	return rc;
}

static int report_truncated(struct beyond_list *list, struct checker *c)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_STORE_TRUNCATED);
	f.offset_bytes = c->io->size_bytes;
	f.count = list->count;
	psnap_finding_say(&f,
			  "%" PRIu64 " exception%s past the end of the "
			  "device, the first at origin chunk %" PRIu64
			  "; it once had at least %" PRIu64 " bytes",
			  list->count, list->count == 1 ? " points" : "s point",
			  list->named[0].old_chunk,
			  (list->highest + 1) * c->geo->chunk_bytes);
	return psnap_check_emit(c, &f);
}

int psnap_beyond_report(struct beyond *b, struct checker *c)
{
	uint64_t limit = highest_near(c->totals.exceptions,
				      c->totals.last_area_index + 1);
	int rc = 0;

	if (b->near.count && b->near.highest <= limit)
		rc = report_truncated(&b->near, c);
	else if (b->near.count)
		rc = report_stray(b, &b->near, c);
	return rc ? rc : report_stray(b, &b->far, c);
}
