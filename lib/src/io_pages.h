/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages in memory by number: a hash table, and their numbers in order when
 * somebody asks what comes next. What pages hold is io_overlay.c's business.
 */
#ifndef PSNAP_IO_PAGES_H
#define PSNAP_IO_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @unreadable: a bit for each unit that has no content yet; a page has eight
 * units at the most. */
struct page {
	uint64_t number;
	uint8_t unreadable;
	uint8_t bytes[];
};

/*
 * @page_bytes:  all have the same size
 * @slots:       open addressing; a power of two, never full
 * @sorted:      page numbers, ascending; NULL when pages were added since
 */
struct pages {
	size_t page_bytes;
	struct page **slots;
	size_t slot_count;
	size_t page_count;
	uint64_t *sorted;
};

/* False: no memory, and nothing to release. */
bool psnap_pages_init(struct pages *pages, size_t page_bytes);
void psnap_pages_release(struct pages *pages);

/* NULL when there is no such page. */
struct page *psnap_pages_find(const struct pages *pages, uint64_t number);

/* A page of zeros with a number that there is not; NULL: no memory. */
struct page *psnap_pages_add(struct pages *pages, uint64_t number);

/*
 * @next: out: the first page from @number on; UINT64_MAX when there is none.
 * False: no memory.
 */
bool psnap_pages_next(struct pages *pages, uint64_t number, uint64_t *next);

#endif
