/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of chunk numbers that notices duplicates, within a memory bound that
 * no image can move: a bitmap for numbers below 2^28 (32 MiB), and for each run
 * beyond that one 8-byte key, sorted at the end.
 */
#ifndef PSNAP_CHUNKSET_H
#define PSNAP_CHUNKSET_H

#include <psnap/error.h>
#include <stddef.h>

/* Distinct duplicated numbers that are remembered by name. */
#define CHUNKSET_NOTED_MAX 1024u

/* Numbers that wait together for their words of the bitmap to arrive. */
#define CHUNKSET_QUEUE 64u

/* Numbers must stay below this: 2^63 bytes in chunks of 512. */
#define CHUNKSET_LIMIT (UINT64_C(1) << 54)

struct chunkset {
	uint64_t *bits;
	uint64_t bit_count;
	uint64_t *keys;
	size_t key_count;
	size_t key_capacity;
	uint64_t queue[CHUNKSET_QUEUE];
	unsigned int queued;
	/* Surplus entries: added although the number was there already. */
	uint64_t duplicates;
	size_t noted_max;
	uint64_t noted[CHUNKSET_NOTED_MAX];
	size_t noted_count;
};

/* For numbers below @limit (as far as it is known; UINT64_MAX otherwise).
 * Of the duplicated numbers enough are remembered to name @noted_max surplus
 * entries, when there are so many; at most CHUNKSET_NOTED_MAX. */
int psnap_chunkset_init(struct chunkset *set, uint64_t limit,
			uint64_t noted_max, struct psnap_error *err);
void psnap_chunkset_release(struct chunkset *set);

/* Mark what waits in the queue. */
void psnap_chunkset_drain(struct chunkset *set);

/* Any run; see psnap_chunkset_add(). */
int psnap_chunkset_add_run(struct chunkset *set, uint64_t start,
			   uint64_t chunks, struct psnap_error *err);

/*
 * Add [start, start + chunks); the end must not pass CHUNKSET_LIMIT.
 *
 * Scattered numbers miss the cache with every bit; asking for a batch of words
 * before touching the first one hides most of that.
 */
static inline int psnap_chunkset_add(struct chunkset *set, uint64_t start,
				     uint64_t chunks, struct psnap_error *err)
{
	if (chunks != 1 || start >= set->bit_count)
		return psnap_chunkset_add_run(set, start, chunks, err);
	__builtin_prefetch(&set->bits[start / 64], 1);
	set->queue[set->queued++] = start;
	if (set->queued == CHUNKSET_QUEUE)
		psnap_chunkset_drain(set);
	return 0;
}

/*
 * No more to come: find duplicates among the keys, sort noted[]. Afterwards
 * duplicates and noted are final.
 */
void psnap_chunkset_finish(struct chunkset *set);

/* In-place, no scratch memory; exported for its test. */
void psnap_sort_u64(uint64_t *keys, size_t count);

#endif
