/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo file as a file: header, two marks, a chain of records. The only
 * place that knows its layout (psnap-undo(5)). Reading records is undo_read.c,
 * samples of devices are undo_sample.c, whether devices fit the file says
 * undo_match.c, appending is undo_save.c.
 */
#ifndef PSNAP_UNDO_FILE_H
#define PSNAP_UNDO_FILE_H

#include "le.h"

#include <assert.h>
#include <psnap/extents.h>
#include <psnap/undo.h>

#define UNDO_HEADER_BYTES 8192u
#define UNDO_MARK_BYTES	  4096u
#define UNDO_MARKS	  2u
/* Where the records begin. */
#define UNDO_RECORDS_BYTES (UNDO_HEADER_BYTES + UNDO_MARKS * UNDO_MARK_BYTES)
#define UNDO_SAMPLES	   64u
#define UNDO_SAMPLE_BYTES  512u
#define UNDO_MARK_MAGIC	   0x4d6e5570u /* "pUnM" */
#define UNDO_RECORD_MAGIC  0x646e5570u /* "pUnd" */
/* Data of one record, at the most. */
#define UNDO_DATA_BYTES_MAX ((size_t)PSNAP_UNDO_RECORD_BYTES)

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
	struct le32 records_bytes;
	struct le32 device_count;
	struct disk_undo_device devices[PSNAP_UNDO_DEVICES];
	uint8_t zero[UNDO_HEADER_BYTES - 24 -
		     PSNAP_UNDO_DEVICES * sizeof(struct disk_undo_device)];
};

/* Bit n of @known: @crc32[n] is of sample n as it was when the mark was made. */
struct disk_undo_known {
	struct le64 known;
	struct le32 crc32[UNDO_SAMPLES];
};

struct disk_undo_mark {
	struct le32 magic;
	struct le32 crc32; /* of the whole mark with this field zero */
	struct le64 number;
	struct le64 durable_bytes;
	struct disk_undo_known devices[PSNAP_UNDO_DEVICES];
	uint8_t zero[UNDO_MARK_BYTES - 24 -
		     PSNAP_UNDO_DEVICES * sizeof(struct disk_undo_known)];
};

struct disk_undo_record {
	struct le32 magic;
	struct le32 device;
	struct le64 offset_bytes;
	struct le32 len_bytes;
	struct le32 previous_crc32;
	struct le64 previous_bytes;
	struct le64 run;
	struct le32 data_crc32;
	struct le32 head_crc32; /* of the fields above */
};

static_assert(sizeof(struct disk_undo_header) == UNDO_HEADER_BYTES, "header");
static_assert(sizeof(struct disk_undo_mark) == UNDO_MARK_BYTES, "mark");
static_assert(sizeof(struct disk_undo_record) == PSNAP_UNDO_HEAD_BYTES,
	      "record");

/*
 * One record, decoded and checked: inside its device, of possible length.
 * @at_bytes:  where it begins in the file
 * @crc32:     of its head, which the next record repeats
 * @data:      @len_bytes, until the next record is read
 */
struct undo_record {
	uint64_t at_bytes;
	uint64_t previous_bytes;
	uint32_t previous_crc32;
	uint32_t crc32;
	unsigned int device;
	uint64_t offset_bytes;
	uint32_t len_bytes;
	const uint8_t *data;
};

/*
 * @begun:       it was only begun, nothing is lost when it is made anew
 * @mark:        the newest; all zero when there is none
 * @end_bytes:   behind the last complete record, as far as was read
 * @last_bytes:  where that begins; 0: there is none
 * @last_crc32:  what the next record has to repeat
 */
struct undo_file {
	struct psnap_io *io;
	bool begun;
	struct disk_undo_header header;
	struct disk_undo_mark mark;
	uint64_t end_bytes;
	uint64_t last_bytes;
	uint32_t last_crc32;
	uint64_t records;
	uint64_t saved_bytes;
};

/* --- undo_file.c --- */

/* Write a fresh header for @devices, and no mark. Not durable yet. */
int psnap_undo_file_create(struct undo_file *f, struct psnap_io *io,
			   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			   struct psnap_error *err);

/* Read header and marks, no records. PSNAP_E_CORRUPT with f->begun: the file is
 * empty, or was cut before it had records. */
int psnap_undo_file_open(struct undo_file *f, struct psnap_io *io,
			 struct psnap_error *err);

/* Write f->mark as the next one: all records are durable now. */
int psnap_undo_file_mark(struct undo_file *f, struct psnap_error *err);

/* --- undo_read.c --- */

/*
 * Records through a window, so that small ones are not read one by one.
 * @until_bytes:  backwards: where the record ends that is read next
 */
struct undo_reader {
	const struct undo_file *file;
	bool backwards;
	uint8_t *window;
	size_t window_bytes;
	uint64_t start_bytes;
	size_t len_bytes;
	uint64_t eof_bytes;
	uint64_t until_bytes;
};

int psnap_undo_reader_init(struct undo_reader *reader,
			   const struct undo_file *f, bool backwards,
			   struct psnap_error *err);
void psnap_undo_reader_release(struct undo_reader *reader);

/* 1: a record that is whole; 0: none stands here; negative: failed. */
int psnap_undo_reader_read(struct undo_reader *reader, uint64_t at_bytes,
			   struct undo_record *record, struct psnap_error *err);

/*
 * Read all records, verifying each; @each (may be NULL) sees them in order.
 * Ends at the first that is not whole or does not continue the chain. That is
 * PSNAP_E_CORRUPT before what the mark says was durable; behind it nobody has
 * relied on it.
 */
int psnap_undo_file_scan(struct undo_file *f,
			 const struct psnap_progress *progress,
			 void (*each)(void *ctx, const struct undo_record *r),
			 void *ctx, struct psnap_error *err);

/* --- undo_sample.c --- */

/* Samples of @io, for the header. */
int psnap_undo_fingerprint(struct disk_undo_device *d, struct psnap_io *io,
			   struct psnap_error *err);

/* Bit n: the range touches sample n. */
uint64_t psnap_undo_touched(const struct disk_undo_device *d,
			    uint64_t offset_bytes, uint64_t len_bytes);

/* The first of the samples of which @which has a bit, in whole sectors, that
 * ends behind a byte; { UINT64_MAX, 0 }: none does. */
struct psnap_extent psnap_undo_sample_behind(const struct disk_undo_device *d,
					     uint64_t which,
					     uint32_t align_bytes,
					     uint64_t at_bytes);

/* --- undo_match.c --- */

/*
 * Scan the file; and do sizes and samples fit @devices? Takes out of f->mark
 * what was overwritten since. @had: sets that get the ranges of each device
 * that have records; NULL: nobody wants to know. @info: zero; gets
 * what has changed.
 */
int psnap_undo_file_match(struct undo_file *f,
			  struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			  struct psnap_extents *const had[PSNAP_UNDO_DEVICES],
			  const struct psnap_undo_options *options,
			  struct psnap_undo_info *info,
			  struct psnap_error *err);

/* An error does not say of what: add the name of the device; returns @rc. */
int psnap_undo_on_device(int rc, const struct psnap_io *io,
			 struct psnap_error *err);

#endif
