/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store with any damage in its table, and what a salvage is to show of it,
 * by a model that knows single chunks and bytes only.
 */
#ifndef PSNAP_TEST_SALVAGE_MODEL_H
#define PSNAP_TEST_SALVAGE_MODEL_H

#include "random.h"
#include "store_bytes.h"

#include <stdbool.h>
#include <string.h>

#define CHUNK	      512u
#define PER_AREA      32u
#define STORE_CHUNKS  300u
#define ORIGIN_CHUNKS 90u
#define STORE_BYTES   (STORE_CHUNKS * CHUNK)
/* Ends in the middle of a chunk. */
#define ORIGIN_BYTES (ORIGIN_CHUNKS * CHUNK - 100u)
#define ENTRIES_MAX  120u

struct entry {
	uint64_t old_chunk;
	uint64_t new_chunk;
};

/* @source: of each origin chunk, the chunk of the store; 0: the origin.
 * @doubt: it is unknown */
struct model {
	struct entry entries[ENTRIES_MAX];
	unsigned int count;
	uint64_t source[ORIGIN_CHUNKS];
	bool doubt[ORIGIN_CHUNKS];
};

static uint8_t store_bytes[STORE_BYTES];
static uint8_t origin_bytes[ORIGIN_BYTES];
static uint8_t wanted[ORIGIN_BYTES];

static inline uint64_t random_new(void)
{
	static const uint64_t odd[] = { 1,
					34,
					67,
					STORE_CHUNKS,
					STORE_CHUNKS + 1,
					1000,
					UINT64_C(1) << 56,
					UINT64_MAX };

	if (next_random() % 20 == 0)
		return odd[next_random() % (sizeof(odd) / sizeof(odd[0]))];
	return 140 + next_random() % 150;
}

static inline uint64_t random_old(void)
{
	if (next_random() % 20 == 0)
		return next_random() % 2 ? ORIGIN_CHUNKS : next_random();
	return next_random() % ORIGIN_CHUNKS;
}

/* Some entries follow the one before, as in runs; some say the same again. */
static inline void make_entries(struct model *m)
{
	unsigned int i;

	m->count = (unsigned int)(next_random() % ENTRIES_MAX);
	for (i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (i > 0 && next_random() % 3 > 0) {
			*e = m->entries[i - 1];
			e->old_chunk++;
			e->new_chunk++;
		} else if (i > 0 && next_random() % 8 == 0) {
			*e = m->entries[next_random() % i];
		} else {
			e->old_chunk = random_old();
			e->new_chunk = random_new();
		}
		if (e->new_chunk == 0)
			e->new_chunk = 150;
	}
}

static inline void make_store(const struct model *m)
{
	unsigned int i;

	fill_random(store_bytes, sizeof(store_bytes));
	for (i = 0; i * (PER_AREA + 1) + 1 < STORE_CHUNKS; i++)
		memset(store_bytes + (i * (PER_AREA + 1) + 1) * CHUNK, 0,
		       CHUNK);
	put_header(store_bytes, 1, CHUNK);
	for (i = 0; i < m->count; i++) {
		uint8_t *at = store_bytes +
			      (1 + i / PER_AREA * (PER_AREA + 1)) * CHUNK +
			      i % PER_AREA * 16;

		put_le(at, m->entries[i].old_chunk, 8);
		put_le(at + 8, m->entries[i].new_chunk, 8);
	}
}

static inline bool possible(const struct entry *e)
{
	return e->old_chunk < ORIGIN_CHUNKS && e->new_chunk < STORE_CHUNKS &&
	       e->new_chunk > 0 && (e->new_chunk - 1) % (PER_AREA + 1) != 0;
}

static inline bool broken_area(const struct model *m, unsigned int entry)
{
	unsigned int first = entry / PER_AREA * PER_AREA;
	unsigned int end = first + PER_AREA;
	unsigned int bad = 0;
	unsigned int i;

	if (end > m->count)
		end = m->count;
	for (i = first; i < end; i++)
		bad += !possible(&m->entries[i]);
	return bad >= 4 && bad * 2 >= end - first;
}

static inline bool contradicted(const struct model *m, const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < m->count; i++) {
		const struct entry *f = &m->entries[i];

		if (possible(f) && (f->old_chunk == e->old_chunk) !=
					   (f->new_chunk == e->new_chunk))
			return true;
	}
	return false;
}

static inline void judge(struct model *m)
{
	unsigned int i;

	memset(m->source, 0, sizeof(m->source));
	memset(m->doubt, 0, sizeof(m->doubt));
	for (i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (e->old_chunk >= ORIGIN_CHUNKS)
			continue;
		if (!possible(e) || broken_area(m, i) || contradicted(m, e))
			m->doubt[e->old_chunk] = true;
		else
			m->source[e->old_chunk] = e->new_chunk;
	}
	/* What is impossible does not count where something sound is. */
	for (i = 0; i < ORIGIN_CHUNKS; i++)
		if (m->source[i])
			m->doubt[i] = false;
}

static inline size_t chunk_len(uint64_t chunk)
{
	uint64_t start = chunk * CHUNK;

	return ORIGIN_BYTES - start < CHUNK ? ORIGIN_BYTES - start : CHUNK;
}

static inline void make_wanted(const struct model *m)
{
	unsigned int i;

	memcpy(wanted, origin_bytes, sizeof(wanted));
	for (i = 0; i < ORIGIN_CHUNKS; i++)
		if (m->source[i])
			memcpy(wanted + i * CHUNK,
			       store_bytes + m->source[i] * CHUNK,
			       chunk_len(i));
}

#endif
