/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rooms are kept apart, and the address sanitizer is told what lies between
 * them: it would not notice who leaves one room for the next.
 */
#include "rooms.h"

#include <stdlib.h>
#include <sys/mman.h>

#if __has_include(<sanitizer/asan_interface.h>)
#	include <sanitizer/asan_interface.h>
#else
#	define ASAN_POISON_MEMORY_REGION(address, bytes) \
		((void)(address), (void)(bytes))
#endif

/* Of x86-64 and of most others; where they are larger there are none. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)
/* No sum below overflows. */
#define ROOM_BYTES_MAX (SIZE_MAX / 4)

size_t psnap_rooms_step_bytes(size_t room_bytes)
{
	return room_bytes +
	       (PSNAP_ROOMS_ALIGN_BYTES - room_bytes % PSNAP_ROOMS_ALIGN_BYTES);
}

/* A multiple of the alignment, or there would be none. */
static uint8_t *new_block(size_t bytes)
{
	size_t align_bytes = bytes < HUGE_PAGE_BYTES ? PSNAP_ROOMS_ALIGN_BYTES
						     : HUGE_PAGE_BYTES;
	uint8_t *block;

	bytes += align_bytes - 1;
	bytes -= bytes % align_bytes;
	block = aligned_alloc(align_bytes, bytes);
	/* Without them it takes longer, and that is all. */
	if (block && align_bytes == HUGE_PAGE_BYTES)
		(void)madvise(block, bytes, MADV_HUGEPAGE);
	return block;
}

uint8_t *psnap_rooms_new(size_t count, size_t room_bytes)
{
	uint8_t *rooms;
	size_t step_bytes;
	size_t bytes;
	size_t i;

	if (room_bytes > ROOM_BYTES_MAX)
		return NULL;
	step_bytes = psnap_rooms_step_bytes(room_bytes);
	if (__builtin_mul_overflow(count, step_bytes, &bytes) ||
	    bytes > SIZE_MAX - HUGE_PAGE_BYTES)
		return NULL;
	rooms = new_block(bytes);
	for (i = 0; rooms && i < count; i++)
		ASAN_POISON_MEMORY_REGION(rooms + i * step_bytes + room_bytes,
					  step_bytes - room_bytes);
	return rooms;
}
