/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of mkstore: where areas lie, what an entry looks like, which chunk
 * a kernel would hand out next. Entries go out in table order through one
 * buffer, so a store of any length costs the same memory. Nothing here asks
 * whether a store makes sense; only numbers that no file can hold are refused.
 */
#include "mkstore.h"

/* Adds numbers of chunks, entries or bytes that must stay below 2^64. */
uint64_t mkstore_add(const struct mkstore *m, uint64_t a, uint64_t b)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		mkstore_die(m, "a number passes 2^64 - 1");
	return sum;
}

uint64_t mkstore_area_chunk(const struct mkstore *m, uint64_t area_index)
{
	uint64_t stride = m->entries_per_area + 1;
	uint64_t chunk;

	if (__builtin_mul_overflow(area_index, stride, &chunk))
		mkstore_die(m, "area %ju lies past chunk 2^64 - 1",
			    (uintmax_t)area_index);
	return mkstore_add(m, chunk, 1);
}

uint64_t mkstore_chunk_offset(const struct mkstore *m, uint64_t chunk)
{
	uint64_t offset_bytes;

	if (__builtin_mul_overflow(chunk, m->chunk_bytes, &offset_bytes) ||
	    offset_bytes > MKSTORE_FILE_BYTES_MAX)
		mkstore_die(m, "chunk %ju starts past byte 2^63 - 1",
			    (uintmax_t)chunk);
	return offset_bytes;
}

bool mkstore_chunk_is_metadata(const struct mkstore *m, uint64_t chunk)
{
	return chunk == 0 || chunk % (m->entries_per_area + 1) == 1;
}

/* The data chunks, numbered 0, 1, 2... without header and areas. */
static uint64_t data_chunk(const struct mkstore *m, uint64_t index)
{
	uint64_t areas = index / m->entries_per_area + 1;

	return mkstore_add(m, index, areas + 1);
}

/* On a metadata chunk this is the index of the data chunk after it. */
static uint64_t data_index(const struct mkstore *m, uint64_t chunk)
{
	if (chunk < 2)
		return 0;
	return chunk - 2 - (chunk - 2) / (m->entries_per_area + 1);
}

/*
 * Room for the areas, a readable successor of a full one, every chunk that
 * exc, alloc and scatter named, and raw bytes. At least header and area 0.
 */
uint64_t mkstore_default_size(struct mkstore *m)
{
	uint64_t areas = m->area_count ? m->area_count : 1;
	uint64_t chunks = mkstore_area_chunk(m, areas - 1) + 1;
	uint64_t size_bytes = mkstore_chunk_offset(m, chunks);

	if (m->last_chunk >= chunks) {
		m->line = m->last_chunk_line;
		chunks = mkstore_add(m, m->last_chunk, 1);
		size_bytes = mkstore_chunk_offset(m, chunks);
		m->line = 0;
	}
	if (m->raw_end_bytes <= size_bytes)
		return size_bytes;
	chunks = (m->raw_end_bytes - 1) / m->chunk_bytes + 1;
	return mkstore_chunk_offset(m, chunks);
}

void mkstore_table_flush(struct mkstore *m)
{
	if (m->pending_bytes)
		mkstore_file_write(m, m->buffer, m->pending_bytes,
				   m->pending_offset_bytes);
	m->pending_bytes = 0;
}

static void check_slot(const struct mkstore *m, uint64_t slot)
{
	if (slot >= m->entries_per_area)
		mkstore_die(m, "slot %ju: an area has slots 0 to %ju",
			    (uintmax_t)slot,
			    (uintmax_t)m->entries_per_area - 1);
}

void mkstore_table_move(struct mkstore *m, uint64_t area_index, uint64_t slot)
{
	check_slot(m, slot);
	m->area_index = area_index;
	m->slot = slot;
	m->area_located = false;
}

/* The end of the area must be a legal offset too: every slot is writable. */
static uint64_t locate_area(const struct mkstore *m, uint64_t area_index)
{
	uint64_t chunk = mkstore_area_chunk(m, area_index);

	return mkstore_chunk_offset(m, mkstore_add(m, chunk, 1)) -
	       m->chunk_bytes;
}

static void note_entry(struct mkstore *m, uint64_t area_index, uint64_t slot,
		       uint64_t offset_bytes, uint64_t new_chunk)
{
	bool is_full = new_chunk && slot == m->entries_per_area - 1;
	uint64_t areas = area_index + (is_full ? 2 : 1);
	uint64_t entries = area_index * m->entries_per_area + slot + 1;

	if (areas > m->area_count)
		m->area_count = areas;
	if (entries > m->entry_end)
		m->entry_end = entries;
	if (offset_bytes + MKSTORE_ENTRY_BYTES > m->written_end_bytes)
		m->written_end_bytes = offset_bytes + MKSTORE_ENTRY_BYTES;
	m->entry_count++;
}

