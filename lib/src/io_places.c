/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts of requests by place, a place being 4 KiB of a file: of larger ones
 * single chunks that lie near each other would share one.
 */
#include "io_places.h"

#define PLACE_SHIFT 12

static uint64_t first_of(uint64_t offset_bytes)
{
	return offset_bytes >> PLACE_SHIFT;
}

static uint64_t last_of(uint64_t offset_bytes, size_t len_bytes)
{
	return (offset_bytes + len_bytes - 1) >> PLACE_SHIFT;
}

void psnap_io_places_add(struct psnap_io_places *places, uint64_t offset_bytes,
			 size_t len_bytes)
{
	uint64_t last = last_of(offset_bytes, len_bytes);
	uint64_t i;

	for (i = first_of(offset_bytes); i <= last; i++)
		places->counts[i % PSNAP_IO_PLACES]++;
}

void psnap_io_places_remove(struct psnap_io_places *places,
			    uint64_t offset_bytes, size_t len_bytes)
{
	uint64_t last = last_of(offset_bytes, len_bytes);
	uint64_t i;

	for (i = first_of(offset_bytes); i <= last; i++)
		places->counts[i % PSNAP_IO_PLACES]--;
}

bool psnap_io_places_may_meet(const struct psnap_io_places *places,
			      uint64_t offset_bytes, size_t len_bytes)
{
	uint64_t last = last_of(offset_bytes, len_bytes);
	uint64_t i;

	for (i = first_of(offset_bytes); i <= last; i++)
		if (places->counts[i % PSNAP_IO_PLACES])
			return true;
	return false;
}
