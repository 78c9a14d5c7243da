/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups and dumps against the model.
 */
#include "store_looks.h"

#include <psnap/dump.h>
#include <psnap/map.h>

/* A look-up is compared with a search through all entries; this many do. */
#define LOOKUPS_MAX 64u
#define FOUND_MAX   4u
/* Data of larger chunks takes long to sum up bit by bit. */
#define CRC32_CHUNK_BYTES_MAX 4096u
#define CRC32_ENTRIES_MAX     64u

static void look_up(const struct store_model *m, const struct psnap_map *map,
		    uint64_t chunk, bool by_new)
{
	struct psnap_run found[FOUND_MAX];
	uint64_t count =
		by_new ? psnap_map_find_new(map, chunk, found, FOUND_MAX)
		       : psnap_map_find_old(map, chunk, found, FOUND_MAX);
	uint64_t seen = 0;

	for (size_t i = 0; i < m->live_count; i++) {
		const struct model_entry *e = &m->entries[i];

		if ((by_new ? e->new_chunk : e->old_chunk) != chunk)
			continue;
		if (seen < FOUND_MAX && seen < count) {
			FUZZ_EQUAL(found[seen].old_chunk, e->old_chunk);
			FUZZ_EQUAL(found[seen].new_chunk, e->new_chunk);
			FUZZ_EQUAL(found[seen].area_index, e->area_index);
			FUZZ_EQUAL(found[seen].entry_index, e->entry_index);
			FUZZ_EQUAL(found[seen].chunks, 1);
		}
		seen++;
	}
	FUZZ_EQUAL(count, seen);
}

void look_map(struct psnap_store *store, const struct store_input *input,
	      const struct store_model *m)
{
	size_t step = m->live_count / LOOKUPS_MAX + 1;
	struct psnap_map *map;
	uint64_t count;
	uint64_t chunks = 0;
	const struct psnap_run *runs;
	int rc = psnap_map_load(store, NULL, &map, NULL);

	if (input->faulty) {
		FUZZ_REQUIRE(rc == 0 || rc == PSNAP_E_IO, "%d", rc);
		psnap_map_free(map);
		return;
	}
	FUZZ_EQUAL(rc, 0);
	for (size_t i = 0; i < m->live_count; i += step) {
		look_up(m, map, m->entries[i].old_chunk, false);
		look_up(m, map, m->entries[i].new_chunk, true);
		look_up(m, map, m->entries[i].old_chunk + 1, false);
		look_up(m, map, m->entries[i].new_chunk - 1, true);
	}
	look_up(m, map, 0, false);
	look_up(m, map, UINT64_MAX, true);
	runs = psnap_map_runs(map, &count);
	for (uint64_t i = 0; i < count; i++) {
		chunks += runs[i].chunks;
		FUZZ_REQUIRE(i == 0 ||
				     runs[i - 1].old_chunk <= runs[i].old_chunk,
			     "run %" PRIu64 " is out of order", i);
	}
	FUZZ_EQUAL(chunks, m->live_count);
	psnap_map_free(map);
}

/* One dump; @next: the entry of the model that is due. */
struct dump_look {
	const struct store_input *input;
	const struct store_model *m;
	struct psnap_dump_options options;
	size_t next;
	uint64_t unreadable;
};

static bool in_range(const struct psnap_range *range, uint64_t chunk)
{
	return !range->given || (chunk >= range->start && chunk < range->end);
}

static bool wanted(const struct dump_look *d, const struct model_entry *e)
{
	return (e->state == PSNAP_ENTRY_LIVE || d->options.all) &&
	       in_range(&d->options.old_range, e->old_chunk) &&
	       in_range(&d->options.new_range, e->new_chunk);
}

static void skip_unwanted(struct dump_look *d)
{
	while (d->next < d->m->count && !wanted(d, &d->m->entries[d->next]))
		d->next++;
}

/* The CRC-32 of zip, bit by bit. */
static uint32_t slow_crc32(const struct store_input *input,
			   const struct store_model *m, uint64_t chunk)
{
	uint64_t start = chunk * m->chunk_bytes;
	uint32_t crc32 = UINT32_MAX;

	for (uint64_t at = start; at < start + m->chunk_bytes; at++) {
		if (at < input->image.len_bytes)
			crc32 ^= input->image.data[at];
		for (int bit = 0; bit < 8; bit++)
			crc32 = crc32 >> 1 ^ (crc32 & 1 ? 0xedb88320u : 0);
	}
	return ~crc32;
}

