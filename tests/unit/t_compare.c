/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.c, compare_piece.c: where two ios differ, next to a loop over their
 * bytes; what is not read; what stops it.
 */
#include "io_fault.h"
#include "random.h"
#include "test.h"

#include <errno.h>
#include <psnap/compare.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not a multiple of a piece, a block or a sector. */
#define SIZE_BYTES ((3u << 20) + 4096u + 77u)
#define TRIALS	   300u

static uint8_t a_bytes[SIZE_BYTES];
static uint8_t b_bytes[SIZE_BYTES];
static uint8_t differs[SIZE_BYTES];

static uint64_t below(uint64_t limit)
{
	return limit ? next_random() % limit : 0;
}

static void change(size_t start, size_t len)
{
	size_t i;

	for (i = start; i < start + len && i < SIZE_BYTES; i++)
		b_bytes[i] = (uint8_t)next_random();
}

/* Bytes, sectors and large pieces, some of which touch. */
static void change_some(void)
{
	unsigned int count = (unsigned int)below(40);

	memcpy(b_bytes, a_bytes, SIZE_BYTES);
	while (count--)
		change((size_t)below(SIZE_BYTES),
		       (size_t)below(1u << below(20)));
	if (below(4) == 0)
		change(SIZE_BYTES - 1, 1);
	if (below(4) == 0)
		change(0, 1);
}

/* The bytes of all units that differ inside [start, end). */
static void mark(uint64_t start, uint64_t end, uint64_t unit)
{
	uint64_t at = start;

	while (at < end) {
		uint64_t first = at - at % unit;
		uint64_t next = unit < end - first ? first + unit : end;
		uint64_t from = first < start ? start : first;
		bool same = true;

		for (; at < next; at++)
			same = same && a_bytes[at] == b_bytes[at];
		if (!same)
			memset(differs + from, 1, (size_t)(next - from));
	}
}

static bool is_marked(struct psnap_extents *set)
{
	size_t count;
	const struct psnap_extent *list = psnap_extents_list(set, &count);
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t end = list[i].offset_bytes + list[i].len_bytes;

		for (; at < list[i].offset_bytes; at++)
			if (differs[at])
				return false;
		for (; at < end; at++)
			if (!differs[at])
				return false;
	}
	for (; at < SIZE_BYTES; at++)
		if (differs[at])
			return false;
	return true;
}

static struct psnap_io *open_memory(const uint8_t *bytes)
{
	struct psnap_io *io;

	if (psnap_io_open_memory(bytes, SIZE_BYTES, 1, &io, NULL))
		abort();
	return io;
}

static struct psnap_extents *new_set(void)
{
	struct psnap_extents *set;

	if (psnap_extents_new(&set, NULL))
		abort();
	return set;
}

static uint64_t pick_unit(void)
{
	static const uint64_t units[] = { 1,	 4096,	   4097,
					  65536, 3u << 20, UINT64_MAX };

	if (below(2))
		return 512;
	return units[below(sizeof(units) / sizeof(units[0]))];
}

struct ticks {
	uint64_t calls;
	uint64_t stop_at;
	uint64_t done_bytes;
	uint64_t total_bytes;
	bool backwards;
};

static int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	struct ticks *t = ctx;

	t->backwards = t->backwards || done_bytes < t->done_bytes ||
		       done_bytes > total_bytes;
	t->done_bytes = done_bytes;
	t->total_bytes = total_bytes;
	return ++t->calls == t->stop_at;
}

/* What is taken, whether it is in order, and when to refuse it. */
struct taker {
	struct psnap_extents *set;
	uint64_t reached;
	uint64_t calls;
	uint64_t refuse_at;
	bool touching;
};

static int take(void *ctx, uint64_t start_bytes, uint64_t end_bytes)
{
	struct taker *t = ctx;

	if (++t->calls == t->refuse_at)
		return 77;
	t->touching = t->touching || start_bytes >= end_bytes ||
		      (t->calls > 1 && start_bytes <= t->reached);
	t->reached = end_bytes;
	return psnap_extents_add(t->set, start_bytes, end_bytes, NULL);
}

