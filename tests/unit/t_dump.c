/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump.c: ranges cut runs in the right place, entries against runs, checksums,
 * unreadable parts, stopping.
 */
#include "io_fault.h"
#include "io_image.h"
#include "test.h"

#include <psnap/dump.h>
#include <psnap/zip.h>

struct seen {
	struct psnap_dump_record items[200];
	unsigned int count;
	unsigned int unreadable;
	unsigned int unreadable_data;
	unsigned int stop_after;
};

static int take_record(void *ctx, const struct psnap_dump_record *record)
{
	struct seen *seen = ctx;

	if (seen->count < 200)
		seen->items[seen->count] = *record;
	seen->count++;
	return seen->stop_after && seen->count >= seen->stop_after ? -99 : 0;
}

static int take_unreadable(void *ctx, uint64_t offset_bytes, uint64_t len_bytes,
			   const struct psnap_error *why)
{
	struct seen *seen = ctx;

	T_EQ_U64(offset_bytes, 34 * 512);
	T_EQ_U64(len_bytes, 512);
	T_OK(why->message[0] != '\0', "says why: %s", why->message);
	seen->unreadable++;
	return 0;
}

static int take_no_checksum(void *ctx, const struct psnap_run *entry,
			    const struct psnap_error *why)
{
	struct seen *seen = ctx;

	T_EQ_U64(entry->chunks, 1);
	T_OK(why->message[0] != '\0', "says why: %s", why->message);
	seen->unreadable_data++;
	return 0;
}

static int dump(struct psnap_io *io, const struct psnap_dump_options *options,
		struct seen *seen)
{
	const struct psnap_dump_visitor visitor = {
		.record = take_record,
		.unreadable = take_unreadable,
		.no_checksum = take_no_checksum,
		.ctx = seen,
	};
	unsigned int stop_after = seen->stop_after;
	struct psnap_walk_totals totals;
	struct psnap_store *store;
	int rc;

	memset(seen, 0, sizeof(*seen));
	seen->stop_after = stop_after;
	T_EQ_I64(psnap_store_open(io, 0, &store, NULL), 0);
	rc = psnap_dump(store, options, &visitor, &totals, NULL);
	psnap_store_close(store);
	return rc;
}

static void expect(const struct seen *seen, unsigned int i, uint64_t old,
		   uint64_t new_chunk, uint64_t chunks, uint64_t area,
		   uint32_t entry)
{
	const struct psnap_run *run = &seen->items[i].run;

	T_EQ_U64(run->old_chunk, old);
	T_EQ_U64(run->new_chunk, new_chunk);
	T_EQ_U64(run->chunks, chunks);
	T_EQ_U64(run->area_index, area);
	T_EQ_U64(run->entry_index, entry);
}

static void test_ranges(void)
{
	struct psnap_dump_options options = { 0 };
	struct seen seen = { 0 };
	struct io_image m;

	image_init(&m, 512, 4000);
	image_exc(&m, 100, 50, 40); /* area 0 entry 0 to area 1 entry 7 */
	image_exc(&m, 500, 200, 2);
	options.old_range = (struct psnap_range){ true, 110, 120 };
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 1);
	expect(&seen, 0, 110, 60, 10, 0, 10);
	options.new_range = (struct psnap_range){ true, 65, 1000 };
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	expect(&seen, 0, 115, 65, 5, 0, 15);
	options.old_range = (struct psnap_range){ true, 133, 501 };
	options.new_range = (struct psnap_range){ 0 };
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 2);
	expect(&seen, 0, 133, 83, 7, 1, 1);
	expect(&seen, 1, 500, 200, 1, 1, 8);
	options.old_range = (struct psnap_range){ true, 140, 500 };
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 0);
	image_release(&m);
}

static void test_range_at_the_top(void)
{
	struct psnap_dump_options options = { 0 };
	struct seen seen = { 0 };
	struct io_image m;

	image_init(&m, 512, 4000);
	image_exc(&m, UINT64_MAX - 1, UINT64_MAX - 3, 2);
	options.old_range =
		(struct psnap_range){ true, UINT64_MAX - 1, UINT64_MAX };
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 1);
	expect(&seen, 0, UINT64_MAX - 1, UINT64_MAX - 3, 1, 0, 0);
	image_release(&m);
}

