/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding and judging what stands on disk.
 */
#include "ondisk.h"

#include "checked.h"

#include <string.h>

bool psnap_chunk_bytes_valid(uint64_t chunk_bytes)
{
	return is_power_of_two_u64(chunk_bytes) &&
	       chunk_bytes >= PSNAP_CHUNK_BYTES_MIN &&
	       chunk_bytes <= PSNAP_CHUNK_BYTES_MAX;
}

void psnap_header_decode(const struct disk_header *disk,
			 struct psnap_header *header)
{
	memset(header, 0, sizeof(*header));
	header->magic = le32_get(disk->magic);
	header->valid = le32_get(disk->valid);
	header->version = le32_get(disk->version);
	header->chunk_sectors = le32_get(disk->chunk_sectors);

	if (header->magic == 0)
		header->problems |= PSNAP_HEADER_MAGIC_ZERO;
	else if (header->magic != PSNAP_MAGIC)
		header->problems |= PSNAP_HEADER_MAGIC_BAD;
	if (header->version != PSNAP_VERSION_KNOWN)
		header->problems |= PSNAP_HEADER_VERSION;
	if (!psnap_chunk_bytes_valid((uint64_t)header->chunk_sectors *
				     PSNAP_SECTOR_BYTES))
		header->problems |= PSNAP_HEADER_CHUNK_SIZE;
	if (header->valid == 0)
		header->problems |= PSNAP_HEADER_INVALID;
	else if (header->valid != 1)
		header->problems |= PSNAP_HEADER_VALID_ODD;
}

bool psnap_header_believable(const struct psnap_header *header)
{
	const uint32_t magic = PSNAP_HEADER_MAGIC_ZERO | PSNAP_HEADER_MAGIC_BAD;

	if (header->problems & PSNAP_HEADER_SHORT)
		return false;
	return !(header->problems & magic) ||
	       !(header->problems &
		 (PSNAP_HEADER_VERSION | PSNAP_HEADER_CHUNK_SIZE |
		  PSNAP_HEADER_VALID_ODD));
}

bool psnap_header_says_invalid(const struct psnap_header *header)
{
	return header->problems & PSNAP_HEADER_INVALID &&
	       psnap_header_believable(header);
}

uint64_t psnap_old_chunk_limit(const struct psnap_geometry *geo)
{
	return (UINT64_C(1) << 63) / geo->chunk_bytes;
}

bool psnap_entry_plausible(const struct psnap_geometry *geo, uint64_t old_chunk,
			   uint64_t new_chunk)
{
	return new_chunk < geo->chunk_count &&
	       !psnap_geometry_is_metadata(geo, new_chunk) &&
	       old_chunk < psnap_old_chunk_limit(geo);
}
