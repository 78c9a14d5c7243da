/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unzip.c: what zip.c writes comes back, in pieces of any size; what is cut,
 * damaged or unreadable is never taken for whole.
 */
#include "io_fault.h"
#include "random.h"
#include "test.h"

#include <psnap/unzip.h>
#include <psnap/zip.h>
#include <stdlib.h>

#define TEXT_BYTES ((size_t)300000)
#define FILE_BYTES ((size_t)1 << 20)

struct file {
	uint8_t bytes[FILE_BYTES];
	size_t len_bytes;
};

static int append(void *ctx, const void *data, size_t len_bytes)
{
	struct file *file = ctx;

	if (len_bytes > FILE_BYTES - file->len_bytes)
		abort();
	memcpy(file->bytes + file->len_bytes, data, len_bytes);
	file->len_bytes += len_bytes;
	return 0;
}

static void compress(struct file *file, const uint8_t *text, size_t len_bytes)
{
	struct psnap_gzip *gzip;

	if (psnap_gzip_open(append, file, &gzip, NULL) ||
	    psnap_gzip_write(gzip, text, len_bytes) || psnap_gzip_finish(gzip))
		abort();
	psnap_gzip_close(gzip);
}

/* In pieces of up to @step bytes; 0 and the length, or the failure. */
static int read_all(struct psnap_io *io, size_t step, uint8_t *text,
		    size_t *len_bytes)
{
	struct psnap_unzip *unzip;
	struct psnap_error err;
	size_t got;
	int rc = psnap_unzip_open(io, &unzip, &err);

	*len_bytes = 0;
	if (rc)
		return rc;
	do {
		size_t room = FILE_BYTES - *len_bytes;

		rc = psnap_unzip_read(unzip, text + *len_bytes,
				      step < room ? step : room, &got, &err);
		*len_bytes += got;
	} while (rc == 0 && got > 0);
	/* At its end it has used the whole file; once failed it stays failed. */
	if (rc == 0 ? psnap_unzip_position(unzip) != io->size_bytes
		    : psnap_unzip_read(unzip, text, 1, &got, &err) != rc)
		rc = PSNAP_E_API;
	psnap_unzip_close(unzip);
	return rc;
}

static int unzip(const struct file *file, size_t cut, size_t step,
		 uint8_t *text, size_t *len_bytes)
{
	struct psnap_io *io;
	int rc;

	if (psnap_io_open_memory(file->bytes, cut, 1, &io, NULL))
		abort();
	rc = read_all(io, step, text, len_bytes);
	psnap_io_close(io, NULL);
	return rc;
}

static uint8_t text[TEXT_BYTES];
static uint8_t got[FILE_BYTES];
static struct file file;

static void fill_text(void)
{
	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (uint8_t)('0' + next_random() % 15);
}

static void comes_back(const uint8_t *want, size_t want_bytes)
{
	static const size_t steps[] = { 1, 100, 4096, 65536, FILE_BYTES };
	size_t len_bytes;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i] == 1 && want_bytes > 1000)
			continue;
		T_EQ_I64(
			unzip(&file, file.len_bytes, steps[i], got, &len_bytes),
			0);
		T_EQ_U64(len_bytes, want_bytes);
		T_OK(memcmp(got, want, want_bytes) == 0, "in steps of %zu",
		     steps[i]);
	}
}

static void test_plain(void)
{
	static const size_t lengths[] = { 0, 1, 2, 500, 65536, TEXT_BYTES };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		file.len_bytes = 0;
		append(&file, text, lengths[i]);
		comes_back(text, lengths[i]);
	}
	/* Only one of the two bytes of gzip. */
	file.len_bytes = 0;
	append(&file, "\x1f", 1);
	comes_back((const uint8_t *)"\x1f", 1);
	append(&file, "x", 1);
	comes_back((const uint8_t *)"\x1fx", 2);
}

static void test_gzip(void)
{
	static const size_t lengths[] = { 0, 1, 500, TEXT_BYTES };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		file.len_bytes = 0;
		compress(&file, text, lengths[i]);
		comes_back(text, lengths[i]);
	}
	/* One behind the other, one of them of nothing. */
	file.len_bytes = 0;
	compress(&file, text, 1000);
	compress(&file, text, 0);
	compress(&file, text + 1000, 2000);
	comes_back(text, 3000);
}

/* What was there comes out, and then it fails, or nothing is missing. */
static void test_cut(void)
{
	size_t len_bytes;
	size_t failures = 0;

	file.len_bytes = 0;
	compress(&file, text, 2000);
	for (size_t cut = 2; cut < file.len_bytes; cut++)
		if (unzip(&file, cut, 700, got, &len_bytes) ==
			    PSNAP_E_TRUNCATED &&
		    memcmp(got, text, len_bytes) == 0)
			failures++;
	T_EQ_U64(failures, file.len_bytes - 2);
	/* Something behind it that is no stream. */
	append(&file, text, 100);
	T_EQ_I64(unzip(&file, file.len_bytes, 700, got, &len_bytes),
		 PSNAP_E_CORRUPT);
}

/* Bits of the head may well mean nothing; the text is checked. */
static void test_damaged(void)
{
	size_t len_bytes;
	size_t wrong = 0;
	size_t noticed = 0;

	file.len_bytes = 0;
	compress(&file, text, 2000);
	for (size_t bit = 16; bit < file.len_bytes * 8; bit++) {
		file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (unzip(&file, file.len_bytes, 700, got, &len_bytes) != 0)
			noticed++;
		else if (len_bytes != 2000 || memcmp(got, text, 2000) != 0)
			wrong++;
		file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	T_EQ_U64(wrong, 0);
	T_OK(noticed > (file.len_bytes - 10) * 8, "%zu bits noticed", noticed);
}

static void test_unreadable(void)
{
	struct io_fault fault;
	struct psnap_io *io;
	size_t len_bytes;

	file.len_bytes = 0;
	compress(&file, text, TEXT_BYTES);
	T_OK(file.len_bytes > 70000, "more than one piece");
	if (psnap_io_open_memory(file.bytes, file.len_bytes, 1, &io, NULL))
		abort();
	for (int i = 1; i < 3; i++) {
		io_fault_init(&fault, io, 1);
		fault.os_errno = 5;
		fault.fail_at = (uint64_t)i;
		fault.sticky = true;
		T_EQ_I64(read_all(&fault.io, 65536, got, &len_bytes),
			 PSNAP_E_IO);
	}
	psnap_io_close(io, NULL);
}

int main(void)
{
	fill_text();
	test_plain();
	test_gzip();
	test_cut();
	test_damaged();
	test_unreadable();
	return T_DONE();
}
