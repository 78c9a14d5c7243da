/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building stores in memory. A page that was never written is a hole.
 */
#include "io_image.h"

#include <stdlib.h>
#include <string.h>

static struct image_page *find_page(struct io_image *m, uint64_t number)
{
	size_t i;

	for (i = 0; i < m->page_count; i++)
		if (m->pages[i].number == number)
			return &m->pages[i];
	return NULL;
}

static struct image_page *get_page(struct io_image *m, uint64_t number)
{
	struct image_page *page = find_page(m, number);

	if (page)
		return page;
	if (m->page_count == IMAGE_PAGES_MAX)
		abort();
	page = &m->pages[m->page_count++];
	page->number = number;
	return page;
}

static int64_t image_read_some(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	struct io_image *m = (struct io_image *)(void *)io;
	size_t in_page = (size_t)(offset_bytes % IMAGE_PAGE_BYTES);
	const struct image_page *page =
		find_page(m, offset_bytes / IMAGE_PAGE_BYTES);

	if (len_bytes > IMAGE_PAGE_BYTES - in_page)
		len_bytes = IMAGE_PAGE_BYTES - in_page;
	if (page)
		memcpy(buf, page->bytes + in_page, len_bytes);
	else
		memset(buf, 0, len_bytes);
	return (int64_t)len_bytes;
}

static uint64_t image_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	struct io_image *m = (struct io_image *)(void *)io;
	uint64_t found = io->size_bytes;
	size_t i;

	for (i = 0; i < m->page_count; i++) {
		uint64_t start = m->pages[i].number * IMAGE_PAGE_BYTES;

		if (start + IMAGE_PAGE_BYTES <= offset_bytes)
			continue;
		if (start <= offset_bytes)
			return offset_bytes;
		if (start < found)
			found = start;
	}
	return found;
}

static int image_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops image_ops = {
	.read_some = image_read_some,
	.next_data = image_next_data,
	.close = image_close,
};

void image_init(struct io_image *m, uint64_t chunk_bytes, uint64_t chunks)
{
	memset(m, 0, sizeof(*m));
	m->pages = calloc(IMAGE_PAGES_MAX, sizeof(*m->pages));
	if (!m->pages)
		abort();
	m->io.ops = &image_ops;
	m->io.name = "image";
	m->io.size_bytes = chunks * chunk_bytes;
	m->io.align_bytes = 1;
	m->io.fd = -1;
	m->chunk_bytes = chunk_bytes;
	image_header(m, 0x70416e53, 1, 1, (uint32_t)(chunk_bytes / 512));
}

void image_release(struct io_image *m)
{
	free(m->pages);
	m->pages = NULL;
}

void image_put(struct io_image *m, uint64_t offset_bytes, const void *bytes,
	       size_t len_bytes)
{
	const uint8_t *from = bytes;

	for (; len_bytes > 0; len_bytes--, offset_bytes++)
		get_page(m, offset_bytes / IMAGE_PAGE_BYTES)
			->bytes[offset_bytes % IMAGE_PAGE_BYTES] = *from++;
}

void image_put64(struct io_image *m, uint64_t offset_bytes, uint64_t value)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	image_put(m, offset_bytes, bytes, sizeof(bytes));
}

void image_put32(struct io_image *m, uint64_t offset_bytes, uint32_t value)
{
	uint8_t bytes[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	image_put(m, offset_bytes, bytes, sizeof(bytes));
}

void image_header(struct io_image *m, uint32_t magic, uint32_t valid,
		  uint32_t version, uint32_t chunk_sectors)
{
	image_put32(m, 0, magic);
	image_put32(m, 4, valid);
	image_put32(m, 8, version);
	image_put32(m, 12, chunk_sectors);
}

void image_set(struct io_image *m, uint64_t area, uint64_t entry, uint64_t old,
	       uint64_t new_chunk)
{
	uint64_t per_area = m->chunk_bytes / 16;
	uint64_t at =
		(area * per_area + area + 1) * m->chunk_bytes + entry * 16;

	image_put64(m, at, old);
	image_put64(m, at + 8, new_chunk);
}

void image_exc(struct io_image *m, uint64_t old, uint64_t new_chunk,
	       uint64_t count)
{
	for (; count > 0; count--) {
		image_set(m, m->area, m->entry, old++, new_chunk++);
		if (++m->entry == m->chunk_bytes / 16) {
			m->entry = 0;
			m->area++;
		}
	}
}

void image_alloc(struct io_image *m, uint64_t old, uint64_t count)
{
	uint64_t per_area = m->chunk_bytes / 16;

	/* The nth chunk of data comes after the header and n / E + 1 areas. */
	for (; count > 0; count--)
		image_exc(m, old++, 2 + m->area * (per_area + 1) + m->entry, 1);
}