/* One range, or several that are handed over as they are found. */
static bool trial(struct psnap_io *a, struct psnap_io *b)
{
	struct psnap_extents *differ = new_set();
	struct psnap_extents *where = new_set();
	struct taker t = { .set = differ };
	struct ticks ticks = { 0 };
	const struct psnap_progress progress = { tick, &ticks };
	uint64_t unit = pick_unit();
	uint64_t start = below(3) ? 0 : below(SIZE_BYTES);
	uint64_t end =
		below(3) ? SIZE_BYTES : start + below(SIZE_BYTES - start + 1);
	bool good;

	memset(differs, 0, sizeof(differs));
	if (below(2)) {
		mark(start, end, unit);
		good = psnap_compare(a, b, start, end, unit, differ, &progress,
				     NULL) == 0;
	} else {
		while (start < end) {
			uint64_t len = below(1u << below(21)) + 1;

			if (len > end - start)
				len = end - start;
			mark(start, start + len, unit);
			if (psnap_extents_add(where, start, start + len, NULL))
				abort();
			start += len + 1 + below(1u << below(21));
		}
		good = psnap_compare_each(a, b, where, unit, take, &t,
					  &progress, NULL) == 0 &&
		       !t.touching;
	}
	good = good && is_marked(differ) && !ticks.backwards &&
	       ticks.done_bytes == ticks.total_bytes;
	psnap_extents_free(where);
	psnap_extents_free(differ);
	return good;
}

static void test_model(void)
{
	unsigned int good = 0;
	unsigned int i;

	fill_random(a_bytes, SIZE_BYTES);
	for (i = 0; i < TRIALS; i++) {
		struct psnap_io *a = open_memory(a_bytes);
		struct psnap_io *b = open_memory(b_bytes);
		struct io_fault odd;

		change_some();
		io_fault_init(&odd, b, 1);
		odd.eintr_each = i % 2;
		odd.short_bytes = i % 3 ? 0 : 5000;
		good += trial(a, &odd.io);
		psnap_io_close(b, NULL);
		psnap_io_close(a, NULL);
	}
	T_EQ_U64(good, TRIALS);
}

/* Two files of 6 MiB: one with data in the second and the fifth MiB, one in the
 * fourth and the fifth. */
