/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuild*.c: lists that fit and lists that do not, what is written for them,
 * and what a power cut leaves. The bytes that are wanted come from arithmetic
 * of this file's own.
 */
#include "io_fault.h"
#include "ram.h"
#include "random.h"
#include "store_bytes.h"
#include "test.h"

#include <psnap/rebuild.h>
#include <psnap/store.h>
#include <psnap/zip.h>
#include <stdlib.h>

#define CHUNK	 512u
#define PER_AREA 32u
#define STRIDE	 33u
#define CHUNKS	 200u
#define BYTES	 ((uint64_t)CHUNK * CHUNKS)
#define LIST_MAX 160u

/* @fail_at: asked for this one, the list fails; -1: never. */
struct list {
	struct psnap_rebuild_entry entries[LIST_MAX];
	size_t count;
	size_t next;
	long fail_at;
};

static int next_entry(void *ctx, struct psnap_rebuild_entry *entry,
		      struct psnap_error *err)
{
	struct list *list = ctx;

	if (list->fail_at >= 0 && list->next == (size_t)list->fail_at) {
		err->code = PSNAP_E_NOT_FOUND;
		return PSNAP_E_NOT_FOUND;
	}
	if (list->next == list->count)
		return 0;
	*entry = list->entries[list->next++];
	return 1;
}

static void add(struct list *list, uint64_t old_chunk, uint64_t new_chunk,
		uint64_t chunks)
{
	struct psnap_rebuild_entry *e = &list->entries[list->count++];

	memset(e, 0, sizeof(*e));
	e->run.old_chunk = old_chunk;
	e->run.new_chunk = new_chunk;
	e->run.chunks = chunks;
}

/* The nth data chunk of a store. */
static uint64_t data_chunk(uint64_t n)
{
	return 2 + n + n / PER_AREA;
}

/* @count exceptions, one entry each. */
static void fill(struct list *list, size_t count)
{
	memset(list, 0, sizeof(*list));
	list->fail_at = -1;
	for (size_t i = 0; i < count; i++)
		add(list, 1000 + 7 * i, data_chunk(i), 1);
}

static struct psnap_rebuild_options options_of(struct list *list)
{
	list->next = 0;
	return (struct psnap_rebuild_options){
		.chunk_bytes = CHUNK,
		.valid = 1,
		.next = next_entry,
		.ctx = list,
	};
}

static int check(struct psnap_io *io, struct list *list,
		 struct psnap_rebuild_result *result, struct psnap_error *err)
{
	const struct psnap_rebuild_options options = options_of(list);

	memset(err, 0, sizeof(*err));
	return psnap_rebuild_check(io, &options, result, err);
}

static int rebuild(struct psnap_io *io, struct list *list,
		   struct psnap_rebuild_result *result)
{
	const struct psnap_rebuild_options options = options_of(list);
	struct psnap_error err = { 0 };

	return psnap_rebuild_write(io, &options, result, &err);
}

static uint8_t *slot_of(uint8_t *store, uint64_t slot)
{
	return store + (1 + slot / PER_AREA * STRIDE) * CHUNK +
	       slot % PER_AREA * 16;
}

/* What a store is to be, from what it is. */
static void model(uint8_t *store, const struct list *list, uint32_t valid)
{
	uint64_t slot = 0;

	memset(store, 0, CHUNK);
	put_header(store, valid, CHUNK);
	for (size_t i = 0; i < list->count; i++) {
		const struct psnap_run *run = &list->entries[i].run;

		for (uint64_t k = 0; k < run->chunks; k++, slot++) {
			put_le(slot_of(store, slot), run->old_chunk + k, 8);
			put_le(slot_of(store, slot) + 8, run->new_chunk + k, 8);
		}
	}
	memset(slot_of(store, slot), 0, 16 * (PER_AREA - slot % PER_AREA));
}

static void ram_new(struct ram *ram)
{
	const uint64_t size_bytes = BYTES;

	ram_init(ram, &size_bytes, 1);
}

/* --- what is written ----------------------------------------------------- */

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

/* --- what does not fit ---------------------------------------------------- */

