/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a qcow2 is made of and into: an io with holes, and a file in memory.
 */
#ifndef PSNAP_TEST_QCOW2_SCENE_H
#define PSNAP_TEST_QCOW2_SCENE_H

#include "qcow2_internal.h"
#include "random.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

/* --- a file in memory, as large as what is written to it ------------------- */

struct image {
	struct psnap_io io;
	uint8_t *bytes;
	uint64_t room_bytes;
	uint64_t len_bytes;
	uint64_t writes;
	uint64_t fail_at;
	bool twice;
};

static inline int64_t image_write(struct psnap_io *io, uint64_t offset_bytes,
				  const void *buf, size_t len_bytes)
{
	struct image *image = (struct image *)(void *)io;
	uint64_t end = offset_bytes + len_bytes;
	const uint8_t *old;
	size_t i;

	if (++image->writes == image->fail_at)
		return -28; /* ENOSPC */
	if (end > image->room_bytes) {
		image->bytes = realloc(image->bytes, end * 2);
		if (!image->bytes)
			return -12;
		memset(image->bytes + image->room_bytes, 0,
		       end * 2 - image->room_bytes);
		image->room_bytes = end * 2;
	}
	/* What is there already is not overwritten with something else. */
	old = image->bytes + offset_bytes;
	for (i = 0; i < len_bytes; i++)
		image->twice |= old[i] && old[i] != ((const uint8_t *)buf)[i];
	memcpy(image->bytes + offset_bytes, buf, len_bytes);
	if (end > image->len_bytes)
		image->len_bytes = end;
	return (int64_t)len_bytes;
}

static const struct psnap_io_ops image_ops = { .write_some = image_write };

static inline void image_init(struct image *image)
{
	*image = (struct image){ .io = { .ops = &image_ops,
					 .name = "image",
					 .size_bytes = INT64_MAX,
					 .align_bytes = 1,
					 .fd = -1 } };
}

/* --- what is shown: bytes at the front, holes, and bytes at the end --------- */

#define SHOWN_BYTES (UINT64_C(3) << 20)

struct shown {
	struct psnap_io io;
	uint8_t *bytes;
	uint64_t gap_at;
	uint64_t gap_bytes;
	uint64_t fail_at_bytes;
};

static inline uint64_t shown_len(const struct shown *s)
{
	return s->io.size_bytes - s->gap_bytes;
}

/* A part of it, and behind its end zeros. */
static inline void shown_copy(const struct shown *s, uint64_t at, uint8_t *to,
			      uint64_t len)
{
	uint64_t gap_end = s->gap_at + s->gap_bytes;

	memset(to, 0, len);
	for (; len > 0; at++, to++, len--) {
		if (at >= s->io.size_bytes ||
		    (at >= s->gap_at && at + len <= gap_end))
			return;
		if (at < s->gap_at)
			*to = s->bytes[at];
		else if (at >= gap_end)
			*to = s->bytes[at - s->gap_bytes];
	}
}

static inline int64_t shown_read(struct psnap_io *io, uint64_t offset_bytes,
				 void *buf, size_t len_bytes)
{
	struct shown *s = (struct shown *)(void *)io;

	if (s->fail_at_bytes == offset_bytes)
		return -5; /* EIO */
	if (s->fail_at_bytes > offset_bytes &&
	    s->fail_at_bytes < offset_bytes + len_bytes)
		len_bytes = (size_t)(s->fail_at_bytes - offset_bytes);
	shown_copy(s, offset_bytes, buf, len_bytes);
	return (int64_t)len_bytes;
}

/* Holes in blocks of 512 bytes. */
static inline uint64_t shown_next_data(struct psnap_io *io, uint64_t at)
{
	struct shown *s = (struct shown *)(void *)io;
	uint8_t block[512];

	for (at -= at % 512; at < io->size_bytes; at += 512) {
		if (at >= s->gap_at && at < s->gap_at + s->gap_bytes)
			at = s->gap_at + s->gap_bytes;
		shown_copy(s, at, block, sizeof(block));
		if (!is_zero(block, sizeof(block)))
			break;
	}
	return at < io->size_bytes ? at : io->size_bytes;
}

static const struct psnap_io_ops shown_ops = { .read_some = shown_read,
					       .next_data = shown_next_data };

static inline void shown_init(struct shown *s, uint64_t len_bytes,
			      uint64_t gap_bytes)
{
	uint64_t at;
	uint64_t n;

	*s = (struct shown){ .io = { .ops = &shown_ops,
				     .name = "shown",
				     .size_bytes = len_bytes + gap_bytes,
				     .align_bytes = 1,
				     .fd = -1 },
			     .gap_at = len_bytes / 2 & ~UINT64_C(0xffff),
			     .gap_bytes = gap_bytes,
			     .fail_at_bytes = UINT64_MAX };
	s->bytes = calloc(1, len_bytes + 1);
	if (!s->bytes)
		return;
	/* Pieces that are zero, that can be compressed, and that cannot. */
	for (at = 0; at < len_bytes; at += n) {
		uint64_t kind = next_random() % 3;
		uint64_t i;

		n = 1 + next_random() % 9000;
		for (i = at; kind > 0 && i < at + n && i < len_bytes; i++)
			s->bytes[i] = (uint8_t)(kind == 1 ? i / 700 + 1
							  : next_random());
	}
}

#endif
