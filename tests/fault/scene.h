/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pair of devices and a file (for undo, or a merged copy) with faults in
 * front of them, and the questions that are asked whatever has failed: is
 * anything lost, and can one go on. The answers come from the model of
 * tests/crash, not from the library.
 */
#ifndef PSNAP_TEST_SCENE_H
#define PSNAP_TEST_SCENE_H

#include "../crash/pair.h"
#include "io_fault.h"

enum scene_device {
	SCENE_STORE,
	SCENE_ORIGIN,
	SCENE_FILE,
	SCENE_DEVICES
};

/*
 * @original:  the pair as it was made
 * @before:    as the verb finds it
 * @now:       what the verb has made of it, and the log of that
 * @dropped:   the same after a flush failed and the device has dropped what it
 *             had not written
 * @scratch:   for trying how to go on
 * @io:        in front of @now
 * @want:      what the snapshot shows
 */
struct scene {
	struct ram original;
	struct ram before;
	struct ram now;
	struct ram dropped;
	struct ram scratch;
	struct io_fault io[SCENE_DEVICES];
	struct io_fault_watch watch;
	uint8_t *want;
	uint8_t *view;
	uint64_t origin_bytes;
};

/* A pair of so many exceptions; @before is a copy of it, for the caller to
 * change. */
void scene_init(struct scene *s, uint64_t exceptions, uint64_t origin_bytes);
void scene_release(struct scene *s);

/* Back to @before, without faults. Stores with sectors of @align_bytes. */
void scene_restart(struct scene *s, uint32_t align_bytes);

/* Make @dropped: without the unflushed writes of @device. */
void scene_drop(struct scene *s, enum scene_device device);

/* The devices themselves, in the order of enum scene_device. */
void scene_plain_ios(struct ram *ram, struct psnap_io *ios[SCENE_DEVICES]);

/* Does the snapshot still show what it has to? */
bool scene_view_kept(struct scene *s, const struct ram *ram);

/* Are store and origin the same in both? */
bool scene_same_pair(const struct ram *a, const struct ram *b);

/*
 * Is the store one that a merge leaves: with @left exceptions, none twice,
 * nothing behind the end of the table, no data changed? With none left the
 * origin has to be what the snapshot showed.
 */
bool scene_merged(struct scene *s, const struct ram *ram, uint64_t left);

/* Exceptions in the table at first whose chunk has a byte outside of [start,
 * end) of the origin. */
uint64_t scene_outside(const struct scene *s, uint64_t start_bytes,
		       uint64_t end_bytes);

/* Where in the store the data of entry @number is; of the first area. */
uint64_t scene_data_offset(const struct scene *s, uint64_t number);

/* Was everything that was written to @now flushed after that? */
bool scene_all_flushed(const struct scene *s);

#endif
