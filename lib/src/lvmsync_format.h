/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stream of lvmsync looks like.
 */
#ifndef PSNAP_LVMSYNC_FORMAT_H
#define PSNAP_LVMSYNC_FORMAT_H

#include <psnap/lvmsync.h>

#define LVMSYNC_LINE	   "lvmsync PROTO[3]\n"
#define LVMSYNC_LINE_BYTES (sizeof(LVMSYNC_LINE) - 1)
/* Byte offset and length of what follows, big-endian. */
#define LVMSYNC_HEAD_BYTES 12u

static inline void lvmsync_put_head(uint8_t *head, uint64_t offset_bytes,
				    uint32_t len_bytes)
{
	int i;

	for (i = 0; i < 8; i++)
		head[i] = (uint8_t)(offset_bytes >> (56 - 8 * i));
	for (i = 0; i < 4; i++)
		head[8 + i] = (uint8_t)(len_bytes >> (24 - 8 * i));
}

static inline void lvmsync_get_head(const uint8_t *head, uint64_t *offset_bytes,
				    uint32_t *len_bytes)
{
	int i;

	*offset_bytes = 0;
	*len_bytes = 0;
	for (i = 0; i < 8; i++)
		*offset_bytes = *offset_bytes << 8 | head[i];
	for (i = 8; i < 12; i++)
		*len_bytes = *len_bytes << 8 | head[i];
}

#endif
