/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a new store share: newstore.c plans, newstore_write.c lays
 * it out, newstore_stream.c takes bytes in order, newstore_source.c gives them.
 */
#ifndef PSNAP_NEWSTORE_INTERNAL_H
#define PSNAP_NEWSTORE_INTERNAL_H

#include <psnap/newstore.h>

/**
 * struct psnap_newstore - a plan
 * @kept:          the chunks, as ranges of bytes of @shown, in whole chunks; the
 *                 last one may end behind it
 * @entries_max:   exceptions of an area
 * @behind:        the last chunk stands behind the area that ends the table
 * @chunks:        the store uses, header and areas included
 */
struct psnap_newstore {
	struct psnap_io *shown;
	struct psnap_extents *kept;
	struct psnap_newstore_plan plan;
	struct psnap_progress progress;
	uint64_t entries_max;
	bool behind;
	uint64_t chunks;
};

/**
 * struct stream - bytes that go to an io, in order
 * @at_bytes:    where the first byte of the buffer belongs
 * @used_bytes:  of the buffer
 * @skip_zeros:  @out reads as zero
 */
struct stream {
	struct psnap_io *out;
	uint8_t *buffer;
	uint64_t at_bytes;
	size_t used_bytes;
	bool skip_zeros;
	struct psnap_progress progress;
	uint64_t total_bytes;
};

/* newstore_stream.c */
int psnap_stream_init(struct stream *s, struct psnap_io *out,
		      struct psnap_error *err);
void psnap_stream_release(struct stream *s);
/* Room for up to *len bytes, at least 1; *len is cut to what there is. */
int psnap_stream_room(struct stream *s, uint64_t len_bytes, uint8_t **room,
		      size_t *room_bytes, struct psnap_error *err);
/* So much of that room is filled. */
void psnap_stream_filled(struct stream *s, size_t len_bytes);
int psnap_stream_zeros(struct stream *s, uint64_t len_bytes,
		       struct psnap_error *err);
int psnap_stream_flush(struct stream *s, struct psnap_error *err);
/* Go on somewhere else. */
int psnap_stream_seek(struct stream *s, uint64_t at_bytes,
		      struct psnap_error *err);

/**
 * struct source - ranges of an io, one behind the other
 * @next, @inside_bytes:    the range that is read from, and how far it was read
 * @ahead, @ahead_inside_bytes:  up to where was asked for ahead
 * @ahead_bytes: how much that is from where is read
 * @data_bytes:  what lies between the last place that was read and here, is zero
 */
struct source {
	struct psnap_io *from;
	const struct psnap_extent *ranges;
	size_t count;
	size_t next;
	uint64_t inside_bytes;
	size_t ahead;
	uint64_t ahead_inside_bytes;
	uint64_t ahead_bytes;
	uint64_t data_bytes;
};

/* newstore_source.c */
void psnap_source_init(struct source *s, struct psnap_io *from,
		       const struct psnap_extent *ranges, size_t count);
/* The next bytes of the ranges, not beyond the end of one: *len is how many, 0
 * at the end of all. What lies behind the end of the io is zero. */
int psnap_source_read(struct source *s, uint8_t *to, size_t *len_bytes,
		      struct psnap_error *err);
/* Where the next bytes of the ranges are; false at the end. */
bool psnap_source_next(const struct source *s, uint64_t *offset_bytes);

#endif
