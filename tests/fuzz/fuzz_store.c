/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a store made of the input (store_input.h says how), opened,
 * walked in every way, looked up, dumped and checked, with and without an
 * origin and with failing reads. What the library says is compared with a
 * model (store_model.h). How inputs are changed is mutate_store.c's business.
 */
#include "store_looks.h"

#include <psnap/io.h>

static bool is_chunk_size(uint64_t bytes)
{
	return bytes >= 512 && bytes <= (UINT64_C(1) << 30) &&
	       (bytes & (bytes - 1)) == 0;
}

static uint32_t problems_of(const struct psnap_header *h, uint64_t size_bytes)
{
	uint32_t problems = 0;

	if (size_bytes < 16)
		return PSNAP_HEADER_SHORT;
	if (h->magic == 0)
		problems |= PSNAP_HEADER_MAGIC_ZERO;
	else if (h->magic != 0x70416e53)
		problems |= PSNAP_HEADER_MAGIC_BAD;
	if (h->version != 1)
		problems |= PSNAP_HEADER_VERSION;
	if (!is_chunk_size((uint64_t)h->chunk_sectors * 512))
		problems |= PSNAP_HEADER_CHUNK_SIZE;
	if (h->valid == 0)
		problems |= PSNAP_HEADER_INVALID;
	if (h->valid > 1)
		problems |= PSNAP_HEADER_VALID_ODD;
	return problems;
}

static void look_header(struct store_input *input, struct psnap_header *h)
{
	const struct model_image *image = &input->image;
	int rc = psnap_header_read(input->io, h, NULL);

	if (rc != 0) {
		FUZZ_REQUIRE(input->faulty && rc == PSNAP_E_IO, "%d", rc);
		return;
	}
	FUZZ_EQUAL(h->problems, problems_of(h, image->size_bytes));
	if (image->size_bytes < 16)
		return;
	FUZZ_EQUAL(h->magic, model_u32(image, 0));
	FUZZ_EQUAL(h->valid, model_u32(image, 4));
	FUZZ_EQUAL(h->version, model_u32(image, 8));
	FUZZ_EQUAL(h->chunk_sectors, model_u32(image, 12));
}

/* What psnap_store_open() promises for a header and a given chunk size. */
static int expected_open(const struct store_input *input,
			 const struct psnap_header *h)
{
	const uint32_t no_store = PSNAP_HEADER_SHORT | PSNAP_HEADER_MAGIC_ZERO |
				  PSNAP_HEADER_MAGIC_BAD;
	uint64_t chunk_bytes = input->given_chunk_bytes;
	struct store_model m;

	if (chunk_bytes == 0) {
		if (h->problems & no_store)
			return PSNAP_E_NOT_STORE;
		if (h->problems & PSNAP_HEADER_VERSION)
			return PSNAP_E_VERSION;
		if (h->problems & PSNAP_HEADER_CHUNK_SIZE)
			return PSNAP_E_CORRUPT;
		chunk_bytes = (uint64_t)h->chunk_sectors * 512;
	}
	if (!is_chunk_size(chunk_bytes))
		return PSNAP_E_RANGE;
	model_geometry(&m, input->image.size_bytes, chunk_bytes);
	return m.area_count > 0 ? 0 : PSNAP_E_TRUNCATED;
}

static void look_geometry(const struct psnap_geometry *geo,
			  const struct store_input *input,
			  const struct store_model *m)
{
	uint64_t chunk;

	FUZZ_EQUAL(geo->store_bytes, input->image.size_bytes);
	FUZZ_EQUAL(geo->store_sectors, input->image.size_bytes / 512);
	FUZZ_EQUAL(geo->chunk_bytes, m->chunk_bytes);
	FUZZ_EQUAL(geo->chunk_sectors, m->chunk_bytes / 512);
	FUZZ_EQUAL(geo->exceptions_per_area, m->per_area);
	FUZZ_EQUAL(geo->stride_chunks, m->stride);
	FUZZ_EQUAL(geo->chunk_count, m->chunk_count);
	FUZZ_EQUAL(geo->area_count, m->area_count);
	FUZZ_EQUAL(
		psnap_geometry_area_chunk(geo, m->area_count - 1, &chunk, NULL),
		0);
	FUZZ_REQUIRE(chunk < m->chunk_count, "chunk %" PRIu64, chunk);
	FUZZ_REQUIRE(psnap_geometry_area_chunk(geo, m->area_count, &chunk,
					       NULL) == PSNAP_E_RANGE,
		     "an area beyond the last");
}

static void look_table(struct psnap_store *store, struct store_input *input)
{
	uint64_t chunk_bytes = psnap_store_geometry(store)->chunk_bytes;
	struct store_model m;

	model_load(&m, &input->image, chunk_bytes);
	look_geometry(psnap_store_geometry(store), input, &m);
	if (chunk_bytes <= LOOK_CHUNK_BYTES_MAX) {
		look_walk(store, input, &m);
		look_dump(store, input, &m);
	}
	look_map(store, input, &m);
	model_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct store_input input;
	struct psnap_store *store;
	struct psnap_header header;
	struct psnap_error err = { 0 };
	int rc;

	input_open(&input, data, len_bytes);
	look_header(&input, &header);
	rc = psnap_store_open(input.io, input.given_chunk_bytes, &store, &err);
	FUZZ_REQUIRE((rc == 0) == (store != NULL), "%d", rc);
	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%d: %s", rc, err.message);
	if (!input.faulty)
		FUZZ_EQUAL(rc, expected_open(&input, &header));
	if (rc == 0)
		look_table(store, &input);
	psnap_store_close(store);
	look_check(&input);
	input_close(&input);
	return 0;
}