static void test_exceptions(void)
{
	struct psnap_dump_options options = { .exceptions = true };
	struct seen seen = { 0 };
	struct io_image m;

	image_init(&m, 512, 4000);
	image_exc(&m, 100, 50, 40);
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 40);
	expect(&seen, 31, 131, 81, 1, 0, 31);
	expect(&seen, 32, 132, 82, 1, 1, 0);
	T_OK(!seen.items[0].has_crc32, "no checksum unasked");
	image_release(&m);
}

static void test_crc32(void)
{
	struct psnap_dump_options options = { .crc32 = true };
	struct seen seen = { 0 };
	struct io_fault fault;
	struct io_image m;
	uint8_t chunk[512] = { 0 };

	image_init(&m, 512, 400);
	image_exc(&m, 1, 2, 3);
	image_exc(&m, 9, 5000, 1); /* beyond the device */
	image_put(&m, 3 * 512, "abc", 3);
	memcpy(chunk, "abc", 3);
	io_fault_init_bad(&fault, &m.io, 4 * 512, 5 * 512);
	T_EQ_I64(dump(&fault.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 4);
	T_OK(seen.items[0].has_crc32, "readable");
	T_EQ_U64(seen.items[0].crc32, 0xb2aa7578); /* 512 zeros */
	T_EQ_U64(seen.items[1].crc32, psnap_crc32(0, chunk, sizeof(chunk)));
	T_OK(!seen.items[2].has_crc32, "unreadable");
	T_OK(!seen.items[3].has_crc32, "not there");
	T_EQ_U64(seen.unreadable_data, 2);
	image_release(&m);
}

static void test_unreadable_and_stop(void)
{
	struct psnap_dump_options options = { 0 };
	struct seen seen = { 0 };
	struct io_fault fault;
	struct io_image m;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 80);
	io_fault_init_bad(&fault, &m.io, 34 * 512, 35 * 512);
	T_EQ_I64(dump(&fault.io, &options, &seen), 0);
	T_EQ_U64(seen.unreadable, 1);
	T_EQ_U64(seen.count, 2);
	T_EQ_U64(seen.items[1].run.state, PSNAP_ENTRY_UNCERTAIN);
	seen.stop_after = 1;
	T_EQ_I64(dump(&fault.io, &options, &seen), -99);
	T_EQ_U64(seen.count, 1);
	image_release(&m);
}

static int stop_at_third(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)ctx >= 3;
}

/* A run can be terabytes long: data is read with a way out. */
static void test_interrupt_in_a_run(void)
{
	int ticks = 0;
	struct psnap_dump_options options = {
		.crc32 = true,
		.progress = { stop_at_third, &ticks },
	};
	struct seen seen = { 0 };
	struct io_image m;

	image_init(&m, 512, 400);
	image_exc(&m, 1, 2, 30);
	T_EQ_I64(dump(&m.io, &options, &seen), PSNAP_E_INTERRUPTED);
	T_EQ_U64(seen.count, 1);
	image_release(&m);
}

static void test_all(void)
{
	struct psnap_dump_options options = { .all = true };
	struct seen seen = { 0 };
	struct io_image m;

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 3);
	image_set(&m, 0, 9, 70, 71);
	image_set(&m, 5, 0, 80, 81);
	T_EQ_I64(dump(&m.io, &options, &seen), 0);
	T_EQ_U64(seen.count, 3);
	T_EQ_U64(seen.items[1].run.state, PSNAP_ENTRY_AFTER_TERMINATOR);
	T_EQ_U64(seen.items[2].run.state, PSNAP_ENTRY_STALE);
	image_release(&m);
}

int main(void)
{
	test_ranges();
	test_range_at_the_top();
	test_exceptions();
	test_crc32();
	test_unreadable_and_stop();
	test_interrupt_in_a_run();
	test_all();
	return T_DONE();
}
