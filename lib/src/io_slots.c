/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots for requests, used in a circle, as is the room for their data.
 */
#include "io_slots.h"

#include "io_circle.h"
#include "io_depth.h"
#include "io_places.h"
#include "rooms.h"

#include <stdlib.h>

_Static_assert(PSNAP_IO_DEPTH_MAX <= UINT16_MAX, "places count requests");

/*
 * @slots:   @count; @used of them from @first on, the oldest first
 * @places:  of those
 * @circle:  of the room
 */
struct psnap_io_slots {
	uint8_t *room;
	struct psnap_io_circle circle;
	struct psnap_io_places places;
	unsigned int count;
	unsigned int first;
	unsigned int used;
	struct psnap_io_slot slots[];
};

struct psnap_io_slots *psnap_io_slots_new(unsigned int count, size_t room_bytes)
{
	struct psnap_io_slots *s =
		calloc(1, sizeof(*s) + count * sizeof(s->slots[0]));

	if (!s)
		return NULL;
	s->room = psnap_rooms_new(1, room_bytes);
	if (!s->room) {
		free(s);
		return NULL;
	}
	s->count = count;
	s->circle.bytes = room_bytes;
	return s;
}

static const struct psnap_io_slot *slot_of(const struct psnap_io_slots *s,
					   unsigned int i)
{
	return &s->slots[(s->first + i) % s->count];
}

struct psnap_io_slot *psnap_io_slots_take(struct psnap_io_slots *slots,
					  uint64_t offset_bytes, void *lent,
					  size_t len_bytes)
{
	struct psnap_io_slot *slot;
	size_t at = 0;

	if (slots->used == slots->count)
		return NULL;
	if (!lent)
		at = psnap_io_circle_take(&slots->circle, len_bytes);
	if (at == PSNAP_IO_CIRCLE_FULL)
		return NULL;
	slot = &slots->slots[(slots->first + slots->used++) % slots->count];
	*slot = (struct psnap_io_slot){
		.offset_bytes = offset_bytes,
		.data = lent ? lent : slots->room + at,
		.len_bytes = len_bytes,
		.lent = lent != NULL,
	};
	psnap_io_places_add(&slots->places, offset_bytes, len_bytes);
	return slot;
}

const struct psnap_io_slot *
psnap_io_slots_oldest(const struct psnap_io_slots *slots)
{
	return slots->used ? slot_of(slots, 0) : NULL;
}

void psnap_io_slots_leave(struct psnap_io_slots *slots)
{
	const struct psnap_io_slot *oldest = slot_of(slots, 0);

	psnap_io_places_remove(&slots->places, oldest->offset_bytes,
			       oldest->len_bytes);
	if (!oldest->lent)
		psnap_io_circle_leave(&slots->circle,
				      (size_t)(oldest->data - slots->room) +
					      oldest->len_bytes);
	slots->first = (slots->first + 1) % slots->count;
	slots->used--;
}

bool psnap_io_slots_meet(const struct psnap_io_slots *slots,
			 uint64_t offset_bytes, size_t len_bytes)
{
	unsigned int i;

	if (!psnap_io_places_may_meet(&slots->places, offset_bytes, len_bytes))
		return false;
	for (i = 0; i < slots->used; i++) {
		const struct psnap_io_slot *s = slot_of(slots, i);

		if (offset_bytes < s->offset_bytes + s->len_bytes &&
		    s->offset_bytes < offset_bytes + len_bytes)
			return true;
	}
	return false;
}

bool psnap_io_slots_use(const struct psnap_io_slots *slots, const void *memory,
			size_t bytes)
{
	uintptr_t start = (uintptr_t)memory;
	unsigned int i;

	for (i = 0; i < slots->used; i++) {
		const struct psnap_io_slot *s = slot_of(slots, i);
		uintptr_t at = (uintptr_t)s->data;

		if (at < start + bytes && start < at + s->len_bytes)
			return true;
	}
	return false;
}

void psnap_io_slots_free(struct psnap_io_slots *slots, bool room_too)
{
	if (slots && room_too)
		free(slots->room);
	free(slots);
}
