/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a delta that was made before, as delta_write.c goes on from
 * it: what its frames hold, and the bytes behind the last whole one.
 */
#ifndef PSNAP_DELTA_PART_H
#define PSNAP_DELTA_PART_H

#include "delta_format.h"

struct delta_part_frame {
	uint64_t next_bytes;
	uint32_t payload_crc32;
};

/**
 * struct psnap_delta_part - in memory
 * @size_bytes:  of all of it
 * @header:      as far as it goes
 * @frames:      whole ones; owned
 * @tail_bytes:  where they end
 * @tail:        what is behind; owned
 */
struct psnap_delta_part {
	uint64_t size_bytes;
	struct disk_delta_header header;
	struct delta_part_frame *frames;
	size_t frame_count;
	size_t frame_max;
	uint64_t tail_bytes;
	uint8_t *tail;
};

/* Is what the part has of [at, at + len) this? What is in its frames is: they
 * are compared by their checksums. */
bool psnap_delta_part_has(const struct psnap_delta_part *part,
			  uint64_t at_bytes, const uint8_t *data, size_t len);

#endif
