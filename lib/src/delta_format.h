/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a delta (psnap-delta(5)): header, frames, index, trailer. How a
 * frame is packed and unpacked is delta_frame.c; writing is delta_write.c,
 * reading delta_read.c.
 */
#ifndef PSNAP_DELTA_FORMAT_H
#define PSNAP_DELTA_FORMAT_H

#include "le.h"

#include <assert.h>
#include <psnap/delta.h>

#define DELTA_VERSION	   1u
#define DELTA_HEADER_BYTES 2048u
#define DELTA_SAMPLES	   64u
/* What is overwritten is remembered in blocks of this size: no disk tears less
 * than a sector, so that each of them is either the old or the new one. */
#define DELTA_BLOCK_BYTES 512u
/* Data of one frame, and its ranges, at the most. */
#define DELTA_DATA_BYTES_MAX (1u << 20)
#define DELTA_RANGES_MAX     4096u
/* Every range may begin and end with a part of a block. */
#define DELTA_BLOCKS_MAX \
	(DELTA_DATA_BYTES_MAX / DELTA_BLOCK_BYTES + 2u * DELTA_RANGES_MAX)
#define DELTA_PAYLOAD_BYTES_MAX (DELTA_DATA_BYTES_MAX + 4u * DELTA_BLOCKS_MAX)

#define DELTA_FRAME_MAGIC 0x6d724664u /* "dFrm" */
#define DELTA_INDEX_MAGIC 0x78644964u /* "dIdx" */

enum delta_method {
	DELTA_STORED = 0,
	DELTA_DEFLATED = 1, /* a zlib stream */
};

struct disk_delta_sample {
	struct le64 offset_bytes;
	struct le32 len_bytes;
	struct le32 crc32;
};

struct disk_delta_header {
	uint8_t magic[8];
	struct le32 version;
	struct le32 crc32; /* of the whole header with this field zero */
	struct le32 header_bytes;
	struct le32 block_bytes;
	struct le64 size_bytes;
	struct le64 chunk_bytes;
	struct le64 range_count;
	struct le64 data_bytes;
	struct le32 ranges_crc32; /* of all ranges, as disk_delta_range */
	struct le32 sample_count;
	struct disk_delta_sample samples[DELTA_SAMPLES];
	uint8_t zero[DELTA_HEADER_BYTES - 64 -
		     DELTA_SAMPLES * sizeof(struct disk_delta_sample)];
};

struct disk_delta_range {
	struct le64 offset_bytes;
	struct le64 len_bytes;
};

/* Behind it its ranges, and behind those the payload as it is stored. */
struct disk_delta_frame {
	struct le32 magic;
	struct le32 crc32; /* of this, with this field zero, and the ranges */
	struct le64 number;
	struct le32 delta_crc32; /* that of the header */
	struct le32 method;
	struct le32 range_count;
	struct le32 data_bytes;
	struct le32 stored_bytes;
	struct le32 stored_crc32;
	struct le32 payload_crc32;
	struct le32 unused;
};

struct disk_delta_index {
	struct le32 magic;
	struct le32 crc32; /* of this, with this field zero, and the entries */
	struct le64 count;
};

struct disk_delta_entry {
	struct le64 frame_bytes;  /* where the frame begins in the delta */
	struct le64 offset_bytes; /* where its first range begins */
};

struct disk_delta_trailer {
	uint8_t magic[8];
	struct le32 crc32; /* of the trailer with this field zero */
	struct le32 delta_crc32;
	struct le64 index_bytes; /* where the index begins */
	struct le64 frame_count;
	struct le64 delta_bytes; /* all of it, with the trailer */
};

static_assert(sizeof(struct disk_delta_header) == DELTA_HEADER_BYTES, "header");
static_assert(sizeof(struct disk_delta_frame) == 48, "frame");
static_assert(sizeof(struct disk_delta_range) == 16, "range");
static_assert(sizeof(struct disk_delta_entry) == 16, "entry");
static_assert(sizeof(struct disk_delta_trailer) == 40, "trailer");

#define DELTA_FRAME_BYTES_MAX                                 \
	(sizeof(struct disk_delta_frame) +                    \
	 DELTA_RANGES_MAX * sizeof(struct disk_delta_range) + \
	 DELTA_PAYLOAD_BYTES_MAX)

extern const uint8_t psnap_delta_magic[8];
extern const uint8_t psnap_delta_end_magic[8];

/*
 * A frame that was read. The payload is a CRC-32 for each block that is going to
 * be overwritten, and then the data.
 * @payload:  of DELTA_PAYLOAD_BYTES_MAX; owned
 * @stored:   its ranges and what the payload is stored as; of
 *            DELTA_FRAME_BYTES_MAX; owned
 */
