/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carve*.c: what is found beyond the table, and what is said for and against
 * it.
 */
#include "io_fault.h"
#include "io_image.h"
#include "test.h"

#include <psnap/carve.h>

#define CHUNK	  4096u
#define PER_AREA  256u
#define STRIDE	  257u
#define FOUND_MAX 16u

/* @stop_at: the nth is answered with a failure; 0: none. */
struct found {
	struct psnap_geometry geo;
	struct psnap_carving list[FOUND_MAX];
	size_t count;
	size_t stop_at;
};

static int take(void *ctx, const struct psnap_carving *carving)
{
	struct found *found = ctx;
	struct psnap_slots slots;
	struct psnap_error err;

	T_EQ_I64(psnap_carve_parse_name(carving->name, &found->geo, &slots,
					&err),
		 0);
	T_OK(slots.area_index == carving->slots.area_index &&
		     slots.first == carving->slots.first &&
		     slots.count == carving->slots.count,
	     "%s is the name of where they stand", carving->name);
	if (found->count < FOUND_MAX)
		found->list[found->count] = *carving;
	if (++found->count == found->stop_at)
		return PSNAP_E_NOSPACE;
	return 0;
}

static int carve_io(struct psnap_io *io, struct psnap_io *origin,
		    uint64_t chunk_bytes, uint64_t areas_max,
		    struct found *found)
{
	size_t stop_at = found->stop_at;
	struct psnap_error err;

	memset(found, 0, sizeof(*found));
	found->stop_at = stop_at;
	if (psnap_geometry_init(&found->geo, io->size_bytes, chunk_bytes, &err))
		return PSNAP_E_API;
	return psnap_carve(io, origin, chunk_bytes, areas_max, NULL, take,
			   found, &err);
}

static void carve(struct io_image *m, struct found *found)
{
	memset(found, 0, sizeof(*found));
	T_EQ_I64(carve_io(&m->io, NULL, m->chunk_bytes, PSNAP_ALL_AREAS, found),
		 0);
}

static void is(const struct found *found, size_t i, const char *name,
	       uint64_t entries, uint64_t in_sequence, bool continues)
{
	const struct psnap_carving *c = &found->list[i];

	if (!T_OK(i < found->count, "there is one more, %s", name))
		return;
	T_EQ_STR(c->name, name);
	T_EQ_U64(c->entries, entries);
	T_EQ_U64(c->in_sequence, in_sequence);
	T_OK(c->continues == continues, "%s %s", name,
	     continues ? "goes on" : "does not go on");
}

static void test_nothing(void)
{
	struct io_image m;
	struct found found;

	image_init(&m, CHUNK, 2000);
	image_alloc(&m, 10, 300);
	carve(&m, &found);
	T_EQ_U64(found.count, 0);
	image_release(&m);
}

static void test_tail(void)
{
	struct io_image m;
	struct found found;

	image_init(&m, CHUNK, 2000);
	image_alloc(&m, 10, 10);
	for (uint64_t i = 0; i < 5; i++)
		image_set(&m, 0, 20 + i, 90 - i, 12 + i);
	/* One by itself, in the last slot. */
	image_set(&m, 0, 255, 70, 100);
	carve(&m, &found);
	T_EQ_U64(found.count, 2);
	is(&found, 0, "a0.20-24", 5, 4, true);
	is(&found, 1, "a0.255-255", 1, 0, false);
	image_release(&m);
}

/* Areas 1 and 2 of a store whose first 64 KiB are gone; area 1 is full. */
static void make_reset(struct io_image *m, bool header)
{
	image_init(m, CHUNK, 2000);
	m->area = 1;
	image_alloc(m, 1000, PER_AREA + 40);
	if (!header)
		image_header(m, 0, 0, 0, 0);
}

static void test_reset(bool header)
{
	struct io_image m;
	struct found found;

	make_reset(&m, header);
	carve(&m, &found);
	T_EQ_U64(found.count, 2);
	is(&found, 0, "a1", PER_AREA, PER_AREA - 1, false);
	is(&found, 1, "a2", 40, 39, true);
	T_EQ_U64(found.list[1].slots.count, PER_AREA);
	T_EQ_U64(found.list[1].conflicts_old + found.list[1].conflicts_new, 0);
	/* Only the next area. */
	T_EQ_I64(carve_io(&m.io, NULL, CHUNK, 1, &found), 0);
	T_EQ_U64(found.count, 1);
	T_EQ_I64(carve_io(&m.io, NULL, CHUNK, 0, &found), 0);
	T_EQ_U64(found.count, 0);
	image_release(&m);
}

