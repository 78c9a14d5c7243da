/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuild*.c: what is written for a list of exceptions, what is said about
 * the data and the table that are there. Lists that do not fit are in
 * t_rebuild_refuse.c, power cuts in t_rebuild_cut.c.
 */
#include "rebuild_scene.h"
#include "test.h"

#include <psnap/zip.h>

static void test_layout(size_t count)
{
	struct psnap_rebuild_result plan;
	struct psnap_rebuild_result result;
	struct psnap_error err;
	uint8_t *want = malloc(BYTES);
	struct list list;
	struct ram ram;

	if (!want)
		abort();
	ram_new(&ram);
	fill(&list, count);
	fill_random(ram.devices[0].bytes, BYTES);
	memcpy(want, ram.devices[0].bytes, BYTES);
	model(want, &list, 1);
	T_EQ_I64(check(&ram.devices[0].io, &list, &plan, &err), 0);
	T_EQ_U64(plan.exceptions, count);
	T_EQ_U64(plan.areas, count / PER_AREA + 1);
	T_EQ_U64(plan.write_bytes, CHUNK * (1 + plan.areas));
	T_EQ_U64(plan.compared + plan.differing + plan.unreadable, 0);
	T_EQ_I64(rebuild(&ram.devices[0].io, &list, &result), 0);
	T_OK(memcmp(ram.devices[0].bytes, want, BYTES) == 0,
	     "%zu exceptions are written", count);
	T_EQ_U64(result.exceptions, count);
	T_EQ_U64(result.write_bytes, plan.write_bytes);
	/* And again. */
	T_EQ_I64(check(&ram.devices[0].io, &list, &plan, &err), 0);
	T_EQ_U64(plan.write_bytes, 0);
	T_EQ_U64(plan.replaced, 0);
	ram.recording = true;
	T_EQ_I64(rebuild(&ram.devices[0].io, &list, &result), 0);
	for (size_t i = 0; i < ram.event_count; i++)
		T_EQ_U64(ram.events[i].len_bytes, 0);
	free(want);
	ram_release(&ram);
}

static void test_runs_and_valid(void)
{
	struct psnap_rebuild_options options;
	struct psnap_rebuild_result result;
	uint8_t *want = malloc(BYTES);
	struct psnap_error err;
	struct list list;
	struct ram ram;

	if (!want)
		abort();
	ram_new(&ram);
	fill(&list, 0);
	add(&list, 5, 2, 32);
	add(&list, 90, 35, 30);
	add(&list, 40, 65, 2);
	add(&list, 0, 68, 3);
	memcpy(want, ram.devices[0].bytes, BYTES);
	model(want, &list, 0);
	options = options_of(&list);
	options.valid = 0;
	T_EQ_I64(psnap_rebuild_check(&ram.devices[0].io, &options, &result,
				     &err),
		 0);
	options = options_of(&list);
	options.valid = 0;
	T_EQ_I64(psnap_rebuild_write(&ram.devices[0].io, &options, &result,
				     &err),
		 0);
	T_EQ_U64(result.exceptions, 67);
	T_OK(memcmp(ram.devices[0].bytes, want, BYTES) == 0,
	     "runs over areas, and an invalid header");
	free(want);
	ram_release(&ram);
}

/* Chunks larger than a piece, and sectors of 4 KiB. */
static void test_large_chunks(void)
{
	const uint64_t chunk_bytes = 1 << 20;
	const uint64_t size_bytes = 6 * chunk_bytes;
	struct psnap_rebuild_result result;
	struct psnap_rebuild_options options;
	struct psnap_error err;
	struct list list;
	struct ram ram;
	uint8_t *bytes;
	bool zero = true;

	ram_init(&ram, &size_bytes, 1);
	bytes = ram.devices[0].bytes;
	ram.devices[0].io.align_bytes = 4096;
	fill_random(bytes, size_bytes);
	fill(&list, 0);
	add(&list, 77, 3, 2);
	options = options_of(&list);
	options.chunk_bytes = chunk_bytes;
	T_EQ_I64(psnap_rebuild_write(&ram.devices[0].io, &options, &result,
				     &err),
		 0);
	for (uint64_t i = 16; i < 2 * chunk_bytes; i++)
		if (bytes[i] != 0 && (i < chunk_bytes || i > chunk_bytes + 32))
			zero = false;
	T_OK(zero, "header chunk and area are zero behind what they hold");
	T_EQ_U64(bytes[chunk_bytes], 77);
	T_EQ_U64(bytes[chunk_bytes + 24], 4);
	T_EQ_U64(result.write_bytes, 2 * chunk_bytes);
	ram_release(&ram);
}