static void look_crc32(const struct dump_look *d,
		       const struct psnap_dump_record *record)
{
	bool on_device = record->run.new_chunk < d->m->chunk_count;

	if (!d->options.crc32) {
		FUZZ_REQUIRE(!record->has_crc32, "not asked for");
		return;
	}
	FUZZ_EQUAL(record->has_crc32, on_device);
	if (on_device)
		FUZZ_EQUAL(record->crc32,
			   slow_crc32(d->input, d->m, record->run.new_chunk));
}

static int take_record(void *ctx, const struct psnap_dump_record *record)
{
	struct dump_look *d = ctx;
	const struct psnap_run *run = &record->run;
	bool single = d->options.exceptions || d->options.crc32;

	FUZZ_REQUIRE(run->chunks > 0 && (!single || run->chunks == 1),
		     "%" PRIu64 " chunks", run->chunks);
	for (uint64_t i = 0; i < run->chunks; i++) {
		const struct model_entry *e;

		look_entry(d->input, d->m, run, i);
		if (d->input->faulty)
			continue;
		skip_unwanted(d);
		FUZZ_REQUIRE(d->next < d->m->count, "more records than wanted");
		e = &d->m->entries[d->next++];
		FUZZ_EQUAL(run->old_chunk + i, e->old_chunk);
		FUZZ_EQUAL(run->new_chunk + i, e->new_chunk);
		FUZZ_EQUAL(run->state, e->state);
	}
	if (!d->input->faulty)
		look_crc32(d, record);
	return 0;
}

static int take_unreadable(void *ctx, uint64_t offset_bytes, uint64_t len_bytes,
			   const struct psnap_error *why)
{
	struct dump_look *d = ctx;

	d->unreadable++;
	FUZZ_REQUIRE(d->input->faulty, "%s", why->message);
	look_range(d->input->image.size_bytes, offset_bytes, len_bytes);
	return 0;
}

static int take_no_checksum(void *ctx, const struct psnap_run *entry,
			    const struct psnap_error *why)
{
	struct dump_look *d = ctx;

	d->unreadable++;
	FUZZ_REQUIRE(entry->chunks == 1, "%s", why->message);
	return 0;
}

static void dump_once(struct psnap_store *store, struct dump_look *d)
{
	const struct psnap_dump_visitor visitor = {
		.record = take_record,
		.unreadable = take_unreadable,
		.no_checksum = take_no_checksum,
		.ctx = d,
	};
	struct psnap_walk_totals totals;
	struct psnap_error err = { 0 };
	int rc = psnap_dump(store, &d->options, &visitor, &totals, &err);

	FUZZ_REQUIRE(rc == 0, "%s", err.message);
	if (d->input->faulty)
		return;
	skip_unwanted(d);
	FUZZ_EQUAL(d->next, d->m->count);
	/* Ranges leave records out, not sums. */
	FUZZ_EQUAL(totals.exceptions, d->m->live_count);
	FUZZ_EQUAL(totals.next_free_chunk, d->m->next_free);
}

/* Around an entry of the table, so that runs are cut inside. */
static struct psnap_range range_of(const struct store_model *m, uint8_t code,
				   bool by_new)
{
	struct psnap_range range = { .given = true, .end = UINT64_MAX };
	const struct model_entry *e;

	if (m->count > 0) {
		e = &m->entries[code % m->count];
		range.start = by_new ? e->new_chunk : e->old_chunk;
	}
	/* "Everything from here" cannot be said of the last number. */
	if (range.start == UINT64_MAX)
		range.start = 0;
	if (range.start < UINT64_MAX - 16)
		range.end = range.start + 1 + code % 16;
	return range;
}

void look_dump(struct psnap_store *store, const struct store_input *input,
	       const struct store_model *m)
{
	bool sums = m->chunk_bytes <= CRC32_CHUNK_BYTES_MAX &&
		    m->count <= CRC32_ENTRIES_MAX;

	for (unsigned int i = 0; i < 16; i++) {
		struct dump_look d = {
			.input = input,
			.m = m,
			.options.exceptions = i & 1,
			.options.all = i & 2,
			.options.crc32 = (i & 12) == 12 && sums,
		};

		if ((i & 12) == 4 || (i & 12) == 12)
			d.options.old_range = range_of(m, input->ranges, false);
		if ((i & 12) == 8)
			d.options.new_range = range_of(m, input->ranges, true);
		dump_once(store, &d);
	}
	if (sums) {
		struct dump_look d = {
			.input = input,
			.m = m,
			.options.all = true,
			.options.crc32 = true,
		};

		dump_once(store, &d);
	}
}
