/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo file as a file: header, fingerprints, a chain of records. The only
 * place that knows its layout (psnap-undo(5)).
 */
#ifndef PSNAP_UNDO_FILE_H
#define PSNAP_UNDO_FILE_H

#include "le.h"

#include <assert.h>
#include <psnap/undo.h>

#define UNDO_HEADER_BYTES 8192u
#define UNDO_SAMPLES	  64u
#define UNDO_SAMPLE_BYTES 512u
#define UNDO_RECORD_MAGIC 0x646e5570u /* "pUnd" */
/* Data of one record, at the most. */
#define UNDO_DATA_BYTES_MAX ((size_t)1 << 20)

struct disk_undo_sample {
	struct le64 offset_bytes;
	struct le32 len_bytes;
	struct le32 crc32;
};

struct disk_undo_device {
	struct le64 size_bytes;
	struct le32 sample_count;
	struct le32 unused;
	char name[PSNAP_UNDO_NAME_BYTES];
	struct disk_undo_sample samples[UNDO_SAMPLES];
};

struct disk_undo_header {
	uint8_t magic[8];
	struct le32 version;
	struct le32 crc32; /* of the whole header with this field zero */
	struct le32 header_bytes;
	struct le32 device_count;
	struct disk_undo_device devices[PSNAP_UNDO_DEVICES];
	uint8_t zero[UNDO_HEADER_BYTES - 24 -
		     PSNAP_UNDO_DEVICES * sizeof(struct disk_undo_device)];
};

struct disk_undo_record {
	struct le32 magic;
	struct le32 device;
	struct le64 offset_bytes;
	struct le64 len_bytes;
	struct le64
		previous_bytes; /* where the record before begins; 0: none */
	struct le32 data_crc32;
	struct le32 head_crc32; /* of the fields above */
};

static_assert(sizeof(struct disk_undo_header) == UNDO_HEADER_BYTES, "header");
static_assert(sizeof(struct disk_undo_record) == 40, "record");

/*
 * One record, decoded and checked: inside its device, of possible length.
 * @at_bytes:  where it begins in the file
 */
struct undo_record {
	uint64_t at_bytes;
	uint64_t previous_bytes;
	unsigned int device;
	uint64_t offset_bytes;
	uint64_t len_bytes;
};

/*
 * An undo file that was read to its end.
 * @end_bytes:   behind the last complete record
 * @last_bytes:  where that begins; 0: there is none
 */
struct undo_file {
	struct psnap_io *io;
	struct disk_undo_header header;
	uint64_t end_bytes;
	uint64_t last_bytes;
	uint64_t records;
	uint64_t saved_bytes;
};

/* Write a fresh header for @devices. Not durable yet. */
int psnap_undo_file_create(struct undo_file *f, struct psnap_io *io,
			   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			   struct psnap_error *err);

/* Read the header only. */
int psnap_undo_file_open(struct undo_file *f, struct psnap_io *io,
			 struct psnap_error *err);

/*
 * Read all records, verifying each; @each (may be NULL) sees them in order.
 * Ends at the first that is not complete: it was never relied on.
 */
int psnap_undo_file_scan(struct undo_file *f,
			 const struct psnap_progress *progress,
			 int (*each)(void *ctx, const struct undo_record *r),
			 void *ctx, struct psnap_error *err);

/*
 * Read the record at @at_bytes and verify it; @data has room for
 * UNDO_DATA_BYTES_MAX. 1: read; 0: no complete record there; negative: failed.
 */
int psnap_undo_file_read(struct undo_file *f, uint64_t at_bytes,
			 struct undo_record *r, uint8_t *data,
			 struct psnap_error *err);

/* Do sizes, and the samples that no record covers, fit @devices? */
int psnap_undo_file_match(struct undo_file *f,
			  struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			  struct psnap_error *err);

#endif
