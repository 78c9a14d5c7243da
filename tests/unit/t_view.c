/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.c, view_io.c: what a snapshot shows, next to a plain array of bytes;
 * what cannot be read; holes. Segments are in t_view_segments.c.
 */
#include "io_fault.h"
#include "random.h"
#include "store_bytes.h"
#include "test.h"
#include "view_open.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define READS	   10000u
#define STORE_MAX  (1u << 20)
#define ORIGIN_MAX (300u << 10)

/* A pair of devices, and what they show. */
struct pair {
	uint8_t store[STORE_MAX];
	uint8_t origin[ORIGIN_MAX];
	uint8_t model[ORIGIN_MAX];
	size_t chunk_bytes;
	size_t origin_bytes;
};

static struct pair pair;

/* Origin chunks in any order, some in runs, each once; their data is copied into
 * the model as the format says. */
static void make_pair(size_t chunk_bytes, size_t origin_bytes)
{
	size_t per_area = chunk_bytes / 16;
	size_t chunks = (origin_bytes + chunk_bytes - 1) / chunk_bytes;
	size_t room = STORE_MAX / chunk_bytes;
	uint8_t taken[ORIGIN_MAX / 512 + 1] = { 0 };
	size_t entry = 0;
	size_t new_chunk = 2;
	size_t old = 0;

	memset(pair.store, 0, sizeof(pair.store));
	pair.chunk_bytes = chunk_bytes;
	pair.origin_bytes = origin_bytes;
	fill_random(pair.origin, origin_bytes);
	memcpy(pair.model, pair.origin, origin_bytes);
	put_header(pair.store, 1, chunk_bytes);
	while (entry < chunks / 2) {
		size_t area = entry / per_area;
		size_t at = (1 + area * (per_area + 1)) * chunk_bytes +
			    entry % per_area * 16;
		size_t len;

		old = next_random() % 3 ? old + 1 : next_random() % chunks;
		if (old >= chunks || taken[old])
			continue;
		taken[old] = 1;
		if ((new_chunk - 1) % (per_area + 1) == 0)
			new_chunk++;
		if (new_chunk >= room)
			abort();
		put_le(pair.store + at, old, 8);
		put_le(pair.store + at + 8, new_chunk, 8);
		fill_random(pair.store + new_chunk * chunk_bytes, chunk_bytes);
		len = origin_bytes - old * chunk_bytes;
		memcpy(pair.model + old * chunk_bytes,
		       pair.store + new_chunk * chunk_bytes,
		       len < chunk_bytes ? len : chunk_bytes);
		new_chunk++;
		entry++;
	}
}

/* In order, without gaps, none that could be part of its neighbour. */
static bool segments_fit(const struct psnap_view *view, uint64_t size_bytes)
{
	size_t count;
	const struct psnap_view_segment *s = psnap_view_segments(view, &count);
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (s[i].start_bytes != at || s[i].len_bytes == 0)
			return false;
		if (s[i].source == PSNAP_VIEW_ORIGIN && s[i].from_bytes != at)
			return false;
		if (i > 0 && s[i].source == s[i - 1].source &&
		    s[i - 1].from_bytes + s[i - 1].len_bytes == s[i].from_bytes)
			return false;
		at += s[i].len_bytes;
	}
	return at == size_bytes;
}

static unsigned int count_good_reads(struct psnap_io *io)
{
	static uint8_t got[70000];
	unsigned int good = 0;
	unsigned int i;

	for (i = 0; i < READS; i++) {
		size_t at = (size_t)(next_random() % pair.origin_bytes);
		size_t len =
			(size_t)(next_random() % (i % 8 ? 3000 : sizeof(got)));

		if (len > pair.origin_bytes - at)
			len = pair.origin_bytes - at;
		memset(got, 0x5a, len);
		if (i % 64 == 0)
			psnap_io_prefetch(io, at, len);
		if (psnap_io_read(io, at, got, len, NULL) == 0 &&
		    memcmp(got, pair.model + at, len) == 0)
			good++;
	}
	return good;
}

static void test_reads(size_t chunk_bytes, size_t origin_bytes,
		       uint32_t store_align, uint32_t origin_align)
{
	struct psnap_error err = { 0 };
	struct io_fault slow;
	struct psnap_io *store;
	struct psnap_io *origin;
	struct psnap_view *view;
	int rc;

	make_pair(chunk_bytes, origin_bytes);
	T_EQ_I64(psnap_io_open_memory(pair.store, sizeof(pair.store),
				      store_align, &store, NULL),
		 0);
	T_EQ_I64(psnap_io_open_memory(pair.origin, origin_bytes, origin_align,
				      &origin, NULL),
		 0);
	io_fault_init(&slow, store, store_align);
	view = open_view(&slow.io, origin, &rc, &err);
	T_OK(rc == 0, "chunks of %zu over %zu bytes: %s", chunk_bytes,
	     origin_bytes, err.message);
	if (rc == 0) {
		struct psnap_io *io = psnap_view_io(view);

		T_EQ_U64(io->size_bytes, origin_bytes);
		T_OK(segments_fit(view, origin_bytes), "segments fit");
		slow.short_bytes = 8192;
		T_EQ_U64(count_good_reads(io), READS);
		T_EQ_U64(slow.misaligned, 0);
		T_OK(slow.prefetches > 0, "hints are passed on");
		T_OK(!io->ops->write_some, "nobody can write to it");
	}
	psnap_view_close(view);
	psnap_io_close(origin, NULL);
	psnap_io_close(store, NULL);
}

