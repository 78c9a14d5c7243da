/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Enumerating crash states. Few unflushed writes: every subset. Many: none,
 * all, all but one, only one. Always: random subsets in which writes tear at
 * sectors of 512 bytes.
 *
 * What was tried at the point before is not tried again: behind a write, only
 * subsets with it are new; a flush makes no state possible that was not. Random
 * subsets are often one that was met before, since few sectors leave few
 * choices: that is the same state, and is not visited once more.
 */
#include "states.h"

#include "follow.h"

#include <stdlib.h>
#include <string.h>

#define EXHAUSTIVE_MAX 10u
#define PENDING_MAX    4096u
#define SECTOR_BYTES   512u
#define MET_SLOTS      4096u
#define MET_WORDS      (1u << 15)

/*
 * Subsets of the writes that have been pending since the last flush: of each the
 * number of writes up to the last that is in it, and the sectors of those.
 * @slots:  by their hash, where in @words one begins
 * @since:  those before this were met upon other bytes
 */
struct met {
	size_t slots[MET_SLOTS];
	uint64_t words[MET_WORDS];
	size_t since;
	size_t used;
};

struct point {
	struct states *s;
	const struct ram *durable;
	const struct ram *log;
	struct ram *state;
	size_t pending[PENDING_MAX];
	uint64_t sectors[PENDING_MAX];
	size_t pending_count;
	struct met met;
	bool (*visit)(void *ctx, struct ram *state);
	void *ctx;
};

static uint64_t next_random(struct states *s)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return s->seed;
}

static bool done(const struct states *s)
{
	return s->limit && s->states >= s->limit;
}

/* Which writes of a subset reach the disk. */
enum choice {
	NONE,
	ALL,
	ALL_BUT,
	ONLY,
	BITS,
	RANDOM
};

/* All that are in the write say the same as all bits. */
static uint64_t clip(const struct ram_event *e, uint64_t sectors)
{
	size_t last = (e->len_bytes - 1) / SECTOR_BYTES;
	uint64_t all = last < 63 ? (UINT64_C(2) << last) - 1 : UINT64_MAX;

	return (sectors & all) == all ? UINT64_MAX : sectors & all;
}

/* How many writes it takes to reach the last one that is in the subset. */
static size_t choose(struct point *p, enum choice choice, uint64_t which)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < p->pending_count; i++) {
		uint64_t sectors = 0;

		if (choice == ALL || (choice == ALL_BUT && i != which) ||
		    (choice == ONLY && i == which) ||
		    (choice == BITS && (which >> i & 1)))
			sectors = UINT64_MAX;
		else if (choice == RANDOM)
			sectors = next_random(p->s);
		if (choice == RANDOM && sectors % 4 == 0)
			sectors = 0;
		else if (choice == RANDOM && sectors % 4 == 1)
			sectors = UINT64_MAX;
		p->sectors[i] = clip(&p->log->events[p->pending[i]], sectors);
		if (p->sectors[i])
			count = i + 1;
	}
	return count;
}

/* The same sectors of the same writes upon the same bytes? Mostly: a subset that
 * has been forgotten in between is as good as new. */
static bool was_met(struct met *m, const uint64_t *sectors, size_t count)
{
	uint64_t hash = count;
	uint64_t *words;
	size_t *slot;
	size_t i;

	for (i = 0; i < count; i++) {
		hash = (hash ^ sectors[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	slot = &m->slots[(hash >> 20) % MET_SLOTS];
	words = &m->words[*slot];
	if (*slot >= m->since && words[0] == count &&
	    memcmp(words + 1, sectors, count * sizeof(*sectors)) == 0)
		return true;
	if (m->used + 1 + count > MET_WORDS)
		return false;
	words = &m->words[m->used];
	words[0] = count;
	memcpy(words + 1, sectors, count * sizeof(*sectors));
	*slot = m->used;
	m->used += 1 + count;
	return false;
}

/* Nothing is pending any more on top of the same bytes. */
static void forget_met(struct met *m)
{
	if (m->used == 0 || m->used > MET_WORDS / 2) {
		memset(m->slots, 0, sizeof(m->slots));
		m->used = 1;
	}
	m->since = m->used;
}

static bool try_subset(struct point *p, enum choice choice, uint64_t which)
{
	size_t count = choose(p, choice, which);
	size_t i;

	if (was_met(&p->met, p->sectors, count))
		return true;
	p->s->states++;
	follow_revert(p->state);
	for (i = 0; i < count; i++)
		if (p->sectors[i])
			ram_apply(p->state, p->log, p->pending[i],
				  p->sectors[i]);
	return p->visit(p->ctx, p->state) && !done(p->s);
}

/* Every subset with the newest write, which is the last of those pending. */
static bool try_few(struct point *p)
{
	uint64_t newest = UINT64_C(1) << (p->pending_count - 1);
	uint64_t i;

	for (i = newest; i < 2 * newest; i++)
		if (!try_subset(p, BITS, i))
			return false;
	return true;
}

/* Without any, all but the newest, and only an older one have been tried. */
static bool try_many(struct point *p)
{
	size_t newest = p->pending_count - 1;
	uint64_t i;

	for (i = 0; i < newest; i++)
		if (!try_subset(p, ALL_BUT, i))
			return false;
	return try_subset(p, ALL, 0) && try_subset(p, ONLY, newest);
}

static bool try_random(struct point *p)
{
	uint64_t i;

	for (i = 0; i < p->s->random_per_point; i++)
		if (!try_subset(p, RANDOM, 0))
			return false;
	return true;
}

static bool try_point(struct point *p, bool is_flush)
{
	bool more = true;

	if (is_flush)
		more = try_subset(p, NONE, 0);
	else if (p->pending_count <= EXHAUSTIVE_MAX)
		more = try_few(p);
	else
		more = try_many(p);
	return more && (p->pending_count == 0 || try_random(p));
}

/* A flush makes the pending writes of its device durable, in order. */
static void flush(struct point *p, struct ram *durable, unsigned int device)
{
	const struct ram_event *events = p->log->events;
	size_t kept = 0;
	size_t i;

	for (i = 0; i < p->pending_count; i++) {
		const struct ram_event *e = &events[p->pending[i]];

		if (e->device != device) {
			p->pending[kept++] = p->pending[i];
			continue;
		}
		ram_apply(durable, p->log, p->pending[i], UINT64_MAX);
		follow_note(&p->state->devices[device], e->offset_bytes,
			    e->len_bytes);
	}
	p->pending_count = kept;
	forget_met(&p->met);
}

void states_each(struct states *s, const struct ram *before,
		 const struct ram *log, struct ram *state,
		 bool (*visit)(void *ctx, struct ram *state), void *ctx)
{
	struct ram durable;
	struct point *p;
	size_t i;
	bool more;

	ram_init_like(&durable, before);
	follow_begin(&durable, before);
	follow_begin(state, &durable);
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	*p = (struct point){ .s = s,
			     .durable = &durable,
			     .log = log,
			     .state = state,
			     .visit = visit,
			     .ctx = ctx };
	forget_met(&p->met);
	more = try_subset(p, NONE, 0);
	for (i = 0; i < log->event_count && more; i++) {
		const struct ram_event *e = &log->events[i];

		if (e->len_bytes == 0)
			flush(p, &durable, e->device);
		else if (p->pending_count < PENDING_MAX)
			p->pending[p->pending_count++] = i;
		else
			abort();
		more = try_point(p, e->len_bytes == 0);
	}
	free(p);
	follow_end(state);
	ram_release(&durable);
}
