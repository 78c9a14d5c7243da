/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newstore*.c: what a kernel would read from a new store, by a reader that
 * knows nothing but the format, next to the bytes it was to show; which states a
 * power cut leaves; what is refused. The layout at the ends of areas is in
 * t_newstore_layout.c.
 */
#include "../crash/ram.h"
#include "io_fault.h"
#include "newstore_reader.h"
#include "random.h"
#include "test.h"

#include <errno.h>
#include <psnap/newstore.h>
#include <stdlib.h>

#define SHOWN_MAX (400u << 10)
#define OUT_MAX	  (2u << 20)
#define TRIALS	  400u
#define CUTS	  40u
#define SECTOR	  512u
#define OUT	  0u

static uint8_t origin[SHOWN_MAX];
static uint8_t shown[SHOWN_MAX];
static bool changed[SHOWN_MAX];

/* What is asked for, and what is to come of it. */
struct scene {
	size_t size;
	size_t chunk;
	bool drop_equal;
	uint64_t exceptions;
	uint64_t dropped;
	struct psnap_io *origin_io;
	struct psnap_io *shown_io;
	struct psnap_extents *changes;
	struct psnap_newstore *store;
};

static uint64_t below(uint64_t limit)
{
	return next_random() % limit;
}

/* Ranges that differ, and some that only may. */
static void change_some(struct scene *s)
{
	unsigned int count = (unsigned int)below(60);

	memset(changed, 0, sizeof(changed));
	while (count--) {
		size_t start = (size_t)below(s->size);
		size_t len = (size_t)below(1u << below(16)) + 1;
		bool equal = below(4) == 0;

		if (len > s->size - start)
			len = s->size - start;
		memset(changed + start, 1, len);
		if (!equal)
			fill_random(shown + start, len);
		if (below(8) == 0)
			memset(shown + start, 0, len);
		/* Also what reaches beyond the end, which is no part of it. */
		if (start + len == s->size && below(2))
			len += 5000;
		if (psnap_extents_add(s->changes, start, start + len, NULL))
			abort();
	}
}

/* By going through all bytes. */
static void count_chunks(struct scene *s)
{
	s->exceptions = 0;
	s->dropped = 0;
	for (size_t at = 0; at < s->size; at += s->chunk) {
		size_t end = at + s->chunk < s->size ? at + s->chunk : s->size;

		if (!memchr(changed + at, 1, end - at))
			continue;
		if (s->drop_equal &&
		    memcmp(origin + at, shown + at, end - at) == 0)
			s->dropped++;
		else
			s->exceptions++;
	}
}

static void make_scene(struct scene *s, size_t chunk, size_t size)
{
	const struct psnap_newstore_options options = {
		.chunk_bytes = chunk,
		.drop_equal = s->drop_equal,
	};
	struct psnap_error err = { 0 };

	s->chunk = chunk;
	s->size = size;
	fill_random(origin, size);
	memcpy(shown, origin, size);
	if (psnap_extents_new(&s->changes, NULL))
		abort();
	change_some(s);
	count_chunks(s);
	if (psnap_io_open_memory(origin, size, 1, &s->origin_io, NULL) ||
	    psnap_io_open_memory(shown, size, 1, &s->shown_io, NULL))
		abort();
	if (psnap_newstore_new(s->shown_io, s->origin_io, s->changes, &options,
			       &s->store, &err)) {
		printf("# %s\n", err.message);
		abort();
	}
}

static void end_scene(struct scene *s)
{
	psnap_newstore_free(s->store);
	psnap_extents_free(s->changes);
	psnap_io_close(s->shown_io, NULL);
	psnap_io_close(s->origin_io, NULL);
}

static bool loads(const uint8_t *store)
{
	return get_le(store, 4) == 0x70416e53 && get_le(store + 8, 4) == 1;
}

/* The device had a store that loads; what is on it after a power cut is still
 * that one, the new one, or nothing that loads. */
static bool cut_is_safe(const struct ram *log, struct ram *disk,
			const uint8_t *before)
{
	const uint8_t *after = log->devices[OUT].bytes;
	size_t len = (size_t)log->devices[OUT].io.size_bytes;
	size_t cut = (size_t)below(log->event_count + 1);
	size_t flushed = 0;

	for (size_t i = 0; i < cut; i++)
		if (log->events[i].len_bytes == 0)
			flushed = i;
	memcpy(disk->devices[OUT].bytes, before, len);
	for (size_t i = 0; i < cut; i++)
		if (log->events[i].len_bytes > 0)
			ram_apply(disk, log, i,
				  i < flushed ? UINT64_MAX : next_random());
	return !loads(disk->devices[OUT].bytes) ||
	       memcmp(disk->devices[OUT].bytes, before, len) == 0 ||
	       memcmp(disk->devices[OUT].bytes, after, len) == 0;
}

