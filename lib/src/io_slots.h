/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is under way: requests in the order in which they began, with memory for
 * what they write or read. Which of them are done, and how, is put into them.
 */
#ifndef PSNAP_IO_SLOTS_H
#define PSNAP_IO_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct psnap_io_slots;

/**
 * struct psnap_io_slot - a request
 * @data:    in the room, or lent
 * @result:  how many bytes, or a negative errno, when @done
 */
struct psnap_io_slot {
	uint64_t offset_bytes;
	uint8_t *data;
	size_t len_bytes;
	int result;
	bool lent;
	bool done;
};

/**
 * psnap_io_slots_new() - no requests yet
 * @count:       that there can be, up to PSNAP_IO_DEPTH_MAX
 * @room_bytes:  memory for what is not lent
 *
 * Return: NULL: no memory.
 */
struct psnap_io_slots *psnap_io_slots_new(unsigned int count,
					  size_t room_bytes);

/**
 * psnap_io_slots_take() - a request begins
 * @lent:       its data; NULL: it gets room
 * @len_bytes:  at least 1; with room, no more than there is
 *
 * Return: NULL as long as there are too many, or no room for it.
 */
struct psnap_io_slot *psnap_io_slots_take(struct psnap_io_slots *slots,
					  uint64_t offset_bytes, void *lent,
					  size_t len_bytes);

/** psnap_io_slots_oldest() - Return: NULL: nothing is under way */
const struct psnap_io_slot *
psnap_io_slots_oldest(const struct psnap_io_slots *slots);

/** psnap_io_slots_leave() - the oldest is no more */
void psnap_io_slots_leave(struct psnap_io_slots *slots);

/** psnap_io_slots_meet() - is there one in a part of this range? */
bool psnap_io_slots_meet(const struct psnap_io_slots *slots,
			 uint64_t offset_bytes, size_t len_bytes);

/** psnap_io_slots_use() - does one write from, or read into, this memory? */
bool psnap_io_slots_use(const struct psnap_io_slots *slots, const void *memory,
			size_t bytes);

/** psnap_io_slots_free() - with the room, unless the system may yet use it */
void psnap_io_slots_free(struct psnap_io_slots *slots, bool room_too);

#endif
