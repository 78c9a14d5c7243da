/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes devices, to be run under faults: merging in all its ways, with
 * and without an undo file, to a copy, and undoing.
 */
#ifndef PSNAP_TEST_WRITE_VERBS_H
#define PSNAP_TEST_WRITE_VERBS_H

#include "scene.h"

/* What a run returns if the plan was refused, so that nothing was done. */
#define WRITE_REFUSED 1

enum write_kind {
	WRITE_MERGE,
	WRITE_MERGE_SAVING, /* with an undo file */
	WRITE_MERGE_TO,	    /* to a new file */
	WRITE_UNDO,
	WRITE_INSPECT /* reads an undo file, and compares the devices */
};

/*
 * @exceptions:    of the pair
 * @cut_at:        the merge before it, which is to be undone or to go on, has
 *                 failed at this write of the store; 0: for undoing a whole
 *                 merge, otherwise there was none
 * @origin_bytes:  0: one that ends within a chunk
 * @align_bytes:   of the devices; 0: any
 * @batch_chunks:  data between two flushes
 * @only_start, @only_end, @except_start, @except_end:  bytes of the origin;
 *                 both 0: no such range
 * @salvage:       the data of one exception cannot be read
 */
struct write_verb {
	const char *name;
	enum write_kind kind;
	uint64_t exceptions;
	uint64_t cut_at;
	uint64_t origin_bytes;
	uint32_t align_bytes;
	uint64_t batch_chunks;
	bool keep_store;
	bool skip_equal;
	bool verify;
	bool salvage;
	uint64_t only_start;
	uint64_t only_end;
	uint64_t except_start;
	uint64_t except_end;
};

/*
 * What a merge says of itself.
 * @left:    exceptions still in the store; UINT64_MAX: it did not come so far
 * @failed:  what device failed; SCENE_DEVICES: it does not say
 */
struct write_outcome {
	int rc;
	uint64_t left;
	enum scene_device failed;
	struct psnap_error err;
};

extern const struct write_verb write_verbs[];
extern const unsigned int write_verb_count;

/* Make the scene that @verb begins with. */
void write_verb_init(const struct write_verb *verb, struct scene *s);

/* Back to the beginning, with the io of the scene as @verb wants them. */
void write_verb_restart(const struct write_verb *verb, struct scene *s);

/* Run @verb over the io of the scene. */
void write_verb_run(const struct write_verb *verb, struct scene *s,
		    struct write_outcome *outcome);

/* The same over any io. */
void write_verb_run_on(const struct write_verb *verb,
		       struct psnap_io *const ios[SCENE_DEVICES],
		       struct write_outcome *outcome);

/* Has what was run over the io of the scene reached what it is for? */
bool write_verb_ended(const struct write_verb *verb, struct scene *s);

/*
 * Is nothing lost in @ram, and can one go on from there: the same again, and
 * where there is an undo file, back? NULL, or what is wrong.
 */
const char *write_verb_safe(const struct write_verb *verb, struct scene *s,
			    const struct ram *ram);

#endif
