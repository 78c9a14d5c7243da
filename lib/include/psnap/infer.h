/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inferring the geometry of a store whose header is lost, from what an
 * exception table has to look like.
 */
#ifndef PSNAP_INFER_H
#define PSNAP_INFER_H

#include <psnap/progress.h>
#include <psnap/store.h>
#include <stddef.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/* Chunk sizes that there are: 512 bytes, 1 KiB, ... 1 GiB. */
#define PSNAP_CANDIDATES_MAX	   22
#define PSNAP_CANDIDATE_TEXT_BYTES 200

/**
 * struct psnap_candidate - one chunk size, and what speaks for it
 * @chunk_bytes:   the chunk size
 * @score:         the larger the more likely; 0: nothing speaks for it
 * @areas:         areas that look like tables
 * @exceptions:    plausible entries in them
 * @impossible:    entries in them that no kernel writes
 * @first_area:    the first area that looks like one; not 0 when area 0 is lost
 * @text:          the evidence in one sentence
 */
struct psnap_candidate {
	uint64_t chunk_bytes;
	uint64_t score;
	uint64_t areas;
	uint64_t exceptions;
	uint64_t impossible;
	uint64_t first_area;
	char text[PSNAP_CANDIDATE_TEXT_BYTES];
};

/**
 * psnap_infer_geometry() - which chunk size does the table have?
 * @store:     the store; its header is not looked at
 * @origin:    the origin, whose size limits old chunks; or NULL
 * @progress:  may be NULL
 * @list:      out: candidates with a score above 0, best first
 * @count:     out: how many
 * @decided:   out: the first one is right beyond doubt; false: a tie, or too
 *             little evidence, and somebody has to be asked
 *
 * Reads a bounded part of the store: at most 64 areas and 16 MiB a size. What
 * cannot be read is no evidence.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_infer_geometry(struct psnap_io *store, struct psnap_io *origin,
		     const struct psnap_progress *progress,
		     struct psnap_candidate list[PSNAP_CANDIDATES_MAX],
		     size_t *count, bool *decided, struct psnap_error *err);

PSNAP_END_DECLS

#endif
