/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash table of pages.
 */
#include "io_pages.h"

#include <stdlib.h>

#define SLOTS_MIN 64u

/* The slot of a page, or the empty one where it would go. */
static struct page **find_slot(struct page **slots, size_t slot_count,
			       uint64_t number)
{
	uint64_t hash = number * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32) & (slot_count - 1);

	while (slots[at] && slots[at]->number != number)
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

bool psnap_pages_init(struct pages *pages, size_t page_bytes)
{
	*pages = (struct pages){ .page_bytes = page_bytes };
	pages->slots = calloc(SLOTS_MIN, sizeof(struct page *));
	if (!pages->slots)
		return false;
	pages->slot_count = SLOTS_MIN;
	return true;
}

void psnap_pages_release(struct pages *pages)
{
	size_t i;

	for (i = 0; i < pages->slot_count; i++)
		free(pages->slots[i]);
	free(pages->slots);
	free(pages->sorted);
	*pages = (struct pages){ .page_bytes = pages->page_bytes };
}

struct page *psnap_pages_find(const struct pages *pages, uint64_t number)
{
	return *find_slot(pages->slots, pages->slot_count, number);
}

static bool make_room(struct pages *pages)
{
	size_t count = pages->slot_count * 2;
	struct page **slots;
	size_t i;

	if (pages->page_count < pages->slot_count / 4 * 3)
		return true;
	slots = calloc(count, sizeof(struct page *));
	if (!slots)
		return false;
	for (i = 0; i < pages->slot_count; i++) {
		struct page *page = pages->slots[i];

		if (page)
			*find_slot(slots, count, page->number) = page;
	}
	free(pages->slots);
	pages->slots = slots;
	pages->slot_count = count;
	return true;
}

struct page *psnap_pages_add(struct pages *pages, uint64_t number)
{
	struct page *page;

	if (!make_room(pages))
		return NULL;
	page = calloc(1, sizeof(*page) + pages->page_bytes);
	if (!page)
		return NULL;
	page->number = number;
	*find_slot(pages->slots, pages->slot_count, number) = page;
	pages->page_count++;
	free(pages->sorted);
	pages->sorted = NULL;
	return page;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool sort_numbers(struct pages *pages)
{
	size_t count = 0;
	size_t i;

	if (pages->sorted)
		return true;
	pages->sorted = calloc(pages->page_count, sizeof(*pages->sorted));
	if (!pages->sorted)
		return false;
	for (i = 0; i < pages->slot_count; i++)
		if (pages->slots[i])
			pages->sorted[count++] = pages->slots[i]->number;
	qsort(pages->sorted, count, sizeof(*pages->sorted), compare_u64);
	return true;
}

bool psnap_pages_next(struct pages *pages, uint64_t number, uint64_t *next)
{
	size_t low = 0;
	size_t high = pages->page_count;

	*next = UINT64_MAX;
	if (pages->page_count == 0)
		return true;
	if (!sort_numbers(pages))
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pages->sorted[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < pages->page_count)
		*next = pages->sorted[low];
	return true;
}
