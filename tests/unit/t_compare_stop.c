/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.c: holes, which are not read; sectors that cannot be;
 * interruptions; arguments that are none.
 */
#include "compare_scene.h"
#include "io_fault.h"
#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

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

	fill_random(a_bytes, SIZE_BYTES);
	test_holes();
	test_bad_sector(a, b);
	test_stops(a, b);
	test_arguments(a, b);
	psnap_io_close(b, NULL);
	psnap_io_close(a, NULL);
	return T_DONE();
}
