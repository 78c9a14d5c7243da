/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A damaged store, what its repair comes to when the power stays, and how a
 * state is judged that a cut has left. Who cuts is crash_repair.c.
 */
#ifndef PSNAP_TEST_REPAIR_TRIAL_H
#define PSNAP_TEST_REPAIR_TRIAL_H

#include "seen.h"

#include "../property/damage.h"
#include "../property/fix.h"
#include "../property/table.h"

#define UNDO_BYTES (192u * 1024u)

/*
 * @damaged:      where the repair begins
 * @want:         where the uncut one ends
 * @refused:      the kernel does not load @damaged, because of its header
 * @told_bytes:   the chunk size, if it has to be told
 * @saving:       with an undo file
 * @seen:         hashes of states that need not be tried once more
 * @lost:         states from which the same end is not reached
 * @early:        states with a header that was made whole too early
 * @stuck:        states from which undoing does not lead back
 */
struct trial {
	struct sample damaged;
	struct sample want;
	bool refused;
	uint64_t told_bytes;
	bool saving;
	bool flush_undo;
	bool lying_store;
	bool stop_at_loss;
	uint64_t *seen;
	uint64_t lost;
	uint64_t early;
	uint64_t stuck;
	uint64_t distinct;
	uint64_t visited;
	uint64_t second_left;
	uint64_t second_done;
	uint64_t seed;
	struct ram deeper;
	struct ram scratch;
};

/* States that were lost, early or stuck. */
uint64_t trial_bad(const struct trial *t);

/* --- repair_trial.c --- */

/* A store to repair: @damaged, and the rest but what it comes to. */
void trial_make(struct trial *t, uint64_t seed);

/* Whoever has to tell the chunk size tells it from now on. */
void trial_tell_size(struct trial *t, struct ram *ram);

/* The origin, or NULL when it is not given. */
struct psnap_io *trial_origin(const struct trial *t, struct ram *ram);

/* The repair of @t, and the one that goes on after a cut. */
int trial_repair(struct ram *ram, const struct trial *t);
int trial_go_on(struct ram *ram, const struct trial *t);

/* --- repair_verdict.c --- */

/* Does @state, which is changed by it, come to the right end? Counts what does
 * not. */
bool trial_judge(struct trial *t, struct ram *state);

#endif