void mkstore_table_set(struct mkstore *m, uint64_t area_index, uint64_t slot,
		       uint64_t old_chunk, uint64_t new_chunk)
{
	unsigned char entry[MKSTORE_ENTRY_BYTES];
	uint64_t offset_bytes;

	check_slot(m, slot);
	mkstore_table_flush(m);
	offset_bytes = locate_area(m, area_index) + slot * sizeof(entry);
	mkstore_put_le64(entry, old_chunk);
	mkstore_put_le64(entry + 8, new_chunk);
	mkstore_file_write(m, entry, sizeof(entry), offset_bytes);
	note_entry(m, area_index, slot, offset_bytes, new_chunk);
}

static void append(struct mkstore *m, uint64_t old_chunk, uint64_t new_chunk)
{
	unsigned char *entry;
	uint64_t offset_bytes;

	if (m->slot == m->entries_per_area)
		mkstore_table_move(m, m->area_index + 1, 0);
	if (!m->area_located) {
		m->area_offset_bytes = locate_area(m, m->area_index);
		m->area_located = true;
	}
	offset_bytes = m->area_offset_bytes + m->slot * MKSTORE_ENTRY_BYTES;
	if (m->pending_bytes == sizeof(m->buffer) ||
	    offset_bytes != m->pending_offset_bytes + m->pending_bytes)
		mkstore_table_flush(m);
	if (!m->pending_bytes)
		m->pending_offset_bytes = offset_bytes;

	entry = m->buffer + m->pending_bytes;
	mkstore_put_le64(entry, old_chunk);
	mkstore_put_le64(entry + 8, new_chunk);
	m->pending_bytes += MKSTORE_ENTRY_BYTES;
	note_entry(m, m->area_index, m->slot, offset_bytes, new_chunk);
	m->slot++;
	if (new_chunk > m->last_chunk) {
		m->last_chunk = new_chunk;
		m->last_chunk_line = m->line;
	}
}

/* The allocator steps over one area, as every kernel does after handing out. */
static uint64_t chunk_after(const struct mkstore *m, uint64_t chunk)
{
	if (chunk == UINT64_MAX)
		return 0;
	chunk++;
	if (!mkstore_chunk_is_metadata(m, chunk))
		return chunk;
	return chunk == UINT64_MAX ? 0 : chunk + 1;
}

static void need_free_chunk(const struct mkstore *m)
{
	if (!m->next_free_chunk)
		mkstore_die(m, "no chunk number is left to allocate");
}

static uint64_t allocate(struct mkstore *m)
{
	uint64_t chunk = m->next_free_chunk;

	need_free_chunk(m);
	m->next_free_chunk = chunk_after(m, chunk);
	return chunk;
}

void mkstore_table_exc(struct mkstore *m, uint64_t old_chunk,
		       uint64_t new_chunk, uint64_t count)
{
	uint64_t last_chunk;

	if (!count)
		return;
	mkstore_add(m, old_chunk, count - 1);
	last_chunk = mkstore_add(m, new_chunk, count - 1);
	for (uint64_t i = 0; i < count; i++)
		append(m, old_chunk + i, new_chunk + i);

	/* A kernel that loads the table goes on after the highest chunk. */
	if (m->next_free_chunk && last_chunk >= m->next_free_chunk)
		m->next_free_chunk = chunk_after(m, last_chunk);
}

void mkstore_table_alloc(struct mkstore *m, uint64_t old_chunk, uint64_t count)
{
	uint64_t end_index;

	if (!count)
		return;
	mkstore_add(m, old_chunk, count - 1);
	if (!m->reverse) {
		for (uint64_t i = 0; i < count; i++)
			append(m, old_chunk + i, allocate(m));
		return;
	}
	need_free_chunk(m);
	end_index = mkstore_add(m, data_index(m, m->next_free_chunk), count);
	m->next_free_chunk = data_chunk(m, end_index);
	for (uint64_t i = 0; i < count; i++)
		append(m, old_chunk + i, data_chunk(m, end_index - 1 - i));
}

void mkstore_table_skip(struct mkstore *m, uint64_t count)
{
	need_free_chunk(m);
	count = mkstore_add(m, count, data_index(m, m->next_free_chunk));
	m->next_free_chunk = data_chunk(m, count);
}

void mkstore_table_scatter(struct mkstore *m, uint64_t count,
			   uint64_t origin_chunks, uint64_t seed,
			   uint64_t run_chunks)
{
	struct mkstore_permutation p;

	if (!run_chunks || origin_chunks < run_chunks)
		mkstore_die(m, "a run of %ju chunks does not fit %ju chunks",
			    (uintmax_t)run_chunks, (uintmax_t)origin_chunks);
	mkstore_permutation_init(&p, origin_chunks / run_chunks, seed);
	if (count > p.limit * run_chunks)
		mkstore_die(m, "only %ju distinct numbers fit below %ju",
			    (uintmax_t)(p.limit * run_chunks),
			    (uintmax_t)origin_chunks);
	for (uint64_t run = 0, left = count; left; run++) {
		uint64_t old_chunk = mkstore_permute(&p, run) * run_chunks;
		uint64_t len = left < run_chunks ? left : run_chunks;

		for (uint64_t i = 0; i < len; i++)
			append(m, old_chunk + i, allocate(m));
		left -= len;
	}
}
