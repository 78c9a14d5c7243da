/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying all of an io, such as the view of a snapshot, to a device or in order
 * to whoever takes it. To a new file: psnap_newfile_copy().
 */
#ifndef PSNAP_CONVERT_H
#define PSNAP_CONVERT_H

#include <psnap/io.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

/**
 * psnap_convert_to_device() - copy to something that has a place for each byte
 * @from:            only read
 * @to:              open for writing, at least as large
 * @target_is_zero:  what is zero is not written
 * @progress:        told bytes of @from; may be NULL
 *
 * Flushed at the end; bytes of @to behind the size of @from are left alone. A
 * copy that fails leaves a part of itself.
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_RANGE (@to is smaller),
 * PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int psnap_convert_to_device(
	struct psnap_io *from, struct psnap_io *to, bool target_is_zero,
	const struct psnap_progress *progress, struct psnap_error *err);

/** Takes the next bytes; anything but 0 ends the copy and is passed on. */
typedef int psnap_convert_take_fn(void *ctx, const void *data,
				  size_t len_bytes);

/**
 * psnap_convert_stream() - all bytes in order, in pieces of at most 1 MiB
 *
 * Holes are not read. Return: as above, and what @take returned.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_convert_stream(struct psnap_io *from, psnap_convert_take_fn *take,
		     void *ctx, const struct psnap_progress *progress,
		     struct psnap_error *err);

PSNAP_END_DECLS

#endif