static void refused(struct list *list, int code, const char *words)
{
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct ram ram;

	ram_new(&ram);
	T_EQ_I64(check(&ram.devices[0].io, list, &result, &err), code);
	T_OK(strstr(err.message, words) != NULL, "\"%s\" in \"%s\"", words,
	     err.message);
	ram_release(&ram);
}

static void refused_run(uint64_t old_chunk, uint64_t new_chunk, uint64_t chunks,
			const char *words)
{
	struct list list;

	fill(&list, 3);
	add(&list, old_chunk, new_chunk, chunks);
	refused(&list, PSNAP_E_CORRUPT, words);
}

static void test_refusals(void)
{
	struct list list;

	refused_run(1, 0, 1, "store chunk 0,");
	refused_run(1, 1, 1, "store chunk 1,");
	refused_run(1, 34, 1, "store chunk 34,");
	refused_run(1, 30, 5, "store chunk 34,");
	refused_run(1, 33, 2, "store chunk 34,");
	refused_run(1, CHUNKS, 1, "not on the store");
	refused_run(1, CHUNKS - 1, 2, "not on the store");
	refused_run(1, UINT64_MAX, 1, "not on the store");
	refused_run(1, 20, UINT64_MAX, "origin chunk");
	refused_run(UINT64_C(1) << 54, 20, 1, "beyond the largest device");
	refused_run(UINT64_MAX, 20, 1, "beyond the largest device");
	refused_run(1007, 20, 1, "origin chunk 1007 has more than one");
	refused_run(1006, 20, 2, "origin chunk 1007 has more than one");
	refused_run(1, 3, 1, "store chunk 3 is named by more than one");
	fill(&list, 0);
	add(&list, UINT64_C(1) << 40, 20, 1);
	add(&list, (UINT64_C(1) << 40) - 1, 30, 2);
	refused(&list, PSNAP_E_CORRUPT, "origin chunk 1099511627776 has");
	fill(&list, 1);
	list.entries[0].run.chunks = 0;
	refused(&list, PSNAP_E_API, "0 chunks");
	list.entries[0].run.chunks = 2;
	list.entries[0].has_crc32 = true;
	refused(&list, PSNAP_E_API, "checksum");
	fill(&list, 3);
	list.fail_at = 2;
	refused(&list, PSNAP_E_NOT_FOUND, "");
}

/* The last numbers that are possible. */
static void test_limits(void)
{
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct list list;
	struct ram ram;

	ram_new(&ram);
	fill(&list, 0);
	add(&list, (UINT64_C(1) << 54) - 2, CHUNKS - 3, 2);
	add(&list, (UINT64_C(1) << 54) - 3, 33, 1);
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), 0);
	T_EQ_U64(result.exceptions, 3);
	ram_release(&ram);
}

/* The areas of a store with @chunks chunks, and a table of @count. */
static void test_room(uint64_t chunks, size_t count, int want)
{
	const uint64_t size_bytes = chunks * CHUNK + 511;
	struct psnap_rebuild_result result;
	struct psnap_error err;
	struct list list;
	struct ram ram;

	ram_init(&ram, &size_bytes, 1);
	fill(&list, count);
	T_EQ_I64(check(&ram.devices[0].io, &list, &result, &err), want);
	ram_release(&ram);
}

static void test_rooms(void)
{
	test_room(1, 0, PSNAP_E_TRUNCATED);
	test_room(2, 0, 0);
	test_room(34, 31, 0);
	/* The chunk after a full area 0 would have to be area 1. */
	test_room(34, 32, PSNAP_E_TRUNCATED);
	test_room(35, 32, 0);
	test_room(68, 64, 0);
	test_room(67, 64, PSNAP_E_TRUNCATED);
}

/* --- data ----------------------------------------------------------------- */

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

/* --- cuts ------------------------------------------------------------------ */

/* As read_header() and persistent_read_metadata(): a magic of zero is
 * formatted. */
static bool kernel_refuses(const uint8_t *store)
{
	return get_le(store, 4) != 0 &&
	       (get_le(store, 4) != 0x70416e53 || get_le(store + 8, 4) != 1);
}

