/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of byte ranges: which part of a device is asked for, which part of an
 * image was never rescued. 16 bytes of memory for each range.
 */
#ifndef PSNAP_EXTENTS_H
#define PSNAP_EXTENTS_H

#include <psnap/error.h>
#include <psnap/io.h>

PSNAP_BEGIN_DECLS

struct psnap_extents;

/**
 * psnap_extents_new() - an empty set
 * @set:  out: release with psnap_extents_free(); NULL on failure
 *
 * Return: 0, or PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_extents_new(struct psnap_extents **set,
					       struct psnap_error *err);

/**
 * psnap_extents_add() - add [start_bytes, end_bytes)
 *
 * In any order; may overlap what is there. An empty range adds nothing.
 * Return: 0, PSNAP_E_RANGE when the end lies before the start, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_extents_add(struct psnap_extents *set,
					       uint64_t start_bytes,
					       uint64_t end_bytes,
					       struct psnap_error *err);

/** psnap_extents_contain() - is every byte of [start, end) in the set? Of an
 * empty range: true */
PSNAP_API bool psnap_extents_contain(struct psnap_extents *set,
				     uint64_t start_bytes, uint64_t end_bytes);

/** psnap_extents_common_bytes() - how many bytes of [start, end) are in the
 * set */
PSNAP_API uint64_t psnap_extents_common_bytes(struct psnap_extents *set,
					      uint64_t start_bytes,
					      uint64_t end_bytes);

/**
 * psnap_extents_list() - the ranges, sorted, disjoint, not even adjacent
 * @count:  out: how many
 *
 * Return: an array that lives until the set is changed or released.
 */
PSNAP_API const struct psnap_extent *
psnap_extents_list(struct psnap_extents *set, size_t *count);

/** psnap_extents_find() - the first range that ends behind @offset_bytes; NULL
 * when there is none. It lives as those of psnap_extents_list() */
PSNAP_API const struct psnap_extent *
psnap_extents_find(struct psnap_extents *set, uint64_t offset_bytes);

/** psnap_extents_free() - release a set; NULL is fine */
PSNAP_API void psnap_extents_free(struct psnap_extents *set);

PSNAP_END_DECLS

#endif
