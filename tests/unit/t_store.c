/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ondisk.c, store.c: each header field at each limit, geometry arithmetic up
 * to 2^63 bytes, what opens and what does not.
 */
#include "io_image.h"
#include "ondisk.h"
#include "test.h"

static void test_header_fields(void)
{
	static const struct {
		uint32_t magic, valid, version, chunk_sectors, problems;
	} rows[] = {
		{ PSNAP_MAGIC, 1, 1, 8, 0 },
		{ PSNAP_MAGIC, 1, 1, 1, 0 },
		{ PSNAP_MAGIC, 1, 1, 1u << 21, 0 },
		{ PSNAP_MAGIC, 1, 1, 0, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 1, 1, 3, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 1, 1, 24, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 1, 1, 1u << 22, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 1, 1, 1u << 31, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 1, 1, UINT32_MAX, PSNAP_HEADER_CHUNK_SIZE },
		{ PSNAP_MAGIC, 0, 1, 8, PSNAP_HEADER_INVALID },
		{ PSNAP_MAGIC, 2, 1, 8, PSNAP_HEADER_VALID_ODD },
		{ PSNAP_MAGIC, UINT32_MAX, 1, 8, PSNAP_HEADER_VALID_ODD },
		{ PSNAP_MAGIC, 1, 0, 8, PSNAP_HEADER_VERSION },
		{ PSNAP_MAGIC, 1, 2, 8, PSNAP_HEADER_VERSION },
		{ PSNAP_MAGIC, 1, UINT32_MAX, 8, PSNAP_HEADER_VERSION },
		{ 0, 1, 1, 8, PSNAP_HEADER_MAGIC_ZERO },
		{ PSNAP_MAGIC + 1, 1, 1, 8, PSNAP_HEADER_MAGIC_BAD },
		{ 0x536e4170, 1, 1, 8, PSNAP_HEADER_MAGIC_BAD },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct psnap_header h;
		struct io_image m;

		image_init(&m, 512, 4);
		image_header(&m, rows[i].magic, rows[i].valid, rows[i].version,
			     rows[i].chunk_sectors);
		T_EQ_I64(psnap_header_read(&m.io, &h, NULL), 0);
		T_EQ_U64(h.problems, rows[i].problems);
		T_EQ_U64(h.chunk_sectors, rows[i].chunk_sectors);
		image_release(&m);
	}
}

/* Every single bit flip of magic, version and chunk size is noticed. */
static void test_bit_flips(void)
{
	unsigned int unnoticed = 0;
	unsigned int bit;

	for (bit = 0; bit < 128; bit++) {
		uint8_t bytes[16] = { 'S', 'n', 'A', 'p', 1, 0, 0, 0,
				      1,   0,	0,   0,	  8, 0, 0, 0 };
		struct disk_header disk;
		struct psnap_header h;

		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		memcpy(&disk, bytes, sizeof(disk));
		psnap_header_decode(&disk, &h);
		if (h.problems == 0)
			unnoticed++;
	}
	T_EQ_U64(unnoticed, 0);
}

static void test_geometry(void)
{
	struct psnap_geometry geo;
	uint64_t chunk;

	/* 16 MiB with 4 KiB chunks: 256 a area, areas at 1, 258, ... */
	T_EQ_I64(psnap_geometry_init(&geo, 16 << 20, 4096, NULL), 0);
	T_EQ_U64(geo.exceptions_per_area, 256);
	T_EQ_U64(geo.stride_chunks, 257);
	T_EQ_U64(geo.chunk_count, 4096);
	T_EQ_U64(geo.area_count, 16);
	T_EQ_I64(psnap_geometry_area_chunk(&geo, 15, &chunk, NULL), 0);
	T_EQ_U64(chunk, 1 + 15 * 257);
	T_EQ_I64(psnap_geometry_area_chunk(&geo, 16, &chunk, NULL),
		 PSNAP_E_RANGE);
	T_EQ_U64(chunk, 0);
	T_EQ_U64(psnap_geometry_entry_offset(&geo, 1, 2), 258 * 4096 + 32);
	T_OK(psnap_geometry_is_metadata(&geo, 0), "header");
	T_OK(psnap_geometry_is_metadata(&geo, 1), "area 0");
	T_OK(!psnap_geometry_is_metadata(&geo, 2), "first data");
	T_OK(!psnap_geometry_is_metadata(&geo, 257), "last data of group 0");
	T_OK(psnap_geometry_is_metadata(&geo, 258), "area 1");
}

