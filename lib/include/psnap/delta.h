/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta: what leads from one state of a device, its base, to another one, as
 * a stream that can be written to a pipe. Every bit of it is covered by a
 * checksum, and it knows what it is going to overwrite, so that it is applied to
 * what it was made against and to nothing else. Format and limits:
 * psnap-delta(5).
 */
#ifndef PSNAP_DELTA_H
#define PSNAP_DELTA_H

#include <psnap/convert.h>
#include <psnap/extents.h>
#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

struct psnap_delta;
struct psnap_delta_part;

/**
 * struct psnap_delta_info - what a delta says about itself
 * @size_bytes:   of the base, and of what it leads to
 * @chunk_bytes:  in which changes were counted; 0: not told
 * @range_count:  that it overwrites, disjoint and not adjacent
 * @data_bytes:   in them
 * @frame_count:  in which they are
 * @delta_bytes:  all of the delta
 */
struct psnap_delta_info {
	uint64_t size_bytes;
	uint64_t chunk_bytes;
	uint64_t range_count;
	uint64_t data_bytes;
	uint64_t frame_count;
	uint64_t delta_bytes;
};

/**
 * struct psnap_delta_source - what a delta is made of
 * @base:         what it will be applied to; read where it is overwritten
 * @shown:        what it leads to; as large
 * @ranges:       in which they may differ
 * @chunk_bytes:  only noted
 * @part:         the beginning of the same delta, made before; NULL: none
 */
struct psnap_delta_source {
	struct psnap_io *base;
	struct psnap_io *shown;
	struct psnap_extents *ranges;
	uint64_t chunk_bytes;
	struct psnap_delta_part *part;
};

/**
 * psnap_delta_write() - make a delta
 * @take:      takes its bytes, in order
 * @progress:  told bytes of the ranges; may be NULL
 * @info:      out
 * @failed:    out: which of the two ios could not be read; NULL: neither
 *
 * The same source makes the same bytes. With a part, frames that it has are
 * compared with the source instead of made, and what follows the part is all
 * that is taken.
 * Return: 0, what @take returned, or
 *   PSNAP_E_BUSY    the part is not of this delta
 *   PSNAP_E_RANGE   sizes differ, or a range lies behind them
 *   PSNAP_E_IO, PSNAP_E_TRUNCATED, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_delta_write(const struct psnap_delta_source *source,
		  psnap_convert_take_fn *take, void *ctx,
		  const struct psnap_progress *progress,
		  struct psnap_delta_info *info, struct psnap_io **failed,
		  struct psnap_error *err);

/**
 * psnap_delta_part_open() - read and verify the beginning of a delta
 * @file:      of any length; not needed any more afterwards
 * @progress:  told bytes of the file; may be NULL
 * @part:      out: release with psnap_delta_part_close()
 *
 * Return: 0, PSNAP_E_CORRUPT (it is no delta, or a frame of it is damaged),
 * PSNAP_E_IO, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_delta_part_open(struct psnap_io *file,
		      const struct psnap_progress *progress,
		      struct psnap_delta_part **part, struct psnap_error *err);

/** psnap_delta_part_close() - release it; NULL is fine */
PSNAP_API void psnap_delta_part_close(struct psnap_delta_part *part);

/** psnap_delta_is() - does a file begin as a delta does? */
PSNAP_API bool psnap_delta_is(struct psnap_io *file);

/**
 * psnap_delta_open() - open a delta: its header, index and trailer
 * @file:   stays the caller's and must outlive it
 * @delta:  out: release with psnap_delta_close(); NULL on failure
 *
 * Frames are not looked at. Return: 0, or
 *   PSNAP_E_CORRUPT    it is no delta, or damaged
 *   PSNAP_E_VERSION    of a version nobody knows
 *   PSNAP_E_TRUNCATED  it was cut; it can be made complete
 *   PSNAP_E_IO, PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int psnap_delta_open(struct psnap_io *file,
					      struct psnap_delta **delta,
					      struct psnap_error *err);

/** psnap_delta_info() - what it says; lives as long as the delta */
PSNAP_API const struct psnap_delta_info *
psnap_delta_info(const struct psnap_delta *delta);

/**
 * struct psnap_delta_match - how a base fits
 * @old_blocks:    blocks of 512 bytes that are as they were
 * @new_blocks:    that differ from it and are already what the delta makes them
 * @other_blocks:  that are neither
 * @other_bytes:   where the first of them is
 * @samples:       what is not overwritten fits, as far as it is sampled
 * @failed:        the base, if it could not be read; else NULL
 */
struct psnap_delta_match {
	uint64_t old_blocks;
	uint64_t new_blocks;
	uint64_t other_blocks;
	uint64_t other_bytes;
	bool samples;
	const struct psnap_io *failed;
};

/**
 * psnap_delta_verify() - read all of a delta, and compare it with a base
 * @base:      NULL: only the delta
 * @ranges:    what it overwrites is added; may be NULL
 * @progress:  told bytes of the delta; may be NULL
 * @match:     out; may be NULL
 *
 * Every bit of the delta is checked. Of a base that does not fit @match tells,
 * unless its size alone says so. Return: 0, or
 *   PSNAP_E_CORRUPT  the delta is damaged
 *   PSNAP_E_RANGE    @base is smaller
 *   PSNAP_E_IO, PSNAP_E_TRUNCATED, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED
 */
PSNAP_API PSNAP_MUST_USE int
psnap_delta_verify(struct psnap_delta *delta, struct psnap_io *base,
		   struct psnap_extents *ranges,
		   const struct psnap_progress *progress,
		   struct psnap_delta_match *match, struct psnap_error *err);

/** psnap_delta_fits() - may a delta be applied to a base that matches so? Also
 * when a part of it was applied already */
PSNAP_API bool psnap_delta_fits(const struct psnap_delta *delta,
				const struct psnap_io *base,
				const struct psnap_delta_match *match);

/**
 * psnap_delta_view() - what a base becomes, as an io for reading
 * @base:   at least as large as the delta says; must outlive the io
 * @io:     out: the delta's, not to be closed; until psnap_delta_close()
 *
 * A frame that is damaged is a read error. Return: 0, PSNAP_E_RANGE,
 * PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_delta_view(struct psnap_delta *delta,
					      struct psnap_io *base,
					      struct psnap_io **io,
					      struct psnap_error *err);

/**
 * struct psnap_delta_applied - how far it got
 * @written_bytes:  that were not yet what they are to be
 * @failed:         the io that failed; NULL: none, or the delta itself
 */
struct psnap_delta_applied {
	uint64_t written_bytes;
	struct psnap_io *failed;
};

/**
 * psnap_delta_apply() - write it to its base
 * @base:      open for writing; verified before
 * @progress:  told bytes of the delta; may be NULL
 *
 * Announces what it writes (psnap_io_prepare()), so that an undo io saves it.
 * Flushed at the end. Cut anywhere, it can be done again: what is written is
 * not written twice.
 * Return: 0, PSNAP_E_RANGE, PSNAP_E_CORRUPT, PSNAP_E_IO, PSNAP_E_NOSPACE,
 * PSNAP_E_TRUNCATED, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_delta_apply(struct psnap_delta *delta, struct psnap_io *base,
		  const struct psnap_progress *progress,
		  struct psnap_delta_applied *applied, struct psnap_error *err);

/** psnap_delta_close() - release it; the file stays open; NULL is fine */
PSNAP_API void psnap_delta_close(struct psnap_delta *delta);

PSNAP_END_DECLS

#endif