static uint64_t bad_start_bytes;

static int64_t (*ram_read)(struct psnap_io *io, uint64_t offset_bytes,
			   void *buf, size_t len_bytes);

static int64_t bad_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes)
{
	if (offset_bytes <= bad_start_bytes &&
	    offset_bytes + len_bytes > bad_start_bytes)
		return -5;
	return ram_read(io, offset_bytes, buf, len_bytes);
}

static void test_data(void)
{
	struct psnap_rebuild_result result;
	struct psnap_io_ops failing;
	struct psnap_error err;
	struct list list;
	struct ram ram;
	uint8_t *bytes;

	ram_new(&ram);
	bytes = ram.devices[0].bytes;
	fill_random(bytes, BYTES);
	fill(&list, 40);
	for (size_t i = 0; i < list.count; i++) {
		struct psnap_rebuild_entry *e = &list.entries[i];

		/* One whose checksum is not known is not compared. */
		e->has_crc32 = i != 7;
		e->crc32 =
			psnap_crc32(0, bytes + e->run.new_chunk * CHUNK, CHUNK);
	}
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), 0);
	T_EQ_U64(result.compared, 39);
	T_EQ_U64(result.differing, 0);
	bytes[data_chunk(33) * CHUNK + 511] ^= 1;
	bytes[data_chunk(21) * CHUNK] ^= 0x80;
	bytes[data_chunk(7) * CHUNK] ^= 0x80;
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), 0);
	T_EQ_U64(result.compared, 39);
	T_EQ_U64(result.differing, 2);
	T_EQ_U64(result.first_differing.new_chunk, data_chunk(21));
	T_EQ_U64(result.first_differing.old_chunk, 1000 + 7 * 21);
	failing = *ram.devices[0].io.ops;
	ram_read = failing.read_some;
	failing.read_some = bad_read;
	ram.devices[0].io.ops = &failing;
	bad_start_bytes = data_chunk(33) * CHUNK;
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), 0);
	T_EQ_U64(result.compared, 38);
	T_EQ_U64(result.differing, 1);
	T_EQ_U64(result.unreadable, 1);
	/* An area that cannot be read is written anew. */
	bad_start_bytes = (1 + STRIDE) * CHUNK;
	T_EQ_I64(rebuild(&ram.devices[0].io, &list, &result), 0);
	T_OK(memcmp(slot_of(bytes, 39), "\xf9\x04\0\0\0\0\0", 8) == 0,
	     "area 1 is there");
	ram_release(&ram);
}

static void test_replaced(void)
{
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct list other;
	struct list list;
	struct ram ram;

	ram_new(&ram);
	fill(&list, 40);
	T_EQ_I64(rebuild(&ram.devices[0].io, &list, &result), 0);
	/* Two that are other ones, and five that are no more. */
	other = list;
	other.count = 35;
	other.entries[3].run.old_chunk = 3;
	other.entries[34].run.new_chunk = 150;
	T_EQ_I64(check(&ram.devices[0].io, &other, &result, &err), 0);
	T_EQ_U64(result.replaced, 7);
	T_EQ_U64(result.write_bytes, 2 * CHUNK);
	/* What no kernel could have written is no loss. */
	put_le(slot_of(ram.devices[0].bytes, 3) + 8, 34, 8);
	T_EQ_I64(check(&ram.devices[0].io, &other, &result, &err), 0);
	T_EQ_U64(result.replaced, 6);
	/* Nor is what is behind the end. */
	put_le(slot_of(ram.devices[0].bytes, 20) + 8, 0, 8);
	T_EQ_I64(check(&ram.devices[0].io, &other, &result, &err), 0);
	T_EQ_U64(result.replaced, 0);
	ram_release(&ram);
}

int main(void)
{
	static const size_t counts[] = { 0, 1, 31, 32, 33, 63, 64, 65, 150 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		test_layout(counts[i]);
	test_runs_and_valid();
	test_large_chunks();
	test_data();
	test_replaced();
	return T_DONE();
}
