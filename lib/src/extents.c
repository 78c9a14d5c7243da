/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of byte ranges: an array that is sorted when somebody asks. Maps and
 * tables come in order, and what comes in order costs one comparison; only
 * what does not is sorted. What the ranges mean is the callers' business.
 */
#include <psnap/extents.h>

#include "checked.h"
#include "fail.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 16u

/**
 * struct psnap_extents - the set
 * @sorted:  @list is sorted and disjoint, and no two ranges of it touch; else
 *           in any order, and no range is empty
 */
struct psnap_extents {
	struct psnap_extent *list;
	size_t count;
	size_t capacity;
	bool sorted;
};

int psnap_extents_new(struct psnap_extents **set, struct psnap_error *err)
{
	*set = calloc(1, sizeof(**set));
	if (!*set)
		return psnap_fail_nomem(err, "noting ranges");
	(*set)->sorted = true;
	return 0;
}

/* No sum overflows: it was the end when the range was added. */
static uint64_t end_of(const struct psnap_extent *extent)
{
	return extent->offset_bytes + extent->len_bytes;
}

static void extend(struct psnap_extent *extent, uint64_t end_bytes)
{
	if (end_bytes > end_of(extent))
		extent->len_bytes = end_bytes - extent->offset_bytes;
}

static int compare(const void *left, const void *right)
{
	const struct psnap_extent *a = left;
	const struct psnap_extent *b = right;

	return (a->offset_bytes > b->offset_bytes) -
	       (a->offset_bytes < b->offset_bytes);
}

static void sort(struct psnap_extents *set)
{
	size_t kept = 0;
	size_t i;

	if (set->sorted)
		return;
	qsort(set->list, set->count, sizeof(*set->list), compare);
	for (i = 1; i < set->count; i++) {
		struct psnap_extent next = set->list[i];

		if (next.offset_bytes <= end_of(&set->list[kept]))
			extend(&set->list[kept], end_of(&next));
		else
			set->list[++kept] = next;
	}
	set->count = kept + 1;
	set->sorted = true;
}

/* Ranges that have become one make room for others: memory is in proportion to
 * the set, not to the additions. */
static int make_room(struct psnap_extents *set, struct psnap_error *err)
{
	size_t capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY;
	struct psnap_extent *list;

	if (set->count < set->capacity)
		return 0;
	sort(set);
	if (set->count < set->capacity / 2)
		return 0;
	list = reallocarray(set->list, capacity, sizeof(*list));
	if (!list)
		return psnap_fail_nomem(err, "noting ranges");
	set->list = list;
	set->capacity = capacity;
	return 0;
}

int psnap_extents_add(struct psnap_extents *set, uint64_t start_bytes,
		      uint64_t end_bytes, struct psnap_error *err)
{
	struct psnap_extent *last;
	int rc;

	if (end_bytes < start_bytes)
		return psnap_fail_at(err, PSNAP_E_RANGE, start_bytes,
				     "a range that begins here cannot end at "
				     "byte %llu",
				     (unsigned long long)end_bytes);
	if (start_bytes == end_bytes)
		return 0;
	rc = make_room(set, err);
	if (rc)
		return rc;
	last = set->count > 0 ? &set->list[set->count - 1] : NULL;
	if (last && start_bytes >= last->offset_bytes &&
	    start_bytes <= end_of(last)) {
		extend(last, end_bytes);
		return 0;
	}
	if (last && start_bytes < last->offset_bytes)
		set->sorted = false;
	assert(set->list);
	set->list[set->count++] =
		(struct psnap_extent){ start_bytes, end_bytes - start_bytes };
	return 0;
}

/* The first range that ends behind @offset_bytes; count when there is none. */
static size_t find(struct psnap_extents *set, uint64_t offset_bytes)
{
	size_t low = 0;
	size_t high;

	sort(set);
	high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(&set->list[middle]) > offset_bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool psnap_extents_contain(struct psnap_extents *set, uint64_t start_bytes,
			   uint64_t end_bytes)
{
	size_t i;

	if (end_bytes <= start_bytes)
		return true;
	/* Ranges do not touch, so it is one that holds all or none does. */
	i = find(set, start_bytes);
	return i < set->count && set->list[i].offset_bytes <= start_bytes &&
	       end_of(&set->list[i]) >= end_bytes;
}

uint64_t psnap_extents_common_bytes(struct psnap_extents *set,
				    uint64_t start_bytes, uint64_t end_bytes)
{
	uint64_t common_bytes = 0;
	size_t i;

	if (end_bytes <= start_bytes)
		return 0;
	for (i = find(set, start_bytes);
	     i < set->count && set->list[i].offset_bytes < end_bytes; i++) {
		uint64_t from = set->list[i].offset_bytes;

		if (from < start_bytes)
			from = start_bytes;
		common_bytes +=
			min_u64(end_of(&set->list[i]), end_bytes) - from;
	}
	return common_bytes;
}

const struct psnap_extent *psnap_extents_list(struct psnap_extents *set,
					      size_t *count)
{
	sort(set);
	*count = set->count;
	return set->list;
}

const struct psnap_extent *psnap_extents_find(struct psnap_extents *set,
					      uint64_t offset_bytes)
{
	size_t i = find(set, offset_bytes);

	return i < set->count ? &set->list[i] : NULL;
}

void psnap_extents_free(struct psnap_extents *set)
{
	if (!set)
		return;
	free(set->list);
	free(set);
}