/* Is this a state that may be found after a cut? */
static bool is_safe(const uint8_t *now, const uint8_t *before,
		    const uint8_t *want)
{
	return kernel_refuses(now) || memcmp(now, before, BYTES) == 0 ||
	       memcmp(now, want, BYTES) == 0;
}

struct cuts {
	struct ram start;
	struct ram done;
	struct ram cut;
	struct list list;
	uint64_t bad_states;
	uint64_t bad_ends;
	uint64_t states;
};

static void judge_cut(struct cuts *c)
{
	struct psnap_rebuild_result result;
	const uint8_t *want = c->done.devices[0].bytes;

	c->states++;
	if (!is_safe(c->cut.devices[0].bytes, c->start.devices[0].bytes, want))
		c->bad_states++;
	if (rebuild(&c->cut.devices[0].io, &c->list, &result) != 0 ||
	    memcmp(c->cut.devices[0].bytes, want, BYTES) != 0)
		c->bad_ends++;
}

/* Before event @end, with any sectors of what was not flushed by then. */
static void cut_before(struct cuts *c, size_t end, bool some)
{
	size_t flushed = 0;

	ram_copy_bytes(&c->cut, &c->start);
	for (size_t i = 0; i < end; i++)
		if (c->done.events[i].len_bytes == 0)
			flushed = i;
	for (size_t i = 0; i < end; i++)
		if (c->done.events[i].len_bytes > 0)
			ram_apply(&c->cut, &c->done, i,
				  i >= flushed && some ? next_random()
						       : UINT64_MAX);
	judge_cut(c);
}

static void test_cuts(const char *what, size_t count,
		      void (*make)(uint8_t *store, const struct list *list))
{
	struct psnap_rebuild_result result;
	const struct ram_event *events;
	struct cuts c = { 0 };
	size_t n;

	fill(&c.list, count);
	ram_new(&c.start);
	fill_random(c.start.devices[0].bytes, BYTES);
	make(c.start.devices[0].bytes, &c.list);
	ram_init_like(&c.done, &c.start);
	ram_init_like(&c.cut, &c.start);
	ram_copy_bytes(&c.done, &c.start);
	c.done.recording = true;
	T_EQ_I64(rebuild(&c.done.devices[0].io, &c.list, &result), 0);
	n = c.done.event_count;
	events = c.done.events;
	T_OK(n >= 3 && events[n - 1].len_bytes == 0 &&
		     events[n - 2].len_bytes == 512 &&
		     events[n - 2].offset_bytes == 0 &&
		     events[n - 3].len_bytes == 0,
	     "%s: flush, the header, flush are the end", what);
	for (size_t end = 0; end <= n; end++) {
		cut_before(&c, end, false);
		for (int i = 0; i < 20; i++)
			cut_before(&c, end, true);
	}
	T_OK(c.bad_states == 0, "%s: %" PRIu64 " of %" PRIu64 " states are bad",
	     what, c.bad_states, c.states);
	T_OK(c.bad_ends == 0, "%s: %" PRIu64 " ends are other ones", what,
	     c.bad_ends);
	ram_release(&c.cut);
	ram_release(&c.done);
	ram_release(&c.start);
}

static void make_junk(uint8_t *store, const struct list *list)
{
	(void)store;
	(void)list;
}

static void make_wiped(uint8_t *store, const struct list *list)
{
	(void)list;
	memset(store, 0, 100 * CHUNK);
}

/* A sound store with another table, larger than the one of the list. */
static void make_other(uint8_t *store, const struct list *list)
{
	struct list other;

	(void)list;
	fill(&other, 150);
	for (size_t i = 0; i < other.count; i++)
		other.entries[i].run.old_chunk += 3;
	model(store, &other, 1);
}

static void make_one_area_lost(uint8_t *store, const struct list *list)
{
	model(store, list, 1);
	memset(store + CHUNK, 0xee, CHUNK);
}

static void make_header_lost(uint8_t *store, const struct list *list)
{
	model(store, list, 1);
	memset(store, 0, CHUNK);
}

static void make_invalid(uint8_t *store, const struct list *list)
{
	model(store, list, 0);
	fill_random(store + CHUNK, CHUNK);
}

