/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What saves: the undo file that is open for it, and its devices. undo_begin.c
 * opens it, undo_io.c and undo_missing.c decide what has to be saved,
 * undo_gather.c reads it, undo_save.c saves it.
 */
#ifndef PSNAP_UNDO_SAVE_H
#define PSNAP_UNDO_SAVE_H

#include "undo_file.h"

#include <psnap/extents.h>

/*
 * A device that is written through @io.
 * @had:      ranges that were saved before this run began; NULL: none
 * @ready:    ranges that are saved: the last announcement; NULL: none
 * @written:  bit n: sample n was written to since the last flush
 * @synced:   bit n: it was, and is durable, and no mark says what it is now
 * @one_by_one:  many reads at a time were tried, and are not to be had
 */
struct undo_device {
	struct psnap_io io;
	struct psnap_undo *undo;
	struct psnap_io *inner;
	unsigned int index;
	struct psnap_extents *had;
	struct psnap_extents *ready;
	uint64_t written;
	uint64_t synced;
	bool one_by_one;
};

/*
 * @run:       of all records that are saved now, and of no others
 * @buffer:    records on their way to the file
 * @failed:    something may be missing in the file, so that nothing behind it
 *             would count: from now on nothing is saved, nor overwritten; the
 *             reason, also for those who try again
 */
struct psnap_undo {
	struct undo_file file;
	struct undo_device devices[PSNAP_UNDO_DEVICES];
	uint64_t run;
	uint8_t *buffer;
	size_t buffered_bytes;
	bool mark_unflushed;
	struct psnap_error failed;
	struct psnap_progress progress;
};

/* The first byte behind it: no sum overflows inside a device. */
static inline uint64_t psnap_undo_end_of(const struct psnap_extent *e)
{
	return e->offset_bytes + e->len_bytes;
}

/* Of the io of a struct undo_device. */
extern const struct psnap_io_ops psnap_undo_ops;

/* A range that has to be saved. */
typedef int psnap_undo_missing_fn(void *ctx, uint64_t start_bytes,
				  uint64_t end_bytes, struct psnap_error *err);

/* Tell @fn, in order, what of [start, end) has to be saved before it is
 * overwritten. What it returns if that is not 0. */
int psnap_undo_missing(const struct undo_device *d, uint64_t start_bytes,
		       uint64_t end_bytes, psnap_undo_missing_fn *fn, void *ctx,
		       struct psnap_error *err);

/* For a struct psnap_undo: room for records. */
int psnap_undo_save_init(struct psnap_undo *u, struct psnap_error *err);
void psnap_undo_save_release(struct psnap_undo *u);

/* Have a durable mark which says that all records are: from now on they are
 * relied on. */
int psnap_undo_rely(struct psnap_undo *u, struct psnap_error *err);

/* Save what stands in @set on @d, durably. */
int psnap_undo_save(struct undo_device *d, struct psnap_extents *set,
		    struct psnap_error *err);

/*
 * Append a record for [offset, offset + len), at most UNDO_DATA_BYTES_MAX. @data:
 * what stands there; NULL: it has to be read. What cannot be read has no record,
 * and is not overwritten.
 */
int psnap_undo_append(struct undo_device *d, uint64_t offset_bytes,
		      size_t len_bytes, const uint8_t *data,
		      struct psnap_error *err);

/* Append records for all of @list, which ascends. */
int psnap_undo_gather(struct undo_device *d, const struct psnap_extent *list,
		      size_t count, struct psnap_error *err);

/* Make the newest mark durable, if it is not. */
int psnap_undo_flush_mark(struct psnap_undo *u, struct psnap_error *err);

/* --- undo_mark.c --- */

/* Of which samples the mark in memory tells, and of which the next one will. */
struct undo_knowledge {
	uint64_t known;
	uint64_t synced;
};
struct undo_knowledge psnap_undo_knowledge(const struct undo_device *d);

/* Nothing will be overwritten after all, and the mark in the file still knows
 * what was to be forgotten since @before. */
void psnap_undo_mark_remember(struct undo_device *d,
			      const struct undo_knowledge *before);

/* Take the samples that are durable now into the next mark. One that cannot be
 * read is not in it. */
int psnap_undo_mark_learn(struct undo_device *d, struct psnap_error *err);

/* No mark is to say what stands there: it will be something else soon. */
void psnap_undo_mark_forget(struct undo_device *d,
			    const struct psnap_extent *e);

/* Has the next mark something to say, even if nothing is saved? */
bool psnap_undo_mark_has_news(const struct psnap_undo *u);

/* The range is going to be overwritten; all that was written is durable. */
void psnap_undo_note_write(struct undo_device *d, uint64_t offset_bytes,
			   uint64_t len_bytes);
void psnap_undo_note_sync(struct undo_device *d);

/* Does a mark say what stands there, so that it has to be saved once more? */
bool psnap_undo_is_marked(const struct undo_device *d, uint64_t offset_bytes,
			  uint64_t len_bytes);

#endif
