/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A circle of memory whose parts are taken and left in the same order: for
 * what is under way, without an allocation for each.
 */
#ifndef PSNAP_IO_CIRCLE_H
#define PSNAP_IO_CIRCLE_H

#include <stddef.h>

/**
 * struct psnap_io_circle - where parts are; empty when only @bytes is set
 * @bytes:  of the circle
 * @tail:   behind the part that was left last; no part that there is begins
 *          before it and ends behind it
 * @head:   behind the newest part; at the tail when the circle is full. Both
 *          are 0 when there are no parts
 * @parts:  how many there are
 */
struct psnap_io_circle {
	size_t bytes;
	size_t tail;
	size_t head;
	unsigned int parts;
};

/* psnap_io_circle_take(): there is no room. */
#define PSNAP_IO_CIRCLE_FULL ((size_t)-1)

/**
 * psnap_io_circle_take() - take a part in one piece
 * @part_bytes:  [1, bytes]
 *
 * Return: where it begins, or PSNAP_IO_CIRCLE_FULL.
 */
size_t psnap_io_circle_take(struct psnap_io_circle *circle, size_t part_bytes);

/**
 * psnap_io_circle_leave() - leave the oldest part
 * @end:  where it ends
 */
void psnap_io_circle_leave(struct psnap_io_circle *circle, size_t end);

#endif
