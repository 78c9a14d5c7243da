/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of an io, read one behind the other: asked for ahead across ranges,
 * and without reading holes.
 */
#include "newstore_internal.h"

#include "checked.h"

#include <string.h>

#define AHEAD_BYTES ((uint64_t)16 << 20)
/* A hole behind data is found again after so much. */
#define PIECE_BYTES ((uint64_t)1 << 20)

void psnap_source_init(struct source *s, struct psnap_io *from,
		       const struct psnap_extent *ranges, size_t count)
{
	*s = (struct source){ .from = from, .ranges = ranges, .count = count };
}

bool psnap_source_next(const struct source *s, uint64_t *offset_bytes)
{
	if (s->next == s->count)
		return false;
	*offset_bytes = s->ranges[s->next].offset_bytes + s->inside_bytes;
	return true;
}

/* In large steps, and never more than AHEAD_BYTES from where is read. */
static void ask_ahead(struct source *s)
{
	if (s->ahead_bytes > AHEAD_BYTES / 2)
		return;
	while (s->ahead < s->count && s->ahead_bytes < AHEAD_BYTES) {
		const struct psnap_extent *r = &s->ranges[s->ahead];
		uint64_t n = min_u64(r->len_bytes - s->ahead_inside_bytes,
				     AHEAD_BYTES - s->ahead_bytes);

		psnap_io_prefetch(s->from,
				  r->offset_bytes + s->ahead_inside_bytes, n);
		s->ahead_bytes += n;
		s->ahead_inside_bytes += n;
		if (s->ahead_inside_bytes == r->len_bytes) {
			s->ahead_inside_bytes = 0;
			s->ahead++;
		}
	}
}

/* What is zero for sure from @at on: how much of @len. */
static size_t zeros(struct source *s, uint64_t at, size_t len)
{
	if (at >= s->from->size_bytes)
		return len;
	if (s->data_bytes < at)
		s->data_bytes = psnap_io_next_data(s->from, at);
	/* No data up to the end, and none behind it. */
	if (s->data_bytes >= s->from->size_bytes)
		return len;
	return (size_t)min_u64(len, s->data_bytes - at);
}

int psnap_source_read(struct source *s, uint8_t *to, size_t *len_bytes,
		      struct psnap_error *err)
{
	const struct psnap_extent *r;
	uint64_t at;
	size_t zero;
	size_t len;
	int rc = 0;

	if (s->next == s->count) {
		*len_bytes = 0;
		return 0;
	}
	r = &s->ranges[s->next];
	ask_ahead(s);
	at = r->offset_bytes + s->inside_bytes;
	len = (size_t)min_u64(*len_bytes, r->len_bytes - s->inside_bytes);
	zero = zeros(s, at, len);
	if (zero > 0) {
		len = zero;
		memset(to, 0, len);
	} else {
		len = (size_t)min_u64(
			len, min_u64(PIECE_BYTES, s->from->size_bytes - at));
		rc = psnap_io_read(s->from, at, to, len, err);
	}
	*len_bytes = len;
	s->ahead_bytes -= min_u64(len, s->ahead_bytes);
	s->inside_bytes += len;
	if (s->inside_bytes == r->len_bytes) {
		s->inside_bytes = 0;
		s->next++;
	}
	return rc;
}
