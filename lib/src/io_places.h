/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a file something is under way, roughly: with a thousand small
 * requests, to look at each of them for every new one takes longer than to make
 * it.
 */
#ifndef PSNAP_IO_PLACES_H
#define PSNAP_IO_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSNAP_IO_PLACES 16384u

/**
 * struct psnap_io_places - empty when it is zero
 * @counts:  requests in each place; places that lie PSNAP_IO_PLACES apart share
 *           one
 */
struct psnap_io_places {
	uint16_t counts[PSNAP_IO_PLACES];
};

/**
 * psnap_io_places_add() - a request begins
 * @len_bytes:  at least 1; less than 64 MiB, so that no place is counted twice.
 *              There are never more than 65535 requests
 */
void psnap_io_places_add(struct psnap_io_places *places, uint64_t offset_bytes,
			 size_t len_bytes);

/** psnap_io_places_remove() - a request that was added is done */
void psnap_io_places_remove(struct psnap_io_places *places,
			    uint64_t offset_bytes, size_t len_bytes);

/**
 * psnap_io_places_may_meet() - might one that is under way be in the same place?
 *
 * Return: false: none is. true: ask each of them.
 */
bool psnap_io_places_may_meet(const struct psnap_io_places *places,
			      uint64_t offset_bytes, size_t len_bytes);

#endif
