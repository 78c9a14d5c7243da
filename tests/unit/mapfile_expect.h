/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a map of GNU ddrescue is to say, or how the message begins that says
 * why it is none.
 */
#ifndef PSNAP_TEST_MAPFILE_EXPECT_H
#define PSNAP_TEST_MAPFILE_EXPECT_H

#include "test.h"

#include <psnap/mapfile.h>

/* The ranges of a set as "start-end ...". */
static inline const char *text_of(struct psnap_extents *set)
{
	static char text[1000];
	const struct psnap_extent *list;
	size_t used = 0;
	size_t count;
	size_t i;

	list = psnap_extents_list(set, &count);
	text[0] = '\0';
	for (i = 0; i < count && used < sizeof(text) - 50; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%" PRIu64 "-%" PRIu64,
					 i > 0 ? " " : "", list[i].offset_bytes,
					 list[i].offset_bytes +
						 list[i].len_bytes);
	return text;
}

static inline int read_bytes(const void *map, size_t len_bytes,
			     struct psnap_extents *set, struct psnap_error *err)
{
	struct psnap_io *io;
	int rc = psnap_io_open_memory(map, len_bytes, 1, &io, err);

	if (rc == 0)
		rc = psnap_mapfile_read(io, set, err);
	psnap_io_close(io, NULL);
	return rc;
}

/* A good map: @want is what was not rescued. */
static inline void good(const char *map, const char *want)
{
	struct psnap_error err = { 0 };
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	T_EQ_I64(read_bytes(map, strlen(map), set, &err), 0);
	T_EQ_STR(err.message, "");
	T_EQ_STR(text_of(set), want);
	psnap_extents_free(set);
}

static inline void bad_bytes(const void *map, size_t len_bytes,
			     const char *want)
{
	struct psnap_error err = { 0 };
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	T_EQ_I64(read_bytes(map, len_bytes, set, &err), PSNAP_E_CORRUPT);
	T_EQ_I64(err.code, PSNAP_E_CORRUPT);
	T_OK(strncmp(err.message, want, strlen(want)) == 0,
	     "says \"%s...\": %s", want, err.message);
	T_EQ_I64(read_bytes(map, len_bytes, set, NULL), PSNAP_E_CORRUPT);
	psnap_extents_free(set);
}

static inline void bad(const char *map, const char *want)
{
	bad_bytes(map, strlen(map), want);
}

#endif
