/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rooms.c: rooms are apart, aligned, all of them there to be written to, and
 * nothing behind them is; sizes that cannot be are no memory.
 */
#include "rooms.h"
#include "test.h"

#include <stdlib.h>

#if defined(__has_feature)
#	if __has_feature(address_sanitizer)
#		define SANITIZED 1
#	endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#	define SANITIZED 1
#endif

#ifdef SANITIZED
#	include <sanitizer/asan_interface.h>
#endif

/* The last byte is mine, and the next one nobody's, if anybody looks. */
static bool ends(const uint8_t *room, size_t room_bytes)
{
#ifdef SANITIZED
	return !__asan_address_is_poisoned(room + room_bytes - 1) &&
	       __asan_address_is_poisoned(room + room_bytes);
#else
	(void)room;
	(void)room_bytes;
	return true;
#endif
}

static void test_apart(size_t count, size_t room_bytes)
{
	size_t step_bytes = psnap_rooms_step_bytes(room_bytes);
	uint8_t *rooms = psnap_rooms_new(count, room_bytes);
	bool good = rooms && step_bytes > room_bytes;
	size_t i;

	for (i = 0; good && i < count; i++) {
		uint8_t *room = rooms + i * step_bytes;

		good = (uintptr_t)room % PSNAP_ROOMS_ALIGN_BYTES == 0 &&
		       ends(room, room_bytes);
		memset(room, (int)i, room_bytes);
	}
	for (i = 0; good && i < count; i++)
		good = rooms[i * step_bytes] == (uint8_t)i &&
		       rooms[i * step_bytes + room_bytes - 1] == (uint8_t)i;
	T_OK(good, "%zu rooms of %zu bytes", count, room_bytes);
	free(rooms);
}

static void test_too_large(size_t count, size_t room_bytes)
{
	uint8_t *rooms = psnap_rooms_new(count, room_bytes);

	T_OK(!rooms, "%zu rooms of %zu bytes: none", count, room_bytes);
	free(rooms);
}

int main(void)
{
	test_apart(1, 1);
	test_apart(3, 4095);
	test_apart(3, 4096);
	test_apart(511, 4096);
	test_apart(16, (size_t)1 << 20);
	test_apart(5, ((size_t)1 << 20) + 1);
	test_too_large(1, SIZE_MAX);
	test_too_large(1, SIZE_MAX / 2);
	test_too_large(SIZE_MAX / 4096, 4096);
	test_too_large(SIZE_MAX / 8192, 4096);
	return T_DONE();
}
