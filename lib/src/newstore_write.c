/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a new store: areas and data in the order in which they stand on it,
 * between a header that kernels refuse and the right one. A disk writes a
 * sector whole or not at all, so the header never is half of each.
 */
#include "newstore_internal.h"

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The exceptions, as they come: the next one and how many are left. */
struct entries {
	const struct psnap_extent *ranges;
	uint64_t chunk_bytes;
	uint64_t inside_bytes;
	uint64_t left;
};

static uint64_t next_old_chunk(struct entries *e)
{
	uint64_t at = e->ranges->offset_bytes + e->inside_bytes;

	e->inside_bytes += e->chunk_bytes;
	if (e->inside_bytes == e->ranges->len_bytes) {
		e->inside_bytes = 0;
		e->ranges++;
	}
	e->left--;
	return at / e->chunk_bytes;
}

static size_t sector_bytes(const struct psnap_io *out)
{
	return out->align_bytes > PSNAP_SECTOR_BYTES ? out->align_bytes
						     : PSNAP_SECTOR_BYTES;
}

static int write_header(const struct psnap_newstore *s, struct psnap_io *out,
			uint32_t version, struct psnap_error *err)
{
	const struct disk_header header = {
		.magic = le32_put(PSNAP_MAGIC),
		.valid = le32_put(1),
		.version = le32_put(version),
		.chunk_sectors = le32_put(
			(uint32_t)(s->plan.chunk_bytes / PSNAP_SECTOR_BYTES)),
	};
	uint8_t *sector = calloc(1, sector_bytes(out));
	int rc;

	if (!sector)
		return psnap_fail_nomem(err, "writing a header");
	memcpy(sector, &header, sizeof(header));
	rc = psnap_io_write(out, 0, sector, sector_bytes(out), err);
	if (rc == 0)
		rc = psnap_io_sync(out, err);
	free(sector);
	return rc;
}

/* Entries of an area whose data begins at @new_chunk, and zeros behind them. */
static int put_area(const struct psnap_newstore *s, struct stream *stream,
		    struct entries *entries, uint64_t new_chunk,
		    struct psnap_error *err)
{
	uint64_t count = min_u64(s->entries_max, entries->left);
	uint64_t done = 0;

	while (done < count) {
		struct disk_exception *e;
		uint8_t *room;
		size_t len;
		size_t n;
		int rc;

		rc = psnap_stream_room(stream,
				       (count - done) * PSNAP_EXCEPTION_BYTES,
				       &room, &len, err);
		if (rc)
			return rc;
		e = (struct disk_exception *)room;
		n = len / PSNAP_EXCEPTION_BYTES;
		for (size_t i = 0; i < n; i++, done++) {
			uint64_t old_chunk = next_old_chunk(entries);
			/* Behind the next area, see struct psnap_newstore. */
			uint64_t skip = s->behind && entries->left == 0 ? 2 : 0;

			e[i].old_chunk = le64_put(old_chunk);
			e[i].new_chunk = le64_put(new_chunk + done + skip);
		}
		psnap_stream_filled(stream, n * PSNAP_EXCEPTION_BYTES);
	}
	return psnap_stream_zeros(
		stream, s->plan.chunk_bytes - count * PSNAP_EXCEPTION_BYTES,
		err);
}

static int put_data(struct stream *stream, struct source *source,
		    uint64_t len_bytes, struct psnap_error *err)
{
	while (len_bytes > 0) {
		uint8_t *room;
		size_t n;
		int rc;

		rc = psnap_stream_room(stream, len_bytes, &room, &n, err);
		if (rc == 0)
			rc = psnap_source_read(source, room, &n, err);
		if (rc)
			return rc;
		psnap_stream_filled(stream, n);
		len_bytes -= n;
	}
	return 0;
}

/* Everything behind the header's first sector, which the stream begins at. */
static int put_all(const struct psnap_newstore *s, struct stream *stream,
		   struct psnap_error *err)
{
	uint64_t chunk_bytes = s->plan.chunk_bytes;
	struct entries entries = { .chunk_bytes = chunk_bytes,
				   .left = s->plan.exceptions };
	struct source source;
	size_t count;
	int rc;

	entries.ranges = psnap_extents_list(s->kept, &count);
	psnap_source_init(&source, s->shown, entries.ranges, count);
	rc = psnap_stream_zeros(stream, chunk_bytes - stream->at_bytes, err);
	for (uint64_t k = 0; k < s->plan.areas && rc == 0; k++) {
		uint64_t data = min_u64(s->entries_max, entries.left);
		bool before_last = s->behind && k + 2 == s->plan.areas;

		rc = put_area(s, stream, &entries, 2 + k * (s->entries_max + 1),
			      err);
		if (s->behind && k + 1 == s->plan.areas)
			data = 1;
		if (rc == 0)
			rc = put_data(stream, &source,
				      (data - before_last) * chunk_bytes, err);
		if (rc == 0 && before_last)
			rc = psnap_stream_zeros(stream, chunk_bytes, err);
	}
	return rc;
}

