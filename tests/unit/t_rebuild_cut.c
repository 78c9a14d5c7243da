/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuild*.c: whatever is cut, interrupted or fails, the store is what it
 * was, what it is to be, or refused by kernels, and the next attempt
 * completes it.
 */
#include "io_fault.h"
#include "rebuild_scene.h"
#include "test.h"

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
