/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The circle. What is left over at its end, too little for a part, counts as
 * taken until the first part that begins at its start again is left.
 */
#include "io_circle.h"

static size_t find(const struct psnap_io_circle *circle, size_t part_bytes)
{
	if (circle->parts == 0)
		return 0;
	if (circle->head > circle->tail) {
		if (part_bytes <= circle->bytes - circle->head)
			return circle->head;
		return part_bytes <= circle->tail ? 0 : PSNAP_IO_CIRCLE_FULL;
	}
	return part_bytes <= circle->tail - circle->head ? circle->head
							 : PSNAP_IO_CIRCLE_FULL;
}

size_t psnap_io_circle_take(struct psnap_io_circle *circle, size_t part_bytes)
{
	size_t at = find(circle, part_bytes);

	if (at != PSNAP_IO_CIRCLE_FULL) {
		circle->head = at + part_bytes;
		circle->parts++;
	}
	return at;
}

void psnap_io_circle_leave(struct psnap_io_circle *circle, size_t end)
{
	circle->tail = end;
	if (--circle->parts == 0)
		circle->head = circle->tail = 0;
}