static struct psnap_io *open_islands(int *fd, uint64_t first, uint64_t second,
				     uint8_t byte)
{
	static uint8_t page[4096];
	struct psnap_io *io;
	char path[64];

	memset(page, byte, sizeof(page));
	*fd = memfd_create("islands", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	if (ftruncate(*fd, 6 << 20) ||
	    pwrite(*fd, page, sizeof(page), (off_t)first) < 0 ||
	    pwrite(*fd, page, sizeof(page), (off_t)second) < 0 ||
	    psnap_io_open(path, &io, NULL))
		abort();
	return io;
}

static void test_holes(void)
{
	static const uint64_t mib = 1 << 20;
	struct psnap_extents *differ = new_set();
	struct psnap_error err = { 0 };
	const struct psnap_extent *list;
	struct io_fault a;
	struct io_fault b;
	int fds[2];
	struct psnap_io *ios[] = {
		open_islands(&fds[0], mib, 4 * mib, 1),
		open_islands(&fds[1], 3 * mib, 4 * mib + 8192, 0),
	};
	size_t count;

	io_fault_init(&a, ios[0], 1);
	io_fault_init(&b, ios[1], 1);
	/* Reading any of this fails. */
	a.bad_start = 2 * mib;
	a.bad_end = 4 * mib;
	b.bad_end = 3 * mib;
	T_EQ_I64(psnap_compare(&a.io, &b.io, 0, 6 * mib, 512, differ, NULL,
			       &err),
		 0);
	T_EQ_STR(err.message, "");
	list = psnap_extents_list(differ, &count);
	T_EQ_U64(count, 2);
	T_OK(count == 2 && list[0].offset_bytes == mib &&
		     list[0].len_bytes == 4096 &&
		     list[1].offset_bytes == 4 * mib &&
		     list[1].len_bytes == 4096,
	     "data differs from a hole, zeros do not");
	T_EQ_U64(a.reads, 2);
	T_EQ_U64(b.reads, 2);
	psnap_io_close(ios[0], NULL);
	psnap_io_close(ios[1], NULL);
	close(fds[0]);
	close(fds[1]);
	psnap_extents_free(differ);
}

static void test_bad_sector(struct psnap_io *a, struct psnap_io *b)
{
	struct psnap_extents *differ = new_set();
	struct psnap_error err = { 0 };
	struct io_fault bad;

	memcpy(b_bytes, a_bytes, SIZE_BYTES);
	b_bytes[1000] ^= 1;
	io_fault_init(&bad, b, 1);
	bad.io.name = "the-bad-one";
	bad.short_bytes = 4096;
	bad.bad_start = 2u << 20;
	bad.bad_end = bad.bad_start + 1;
	bad.bad_errno = EREMOTEIO;
	T_EQ_I64(psnap_compare(a, &bad.io, 0, SIZE_BYTES, 512, differ, NULL,
			       &err),
		 PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 2u << 20);
	T_EQ_I64(err.os_errno, EREMOTEIO);
	T_OK(strstr(err.message, "the-bad-one") != NULL, "%s", err.message);
	T_OK(psnap_extents_contain(differ, 512, 1024),
	     "what was found before is kept");
	T_EQ_I64(psnap_compare(&bad.io, a, 0, SIZE_BYTES, 512, differ, NULL,
			       NULL),
		 PSNAP_E_IO);
	T_EQ_I64(
		psnap_compare(a, &bad.io, 0, 2u << 20, 512, differ, NULL, &err),
		0);
	psnap_extents_free(differ);
}

static void test_stops(struct psnap_io *a, struct psnap_io *b)
{
	struct psnap_extents *differ = new_set();
	struct psnap_extents *where = new_set();
	struct ticks ticks = { .stop_at = 2 };
	const struct psnap_progress progress = { tick, &ticks };
	struct taker t = { .set = differ, .refuse_at = 2 };
	size_t i;

	memcpy(b_bytes, a_bytes, SIZE_BYTES);
	for (i = 0; i < 4; i++)
		b_bytes[i * 10000] ^= 1;
	b_bytes[SIZE_BYTES - 1] ^= 1;
	T_EQ_I64(psnap_compare(a, b, 0, SIZE_BYTES, 512, differ, &progress,
			       NULL),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(ticks.calls, 2);
	T_OK(psnap_extents_contain(differ, 0, 512),
	     "what was found before is kept");
	T_OK(!psnap_extents_common_bytes(differ, 2u << 20, SIZE_BYTES),
	     "and the rest was not looked for");
	if (psnap_extents_add(where, 0, SIZE_BYTES, NULL))
		abort();
	T_EQ_I64(psnap_compare_each(a, b, where, 512, take, &t, NULL, NULL),
		 77);
	T_EQ_U64(t.calls, 2);
	psnap_extents_free(where);
	psnap_extents_free(differ);
}

static void test_arguments(struct psnap_io *a, struct psnap_io *b)
{
	struct psnap_extents *differ = new_set();
	struct psnap_extents *where = new_set();
	struct io_fault counted;
	size_t count;

	io_fault_init(&counted, a, 1);
	T_EQ_I64(psnap_compare(&counted.io, b, 0, SIZE_BYTES + 1, 512, differ,
			       NULL, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_compare(&counted.io, b, SIZE_BYTES + 1, SIZE_BYTES + 1,
			       512, differ, NULL, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_compare(&counted.io, b, 2, 1, 512, differ, NULL, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_compare(&counted.io, b, 0, UINT64_MAX, 512, differ, NULL,
			       NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_compare(&counted.io, b, 0, 512, 0, differ, NULL, NULL),
		 PSNAP_E_API);
	T_EQ_I64(psnap_compare(&counted.io, b, 5, 5, 512, differ, NULL, NULL),
		 0);
	T_EQ_I64(psnap_compare_each(&counted.io, b, where, 512, take, NULL,
				    NULL, NULL),
		 0);
	T_EQ_U64(counted.reads, 0);
	(void)psnap_extents_list(differ, &count);
	T_EQ_U64(count, 0);
	psnap_extents_free(where);
	psnap_extents_free(differ);
}

int main(void)
{
	struct psnap_io *a = open_memory(a_bytes);
	struct psnap_io *b = open_memory(b_bytes);

	test_model();
	test_holes();
	test_bad_sector(a, b);
	test_stops(a, b);
	test_arguments(a, b);
	psnap_io_close(b, NULL);
	psnap_io_close(a, NULL);
	return T_DONE();
}