/* Junk in area 0 is read by the kernel, and names nothing. */
static void test_area_0_overwritten(void)
{
	struct io_image m;
	struct found found;

	make_reset(&m, false);
	for (uint64_t i = 0; i < 7; i++)
		image_set(&m, 0, i, UINT64_MAX - i, UINT64_C(1) << 60);
	/* One that is none, for it says what area 1 says. */
	image_set(&m, 0, 7, 1000, STRIDE + 2);
	carve(&m, &found);
	T_EQ_U64(found.count, 2);
	is(&found, 0, "a1", PER_AREA, PER_AREA - 1, false);
	T_EQ_U64(found.list[0].conflicts_old, 1);
	T_EQ_U64(found.list[0].conflicts_new, 1);
	image_release(&m);
}

static void test_conflicts(void)
{
	const uint64_t far = UINT64_C(1) << 40;
	struct io_image m;
	struct found found;

	image_init(&m, CHUNK, 2000);
	image_exc(&m, 5, 2, 3);
	/* Numbers that are no bits but keys, some of them twice. */
	image_exc(&m, far, 10, 8);
	image_exc(&m, far + 4, 20, 2);
	image_exc(&m, far + 100, 30, 1);
	image_exc(&m, far - 1, 31, 1);
	image_set(&m, 2, 0, 7, 600);	    /* old */
	image_set(&m, 2, 1, 8, 4);	    /* new */
	image_set(&m, 2, 2, far - 2, 601);  /* neither */
	image_set(&m, 2, 3, far - 1, 602);  /* old */
	image_set(&m, 2, 4, far + 7, 603);  /* old */
	image_set(&m, 2, 5, far + 8, 604);  /* neither */
	image_set(&m, 2, 6, far + 100, 31); /* both */
	image_set(&m, 2, 7, far + 101, 33); /* neither */
	carve(&m, &found);
	T_EQ_U64(found.count, 1);
	is(&found, 0, "a2", 8, 3, false);
	T_EQ_U64(found.list[0].conflicts_old, 4);
	T_EQ_U64(found.list[0].conflicts_new, 2);
	image_release(&m);
}

static void test_junk(void)
{
	struct io_image origin;
	struct io_image m;
	struct found found;

	image_init(&m, CHUNK, 2000);
	image_init(&origin, 512, 8 * 100 + 1);
	for (uint64_t i = 0; i < 6; i++)
		image_set(&m, 3, i, i, 1000 + i);
	image_set(&m, 3, 3, 3, STRIDE + 1); /* an area */
	image_set(&m, 4, 0, 100, 1100);
	image_set(&m, 4, 1, 101, 1101);
	image_set(&m, 4, 2, 5, 2000); /* not on the store */
	image_set(&m, 5, 0, 50, 1200);
	image_set(&m, 5, 1, 9, 0); /* an old chunk in an empty slot */
	image_set(&m, 6, 1, 60, 1300);
	carve(&m, &found);
	T_EQ_U64(found.count, 5);
	is(&found, 0, "a3.0-2", 3, 2, false);
	is(&found, 1, "a3.4-5", 2, 1, false);
	is(&found, 2, "a4.0-1", 2, 1, false);
	is(&found, 3, "a5.0-0", 1, 0, false);
	is(&found, 4, "a6.1-1", 1, 0, false);
	/* The origin ends inside chunk 100. */
	T_EQ_I64(carve_io(&m.io, &origin.io, CHUNK, PSNAP_ALL_AREAS, &found),
		 0);
	T_EQ_U64(found.count, 5);
	is(&found, 2, "a4.0-0", 1, 0, false);
	image_release(&origin);
	image_release(&m);
}

static void test_data(void)
{
	struct io_image m;
	struct found found;

	make_reset(&m, true);
	/* The last byte of one chunk, the first of another, and of one that is
	 * too far back to be looked at. */
	image_put(&m, (STRIDE + 2) * CHUNK + CHUNK - 1, "x", 1);
	image_put(&m, (STRIDE + 65) * CHUNK, "x", 1);
	image_put(&m, (STRIDE + 66) * CHUNK, "x", 1);
	carve(&m, &found);
	T_EQ_U64(found.count, 2);
	T_EQ_U64(found.list[0].data_looked_at, 64);
	T_EQ_U64(found.list[0].data_zero, 62);
	T_EQ_U64(found.list[1].data_looked_at, 40);
	T_EQ_U64(found.list[1].data_zero, 40);
	image_release(&m);
}

