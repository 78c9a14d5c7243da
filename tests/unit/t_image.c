/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.c: the image holds all metadata and no data, and what cannot be read or
 * written is told apart. That check says the same about image and store is
 * proved for every golden case.
 */
#include "io_fault.h"
#include "io_image.h"
#include "test.h"

#include <fcntl.h>
#include <psnap/image.h>
#include <sys/mman.h>
#include <unistd.h>

static int write_image(struct psnap_io *io, int fd,
		       struct psnap_image_result *result,
		       struct psnap_error *err)
{
	const struct psnap_image_options options = { .stale_areas_max = 256 };

	return psnap_image_write(io, &options, fd, result, err);
}

static uint64_t get64(int fd, uint64_t offset_bytes)
{
	uint8_t b[8] = { 0 };
	uint64_t v = 0;
	int i;

	if (pread(fd, b, 8, (off_t)offset_bytes) != 8)
		return UINT64_MAX;
	for (i = 7; i >= 0; i--)
		v = v << 8 | b[i];
	return v;
}

static void test_content(void)
{
	struct psnap_image_result result;
	struct io_image m;
	int fd = memfd_create("image", 0);

	image_init(&m, 512, 400);
	image_alloc(&m, 1000, 40);
	image_put(&m, 100, "tail of the header", 18);
	image_set(&m, 1, 20, 77, 78);  /* behind the terminator */
	image_set(&m, 3, 0, 90, 91);   /* a stale table */
	image_set(&m, 4, 0, 90, 9100); /* no table: may be data */
	image_put(&m, 5 * 512, "secret", 6);
	T_EQ_I64(write_image(&m.io, fd, &result, NULL), 0);
	T_EQ_I64(lseek(fd, 0, SEEK_END), 400 * 512);
	T_EQ_U64(result.areas, 3);
	T_EQ_U64(result.unreadable_bytes, 0);
	T_EQ_U64(get64(fd, 0) & UINT32_MAX, 0x70416e53);
	T_EQ_U64(get64(fd, 100) & 0xff, 't');
	T_EQ_U64(get64(fd, 512), 1000);
	T_EQ_U64(get64(fd, 34 * 512 + 20 * 16), 77);
	T_EQ_U64(get64(fd, (1 + 3 * 33) * 512), 90);
	T_EQ_U64(get64(fd, (1 + 4 * 33) * 512), 0);
	T_EQ_U64(get64(fd, 5 * 512), 0);
	close(fd);
	image_release(&m);
}

/* One run of a stale table, from area 2 into area 3: both are copied. */
static void test_stale_run_across_areas(void)
{
	struct psnap_image_result result;
	struct io_image m;
	uint64_t i;
	int fd = memfd_create("image", 0);

	image_init(&m, 512, 400);
	image_alloc(&m, 0, 3);
	for (i = 0; i < 31; i++)
		image_set(&m, 2, i, 5 * i, 35 + i);
	image_set(&m, 2, 31, 531, 110);
	image_set(&m, 3, 0, 532, 111);
	T_EQ_I64(write_image(&m.io, fd, &result, NULL), 0);
	T_EQ_U64(result.areas, 3);
	T_EQ_U64(get64(fd, (1 + 3 * 33) * 512), 532);
	close(fd);
	image_release(&m);
}

static void test_unreadable(void)
{
	struct psnap_image_result result;
	struct io_fault fault;
	struct io_image m;
	int fd = memfd_create("image", 0);

	image_init(&m, 4096, 2000);
	image_alloc(&m, 0, 600);
	io_fault_init_bad(&fault, &m.io, 258 * 4096 + 100,
			  258 * 4096 + 100 + 1);
	T_EQ_I64(write_image(&fault.io, fd, &result, NULL), 0);
	T_EQ_U64(result.unreadable_bytes, 4096);
	T_EQ_U64(result.areas, 3);
	T_EQ_U64(get64(fd, 258 * 4096), 0);
	T_EQ_U64(get64(fd, 515 * 4096), 512);
	close(fd);
	image_release(&m);
}

static void test_output_full(void)
{
	struct psnap_image_result result;
	struct psnap_error err;
	struct io_image m;
	int fd = memfd_create("image", MFD_ALLOW_SEALING);

	image_init(&m, 4096, 2000);
	image_alloc(&m, 0, 600);
	T_EQ_I64(ftruncate(fd, 2000 * 4096), 0);
	T_EQ_I64(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	T_EQ_I64(write_image(&m.io, fd, &result, &err), PSNAP_E_IO);
	T_OK(strstr(err.message, "cannot write the image") != NULL, "%s",
	     err.message);
	close(fd);
	image_release(&m);
}

int main(void)
{
	test_content();
	test_stale_run_across_areas();
	test_unreadable();
	test_output_full();
	return T_DONE();
}
