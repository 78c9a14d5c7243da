/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undo files: what stood on a pair of devices before it was overwritten.
 *
 * An undo io wraps a device: before anything on it is overwritten, the old
 * bytes are in the undo file and durable. Every record has its own checksum,
 * so a record that a power cut tore is told from one that was finished, and
 * nothing was overwritten on the strength of a torn one. Format:
 * psnap-undo(5).
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

/**
 * struct psnap_undo_info - what an undo file says about itself
 * @names:         how the devices were called
 * @size_bytes:    their sizes
 * @records:       complete ones
 * @saved_bytes:   in them
 * @torn_bytes:    behind the last complete record
 */
struct psnap_undo_info {
	char names[PSNAP_UNDO_DEVICES][PSNAP_UNDO_NAME_BYTES];
	uint64_t size_bytes[PSNAP_UNDO_DEVICES];
	uint64_t records;
	uint64_t saved_bytes;
	uint64_t torn_bytes;
};

/**
 * psnap_undo_open() - save to an undo file from now on
 * @file:     where to; empty, or an undo file of the same devices, which is
 *            continued. Stays the caller's
 * @devices:  store and origin, open for writing; stay the caller's
 * @undo:     out: release with psnap_undo_close()
 *
 * A new file gets its header, with sizes and a fingerprint of the devices.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  @file is something else; it is not touched
 *   PSNAP_E_BUSY     @file belongs to other devices; it is not touched
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_open(struct psnap_io *file,
		struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		struct psnap_undo **undo, struct psnap_error *err);

/** psnap_undo_io() - the io to write a device through; the undo's, not to be
 * closed */
PSNAP_API struct psnap_io *psnap_undo_io(struct psnap_undo *undo,
					 enum psnap_undo_device device);

/** psnap_undo_close() - stop saving; the ios stay open; NULL is fine */
PSNAP_API void psnap_undo_close(struct psnap_undo *undo);

/**
 * psnap_undo_inspect() - read a whole undo file and verify every record
 * @progress:  told bytes of the file
 * @info:      out
 *
 * Return: 0, PSNAP_E_CORRUPT when it is no undo file, PSNAP_E_IO,
 * PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_inspect(struct psnap_io *file, const struct psnap_progress *progress,
		   struct psnap_undo_info *info, struct psnap_error *err);

/**
 * psnap_undo_apply() - put everything back
 * @file:      the undo file; read only
 * @devices:   open for writing; those it was made for
 * @progress:  told bytes put back
 * @info:      out
 *
 * Records are put back last first, so that the oldest bytes win. Cut short, it
 * can be run again from the start with the same result.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  no undo file
 *   PSNAP_E_BUSY     made for other devices: sizes or fingerprint differ
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_apply(struct psnap_io *file,
		 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		 const struct psnap_progress *progress,
		 struct psnap_undo_info *info, struct psnap_error *err);

/**
 * psnap_undo_matches() - are these the devices an undo file was made for?
 *
 * Compares sizes, and the fingerprint where nothing was overwritten.
 * Return: 0, PSNAP_E_BUSY when not, or as psnap_undo_inspect().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_undo_matches(struct psnap_io *file,
		   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
		   struct psnap_error *err);

PSNAP_END_DECLS

#endif
