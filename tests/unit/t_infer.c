/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * infer*.c: what is told when the header is lost, beyond doubt. When there
 * is some: t_infer_doubt.c. All chunk sizes and large stores are
 * tests/infer's business.
 */
#include "infer_scene.h"
#include "io_fault.h"

static void test_nothing(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 33, 1000 };
	struct io_image m;
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		image_init(&m, 512, sizes[i]);
		infer(&m.io, NULL, &a);
		T_EQ_I64(a.rc, 0);
		T_EQ_U64(a.count, 0);
		T_OK(!a.decided, "%d chunks of nothing", (int)sizes[i]);
		image_release(&m);
	}
	image_init(&m, 512, 4);
	m.io.size_bytes = 1500;
	image_exc(&m, 1, 2, 1);
	infer(&m.io, NULL, &a);
	T_EQ_I64(a.rc, 0);
	image_release(&m);
}

static void test_plain(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	expect_decides(&m.io, 4096, 2, 300, 0, 0);
	clear(&m, 4096, 4096);
	expect_decides(&m.io, 4096, 1, 44, 0, 1);
	image_release(&m);
	make(&m, 512, 4000, 10);
	expect_decides(&m.io, 512, 1, 10, 0, 0);
	image_release(&m);
	make(&m, 65536, 300, 30);
	expect_decides(&m.io, 65536, 1, 30, 0, 0);
	image_release(&m);
}

/* Whatever the header says, it is not asked. */
static void test_header_is_not_asked(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	image_header(&m, 0x70416e53, 1, 1, 128);
	expect_decides(&m.io, 4096, 2, 300, 0, 0);
	image_release(&m);
}

static void test_damage(void)
{
	struct io_image m;

	make(&m, 4096, 4000, 700);
	image_set(&m, 0, 7, 5, UINT64_MAX);
	image_set(&m, 1, 70, 5, 1);
	clear(&m, 4096 + 512, 512);
	expect_decides(&m.io, 4096, 3, 700 - 32 - 2, 2, 0);
	image_release(&m);
}

/* The device was cut: most of what entries name is gone. */
static void test_truncated_device(void)
{
	struct io_image m;

	make(&m, 4096, 2000, 300);
	m.io.size_bytes = 20 * 4096;
	expect_decides(&m.io, 4096, 1, 256, 0, 0);
	image_release(&m);
}

static void test_unreadable(void)
{
	struct io_fault fault;
	struct io_image m;

	make(&m, 4096, 4000, 700);
	io_fault_init(&fault, &m.io, 512);
	fault.bad_start = 4096;
	fault.bad_end = 4097;
	expect_decides(&fault.io, 4096, 2, 700 - 256, 0, 1);
	fault.bad_start = 0;
	fault.bad_end = m.io.size_bytes;
	{
		struct answer a;

		infer(&fault.io, NULL, &a);
		T_EQ_I64(a.rc, 0);
		T_EQ_U64(a.count, 0);
		T_OK(!a.decided, "a dead device");
	}
	image_release(&m);
}

static void test_origin(void)
{
	struct psnap_io origin = { .size_bytes = 500 * 4096 };
	struct io_image m;
	struct answer a;

	make(&m, 4096, 2000, 300);
	infer(&m.io, &origin, &a);
	T_EQ_I64(a.rc, 0);
	T_OK(!a.decided, "old chunks do not fit the origin");
	origin.size_bytes = 799 * 4096 + 1;
	infer(&m.io, &origin, &a);
	T_OK(a.decided, "they fit, the last one in part");
	T_EQ_U64(a.list[0].chunk_bytes, 4096);
	T_EQ_U64(a.list[0].impossible, 0);
	image_release(&m);
}

static int stop_at_third(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)ctx >= 3;
}

static void test_interrupt(void)
{
	int ticks = 0;
	const struct psnap_progress progress = { stop_at_third, &ticks };
	struct io_image m;
	struct answer a;

	make(&m, 4096, 2000, 300);
	a.rc = psnap_infer_geometry(&m.io, NULL, &progress, a.list, &a.count,
				    &a.decided, NULL);
	T_EQ_I64(a.rc, PSNAP_E_INTERRUPTED);
	T_EQ_U64(a.count, 0);
	T_OK(!a.decided, "nothing is decided");
	T_EQ_I64(ticks, 3);
	image_release(&m);
}

int main(void)
{
	test_nothing();
	test_plain();
	test_header_is_not_asked();
	test_damage();
	test_truncated_device();
	test_unreadable();
	test_origin();
	test_interrupt();
	return T_DONE();
}