/* An area counts only when it lies wholly on the device. */
static void test_area_count(void)
{
	static const struct {
		uint64_t store_bytes, area_count;
	} rows[] = {
		{ 0, 0 },	 { 512, 0 },	  { 1023, 0 },
		{ 1024, 1 },	 { 34 * 512, 1 }, { 35 * 512 - 1, 1 },
		{ 35 * 512, 2 }, { 67 * 512, 2 }, { 68 * 512, 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct psnap_geometry geo;

		T_EQ_I64(psnap_geometry_init(&geo, rows[i].store_bytes, 512,
					     NULL),
			 0);
		T_EQ_U64(geo.area_count, rows[i].area_count);
	}
}

static void test_geometry_limits(void)
{
	struct psnap_geometry geo;
	uint64_t chunk_bytes;

	for (chunk_bytes = 512; chunk_bytes <= 1u << 30; chunk_bytes *= 2) {
		uint64_t last;

		T_EQ_I64(
			psnap_geometry_init(&geo, INT64_MAX, chunk_bytes, NULL),
			0);
		last = psnap_geometry_entry_offset(&geo, geo.area_count - 1,
						   geo.exceptions_per_area - 1);
		T_OK(last < (uint64_t)INT64_MAX - 15,
		     "last entry of 2^63 bytes with chunks of %" PRIu64,
		     chunk_bytes);
	}
	T_EQ_I64(psnap_geometry_init(&geo, 1u << 20, 256, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_geometry_init(&geo, 1u << 20, 0, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_geometry_init(&geo, 1u << 20, 4095, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_geometry_init(&geo, 1u << 20, UINT64_C(1) << 31, NULL),
		 PSNAP_E_RANGE);
	T_EQ_I64(psnap_geometry_init(&geo, UINT64_C(1) << 63, 4096, NULL),
		 PSNAP_E_RANGE);
}

static void expect_open(struct io_image *m, uint64_t chunk_bytes, int want,
			const char *text)
{
	struct psnap_store *store;
	struct psnap_error err = { 0 };

	T_EQ_I64(psnap_store_open(&m->io, chunk_bytes, &store, &err), want);
	if (text)
		T_EQ_STR(err.message, text);
	T_OK((store != NULL) == (want == 0), "a store only on success");
	psnap_store_close(store);
}

static void test_open(void)
{
	struct io_image m;

	image_init(&m, 4096, 100);
	expect_open(&m, 0, 0, NULL);
	expect_open(&m, 8192, 0, NULL);
	expect_open(&m, 100, PSNAP_E_RANGE,
		    "a chunk size of 100 bytes is not a power of two from 512 "
		    "to 1073741824");
	image_header(&m, PSNAP_MAGIC, 1, 1, 24);
	expect_open(&m, 0, PSNAP_E_CORRUPT,
		    "byte 12: chunk size 24 sectors is not a power of two from "
		    "1 to 2097152 (give the right one with --chunk-size)");
	expect_open(&m, 4096, 0, NULL);
	image_header(&m, PSNAP_MAGIC, 1, 7, 8);
	expect_open(&m, 0, PSNAP_E_VERSION,
		    "byte 8: version 7 is not 1, the only one there is "
		    "(--chunk-size reads on)");
	image_header(&m, 0, 1, 1, 8);
	expect_open(&m, 0, PSNAP_E_NOT_STORE, NULL);
	expect_open(&m, 4096, 0, NULL);
	image_header(&m, 0x12345678, 1, 1, 8);
	expect_open(&m, 0, PSNAP_E_NOT_STORE,
		    "byte 0: magic 0x12345678 is not that of a snapshot store, "
		    "0x70416e53");
	image_header(&m, PSNAP_MAGIC, 0, 1, 8);
	expect_open(&m, 0, 0, NULL);
	m.io.size_bytes = 8191;
	expect_open(&m, 0, PSNAP_E_TRUNCATED,
		    "byte 8191: ends before the first area of exceptions, "
		    "which ends at byte 8192");
	m.io.size_bytes = 15;
	expect_open(&m, 0, PSNAP_E_NOT_STORE, NULL);
	image_release(&m);
}

int main(void)
{
	test_header_fields();
	test_bit_flips();
	test_geometry();
	test_area_count();
	test_geometry_limits();
	test_open();
	return T_DONE();
}
