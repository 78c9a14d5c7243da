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

/* Where @d may differ and what stands there, into a buffer that is large enough;
 * NULL: none. How many bytes that are. */
size_t follow_differing(const struct ram_device *d, uint8_t *into);

/* The same bytes on device @device of @ram and @other, which it follows, maybe
 * through others? */
bool follow_same(const struct ram *ram, const struct ram *other,
		 unsigned int device);

#endif