static bool cuts_are_safe(const struct ram *log, const uint8_t *before)
{
	struct ram disk = { 0 };
	bool safe = true;

	ram_init_like(&disk, log);
	for (unsigned int i = 0; i < CUTS; i++)
		safe = cut_is_safe(log, &disk, before) && safe;
	ram_release(&disk);
	return safe;
}

/* To something that holds another store and rubbish. */
static void write_used(struct scene *s, uint64_t out_bytes, bool *good)
{
	uint8_t *before = malloc(out_bytes);
	struct psnap_error err = { 0 };
	struct ram ram = { 0 };
	struct ram_device *out;
	struct reading reading;

	ram_init(&ram, &out_bytes, 1);
	out = &ram.devices[OUT];
	if (!before)
		abort();
	fill_random(out->bytes, out_bytes);
	memcpy(out->bytes, "SnAp\1\0\0\0\1\0\0\0\1\0\0\0", 16);
	memcpy(before, out->bytes, out_bytes);
	ram.recording = true;
	if (psnap_newstore_write(s->store, &out->io, false, &err))
		printf("# %s\n", err.message);
	reading = read_store(out->bytes, out_bytes, origin, shown, s->size);
	*good = reading.wrong == NULL && reading.exceptions == s->exceptions &&
		reading.chunk_bytes == s->chunk && reading.next_area_zero &&
		cuts_are_safe(&ram, before);
	if (!*good)
		printf("# chunk %zu, %zu bytes: %s\n", s->chunk, s->size,
		       reading.wrong ? reading.wrong : "otherwise wrong");
	free(before);
	ram_release(&ram);
}

/* To something that is zero: no zeros are written, and the end is the same as
 * with them. */
static bool write_zero(struct scene *s, uint64_t out_bytes)
{
	struct ram ram = { 0 };
	bool same;

	ram_init(&ram, (uint64_t[]){ out_bytes, out_bytes }, 2);
	same = psnap_newstore_write(s->store, &ram.devices[0].io, false,
				    NULL) == 0 &&
	       psnap_newstore_write(s->store, &ram.devices[1].io, true, NULL) ==
		       0 &&
	       memcmp(ram.devices[0].bytes, ram.devices[1].bytes, out_bytes) ==
		       0;
	ram_release(&ram);
	return same;
}

static void test_random(void)
{
	unsigned int good = 0;
	unsigned int planned = 0;
	unsigned int same = 0;
	uint64_t exceptions = 0;
	uint64_t dropped = 0;

	for (unsigned int i = 0; i < TRIALS; i++) {
		struct scene s = { .drop_equal = i % 3 == 0 };
		const struct psnap_newstore_plan *plan;
		size_t chunk;
		bool is_good;

		chunk = (size_t)SECTOR << below(12);
		make_scene(&s, chunk, (size_t)below(SHOWN_MAX - 1) + 1);
		plan = psnap_newstore_plan(s.store);
		planned += plan->exceptions == s.exceptions &&
			   plan->dropped == s.dropped &&
			   plan->needed_bytes <= OUT_MAX * 2;
		exceptions += s.exceptions;
		dropped += s.dropped;
		write_used(&s, plan->needed_bytes + (i % 2 ? 0 : below(200000)),
			   &is_good);
		good += is_good;
		same += write_zero(&s, plan->needed_bytes);
		end_scene(&s);
	}
	printf("# %" PRIu64 " exceptions, %" PRIu64 " dropped\n", exceptions,
	       dropped);
	T_OK(exceptions > 5000 && dropped > 100, "there is something to do");
	T_EQ_U64(planned, TRIALS);
	T_EQ_U64(good, TRIALS);
	T_EQ_U64(same, TRIALS);
}

/* Nothing of @out may have changed. */
static void refused_out(struct scene *s, uint64_t out_bytes, uint32_t align,
			int want)
{
	struct psnap_error err = { 0 };
	struct io_fault out;
	struct ram ram = { 0 };

	ram_init(&ram, &out_bytes, 1);
	io_fault_init(&out, &ram.devices[OUT].io, align);
	T_EQ_I64(psnap_newstore_write(s->store, &out.io, false, &err), want);
	T_EQ_U64(out.calls[IO_FAULT_WRITE], 0);
	T_OK(err.message[0], "it says: %s", err.message);
	ram_release(&ram);
}

