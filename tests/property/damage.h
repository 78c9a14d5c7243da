/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaging a store: header, table, and length. Its data stays as it is: what
 * repair may not touch must not be touched here either.
 */
#ifndef PSNAP_TEST_DAMAGE_H
#define PSNAP_TEST_DAMAGE_H

#include "sample.h"

enum damage_kind {
	DAMAGE_FLIPS,	    /* bits of header and table */
	DAMAGE_TEAR,	    /* sectors of an earlier state of the table */
	DAMAGE_HEADER,	    /* zeroed, random, another's, a field of it */
	DAMAGE_AREA,	    /* an area overwritten */
	DAMAGE_SECTORS,	    /* a part of an area overwritten */
	DAMAGE_TRUNCATION,  /* the end is missing */
	DAMAGE_SHIFT_TABLE, /* what is in an area, by some bytes */
	DAMAGE_SHIFT_STORE, /* everything, by some sectors */
	DAMAGE_DUPLICATES,  /* entries copied over others */
	DAMAGE_SWAPS,	    /* entries, or one number of two entries */
	DAMAGE_BEHIND,	    /* junk behind the end of the table */
	DAMAGE_KINDS
};

extern const char *const damage_names[DAMAGE_KINDS];

/* Damage @s in one way. */
void damage_do(struct sample *s, enum damage_kind kind);

/* Damage @s in one to three ways; a bit for each kind. */
uint64_t damage_some(struct sample *s);

#endif