/* The next area that a kernel will come to, if there is one. Kernels of old
 * wrote a full area before they cleared the one behind it. */
static int put_next_area(const struct psnap_newstore *s, struct stream *stream,
			 struct psnap_error *err)
{
	uint64_t chunk_bytes = s->plan.chunk_bytes;
	uint64_t area_chunk = 1 + s->plan.areas * (s->entries_max + 1);
	int rc;

	if (stream->skip_zeros ||
	    stream->out->size_bytes / chunk_bytes <= area_chunk)
		return 0;
	rc = psnap_stream_seek(stream, area_chunk * chunk_bytes, err);
	return rc ? rc : psnap_stream_zeros(stream, chunk_bytes, err);
}

static int write_body(const struct psnap_newstore *s, struct psnap_io *out,
		      bool out_is_zero, struct psnap_error *err)
{
	struct stream stream;
	int rc = psnap_stream_init(&stream, out, err);

	stream.at_bytes = min_u64(sector_bytes(out), s->plan.chunk_bytes);
	stream.skip_zeros = out_is_zero;
	stream.progress = s->progress;
	stream.total_bytes = s->chunks * s->plan.chunk_bytes;
	if (rc == 0)
		rc = put_all(s, &stream, err);
	if (rc == 0)
		rc = put_next_area(s, &stream, err);
	if (rc == 0)
		rc = psnap_stream_flush(&stream, err);
	psnap_stream_release(&stream);
	return rc;
}

static int check_out(const struct psnap_newstore *s, const struct psnap_io *out,
		     struct psnap_error *err)
{
	if (out->size_bytes < s->plan.needed_bytes)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "it has %" PRIu64 " bytes, and %" PRIu64
				  " are needed",
				  out->size_bytes, s->plan.needed_bytes);
	if (out->align_bytes > s->plan.chunk_bytes)
		return psnap_fail(
			err, PSNAP_E_UNSUPPORTED,
			"it has sectors of %" PRIu32
			" bytes, so no kernel would load a store with "
			"chunks of %" PRIu64 " from it; use larger "
			"chunks",
			out->align_bytes, s->plan.chunk_bytes);
	return 0;
}

int psnap_newstore_write(const struct psnap_newstore *store,
			 struct psnap_io *out, bool out_is_zero,
			 struct psnap_error *err)
{
	int rc = check_out(store, out, err);

	if (rc == 0)
		rc = write_header(store, out, 0, err);
	if (rc == 0)
		rc = write_body(store, out, out_is_zero, err);
	if (rc == 0)
		rc = psnap_io_sync(out, err);
	return rc ? rc : write_header(store, out, PSNAP_VERSION_KNOWN, err);
}

static int check_ranges(const struct psnap_extent *ranges, size_t count,
			const struct psnap_io *a, const struct psnap_io *b,
			struct psnap_error *err)
{
	uint64_t size = min_u64(a->size_bytes, b->size_bytes);

	/* The list is sorted: the last one ends last. */
	if (count > 0 && (ranges[count - 1].offset_bytes > size ||
			  ranges[count - 1].len_bytes >
				  size - ranges[count - 1].offset_bytes))
		return psnap_fail_at(err, PSNAP_E_RANGE, size,
				     "there is nothing to copy behind here");
	return 0;
}

int psnap_newstore_copy(struct psnap_io *from, struct psnap_io *to,
			struct psnap_extents *ranges,
			const struct psnap_progress *progress,
			struct psnap_error *err)
{
	size_t count;
	const struct psnap_extent *list = psnap_extents_list(ranges, &count);
	struct stream stream = { 0 };
	struct source source;
	uint64_t at;
	int rc = check_ranges(list, count, from, to, err);

	if (rc)
		return rc;
	rc = psnap_stream_init(&stream, to, err);
	stream.skip_zeros = true;
	if (progress)
		stream.progress = *progress;
	stream.total_bytes = to->size_bytes;
	psnap_source_init(&source, from, list, count);
	while (rc == 0 && psnap_source_next(&source, &at)) {
		rc = psnap_stream_seek(&stream, at, err);
		if (rc == 0)
			rc = put_data(&stream, &source,
				      list[source.next].len_bytes, err);
	}
	if (rc == 0)
		rc = psnap_stream_flush(&stream, err);
	psnap_stream_release(&stream);
	return rc;
}