/* Part of area 1, and the data of an entry behind it. */
static void test_unreadable(void)
{
	struct io_fault fault;
	struct io_image m;
	struct found found = { 0 };

	make_reset(&m, true);
	io_fault_init(&fault, &m.io, 512);
	fault.os_errno = 5;
	fault.bad_start = (1 + STRIDE) * CHUNK + 100;
	fault.bad_end = fault.bad_start + 1;
	T_EQ_I64(carve_io(&fault.io, NULL, CHUNK, PSNAP_ALL_AREAS, &found), 0);
	T_EQ_U64(found.count, 1);
	is(&found, 0, "a2", 40, 39, false);
	fault.bad_start = (2 * STRIDE + 4) * CHUNK;
	fault.bad_end = fault.bad_start + 1;
	image_put(&m, (2 * STRIDE + 4) * CHUNK, "x", 1);
	T_EQ_I64(carve_io(&fault.io, NULL, CHUNK, PSNAP_ALL_AREAS, &found), 0);
	T_EQ_U64(found.count, 2);
	T_EQ_U64(found.list[1].data_looked_at, 39);
	T_EQ_U64(found.list[1].data_zero, 39);
	image_release(&m);
}

/* Chunks of which one area is read in pieces; what is left of two of them. */
static void test_large_chunks(void)
{
	struct io_image m;
	struct found found;

	image_init(&m, 1 << 20, 4);
	for (uint64_t i = 8190; i < 8194; i++)
		image_set(&m, 0, i, i, i == 8192 ? 2 : 3);
	carve(&m, &found);
	T_EQ_U64(found.count, 1);
	is(&found, 0, "a0.8190-8193", 4, 1, false);
	T_EQ_U64(found.list[0].data_looked_at, 4);
	image_release(&m);
}

/* 2^47 areas and more, of which one holds something. */
static void test_sparse(void)
{
	const uint64_t area = UINT64_C(1) << 45;
	struct io_image m;
	struct found found;

	image_init(&m, 512, UINT64_C(1) << 53);
	image_set(&m, area, 0, 3, 900);
	carve(&m, &found);
	T_EQ_U64(found.count, 1);
	is(&found, 0, "a35184372088832", 1, 0, false);
	image_release(&m);
}

static int stop(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	(void)done_bytes;
	(void)total_bytes;
	return ++*(int *)ctx > 3;
}

static void test_ends(void)
{
	struct psnap_progress progress = { .tick = stop };
	int ticks = 0;
	struct io_image m;
	struct found found = { .stop_at = 1 };
	struct psnap_error err;

	make_reset(&m, true);
	T_EQ_I64(carve_io(&m.io, NULL, CHUNK, PSNAP_ALL_AREAS, &found),
		 PSNAP_E_NOSPACE);
	T_EQ_U64(found.count, 1);
	progress.ctx = &ticks;
	T_EQ_I64(psnap_carve(&m.io, NULL, CHUNK, PSNAP_ALL_AREAS, &progress,
			     take, &found, &err),
		 PSNAP_E_INTERRUPTED);
	T_EQ_I64(psnap_carve(&m.io, NULL, 0, PSNAP_ALL_AREAS, NULL, take,
			     &found, &err),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_carve(&m.io, NULL, 1000, PSNAP_ALL_AREAS, NULL, take,
			     &found, &err),
		 PSNAP_E_RANGE);
	image_release(&m);
	/* Not room for an area. */
	image_init(&m, CHUNK, 1);
	found.stop_at = 0;
	T_EQ_I64(carve_io(&m.io, NULL, CHUNK, PSNAP_ALL_AREAS, &found), 0);
	T_EQ_U64(found.count, 0);
	image_release(&m);
}

int main(void)
{
	test_nothing();
	test_tail();
	test_reset(true);
	test_reset(false);
	test_area_0_overwritten();
	test_conflicts();
	test_junk();
	test_data();
	test_unreadable();
	test_large_chunks();
	test_sparse();
	test_ends();
	return T_DONE();
}
