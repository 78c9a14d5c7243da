/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for pieces of a file, several of the same size in one block. Where
 * there is enough of it the system is asked for huge pages: a request to a disk
 * that goes past the page cache has as many parts as there are pages, and with
 * few of them a disk may be twice as fast.
 */
#ifndef PSNAP_ROOMS_H
#define PSNAP_ROOMS_H

#include <stddef.h>
#include <stdint.h>

/* Rooms begin at multiples of it, as reading past the page cache asks for. */
#define PSNAP_ROOMS_ALIGN_BYTES ((size_t)4096)

/**
 * psnap_rooms_new() - make rooms
 * @count:       at least 1
 * @room_bytes:  of each; behind each of them nothing may be touched
 *
 * Return: the first one, release with free(); NULL without memory. The next
 * ones stand psnap_rooms_step_bytes() apart.
 */
uint8_t *psnap_rooms_new(size_t count, size_t room_bytes);

/** psnap_rooms_step_bytes() - from one room to the next, more than a room */
size_t psnap_rooms_step_bytes(size_t room_bytes);

#endif
