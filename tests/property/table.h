/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of a store holds, and whether two stores hold the same, with
 * no code of the library.
 */
#ifndef PSNAP_TEST_TABLE_H
#define PSNAP_TEST_TABLE_H

#include "sample.h"

struct pair_entry table_entry(const struct sample *s, uint64_t slot);

/* Whole chunks of the store. */
uint64_t table_chunks(const struct sample *s);

/* Could a kernel have written this entry? */
bool table_plausible(const struct sample *s, uint64_t slot);

/* Exceptions that the kernel reads: up to the first with new chunk 0. */
uint64_t table_live(const struct sample *s);

/*
 * The first slot at which a repair may take the table to end. It is not one
 * where only a new chunk was lost and an entry follows, nor one in a gap with
 * the whole rest of the area behind it, and the next area too.
 */
uint64_t table_first_end(const struct sample *s);

/* The last slot at which it may: no sign tells that there was more. */
uint64_t table_last_end(const struct sample *s);

/* Does the area of @slot tell against itself? At least four of its entries are
 * impossible, and half of them. */
bool table_area_implausible(const struct sample *s, uint64_t slot);

/* Is every data chunk, and the partial one at the end, as it was? */
bool table_same_data(const struct sample *before, const uint8_t *after);

/* Is everything that the kernel reads of @before also read of @after? */
bool table_keeps_live(const struct sample *before, const struct sample *after);

/* Do the tables hold the same exceptions, in whatever order? */
bool table_same_set(const struct sample *a, const struct sample *b);

/* The same, the same chunk of the header, and nothing behind the end? (An old
 * chunk without a new one is nothing, to the kernel and to a check.) */
bool table_same_store(const struct sample *a, const struct sample *b);

/* Does the kernel read the table of a store with this header? */
bool table_header_loads(const struct sample *s);

#endif
