/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What evidence is worth: enough for an answer, enough to doubt another one,
 * a score, and a sentence about it.
 */
#include "infer_internal.h"

#include "checked.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So many entries in sequence are not found in other data by chance, and so
 * many where the sequence is not perfect. */
#define EXACT_MIN 3u
#define STEPS_MIN 8u
/* So many entries of any kind are a table of something. */
#define TABLE_MIN 16u

/* Chunk sizes of lvm2 and dmsetup by default, and those that people choose. */
static bool is_usual(uint64_t chunk_bytes)
{
	return chunk_bytes == 4096 || chunk_bytes == 16384 ||
	       chunk_bytes == 65536 || chunk_bytes == 131072;
}

static bool convincing(const struct infer_area *a)
{
	return (a->in_order && a->used >= EXACT_MIN) ||
	       (a->placed && a->used >= STEPS_MIN && a->steps * 2 >= a->used);
}

/* Does the table end where an area of smaller chunks does? A full one of those
 * looks so when zeros follow. */
static bool fills_smaller(const struct infer_size *s,
			  const struct infer_area *a)
{
	return a->end_slot < s->geo.exceptions_per_area &&
	       a->end_slot >= PSNAP_CHUNK_BYTES_MIN / PSNAP_EXCEPTION_BYTES &&
	       is_power_of_two_u64(a->end_slot);
}

/*
 * Area 0 alone can be a copy, because its numbers do not depend on where it
 * stands: data of a store with smaller chunks, that lost its own area 0. Then
 * what lies around has to fit as well.
 */
static bool area0_fits(const struct infer_size *s)
{
	const struct infer_area *a = &s->areas[0];

	if (a->index != 0 || !convincing(a))
		return false;
	if (s->geo.chunk_bytes == PSNAP_CHUNK_BYTES_MIN)
		return true;
	return s->head_zero && !s->nested && s->data_fits &&
	       a->good_end == a->end_slot && !fills_smaller(s, a);
}

bool psnap_infer_strong(const struct infer_size *s)
{
	unsigned int i;

	if (s->area_count == 0)
		return false;
	if (s->links > 0 || area0_fits(s))
		return true;
	/* Exact numbers so far from the start are no copy of anything. */
	for (i = 0; i < s->area_count; i++)
		if (s->areas[i].index > 0 && s->areas[i].in_order &&
		    s->areas[i].used >= EXACT_MIN)
			return true;
	return false;
}

bool psnap_infer_weighty(const struct infer_area *a)
{
	return a->in_order || (a->placed && a->used >= EXACT_MIN) ||
	       a->used >= TABLE_MIN;
}

static uint64_t score_area(const struct infer_area *a)
{
	uint64_t score = 1 + a->used / TABLE_MIN;

	if (!a->clean)
		return 0;
	if (a->placed)
		score += 2 * a->used + 2 * a->exact;
	return score > 8 * a->impossible ? score - 8 * a->impossible : 1;
}

static void say(const struct infer_size *s, struct psnap_candidate *c)
{
	const char *but = "";

	if (s->nested)
		but = "; but a header of its own stands before area 0";
	else if (c->first_area == 0 && fills_smaller(s, &s->areas[0]))
		but = "; but area 0 ends where one of smaller chunks does";
	else if (c->first_area == 0 && !s->head_zero)
		but = "; but what stands before area 0 is not zero";
	else if (c->first_area == 0 && !s->data_fits)
		but = "; but chunks that area 0 names hold nothing";
	if (c->areas == 1)
		(void)snprintf(c->text, sizeof(c->text),
			       "area %u reads like a table%s%s",
			       (unsigned int)c->first_area,
			       s->full ? ", a full one" : "", but);
	else
		(void)snprintf(c->text, sizeof(c->text),
			       "%u areas read like a table, the first is area "
			       "%u; %u of them full, %u where the one before "
			       "ends%s",
			       (unsigned int)c->areas,
			       (unsigned int)c->first_area, s->full, s->links,
			       but);
}

void psnap_infer_describe(const struct infer_size *s, struct psnap_candidate *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	c->chunk_bytes = s->geo.chunk_bytes;
	for (i = 0; i < s->area_count; i++) {
		const struct infer_area *a = &s->areas[i];

		if (!a->clean)
			continue;
		if (c->areas++ == 0)
			c->first_area = a->index;
		c->exceptions += a->used;
		c->impossible += a->impossible;
		c->score += score_area(a);
	}
	if (c->areas == 0)
		return;
	c->score +=
		16 * (uint64_t)s->links + (is_usual(c->chunk_bytes) ? 1 : 0);
	if (c->first_area == 0 && s->head_zero && s->data_fits && !s->nested)
		c->score += 8;
	say(s, c);
}
