/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view_salvage.c, io_salvage.c, io_lost.c: stores with any damage and disks with
 * any bad sectors, next to a model that knows single chunks and bytes only.
 */
#include "io_fault.h"
#include "random.h"
#include "store_bytes.h"
#include "test.h"

#include <errno.h>
#include <psnap/salvage.h>
#include <psnap/view.h>
#include <stdlib.h>

#define CHUNK	      512u
#define PER_AREA      32u
#define STORE_CHUNKS  300u
#define ORIGIN_CHUNKS 90u
#define STORE_BYTES   (STORE_CHUNKS * CHUNK)
/* Ends in the middle of a chunk. */
#define ORIGIN_BYTES (ORIGIN_CHUNKS * CHUNK - 100u)
#define ENTRIES_MAX  120u
#define PAIRS	     3000u

struct entry {
	uint64_t old_chunk;
	uint64_t new_chunk;
};

/* @source: of each origin chunk, the chunk of the store; 0: the origin.
 * @doubt: it is unknown */
struct model {
	struct entry entries[ENTRIES_MAX];
	unsigned int count;
	uint64_t source[ORIGIN_CHUNKS];
	bool doubt[ORIGIN_CHUNKS];
};

static uint8_t store_bytes[STORE_BYTES];
static uint8_t origin_bytes[ORIGIN_BYTES];
static uint8_t wanted[ORIGIN_BYTES];
static uint8_t got[ORIGIN_BYTES];

static uint64_t random_new(void)
{
	static const uint64_t odd[] = { 1,
					34,
					67,
					STORE_CHUNKS,
					STORE_CHUNKS + 1,
					1000,
					UINT64_C(1) << 56,
					UINT64_MAX };

	if (next_random() % 20 == 0)
		return odd[next_random() % (sizeof(odd) / sizeof(odd[0]))];
	return 140 + next_random() % 150;
}

static uint64_t random_old(void)
{
	if (next_random() % 20 == 0)
		return next_random() % 2 ? ORIGIN_CHUNKS : next_random();
	return next_random() % ORIGIN_CHUNKS;
}

/* Some entries follow the one before, as in runs; some say the same again. */
static void make_entries(struct model *m)
{
	unsigned int i;

	m->count = (unsigned int)(next_random() % ENTRIES_MAX);
	for (i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (i > 0 && next_random() % 3 > 0) {
			*e = m->entries[i - 1];
			e->old_chunk++;
			e->new_chunk++;
		} else if (i > 0 && next_random() % 8 == 0) {
			*e = m->entries[next_random() % i];
		} else {
			e->old_chunk = random_old();
			e->new_chunk = random_new();
		}
		if (e->new_chunk == 0)
			e->new_chunk = 150;
	}
}

static void make_store(const struct model *m)
{
	unsigned int i;

	fill_random(store_bytes, sizeof(store_bytes));
	for (i = 0; i * (PER_AREA + 1) + 1 < STORE_CHUNKS; i++)
		memset(store_bytes + (i * (PER_AREA + 1) + 1) * CHUNK, 0,
		       CHUNK);
	put_header(store_bytes, 1, CHUNK);
	for (i = 0; i < m->count; i++) {
		uint8_t *at = store_bytes +
			      (1 + i / PER_AREA * (PER_AREA + 1)) * CHUNK +
			      i % PER_AREA * 16;

		put_le(at, m->entries[i].old_chunk, 8);
		put_le(at + 8, m->entries[i].new_chunk, 8);
	}
}

static bool possible(const struct entry *e)
{
	return e->old_chunk < ORIGIN_CHUNKS && e->new_chunk < STORE_CHUNKS &&
	       e->new_chunk > 0 && (e->new_chunk - 1) % (PER_AREA + 1) != 0;
}

static bool broken_area(const struct model *m, unsigned int entry)
{
	unsigned int first = entry / PER_AREA * PER_AREA;
	unsigned int end = first + PER_AREA;
	unsigned int bad = 0;
	unsigned int i;

	if (end > m->count)
		end = m->count;
	for (i = first; i < end; i++)
		bad += !possible(&m->entries[i]);
	return bad >= 4 && bad * 2 >= end - first;
}

