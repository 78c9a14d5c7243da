/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata image: a sparse copy of header and areas without any data, to
 * send with a bug report. psnap check says the same about it as about the
 * store.
 */
#ifndef PSNAP_IMAGE_H
#define PSNAP_IMAGE_H

#include <psnap/progress.h>
#include <psnap/store.h>

PSNAP_BEGIN_DECLS

/**
 * struct psnap_image_options - what goes into a metadata image
 * @chunk_bytes:      0, or the chunk size to use whatever the header says
 * @stale_areas_max:  as for a check; the same number gives the same answer
 * @progress:         told offsets on the store
 */
struct psnap_image_options {
	uint64_t chunk_bytes;
	uint64_t stale_areas_max;
	struct psnap_progress progress;
};

/**
 * struct psnap_image_result - what became of it
 * @copied_bytes:      non-zero metadata written
 * @areas:             areas copied
 * @output_failed:     the failure was one of writing the image
 * @incomplete:        the table runs into the end of the device
 * @unreadable_bytes:  metadata that could not be read and is zero in the image
 */
struct psnap_image_result {
	uint64_t copied_bytes;
	uint64_t areas;
	uint64_t unreadable_bytes;
	bool output_failed;
	bool incomplete;
};

/**
 * psnap_image_write() - write a metadata image
 * @io:      the store
 * @fd:      an empty regular file open for writing; stays the caller's
 * @result:  out
 *
 * Copies the header chunk (its first MiB), every area of the live table, and
 * those areas behind it that look like tables; the rest are holes. Areas that
 * were overwritten with data are copied as they are: look before you send.
 * Return: 0, or as psnap_store_open(), PSNAP_E_NOSPACE, PSNAP_E_IO (writing),
 * PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_image_write(struct psnap_io *io,
		  const struct psnap_image_options *options, int fd,
		  struct psnap_image_result *result, struct psnap_error *err);

PSNAP_END_DECLS

#endif
