/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.c, compare_piece.c: where two ios differ, next to a loop over
 * their bytes. What is not read, and what stops it, is in t_compare_stop.c.
 */
#include "compare_scene.h"
#include "io_fault.h"
#include "test.h"

#define TRIALS 300u

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

static uint64_t pick_unit(void)
{
	static const uint64_t units[] = { 1,	 4096,	   4097,
					  65536, 3u << 20, UINT64_MAX };

	if (below(2))
		return 512;
	return units[below(sizeof(units) / sizeof(units[0]))];
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

int main(void)
{
	test_model();
	return T_DONE();
}