struct delta_frame {
	uint64_t number;
	struct psnap_extent *ranges;
	uint32_t range_count;
	uint32_t data_bytes;
	uint32_t block_count;
	uint8_t *payload;
	uint8_t *stored;
};

/* How many blocks a range has: each ends where a sector of the device does. */
static inline uint32_t delta_blocks(uint64_t offset_bytes, uint64_t len_bytes)
{
	uint64_t inside = offset_bytes % DELTA_BLOCK_BYTES;

	return (uint32_t)((inside + len_bytes + DELTA_BLOCK_BYTES - 1) /
			  DELTA_BLOCK_BYTES);
}

/* And how long the one is that begins at @offset_bytes, with @left_bytes. */
static inline size_t delta_block_bytes(uint64_t offset_bytes,
				       uint64_t left_bytes)
{
	uint64_t room = DELTA_BLOCK_BYTES - offset_bytes % DELTA_BLOCK_BYTES;

	return (size_t)(left_bytes < room ? left_bytes : room);
}

static inline uint8_t *delta_frame_data(const struct delta_frame *f)
{
	return f->payload + 4 * (size_t)f->block_count;
}

static inline struct le32 *delta_frame_blocks(const struct delta_frame *f)
{
	return (struct le32 *)(void *)f->payload;
}

/* --- delta_frame.c --- */

int psnap_delta_frame_init(struct delta_frame *f, struct psnap_error *err);
void psnap_delta_frame_release(struct delta_frame *f);

/* Head, taken as if its field for this were zero, and ranges. */
uint32_t psnap_delta_head_crc32(const struct disk_delta_frame *head,
				const uint8_t *ranges, uint32_t range_count);

/*
 * A frame that begins at @at_bytes and must be @number and end before @end_bytes:
 * head and ranges only, or all of it into f->payload. @next_bytes: behind it.
 * @disk: its head.
 * PSNAP_E_TRUNCATED: it does not end before @end_bytes, PSNAP_E_CORRUPT.
 */
int psnap_delta_frame_head(struct delta_frame *f, struct psnap_io *file,
			   uint64_t at_bytes, uint64_t end_bytes,
			   uint64_t number, uint64_t size_bytes,
			   uint32_t delta_crc32, struct disk_delta_frame *disk,
			   uint64_t *next_bytes, struct psnap_error *err);
int psnap_delta_frame_read(struct delta_frame *f, struct psnap_io *file,
			   uint64_t at_bytes, uint64_t end_bytes,
			   uint64_t number, uint64_t size_bytes,
			   uint32_t delta_crc32, struct disk_delta_frame *disk,
			   uint64_t *next_bytes, struct psnap_error *err);

/* --- delta_base.c: what ties a delta to what it is applied to --- */

/* Samples of @base that no range touches. */
int psnap_delta_fingerprint(struct disk_delta_header *header,
			    struct psnap_io *base, struct psnap_extents *ranges,
			    struct psnap_error *err);

/* Does what can be read of the samples fit? PSNAP_E_BUSY: no. */
int psnap_delta_compare(const struct disk_delta_header *header,
			struct psnap_io *base, struct psnap_error *err);

/* CRC-32 of the header with its field zero. */
uint32_t psnap_delta_header_crc32(const struct disk_delta_header *header);

/* @crc32 goes on with one more range. */
uint32_t psnap_delta_range_crc32(uint32_t crc32, uint64_t offset_bytes,
				 uint64_t len_bytes);

/* --- delta_pack.c --- */

/*
 * What a frame is made of, one behind the other: a head with number,
 * delta_crc32, range_count and data_bytes, the ranges, what the base has there,
 * room for the checksums of that, and the data.
 */
#define DELTA_UNPACKED_BYTES_MAX (DELTA_FRAME_BYTES_MAX + DELTA_DATA_BYTES_MAX)

struct psnap_deflate;

/* Where the parts of it are. */
struct delta_unpacked {
	struct disk_delta_frame *head;
	uint8_t *ranges;
	uint8_t *before;
	uint8_t *payload;
	uint8_t *data;
	uint32_t block_count;
	uint32_t data_bytes;
};
void psnap_delta_unpacked(struct delta_unpacked *u, uint8_t *in,
			  uint32_t range_count, uint32_t data_bytes,
			  uint32_t block_count);

/* Any thread. Fills head->payload_crc32 and, unless @only_sum, @out, which is of
 * DELTA_FRAME_BYTES_MAX. Return: the bytes of that. */
size_t psnap_delta_pack(const struct delta_unpacked *u,
			struct psnap_deflate *deflate, bool only_sum,
			uint8_t *out);

#endif
