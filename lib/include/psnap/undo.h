/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undo files: what stood on a pair of devices before it was overwritten.
 *
 * An undo io wraps a device: before anything on it is overwritten, what stood
 * there first is in the undo file and durable. Every record has its own checksum
 * and names the one before; a mark says how far records were relied on, so
 * that a record that a power cut tore is told from one that was damaged later.
 * Format and limits: psnap-undo(5).
 */
#ifndef PSNAP_UNDO_H
#define PSNAP_UNDO_H

#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

struct psnap_undo;

/* The devices of an undo file, in this order. */
enum psnap_undo_device {
	PSNAP_UNDO_STORE,
	PSNAP_UNDO_ORIGIN,
	PSNAP_UNDO_DEVICES
};

#define PSNAP_UNDO_NAME_BYTES 1024
/* What a record takes beside its data, and how much data it has at the most:
 * for telling beforehand how large an undo file may become. */
#define PSNAP_UNDO_HEAD_BYTES	48u
#define PSNAP_UNDO_RECORD_BYTES (1u << 20)

/**
 * struct psnap_undo_info - what an undo file says about itself
 * @names:         how the devices were called
 * @size_bytes:    their sizes
 * @records:       complete ones
 * @saved_bytes:   in them
 * @torn_bytes:    behind the last complete record
 * @changed:       samples of a device that are what somebody else has written
 *                 since, as far as is known; from comparing with it, also when
 *                 that is why it is refused
 * @changed_bytes: where the first of them stands; only if there are any
 * @acceptable:    they are of the origin alone, and few enough for
 *                 accept_changed_origin
 */
struct psnap_undo_info {
	char names[PSNAP_UNDO_DEVICES][PSNAP_UNDO_NAME_BYTES];
	uint64_t size_bytes[PSNAP_UNDO_DEVICES];
	uint64_t records;
	uint64_t saved_bytes;
	uint64_t torn_bytes;
	uint64_t changed[PSNAP_UNDO_DEVICES];
	uint64_t changed_bytes[PSNAP_UNDO_DEVICES];
	bool acceptable;
};

/**
 * struct psnap_undo_options - zero-initialise
 * @accept_changed_origin:  also an origin that was written to by others since:
 *             what that was is overwritten where something had been saved, and
 *             stays where not, so that the origin becomes what it never was. As
 *             many samples as differ have to tell that it is the one: they are
 *             as expected, and not a fill that others have, too. Never a store
 * @progress:  told bytes of the undo file, and then bytes put back
 */
struct psnap_undo_options {
	bool accept_changed_origin;
	struct psnap_progress progress;
};

/**
 * psnap_undo_begin() - save to an undo file from now on
 * @file:      where to; empty, or an undo file of the same devices, which is
 *             continued. Stays the caller's
 * @devices:   store and origin, open for writing; stay the caller's
 * @progress:  told bytes of a file that is continued, which is read first; and
 *             until psnap_undo_close(), of each announcement that makes 4 MiB or
 *             more to be saved, bytes of that. If it asks to stop then, the
 *             announcement fails with PSNAP_E_INTERRUPTED. May be NULL
 * @undo:      out: release with psnap_undo_close()
 *
 * A new file gets its header, with sizes and a fingerprint of the devices. What
 * one that is continued has is not saved again, but for what the fingerprint is
 * of, if that was overwritten since; and if no mark spoke of all of it, one does
 * now. That takes 16 bytes of memory for each range.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  @file is something else, or damaged; it is not touched
 *   PSNAP_E_BUSY     @file belongs to other devices; it is not touched
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_begin(struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_progress *progress,
		 struct psnap_undo **undo, struct psnap_error *err);

/** psnap_undo_open() - psnap_undo_begin() that tells nobody how far it is */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_open(struct psnap_io *file,
		struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		struct psnap_undo **undo, struct psnap_error *err);

/**
 * psnap_undo_io() - the io to write a device through
 *
 * The undo's, not to be closed. Writes to ranges that were announced with
 * psnap_io_prepare() need no flush of the undo file of their own. When the undo
 * file cannot be written, nothing is overwritten from then on.
 */
PSNAP_API struct psnap_io *psnap_undo_io(struct psnap_undo *undo,
					 enum psnap_undo_device device);

/**
 * struct psnap_undo_need - how much is to be saved; zero-initialise
 * @bytes:      data of records
 * @ranges:     that it is in; what follows what was there before is no new one
 * @end_bytes:  of the last of them
 */
struct psnap_undo_need {
	uint64_t bytes;
	uint64_t ranges;
	uint64_t end_bytes;
};

/**
 * psnap_undo_need() - add what has to be saved before a range is overwritten
 *
 * Nothing of what a file that is continued has, all of it otherwise.
 */
PSNAP_API void psnap_undo_need(const struct psnap_undo *undo,
			       enum psnap_undo_device device,
			       uint64_t start_bytes, uint64_t end_bytes,
			       struct psnap_undo_need *need);

/** psnap_undo_end_bytes() - where the next record goes in the file: what a run
 * that was cut left behind it is written over */
PSNAP_API uint64_t psnap_undo_end_bytes(const struct psnap_undo *undo);

/** psnap_undo_close() - stop saving; the ios stay open; NULL is fine */
PSNAP_API void psnap_undo_close(struct psnap_undo *undo);

/**
 * psnap_undo_header() - which devices is an undo file of?
 * @info:  out: names and sizes; the rest is 0
 *
 * Reads no records. Return: as psnap_undo_inspect().
 */
PSNAP_API PSNAP_MUST_USE int psnap_undo_header(struct psnap_io *file,
					       struct psnap_undo_info *info,
					       struct psnap_error *err);

/**
 * psnap_undo_inspect() - read a whole undo file and verify every record
 * @progress:  told bytes of the file; may be NULL
 * @info:      out
 *
 * Return: 0, PSNAP_E_CORRUPT when it is no undo file, or damaged where it was
 * relied on, PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_inspect(struct psnap_io *file, const struct psnap_progress *progress,
		   struct psnap_undo_info *info, struct psnap_error *err);

/**
 * psnap_undo_check() - could everything be put back?
 * @file:      the undo file; read only
 * @devices:   open for reading
 * @options:   may be NULL
 * @info:      out
 *
 * Verifies every record, compares sizes, and the fingerprint as far as is known
 * what it has to be now. Nothing is written.
 * Return: as psnap_undo_apply().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_check(struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_undo_options *options,
		 struct psnap_undo_info *info, struct psnap_error *err);

/** psnap_undo_matches() - psnap_undo_check() that only answers */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_matches(struct psnap_io *file,
		   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		   struct psnap_error *err);

/**
 * psnap_undo_apply() - put everything back
 * @file:      the undo file; read only
 * @devices:   open for writing; those it was made for
 * @options:   may be NULL
 * @info:      out
 *
 * psnap_undo_check(), and only then writes. Records are put back last first, so
 * that the oldest bytes win. Cut short, it can be run again from the start with
 * the same result.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  no undo file, or damaged: nothing was written
 *   PSNAP_E_BUSY     made for other devices, or they were written to since:
 *                    sizes or fingerprint differ; nothing was written
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_apply(struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_undo_options *options,
		 struct psnap_undo_info *info, struct psnap_error *err);

PSNAP_END_DECLS

#endif