static bool contradicted(const struct model *m, const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < m->count; i++) {
		const struct entry *f = &m->entries[i];

		if (possible(f) && (f->old_chunk == e->old_chunk) !=
					   (f->new_chunk == e->new_chunk))
			return true;
	}
	return false;
}

static void judge(struct model *m)
{
	unsigned int i;

	memset(m->source, 0, sizeof(m->source));
	memset(m->doubt, 0, sizeof(m->doubt));
	for (i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];

		if (e->old_chunk >= ORIGIN_CHUNKS)
			continue;
		if (!possible(e) || broken_area(m, i) || contradicted(m, e))
			m->doubt[e->old_chunk] = true;
		else
			m->source[e->old_chunk] = e->new_chunk;
	}
	/* What is impossible does not count where something sound is. */
	for (i = 0; i < ORIGIN_CHUNKS; i++)
		if (m->source[i])
			m->doubt[i] = false;
}

static size_t chunk_len(uint64_t chunk)
{
	uint64_t start = chunk * CHUNK;

	return ORIGIN_BYTES - start < CHUNK ? ORIGIN_BYTES - start : CHUNK;
}

static void make_wanted(const struct model *m)
{
	unsigned int i;

	memcpy(wanted, origin_bytes, sizeof(wanted));
	for (i = 0; i < ORIGIN_CHUNKS; i++)
		if (m->source[i])
			memcpy(wanted + i * CHUNK,
			       store_bytes + m->source[i] * CHUNK,
			       chunk_len(i));
}

static bool doubts_agree(const struct model *m, struct psnap_extents *unknown)
{
	unsigned int i;

	for (i = 0; i < ORIGIN_CHUNKS; i++) {
		uint64_t start = (uint64_t)i * CHUNK;
		uint64_t common = psnap_extents_common_bytes(
			unknown, start, start + chunk_len(i));

		if (common != (m->doubt[i] ? chunk_len(i) : 0))
			return false;
	}
	return true;
}

struct scene {
	struct psnap_io *store_io;
	struct psnap_io *origin;
	struct psnap_store *store;
	struct psnap_view_doubt doubt;
	struct psnap_view *view;
};

static void open_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	if (psnap_io_open_memory(store_bytes, STORE_BYTES, 1, &s->store_io,
				 NULL) ||
	    psnap_io_open_memory(origin_bytes, ORIGIN_BYTES, 1, &s->origin,
				 NULL) ||
	    psnap_store_open(s->store_io, 0, &s->store, NULL) ||
	    psnap_extents_new(&s->doubt.unknown, NULL) ||
	    psnap_extents_new(&s->doubt.uncertain, NULL) ||
	    psnap_view_open_salvage(s->store, s->origin, NULL, &s->doubt,
				    &s->view, NULL))
		abort();
}

static void close_scene(struct scene *s)
{
	psnap_view_close(s->view);
	psnap_extents_free(s->doubt.unknown);
	psnap_extents_free(s->doubt.uncertain);
	psnap_store_close(s->store);
	psnap_io_close(s->store_io, NULL);
	psnap_io_close(s->origin, NULL);
}

/* All of the view, each byte once, first by the origin, then by the store. */
static bool order_is_good(const struct psnap_view *view)
{
	struct psnap_extent *order;
	enum psnap_view_source source = PSNAP_VIEW_ORIGIN;
	struct psnap_extents *seen;
	uint64_t from = 0;
	bool good = true;
	size_t count;
	size_t i;

	if (psnap_extents_new(&seen, NULL) ||
	    psnap_view_order(view, &order, &count, NULL))
		abort();
	for (i = 0; i < count && good; i++) {
		uint64_t start = order[i].offset_bytes;
		uint64_t end = start + order[i].len_bytes;
		const struct psnap_view_segment *s =
			psnap_view_find(view, start);

		good = s->start_bytes == start && s->len_bytes == end - start &&
		       s->source >= source &&
		       (s->source != source || s->from_bytes >= from) &&
		       !psnap_extents_common_bytes(seen, start, end) &&
		       !psnap_extents_add(seen, start, end, NULL);
		source = s->source;
		from = s->from_bytes;
	}
	good = good && psnap_extents_contain(seen, 0, ORIGIN_BYTES);
	psnap_extents_free(seen);
	free(order);
	return good;
}