static void test_failing(void)
{
	static uint8_t got[4096];
	struct psnap_error err = { 0 };
	struct io_fault bad;
	struct psnap_io *store;
	struct psnap_io *origin;
	struct psnap_view *view;
	const struct psnap_view_segment *s;
	size_t count;
	size_t i;
	int rc;

	make_pair(512, 40000);
	T_EQ_I64(psnap_io_open_memory(pair.store, sizeof(pair.store), 1, &store,
				      NULL),
		 0);
	T_EQ_I64(psnap_io_open_memory(pair.origin, 40000, 1, &origin, NULL), 0);
	io_fault_init(&bad, store, 1);
	view = open_view(&bad.io, origin, &rc, &err);
	T_EQ_I64(rc, 0);
	s = psnap_view_segments(view, &count);
	for (i = 0; i < count && s[i].source == PSNAP_VIEW_ORIGIN; i++)
		;
	bad.bad_start = s[i].from_bytes;
	bad.bad_end = s[i].from_bytes + 1;
	bad.bad_errno = EREMOTEIO;
	T_EQ_I64(psnap_io_read(psnap_view_io(view), s[i].start_bytes, got, 512,
			       &err),
		 PSNAP_E_IO);
	T_EQ_I64(err.os_errno, EREMOTEIO);
	T_EQ_I64(psnap_io_read(psnap_view_io(view), s[i].start_bytes + 1, got,
			       10, &err),
		 0);
	psnap_view_close(view);
	/* A table with a part that nobody knows shows nothing for sure. */
	bad.bad_start = 512 + 16;
	bad.bad_end = 512 + 17;
	T_OK(!open_view(&bad.io, origin, &rc, &err), "no view");
	T_EQ_I64(rc, PSNAP_E_IO);
	psnap_io_close(origin, NULL);
	psnap_io_close(store, NULL);
}

static struct psnap_io *open_file(int fd, uint64_t size_bytes)
{
	struct psnap_io *io;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ftruncate(fd, (off_t)size_bytes) || psnap_io_open(path, &io, NULL))
		abort();
	return io;
}

static void write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	if (pwrite(fd, bytes, len, (off_t)at) != (ssize_t)len)
		abort();
}

/* Page 100 of the origin has data, and page 200, which an exception hides behind
 * a hole of the store; page 300 is in the store alone. */
static void test_holes(void)
{
	static const uint64_t page = 4096;
	static uint8_t bytes[4096];
	struct psnap_error err = { 0 };
	int store_fd = memfd_create("store", 0);
	int origin_fd = memfd_create("origin", 0);
	struct psnap_io *store = open_file(store_fd, 64 * page);
	struct psnap_io *origin = open_file(origin_fd, 400 * page);
	struct psnap_view *view;
	struct psnap_io *io;
	int rc;

	memset(bytes, 1, sizeof(bytes));
	write_at(origin_fd, bytes, sizeof(bytes), 100 * page);
	write_at(origin_fd, bytes, sizeof(bytes), 200 * page);
	write_at(store_fd, bytes, sizeof(bytes), 11 * page);
	memset(bytes, 0, sizeof(bytes));
	put_header(bytes, 1, page);
	write_at(store_fd, bytes, 16, 0);
	put_le(bytes, 200, 8);
	put_le(bytes + 8, 10, 8);
	put_le(bytes + 16, 300, 8);
	put_le(bytes + 24, 11, 8);
	write_at(store_fd, bytes, 32, page);
	view = open_view(store, origin, &rc, &err);
	T_EQ_I64(rc, 0);
	io = psnap_view_io(view);
	T_EQ_U64(psnap_io_next_data(io, 0), 100 * page);
	T_EQ_U64(psnap_io_next_data(io, 100 * page + 7), 100 * page + 7);
	T_EQ_U64(psnap_io_next_data(io, 101 * page), 300 * page);
	T_EQ_U64(psnap_io_next_data(io, 200 * page + 5), 300 * page);
	T_EQ_U64(psnap_io_next_data(io, 301 * page), 400 * page);
	psnap_io_forget(io, 0, 400 * page);
	psnap_view_close(view);
	psnap_io_close(store, NULL);
	psnap_io_close(origin, NULL);
	close(store_fd);
	close(origin_fd);
}

int main(void)
{
	test_reads(512, 150000, 1, 1);
	test_reads(512, 150001, 512, 1);
	test_reads(512, 40 * 4096, 4096, 4096);
	test_reads(1024, 300 << 10, 512, 512);
	test_reads(4096, 299999, 4096, 1);
	test_reads(4096, 5000, 1, 1);
	test_reads(65536, 200000, 512, 1);
	test_failing();
	test_holes();
	return T_DONE();
}
