/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: maps of GNU ddrescue. The input is the map. What is taken for
 * one is read a second time here, line by line with the functions of C, and
 * the two have to agree on every byte up to 2^64.
 */
#include "fuzz.h"

#include <psnap/mapfile.h>

static void look_list(struct psnap_extents *set, uint64_t *sum_bytes)
{
	const struct psnap_extent *list;
	uint64_t end_bytes = 0;
	size_t count;
	size_t i;

	*sum_bytes = 0;
	list = psnap_extents_list(set, &count);
	for (i = 0; i < count; i++) {
		FUZZ_REQUIRE(list[i].len_bytes > 0, "range %zu is empty", i);
		FUZZ_REQUIRE(i == 0 || list[i].offset_bytes > end_bytes,
			     "range %zu touches the one before", i);
		FUZZ_REQUIRE(list[i].len_bytes <=
				     UINT64_MAX - list[i].offset_bytes,
			     "range %zu ends behind 2^64", i);
		end_bytes = list[i].offset_bytes + list[i].len_bytes;
		*sum_bytes += list[i].len_bytes;
	}
}

/* A copy of the next line without its comment; false at the end. */
static bool next_line(struct fuzz_cursor *c, char *line, size_t size_bytes)
{
	const uint8_t *new_line = memchr(c->at, '\n', c->left_bytes);
	size_t len = new_line ? (size_t)(new_line - c->at) : c->left_bytes;
	size_t i;

	if (c->left_bytes == 0)
		return false;
	for (i = 0; i < len; i++) {
		bool begins = i == 0 || strchr(" \t\r", c->at[i - 1]);

		if (c->at[i] == '#' && begins)
			break;
		FUZZ_REQUIRE(i + 1 < size_bytes, "a long line was accepted");
		FUZZ_REQUIRE(c->at[i] != '\0', "a zero byte was accepted");
		line[i] = (char)c->at[i];
	}
	line[i] = '\0';
	len += new_line != NULL;
	c->at += len;
	c->left_bytes -= len;
	return true;
}

/* The sum of what was rescued; each block is compared with the set. */
static uint64_t look_blocks(struct psnap_extents *set, struct fuzz_cursor *c)
{
	static char line[8192];
	uint64_t finished_bytes = 0;
	bool in_blocks = false;

	while (next_line(c, line, sizeof(line))) {
		char *rest = line + strspn(line, " \t\r");
		uint64_t start;
		uint64_t len;

		if (!*rest)
			continue;
		if (!in_blocks) {
			in_blocks = true;
			continue;
		}
		start = strtoull(rest, &rest, 0);
		len = strtoull(rest, &rest, 0);
		rest += strspn(rest, " \t\r");
		FUZZ_REQUIRE(*rest && strchr("?*/-+", *rest), "status %s",
			     rest);
		if (*rest == '+') {
			finished_bytes += len;
			FUZZ_EQUAL(psnap_extents_common_bytes(set, start,
							      start + len),
				   0);
		} else {
			FUZZ_REQUIRE(
				psnap_extents_contain(set, start, start + len),
				"block at %" PRIu64, start);
		}
	}
	FUZZ_REQUIRE(in_blocks, "nothing was taken for a map");
	return finished_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct fuzz_cursor cursor = { data, len_bytes };
	struct psnap_extents *set;
	struct psnap_error err = { 0 };
	struct psnap_io *io;
	uint64_t unrescued_bytes;
	int rc;

	FUZZ_EQUAL(psnap_io_open_memory(data, len_bytes, 1, &io, NULL), 0);
	FUZZ_EQUAL(psnap_extents_new(&set, NULL), 0);
	rc = psnap_mapfile_read(io, set, &err);
	FUZZ_REQUIRE(rc == 0 || rc == PSNAP_E_CORRUPT, "returned %d", rc);
	FUZZ_REQUIRE(rc == err.code && (rc == 0) == !err.message[0], "%d: %s",
		     rc, err.message);
	look_list(set, &unrescued_bytes);
	if (rc == 0) {
		/* The last of 2^64 bytes is in no range: it would have no
		 * end. */
		uint64_t sum_bytes =
			look_blocks(set, &cursor) + unrescued_bytes;

		FUZZ_EQUAL(sum_bytes, UINT64_MAX);
	}
	psnap_extents_free(set);
	psnap_io_close(io, NULL);
	return 0;
}
