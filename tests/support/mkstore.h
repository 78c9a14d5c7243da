/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State and internal interface of mkstore, the tool that makes stores for the
 * tests. It shares no code with the library on purpose: an error made once in
 * a common header would be on both sides of every comparison and so unseen.
 */
#ifndef MKSTORE_H
#define MKSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MKSTORE_SECTOR_BYTES	   512u
#define MKSTORE_ENTRY_BYTES	   16u
#define MKSTORE_CHUNK_BYTES_MAX	   (UINT64_C(1) << 31)
#define MKSTORE_FILE_BYTES_MAX	   ((uint64_t)INT64_MAX)
#define MKSTORE_BUFFER_BYTES	   (1u << 20)
#define MKSTORE_PATTERN_LINE_BYTES 32u

enum mkstore_raw_kind {
	MKSTORE_RAW_FILL,
	MKSTORE_RAW_BYTES,
	MKSTORE_RAW_RANDOM,
};

/* Bytes to lay over the finished table, in recipe order. */
struct mkstore_raw {
	enum mkstore_raw_kind kind;
	uint64_t line;
	uint64_t offset_bytes;
	uint64_t len_bytes;
	uint64_t value; /* the byte of a fill, the seed of random bytes */
	unsigned char *bytes;
};

/* A shuffle of the numbers below limit. */
struct mkstore_permutation {
	uint64_t limit;
	uint64_t mask;
	unsigned int shift;
	uint64_t factor[3];
	uint64_t summand[3];
};

struct mkstore {
	const char *recipe_name;
	const char *out_name;
	uint64_t line; /* 0 when no line of the recipe is at fault */
	int fd;

	uint64_t chunk_bytes;
	uint64_t entries_per_area;
	bool layout_fixed; /* something has been placed by chunk_bytes */

	bool has_header;
	bool has_header_chunk;
	uint32_t magic;
	uint32_t valid;
	uint32_t version;
	uint32_t header_chunk_sectors;

	bool has_size;
	uint64_t size_line;
	uint64_t size_bytes;
	bool has_truncate;
	uint64_t truncate_line;
	uint64_t truncate_bytes;
	bool has_data;

	/* Where the next entry goes, and what the allocator gives it. */
	uint64_t area_index;
	uint64_t slot;
	bool area_located;
	uint64_t area_offset_bytes; /* only when area_located */
	uint64_t next_free_chunk;   /* 0: the numbers are used up */
	bool reverse;

	/* What has been asked for so far; the default size follows from it. */
	uint64_t entry_count;
	uint64_t entry_end;  /* one past the highest entry, over all areas */
	uint64_t area_count; /* with the successor of a full area */
	uint64_t written_end_bytes; /* of header and table */
	uint64_t raw_end_bytes;
	uint64_t last_chunk;
	uint64_t last_chunk_line;

	struct mkstore_raw *raw;
	size_t raw_count;

	/* Entries not yet written, or scratch once the table is done. */
	uint64_t pending_offset_bytes;
	size_t pending_bytes;
	unsigned char buffer[MKSTORE_BUFFER_BYTES];
	unsigned char piece[1u << 16];
};

/* mkstore.c: says what is wrong at m->line, removes the output, exits 1. */
__attribute__((format(printf, 2, 3))) _Noreturn void
mkstore_die(const struct mkstore *m, const char *format, ...);

/* mkstore.c: the numbers of recipes. */
uint64_t mkstore_number(const struct mkstore *m, const char *word);
uint32_t mkstore_number32(const struct mkstore *m, const char *word);
uint64_t mkstore_size(const struct mkstore *m, const char *word);
uint64_t mkstore_offset(const struct mkstore *m, char *word);

/* mkstore_recipe.c */
void mkstore_recipe_run(struct mkstore *m, FILE *recipe);

/* mkstore_table.c: geometry, entries, allocation. */
uint64_t mkstore_add(const struct mkstore *m, uint64_t a, uint64_t b);
uint64_t mkstore_area_chunk(const struct mkstore *m, uint64_t area_index);
uint64_t mkstore_chunk_offset(const struct mkstore *m, uint64_t chunk);
bool mkstore_chunk_is_metadata(const struct mkstore *m, uint64_t chunk);
uint64_t mkstore_default_size(struct mkstore *m);
void mkstore_table_flush(struct mkstore *m);
void mkstore_table_move(struct mkstore *m, uint64_t area_index, uint64_t slot);
void mkstore_table_set(struct mkstore *m, uint64_t area_index, uint64_t slot,
		       uint64_t old_chunk, uint64_t new_chunk);
void mkstore_table_exc(struct mkstore *m, uint64_t old_chunk,
		       uint64_t new_chunk, uint64_t count);
void mkstore_table_alloc(struct mkstore *m, uint64_t old_chunk, uint64_t count);
void mkstore_table_skip(struct mkstore *m, uint64_t count);
void mkstore_table_scatter(struct mkstore *m, uint64_t count,
			   uint64_t origin_chunks, uint64_t seed,
			   uint64_t run_chunks);

/* mkstore_bytes.c: the output file and everything that is not an entry. */
void mkstore_file_open(struct mkstore *m);
void mkstore_file_write(const struct mkstore *m, const void *bytes,
			size_t len_bytes, uint64_t offset_bytes);
void mkstore_file_finish(struct mkstore *m);
void mkstore_put_le64(unsigned char *p, uint64_t value);

/* mkstore_random.c */
uint64_t mkstore_mix(uint64_t *state);
void mkstore_permutation_init(struct mkstore_permutation *p, uint64_t limit,
			      uint64_t seed);
uint64_t mkstore_permute(const struct mkstore_permutation *p, uint64_t x);

#endif
