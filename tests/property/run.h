/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One repair of one damaged store, on devices in memory.
 */
#ifndef PSNAP_TEST_RUN_H
#define PSNAP_TEST_RUN_H

#include "../crash/ram.h"
#include "attempt.h"
#include "fix.h"

/*
 * @damaged:     what is repaired
 * @told_bytes:  the chunk size, for whoever asks
 * @other_size:  its header is right but for the chunk size, which is one
 * @blank:       nothing was left to repair
 * @misled:      it was shifted, and taken for a store of another chunk size
 * @text:        room for what is wrong
 */
struct run {
	const struct sample *sound;
	const struct sample *damaged;
	struct ram ram;
	struct fix fix;
	uint64_t told_bytes;
	bool other_size;
	bool blank;
	bool misled;
	struct attempt_tally *tally;
	char *text;
};

struct psnap_io *run_store_of(struct run *r);
/* NULL: not at hand. */
struct psnap_io *run_origin_of(struct run *r);

/* Put what is wrong together. */
const char *run_say(struct run *r, const char *what, const char *detail);
const char *run_say_error(struct run *r, const char *what, int rc);

/* Make the devices. */
void run_load(struct run *r);

bool run_has_other_size(const struct sample *d);

/* What the log says: bytes written to the store, whether the origin was written
 * to, and whether all of the store is flushed. */
uint64_t run_written_bytes(const struct run *r);
bool run_origin_written(const struct run *r);
bool run_ends_flushed(const struct run *r);

/* Take the chosen steps; @saving: through an undo file. */
int run_apply(struct run *r, bool saving);

/* These return NULL, or what is wrong: undoing leads back; a check says what the
 * plan said, nothing above a note, and the library loads the store; a second
 * repair finds nothing to do. */
const char *run_undo(struct run *r);
const char *run_is_clean(struct run *r);
const char *run_is_finished(struct run *r);

#endif
