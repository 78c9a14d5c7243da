/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices in memory that differ from others in few places, and know where: so
 * that thousands of states of them are made and compared without all their bytes
 * being copied and compared each time.
 */
#ifndef PSNAP_TEST_FOLLOW_H
#define PSNAP_TEST_FOLLOW_H

#include "ram.h"

/*
 * Make @ram, of the same sizes, the same as @base, and have it know from now on
 * where it may differ: every write to it, by its io or by ram_apply(), is noted.
 * Whoever changes bytes otherwise says so with follow_note(). What changes in
 * @base has to be said with follow_note(), too. Followers can be followed.
 */
void follow_begin(struct ram *ram, const struct ram *base);
void follow_end(struct ram *ram);

/* The bytes of @base once more. */
void follow_revert(struct ram *ram);

/* The range may differ now. Nothing when @d follows nobody. */
void follow_note(struct ram_device *d, uint64_t offset_bytes,
		 uint64_t len_bytes);

/* The range was read. */
void follow_note_read(struct ram_device *d, uint64_t offset_bytes,
		      uint64_t len_bytes);

/* Blocks of @ram that were ever read since it began to follow. */
uint64_t follow_reads(const struct ram *ram);

/* To @bytes, of which @len are in use and @max are there, add those blocks of @d
 * that may differ and were ever read, and where they are. */
void follow_append_read(const struct ram_device *d, uint8_t **bytes,
			size_t *len, size_t *max);

/* The same bytes on device @device of @ram and @other, which it follows, maybe
 * through others? */
bool follow_same(const struct ram *ram, const struct ram *other,
		 unsigned int device);

#endif
