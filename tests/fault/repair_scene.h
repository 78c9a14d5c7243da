/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs to be run under faults, and the questions that are asked whatever has
 * failed: did it end where it has to, or can one go on, or back. The answers
 * come from the model of tests/property.
 */
#ifndef PSNAP_TEST_REPAIR_SCENE_H
#define PSNAP_TEST_REPAIR_SCENE_H

#include "../crash/ram.h"
#include "../property/damage.h"
#include "../property/fix.h"
#include "io_fault.h"

enum repair_device {
	REPAIR_STORE,
	REPAIR_ORIGIN,
	REPAIR_FILE,
	REPAIR_DEVICES
};

/*
 * @seed:         of the store
 * @kind:         what is done to it
 * @step:         what has to be done about that, at least
 * @saving:       with an undo file
 * @align_bytes:  of the store
 */
struct repair_verb {
	const char *name;
	uint64_t seed;
	enum damage_kind kind;
	enum psnap_finding_id step;
	bool saving;
	uint32_t align_bytes;
};

extern const struct repair_verb repair_verbs[];
extern const unsigned int repair_verb_count;

/*
 * What a repair came to.
 * @stopped:  the plan had a finding that a careful caller does not go on with:
 *            something could not be read
 */
struct repair_outcome {
	int rc;
	bool stopped;
	struct fix fix;
};

/*
 * @damaged:  as the repair finds the store
 * @want:     as it leaves it
 * @now:      what it has made of it, and the log of that
 * @scratch:  for trying how to go on
 * @io:       in front of @now
 * @calls:    of a repair without a fault
 * @sound:    what such a repair came to
 */
struct repair_scene {
	const struct repair_verb *verb;
	struct sample damaged;
	struct sample want;
	struct ram before;
	struct ram now;
	struct ram scratch;
	struct io_fault io[REPAIR_DEVICES];
	struct io_fault_watch watch;
	uint64_t calls[REPAIR_DEVICES][IO_FAULT_OPS];
	struct repair_outcome sound;
	bool refused;
};

/* Make the scene, and run the repair without a fault. NULL, or what is wrong
 * with that. */
const char *repair_scene_init(struct repair_scene *s,
			      const struct repair_verb *verb);
void repair_scene_release(struct repair_scene *s);

/* Back to the beginning, without faults. */
void repair_scene_restart(struct repair_scene *s);

/* Run the repair over the io of the scene. */
void repair_scene_run(struct repair_scene *s, struct repair_outcome *o);

/* Is @now where a repair has to end, and flushed? */
bool repair_scene_ended(const struct repair_scene *s);

/*
 * Is all well with @now: no header that loads on a table that is not done, the
 * same end when run again, and the beginning when undone? NULL, or what is
 * wrong.
 */
const char *repair_scene_safe(struct repair_scene *s);

/* Make @now what is left after a flush of @device failed: without what was
 * written to it since the flush before. */
void repair_scene_drop(struct repair_scene *s, enum repair_device device);

#endif