static void test_refused(void)
{
	struct psnap_newstore_options options = { .chunk_bytes = 512 };
	const uint64_t bad[] = { 0, 1, 256, 513, 1536, (uint64_t)2 << 30 };
	struct scene s = { 0 };
	struct psnap_newstore *none;
	uint64_t needed;

	make_scene(&s, 512, 100000);
	needed = psnap_newstore_plan(s.store)->needed_bytes;
	refused_out(&s, needed - 1, 1, PSNAP_E_RANGE);
	refused_out(&s, 512, 1, PSNAP_E_RANGE);
	refused_out(&s, needed + 4096 - needed % 4096, 4096,
		    PSNAP_E_UNSUPPORTED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options.chunk_bytes = bad[i];
		T_EQ_I64(psnap_newstore_new(s.shown_io, s.origin_io, s.changes,
					    &options, &none, NULL),
			 PSNAP_E_RANGE);
		T_OK(!none, "nothing comes of it");
	}
	options.chunk_bytes = 2048;
	s.origin_io->align_bytes = 4096;
	T_EQ_I64(psnap_newstore_new(s.shown_io, s.origin_io, s.changes,
				    &options, &none, NULL),
		 PSNAP_E_UNSUPPORTED);
	s.origin_io->align_bytes = 1;
	end_scene(&s);
}

/* The nth call of each kind fails: it is passed on, and nothing loads. */
static void test_failing(enum io_fault_op op, bool on_shown)
{
	struct scene s = { 0 };
	struct io_fault bad;
	unsigned int failed = 0;
	unsigned int unsafe = 0;

	make_scene(&s, 4096, 300000);
	for (uint64_t n = 1; n < 100; n++) {
		struct psnap_newstore *store = s.store;
		uint64_t needed = psnap_newstore_plan(store)->needed_bytes;
		struct ram ram = { 0 };
		int rc;

		ram_init(&ram, &needed, 1);
		io_fault_init(&bad,
			      on_shown ? s.shown_io : &ram.devices[OUT].io, 1);
		bad.fail_op = op;
		bad.fail_at = n;
		bad.os_errno = EIO;
		if (on_shown) {
			const struct psnap_newstore_options options = {
				.chunk_bytes = s.chunk
			};
			if (psnap_newstore_new(&bad.io, s.origin_io, s.changes,
					       &options, &store, NULL))
				abort();
		}
		rc = psnap_newstore_write(
			store, on_shown ? &ram.devices[OUT].io : &bad.io, false,
			NULL);
		failed += rc == PSNAP_E_IO;
		if (bad.faults > 0)
			unsafe += rc != PSNAP_E_IO ||
				  (op != IO_FAULT_SYNC &&
				   loads(ram.devices[OUT].bytes));
		if (on_shown)
			psnap_newstore_free(store);
		ram_release(&ram);
		if (bad.faults == 0)
			break;
	}
	T_OK(failed >= 2, "%u calls failed", failed);
	T_EQ_U64(unsafe, 0);
	end_scene(&s);
}

static int stop(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	unsigned int *ticks = ctx;

	if (done_bytes > total_bytes)
		abort();
	return ++*ticks == 1;
}

static void test_interrupted(bool drop_equal)
{
	unsigned int ticks = 0;
	const struct psnap_newstore_options options = {
		.chunk_bytes = 4096,
		.drop_equal = drop_equal,
		.progress = { .tick = stop, .ctx = &ticks },
	};
	struct scene s = { 0 };
	struct psnap_newstore *store;
	struct ram ram = { 0 };
	int rc;

	make_scene(&s, 4096, 300000);
	ram_init(&ram, (uint64_t[]){ OUT_MAX }, 1);
	rc = psnap_newstore_new(s.shown_io, s.origin_io, s.changes, &options,
				&store, NULL);
	T_EQ_I64(rc, drop_equal ? PSNAP_E_INTERRUPTED : 0);
	if (rc == 0) {
		rc = psnap_newstore_write(store, &ram.devices[OUT].io, false,
					  NULL);
		T_EQ_I64(rc, PSNAP_E_INTERRUPTED);
		T_OK(!loads(ram.devices[OUT].bytes), "no kernel takes it");
	}
	psnap_newstore_free(store);
	ram_release(&ram);
	end_scene(&s);
}

int main(void)
{
	test_random();
	test_refused();
	test_failing(IO_FAULT_WRITE, false);
	test_failing(IO_FAULT_SYNC, false);
	test_failing(IO_FAULT_READ, true);
	test_interrupted(false);
	test_interrupted(true);
	return T_DONE();
}