static void test_views(void)
{
	struct model m;
	unsigned int in_doubt = 0;
	unsigned int used = 0;
	unsigned int n;
	bool good = true;
	bool sound = true;
	bool ordered = true;

	for (n = 0; n < PAIRS && good; n++) {
		struct scene s;
		unsigned int i;

		make_entries(&m);
		make_store(&m);
		judge(&m);
		make_wanted(&m);
		open_scene(&s);
		good = psnap_io_read(psnap_view_io(s.view), 0, got,
				     ORIGIN_BYTES, NULL) == 0 &&
		       memcmp(got, wanted, ORIGIN_BYTES) == 0;
		sound = sound && doubts_agree(&m, s.doubt.unknown);
		ordered = ordered && order_is_good(s.view);
		for (i = 0; i < ORIGIN_CHUNKS; i++) {
			in_doubt += m.doubt[i];
			used += m.source[i] != 0;
		}
		close_scene(&s);
	}
	T_OK(good, "%u stores show what the model has", n);
	T_OK(sound, "and the same is unknown");
	T_OK(ordered, "the order of the devices has all of them");
	T_OK(in_doubt > 1000 && used > 1000, "%u chunks in doubt, %u used",
	     in_doubt, used);
}

/* --- what cannot be read -------------------------------------------------- */

/* Sectors are bad where the model says so. */
static bool bad_sector[ORIGIN_BYTES / 512 + 1];
static unsigned int bad_reads;

static int64_t bad_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes)
{
	uint64_t end = offset_bytes + len_bytes;
	uint64_t at = offset_bytes;

	(void)io;
	/* A device gives what stands before the place. */
	while (at < end && !bad_sector[at / 512])
		at += 512 - at % 512;
	if (at == offset_bytes) {
		bad_reads++;
		return -EIO;
	}
	if (at > end)
		at = end;
	memcpy(buf, origin_bytes + offset_bytes, at - offset_bytes);
	return (int64_t)(at - offset_bytes);
}

static const struct psnap_io_ops bad_ops = { .read_some = bad_read };

static struct psnap_extents *new_set(void)
{
	struct psnap_extents *set;

	if (psnap_extents_new(&set, NULL))
		abort();
	return set;
}

static void test_fills(void)
{
	static const uint8_t pattern[] = "LOST ";
	struct psnap_io bad = { .ops = &bad_ops,
				.name = "bad",
				.size_bytes = ORIGIN_BYTES,
				.align_bytes = 1,
				.fd = -1 };
	struct psnap_extents *filled;
	struct psnap_salvage salvage = { .inner = &bad,
					 .unreadable.pattern = pattern,
					 .unreadable.pattern_bytes = 5 };
	struct psnap_io *io;
	bool good = true;
	bool noted = true;
	unsigned int n;
	size_t i;

	for (n = 0; n < 500 && good; n++) {
		uint64_t lost = 0;
		size_t start;
		size_t len;

		filled = new_set();
		salvage.filled = filled;
		if (psnap_io_open_salvage(&salvage, &io, NULL))
			abort();
		for (i = 0; i < sizeof(bad_sector); i++)
			bad_sector[i] = next_random() % (1 + n % 7) == 0;
		start = (size_t)(next_random() % ORIGIN_BYTES);
		len = (size_t)(next_random() % (ORIGIN_BYTES - start)) + 1;
		good = psnap_io_read(io, start, got, len, NULL) == 0;
		for (i = start; i < start + len; i++) {
			bool is_bad = bad_sector[i / 512];
			uint8_t want =
				is_bad ? pattern[i % 5] : origin_bytes[i];

			good = good && got[i - start] == want;
			lost += is_bad;
		}
		noted = noted && psnap_extents_common_bytes(filled, 0,
							    UINT64_MAX) == lost;
		psnap_io_close(io, NULL);
		psnap_extents_free(filled);
	}
	T_OK(good, "what is bad is filled, and nothing else");
	T_OK(noted, "and noted, byte for byte");
	T_OK(bad_reads > 1000, "%u reads failed", bad_reads);
}