/* Interrupted between flushes: the next one still finds its way. */
static int stop_soon(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	int *left = ctx;

	(void)done_bytes;
	(void)total_bytes;
	return --*left < 0;
}

static void test_interrupted(void)
{
	struct psnap_rebuild_options options;
	struct psnap_rebuild_result result;
	struct psnap_error err;
	uint8_t *want = malloc(BYTES);
	struct list list;
	struct ram ram;
	int left = 0;
	int stops = 0;
	int rc;

	if (!want)
		abort();
	ram_new(&ram);
	fill(&list, 100);
	make_other(ram.devices[0].bytes, &list);
	memcpy(want, ram.devices[0].bytes, BYTES);
	model(want, &list, 1);
	do {
		int ticks = left;

		options = options_of(&list);
		options.progress.tick = stop_soon;
		options.progress.ctx = &ticks;
		rc = psnap_rebuild_write(&ram.devices[0].io, &options, &result,
					 &err);
		if (rc == PSNAP_E_INTERRUPTED)
			stops++;
		left++;
	} while (rc == PSNAP_E_INTERRUPTED);
	T_EQ_I64(rc, 0);
	T_OK(stops > 0, "%d times interrupted", stops);
	T_OK(memcmp(ram.devices[0].bytes, want, BYTES) == 0, "and finished");
	free(want);
	ram_release(&ram);
}

/* The nth write, flush or announcement fails. */
static void test_failing(enum io_fault_op op, uint64_t *faults)
{
	struct psnap_rebuild_result result;
	struct cuts c = { 0 };
	uint64_t later = 0;
	uint64_t n = 0;
	bool failed;

	fill(&c.list, 100);
	ram_new(&c.start);
	make_other(c.start.devices[0].bytes, &c.list);
	ram_init_like(&c.done, &c.start);
	ram_init_like(&c.cut, &c.start);
	memcpy(c.done.devices[0].bytes, c.start.devices[0].bytes, BYTES);
	model(c.done.devices[0].bytes, &c.list, 1);
	do {
		struct io_fault_watch watch = { 0 };
		struct io_fault fault;
		int rc;

		ram_copy_bytes(&c.cut, &c.start);
		io_fault_init(&fault, &c.cut.devices[0].io, 1);
		fault.watch = &watch;
		fault.fail_op = op;
		fault.fail_at = ++n;
		fault.os_errno = 5;
		fault.torn = true;
		rc = rebuild(&fault.io, &c.list, &result);
		failed = fault.faults > 0;
		if (failed != (rc == PSNAP_E_IO))
			T_OK(false, "fault %" PRIu64 " was not told", n);
		later += watch.later;
		judge_cut(&c);
	} while (failed);
	*faults = n - 1;
	T_EQ_U64(later, 0);
	T_EQ_U64(c.bad_states, 0);
	T_EQ_U64(c.bad_ends, 0);
	ram_release(&c.cut);
	ram_release(&c.done);
	ram_release(&c.start);
}

static void test_all_failing(void)
{
	uint64_t faults;

	/* Twice the header, and four areas. */
	test_failing(IO_FAULT_WRITE, &faults);
	T_EQ_U64(faults, 6);
	test_failing(IO_FAULT_SYNC, &faults);
	T_EQ_U64(faults, 3);
	test_failing(IO_FAULT_PREPARE, &faults);
	T_EQ_U64(faults, 3);
}

int main(void)
{
	static const size_t counts[] = { 0, 1, 31, 32, 33, 63, 64, 65, 150 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		test_layout(counts[i]);
	test_runs_and_valid();
	test_large_chunks();
	test_refusals();
	test_limits();
	test_rooms();
	test_data();
	test_replaced();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		test_cuts("junk", counts[i], make_junk);
		test_cuts("wiped", counts[i], make_wiped);
		test_cuts("another table", counts[i], make_other);
		test_cuts("an area lost", counts[i], make_one_area_lost);
		test_cuts("the header lost", counts[i], make_header_lost);
		test_cuts("marked invalid", counts[i], make_invalid);
	}
	test_interrupted();
	test_all_failing();
	return T_DONE();
}
