/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta being made: delta_write.c makes its beginning and its end,
 * delta_feed.c the frames between.
 */
#ifndef PSNAP_DELTA_WRITER_H
#define PSNAP_DELTA_WRITER_H

#include "delta_part.h"

/* A place in the list of ranges. */
struct delta_cursor {
	size_t range;
	uint64_t inside_bytes;
};

/*
 * @list:      the ranges
 * @next:      not yet in a frame
 * @at_bytes:  how many bytes were made
 * @ranges:    of the frame that is being read; owned
 * @entries:   the index; owned
 */
struct delta_writer {
	const struct psnap_delta_source *source;
	const struct psnap_extent *list;
	size_t count;
	struct delta_cursor next;
	psnap_convert_take_fn *take;
	void *ctx;
	struct psnap_io *failed;
	uint32_t delta_crc32;
	uint64_t at_bytes;
	struct psnap_extent *ranges;
	uint32_t range_count;
	struct disk_delta_entry *entries;
	size_t entry_count;
	size_t entry_max;
};

/* The next bytes of the delta; those that the part has are only compared. */
int psnap_delta_emit(struct delta_writer *w, const void *data, size_t len,
		     struct psnap_error *err);

/* All frames. */
int psnap_delta_put_frames(struct delta_writer *w,
			   const struct psnap_progress *progress,
			   uint64_t total_bytes, struct psnap_error *err);

#endif