static void test_replaces(void)
{
	static const uint8_t byte = 0xa5;
	struct psnap_salvage salvage = { .replacement.pattern = &byte,
					 .replacement.pattern_bytes = 1 };
	struct psnap_io *inner;
	struct psnap_io *io;
	bool good;
	size_t i;

	if (psnap_io_open_memory(origin_bytes, ORIGIN_BYTES, 1, &inner, NULL))
		abort();
	salvage.inner = inner;
	salvage.filled = new_set();
	salvage.replace = new_set();
	if (psnap_extents_add(salvage.replace, 100, 700, NULL) ||
	    psnap_extents_add(salvage.replace, 5000, 5001, NULL) ||
	    psnap_io_open_salvage(&salvage, &io, NULL))
		abort();
	T_EQ_I64(psnap_io_read(io, 50, got, 6000, NULL), 0);
	for (good = true, i = 50; i < 6050; i++) {
		bool replaced = (i >= 100 && i < 700) || i == 5000;

		good = good &&
		       got[i - 50] == (replaced ? byte : origin_bytes[i]);
	}
	T_OK(good, "a range is replaced, to the byte");
	T_EQ_U64(psnap_extents_common_bytes(salvage.filled, 0, UINT64_MAX), 0);
	psnap_io_close(io, NULL);
	psnap_io_close(inner, NULL);
	psnap_extents_free(salvage.filled);
	psnap_extents_free(salvage.replace);
}

static void test_lost(void)
{
	struct psnap_extents *lost = new_set();
	struct psnap_error err = { 0 };
	struct psnap_io *inner;
	struct psnap_io *io;

	if (psnap_io_open_memory(origin_bytes, 8192, 1, &inner, NULL) ||
	    psnap_extents_add(lost, 1000, 2000, NULL) ||
	    psnap_io_open_lost(inner, lost, &io, NULL))
		abort();
	T_EQ_I64(psnap_io_read(io, 0, got, 1000, NULL), 0);
	T_OK(memcmp(got, origin_bytes, 1000) == 0, "before it all is there");
	T_EQ_I64(psnap_io_read(io, 0, got, 1001, &err), PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, 1000);
	T_EQ_I64(psnap_io_read(io, 1999, got, 1, NULL), PSNAP_E_IO);
	T_EQ_I64(psnap_io_read(io, 2000, got, 6192, NULL), 0);
	T_OK(memcmp(got, origin_bytes + 2000, 6192) == 0, "and behind it");
	psnap_io_close(io, NULL);
	psnap_extents_free(lost);
}

/* A hole that was not rescued is no hole. */
static uint64_t no_data(struct psnap_io *io, uint64_t offset_bytes)
{
	(void)offset_bytes;
	return io->size_bytes;
}

static int close_nothing(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static void test_holes(void)
{
	static const struct psnap_io_ops hole_ops = {
		.read_some = bad_read,
		.next_data = no_data,
		.close = close_nothing,
	};
	struct psnap_io hole = { .ops = &hole_ops,
				 .name = "hole",
				 .size_bytes = 10000,
				 .align_bytes = 1,
				 .fd = -1 };
	struct psnap_salvage salvage = { .inner = &hole };
	struct psnap_extents *set = new_set();
	struct psnap_io *io;

	if (psnap_extents_add(set, 3000, 4000, NULL) ||
	    psnap_io_open_lost(&hole, set, &io, NULL))
		abort();
	T_EQ_U64(psnap_io_next_data(io, 0), 3000);
	T_EQ_U64(psnap_io_next_data(io, 3500), 3500);
	T_EQ_U64(psnap_io_next_data(io, 4000), 10000);
	psnap_io_close(io, NULL);
	salvage.filled = set;
	salvage.replace = set;
	if (psnap_io_open_salvage(&salvage, &io, NULL))
		abort();
	T_EQ_U64(psnap_io_next_data(io, 0), 3000);
	T_EQ_U64(psnap_io_next_data(io, 3500), 3500);
	T_EQ_U64(psnap_io_next_data(io, 4000), 10000);
	psnap_io_close(io, NULL);
	psnap_extents_free(set);
}

int main(void)
{
	fill_random(origin_bytes, sizeof(origin_bytes));
	test_views();
	test_fills();
	test_replaces();
	test_lost();
	test_holes();
	return T_DONE();
}
