/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collecting exceptions that point past the end of the device, area by area:
 * those of an area that turns out to be none are dropped again.
 */
#ifndef PSNAP_CHECK_BEYOND_H
#define PSNAP_CHECK_BEYOND_H

#include "check_internal.h"

/* @named: the first of @count; @in_area: of the area at hand, not yet kept. */
struct beyond_list {
	struct psnap_run *named;
	uint64_t count;
	uint64_t highest;
	uint64_t in_area;
	uint64_t area_highest;
};

struct beyond {
	size_t named_max;
	struct beyond_list near;
	struct beyond_list far;
};

int psnap_beyond_init(struct beyond *b, size_t named_max,
		      struct psnap_error *err);
void psnap_beyond_release(struct beyond *b);

/*
 * Take an entry of a table that has at least room for @entries in @areas so
 * far. True when its number is near enough to be that of a truncated store.
 */
bool psnap_beyond_take(struct beyond *b, const struct psnap_run *entry,
		       uint64_t entries, uint64_t areas);

/* The same question about a number alone. */
bool psnap_beyond_is_near(uint64_t new_chunk, uint64_t entries, uint64_t areas);

/* The area has ended; keep what was taken of it? */
void psnap_beyond_end_area(struct beyond *b, bool keep);

/* The table has ended: report. */
int psnap_beyond_report(struct beyond *b, struct checker *c);

#endif
