/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output file of mkstore, and what goes into it besides the table: header,
 * data pattern, raw bytes, in that order, and the cut at the end. The file
 * starts empty, so bytes nobody wrote are holes. The data pattern is laid by
 * reading the table back: only then is it known which entries remained.
 */
#include "mkstore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_le32(unsigned char *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

void mkstore_put_le64(unsigned char *p, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_le64(const unsigned char *p)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | p[i];
	return value;
}

void mkstore_file_open(struct mkstore *m)
{
	struct stat st;

	m->fd = open(m->out_name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (m->fd < 0)
		mkstore_die(m, "cannot create %s: %s", m->out_name,
			    strerror(errno));
	if (fstat(m->fd, &st) || !S_ISREG(st.st_mode)) {
		close(m->fd);
		m->fd = -1;
		mkstore_die(m, "%s is not a regular file: name another output",
			    m->out_name);
	}
	if (ftruncate(m->fd, 0))
		mkstore_die(m, "cannot empty %s: %s", m->out_name,
			    strerror(errno));
}

void mkstore_file_write(const struct mkstore *m, const void *bytes,
			size_t len_bytes, uint64_t offset_bytes)
{
	const unsigned char *p = bytes;

	while (len_bytes) {
		ssize_t n = pwrite(m->fd, p, len_bytes, (off_t)offset_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			mkstore_die(m, "cannot write %s at byte %ju: %s",
				    m->out_name, (uintmax_t)offset_bytes,
				    n < 0 ? strerror(errno) : "nothing taken");
		p += n;
		len_bytes -= (size_t)n;
		offset_bytes += (uint64_t)n;
	}
}

static void resize(const struct mkstore *m, uint64_t size_bytes)
{
	if (ftruncate(m->fd, (off_t)size_bytes))
		mkstore_die(m, "cannot make %s %ju bytes long: %s", m->out_name,
			    (uintmax_t)size_bytes, strerror(errno));
}

static void write_header(const struct mkstore *m)
{
	unsigned char header[16];

	put_le32(header, m->magic);
	put_le32(header + 4, m->valid);
	put_le32(header + 8, m->version);
	put_le32(header + 12,
		 m->has_header_chunk
			 ? m->header_chunk_sectors
			 : (uint32_t)(m->chunk_bytes / MKSTORE_SECTOR_BYTES));
	mkstore_file_write(m, header, sizeof(header), 0);
}

/* Text, so that no part of it can pass for an entry with small numbers. */
static void fill_chunk(struct mkstore *m, uint64_t old_chunk,
		       uint64_t new_chunk)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char line[] = "chunk 0123456789abcdef 01234567\n";
	uint64_t start_bytes = new_chunk * m->chunk_bytes;
	uint64_t done_bytes = 0;

	for (int i = 0; i < 16; i++)
		line[6 + i] =
			(unsigned char)digits[old_chunk >> 4 * (15 - i) & 15];
	while (done_bytes < m->chunk_bytes) {
		size_t len = 0;

		while (len < sizeof(m->piece) && done_bytes < m->chunk_bytes) {
			for (int i = 0; i < 8; i++)
				line[23 + i] = (unsigned char)
					digits[done_bytes >> 4 * (7 - i) & 15];
			memcpy(m->piece + len, line,
			       MKSTORE_PATTERN_LINE_BYTES);
			len += MKSTORE_PATTERN_LINE_BYTES;
			done_bytes += MKSTORE_PATTERN_LINE_BYTES;
		}
		mkstore_file_write(m, m->piece, len,
				   start_bytes + done_bytes - len);
	}
}

/* Entries from one on, up to the end of its area; missing bytes are zero. */
static size_t read_entries(struct mkstore *m, uint64_t entry)
{
	uint64_t slot = entry % m->entries_per_area;
	uint64_t area_index = entry / m->entries_per_area;
	uint64_t offset_bytes =
		mkstore_chunk_offset(m, mkstore_area_chunk(m, area_index)) +
		slot * MKSTORE_ENTRY_BYTES;
	uint64_t count = m->entries_per_area - slot;
	size_t len_bytes = sizeof(m->buffer);
	ssize_t n;

	if (count < len_bytes / MKSTORE_ENTRY_BYTES)
		len_bytes = (size_t)count * MKSTORE_ENTRY_BYTES;
	do {
		n = pread(m->fd, m->buffer, len_bytes, (off_t)offset_bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		mkstore_die(m, "cannot read %s at byte %ju: %s", m->out_name,
			    (uintmax_t)offset_bytes, strerror(errno));
	memset(m->buffer + n, 0, len_bytes - (size_t)n);
	return len_bytes / MKSTORE_ENTRY_BYTES;
}

/* Jumps over areas that were never written; there may be 2^50 of them. */
static uint64_t skip_hole(const struct mkstore *m, uint64_t entry)
{
	uint64_t area_index = entry / m->entries_per_area;
	uint64_t chunk = mkstore_area_chunk(m, area_index);
	off_t data_bytes =
		lseek(m->fd, (off_t)mkstore_chunk_offset(m, chunk), SEEK_DATA);
	uint64_t data_chunk;

	if (data_bytes < 0)
		return errno == ENXIO ? m->entry_end : entry;
	data_chunk = (uint64_t)data_bytes / m->chunk_bytes;
	if (data_chunk == chunk)
		return entry;
	area_index = (data_chunk - 1 + m->entries_per_area) /
		     (m->entries_per_area + 1);
	return area_index * m->entries_per_area;
}

static uint64_t find_terminator(struct mkstore *m)
{
	uint64_t entry = 0;

	while (entry < m->entry_end) {
		size_t count = read_entries(m, entry);

		for (size_t i = 0; i < count; i++)
			if (!get_le64(m->buffer + 16 * i + 8))
				return entry + i;
		entry += count;
	}
	return m->entry_end;
}

static void fill_entries(struct mkstore *m, uint64_t start, uint64_t end)
{
	uint64_t whole_chunks = m->size_bytes / m->chunk_bytes;
	uint64_t entry = start;

	while (entry < end) {
		size_t count = read_entries(m, entry);

		for (size_t i = 0; i < count && entry + i < end; i++) {
			const unsigned char *p = m->buffer + 16 * i;
			uint64_t new_chunk = get_le64(p + 8);

			if (new_chunk < whole_chunks &&
			    !mkstore_chunk_is_metadata(m, new_chunk))
				fill_chunk(m, get_le64(p), new_chunk);
		}
		entry += count;
		if (entry < end)
			entry = skip_hole(m, entry);
	}
}

static void write_raw(struct mkstore *m, const struct mkstore_raw *raw)
{
	uint64_t state = raw->value;
	uint64_t done_bytes = 0;

	while (done_bytes < raw->len_bytes) {
		uint64_t left_bytes = raw->len_bytes - done_bytes;
		size_t len = sizeof(m->buffer);

		if (left_bytes < len)
			len = (size_t)left_bytes;
		if (raw->kind == MKSTORE_RAW_FILL)
			memset(m->buffer, (int)raw->value, len);
		else
			for (size_t i = 0; i < len; i += 8)
				mkstore_put_le64(m->buffer + i,
						 mkstore_mix(&state));
		mkstore_file_write(m, m->buffer, len,
				   raw->offset_bytes + done_bytes);
		done_bytes += len;
	}
}

static void apply_raw(struct mkstore *m, const struct mkstore_raw *raw)
{
	uint64_t end_bytes = raw->offset_bytes + raw->len_bytes;

	m->line = raw->line;
	if (end_bytes > m->size_bytes)
		mkstore_die(m, "bytes %ju to %ju lie outside a store of %ju",
			    (uintmax_t)raw->offset_bytes, (uintmax_t)end_bytes,
			    (uintmax_t)m->size_bytes);
	if (raw->kind == MKSTORE_RAW_BYTES)
		mkstore_file_write(m, raw->bytes, (size_t)raw->len_bytes,
				   raw->offset_bytes);
	else if (raw->kind == MKSTORE_RAW_RANDOM || raw->value ||
		 fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   (off_t)raw->offset_bytes, (off_t)raw->len_bytes))
		write_raw(m, raw);
	m->line = 0;
}

void mkstore_file_finish(struct mkstore *m)
{
	mkstore_table_flush(m);
	m->line = 0;
	if (m->has_header && m->written_end_bytes < 16)
		m->written_end_bytes = 16;
	if (!m->has_size)
		m->size_bytes = mkstore_default_size(m);
	m->line = m->size_line;
	if (m->written_end_bytes > m->size_bytes)
		mkstore_die(m,
			    "size %ju is too small for header and table, "
			    "which end at byte %ju (truncate cuts them)",
			    (uintmax_t)m->size_bytes,
			    (uintmax_t)m->written_end_bytes);
	resize(m, m->size_bytes);
	m->line = 0;
	if (m->has_header)
		write_header(m);
	if (m->has_data) {
		uint64_t terminator = find_terminator(m);

		/* Live entries last: they win a chunk named twice. */
		fill_entries(m, terminator, m->entry_end);
		fill_entries(m, 0, terminator);
	}
	for (size_t i = 0; i < m->raw_count; i++)
		apply_raw(m, &m->raw[i]);
	m->line = m->truncate_line;
	if (m->has_truncate)
		resize(m, m->truncate_bytes);
	m->line = 0;
	if (close(m->fd))
		mkstore_die(m, "cannot finish %s: %s", m->out_name,
			    strerror(errno));
	m->fd = -1;
}
