/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store made in memory for unit tests: sparse, of any size up to 2^63 bytes,
 * kept as the pages that were written. Layout arithmetic of its own, so that a
 * mistake in the library does not repeat itself here.
 */
#ifndef PSNAP_TEST_IO_IMAGE_H
#define PSNAP_TEST_IO_IMAGE_H

#include <psnap/io.h>

#define IMAGE_PAGE_BYTES 4096u
#define IMAGE_PAGES_MAX	 4096u

struct image_page {
	uint64_t number;
	uint8_t bytes[IMAGE_PAGE_BYTES];
};

struct io_image {
	struct psnap_io io;
	uint64_t chunk_bytes;
	struct image_page *pages;
	size_t page_count;
	/* Where image_exc() goes on. */
	uint64_t area;
	uint64_t entry;
};

/* A store of @chunks chunks with a good header; chunk sizes of 512 and up. */
void image_init(struct io_image *m, uint64_t chunk_bytes, uint64_t chunks);
void image_release(struct io_image *m);

void image_put(struct io_image *m, uint64_t offset_bytes, const void *bytes,
	       size_t len_bytes);
void image_put32(struct io_image *m, uint64_t offset_bytes, uint32_t value);
void image_put64(struct io_image *m, uint64_t offset_bytes, uint64_t value);

void image_header(struct io_image *m, uint32_t magic, uint32_t valid,
		  uint32_t version, uint32_t chunk_sectors);

/* Write an entry, wherever; area and slot count from 0. */
void image_set(struct io_image *m, uint64_t area, uint64_t entry, uint64_t old,
	       uint64_t new_chunk);

/* Append @count consecutive entries at the table position. */
void image_exc(struct io_image *m, uint64_t old, uint64_t new_chunk,
	       uint64_t count);

/* Append @count entries with the new chunks a fixed kernel would take. */
void image_alloc(struct io_image *m, uint64_t old, uint64_t count);

#endif
