/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: arbitrary bytes as an undo file of two small devices. The first
 * byte says how the rest is taken:
 *
 *   0  the rest is the file
 *   1  the rest is the records behind a header made for the devices
 *      (undo_model.h says how they are made whole)
 *   2  the rest is a program: announcements, writes and flushes through the
 *      undo, runs that end, and changes to file and devices from outside
 *
 * What counts in the file is compared with a model. Nothing is written unless
 * the file verifies, and then nothing but what the model writes; and a program
 * that did nothing from outside is led back to where it began.
 */
#include "fuzz.h"
#include "undo_model.h"

#include <psnap/undo.h>

#define STORE_BYTES  3000u
#define ORIGIN_BYTES 5000u
#define FILE_BYTES   ((size_t)256 << 10)

/* Kept from input to input: making it anew would take most of the time. */
static uint8_t file_bytes[FILE_BYTES];

/* @len_bytes: of a file that grows; otherwise io.size_bytes. */
struct ram {
	struct psnap_io io;
	uint8_t *bytes;
	size_t len_bytes;
	uint64_t writes;
};

struct world {
	struct ram device[PSNAP_UNDO_DEVICES];
	struct ram file;
	struct psnap_io *ios[PSNAP_UNDO_DEVICES];
	bool tampered;
};

static int64_t ram_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			size_t len_bytes)
{
	const struct ram *r = (const struct ram *)(const void *)io;

	if (offset_bytes >= r->len_bytes)
		return 0;
	if (len_bytes > r->len_bytes - offset_bytes)
		len_bytes = (size_t)(r->len_bytes - offset_bytes);
	memcpy(buf, r->bytes + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static int64_t ram_write(struct psnap_io *io, uint64_t offset_bytes,
			 const void *buf, size_t len_bytes)
{
	struct ram *r = (struct ram *)(void *)io;

	FUZZ_REQUIRE(offset_bytes <= io->size_bytes &&
			     len_bytes <= io->size_bytes - offset_bytes,
		     "write of %zu at %" PRIu64, len_bytes, offset_bytes);
	memcpy(r->bytes + offset_bytes, buf, len_bytes);
	if (offset_bytes + len_bytes > r->len_bytes)
		r->len_bytes = (size_t)offset_bytes + len_bytes;
	r->writes++;
	return (int64_t)len_bytes;
}

static int ram_sync(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static uint8_t old_byte(const struct ram *r, size_t at)
{
	return (uint8_t)(at * 7 + at / 300 + r->io.size_bytes);
}

static void ram_init(struct ram *r, const char *name, uint8_t *bytes,
		     size_t size_bytes)
{
	static const struct psnap_io_ops ops = { .read_some = ram_read,
						 .write_some = ram_write,
						 .sync = ram_sync };

	*r = (struct ram){ .io = { .ops = &ops,
				   .name = name,
				   .size_bytes = size_bytes,
				   .align_bytes = 1,
				   .fd = -1 },
			   .bytes = bytes };
	if (!bytes)
		abort();
}

static void world_init(struct world *w)
{
	static const size_t sizes[] = { STORE_BYTES, ORIGIN_BYTES };

	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct ram *r = &w->device[i];

		ram_init(r, i ? "origin" : "store", malloc(sizes[i]), sizes[i]);
		for (; r->len_bytes < sizes[i]; r->len_bytes++)
			r->bytes[r->len_bytes] = old_byte(r, r->len_bytes);
		w->ios[i] = &r->io;
	}
	ram_init(&w->file, "undo", file_bytes, FILE_BYTES);
	w->tampered = false;
}

static void world_release(struct world *w)
{
	free(w->device[0].bytes);
	free(w->device[1].bytes);
}

static bool is_old(const struct world *w)
{
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++)
		for (size_t at = 0; at < w->device[i].len_bytes; at++)
			if (w->device[i].bytes[at] !=
			    old_byte(&w->device[i], at))
				return false;
	return true;
}

static void set_file(struct world *w, size_t at, struct fuzz_cursor *c)
{
	size_t n = c->left_bytes < FILE_BYTES - at ? c->left_bytes
						   : FILE_BYTES - at;

	if (n)
		memcpy(w->file.bytes + at, c->at, n);
	w->file.len_bytes = at + n;
	w->tampered = true;
}

/* From outside: the file shorter, longer or changed, or a device changed. */
static void tamper(struct world *w, struct fuzz_cursor *c)
{
	struct ram *r = &w->device[fuzz_u8(c) & 1];
	uint8_t kind = fuzz_u8(c);
	uint64_t at = fuzz_u64(c);

	w->tampered = true;
	if (kind % 4 == 0)
		r = &w->file;
	if (kind % 4 == 1)
		w->file.len_bytes = (size_t)(at % (w->file.len_bytes + 1));
	else if (kind % 4 == 2 && w->file.len_bytes < FILE_BYTES - 4096)
		w->file.len_bytes += at % 4096;
	else if (r->len_bytes)
		r->bytes[at % r->len_bytes] ^= fuzz_u8(c);
}

static void overwrite(struct psnap_undo *undo, struct fuzz_cursor *c)
{
	struct psnap_io *io = psnap_undo_io(
		undo, fuzz_u8(c) & 1 ? PSNAP_UNDO_ORIGIN : PSNAP_UNDO_STORE);
	uint8_t kind = fuzz_u8(c);
	uint64_t at = fuzz_u64(c) % io->size_bytes;
	uint64_t len = fuzz_u64(c) % (io->size_bytes - at) % 2000;
	const struct psnap_extent e = { at, len };
	uint8_t data[2000];
	int rc;

	if (kind % 4 == 0)
		rc = psnap_io_sync(io, NULL);
	else if (kind % 4 == 1)
		rc = psnap_io_prepare(io, &e, 1, NULL);
	else
		rc = psnap_io_write(io, at, memset(data, kind, sizeof(data)),
				    (size_t)len, NULL);
	FUZZ_EQUAL(rc, 0);
}

static void run_program(struct world *w, struct fuzz_cursor *c)
{
	struct psnap_undo *undo = NULL;
	unsigned int steps = 0;

	while (c->left_bytes > 0 && steps++ < 60) {
		uint8_t step = fuzz_u8(c);

		if (!undo) {
			int rc = psnap_undo_open(&w->file.io, w->ios, &undo,
						 NULL);

			FUZZ_REQUIRE(rc == 0 || w->tampered, "%d", rc);
			if (rc)
				break;
		}
		if (step >= 32) {
			overwrite(undo, c);
			continue;
		}
		psnap_undo_close(undo);
		undo = NULL;
		if (step < 8)
			tamper(w, c);
	}
	psnap_undo_close(undo);
}

static void make_file(struct world *w, struct fuzz_cursor *c)
{
	struct psnap_undo *undo;

	switch (fuzz_u8(c) % 3) {
	case 0:
		set_file(w, 0, c);
		break;
	case 1:
		if (psnap_undo_open(&w->file.io, w->ios, &undo, NULL))
			abort();
		psnap_undo_close(undo);
		set_file(w, MODEL_RECORDS_BYTES, c);
		undo_model_repair(w->file.bytes, w->file.len_bytes);
		break;
	default:
		run_program(w, c);
		break;
	}
}

/* Inspecting: the numbers are those of the model. */
static void look(struct world *w, struct undo_model *m)
{
	struct psnap_undo_info info;
	struct psnap_error err = { 0 };
	int rc;

	undo_model_read(m, w->file.bytes, w->file.len_bytes);
	w->file.io.size_bytes = w->file.len_bytes;
	rc = psnap_undo_inspect(&w->file.io, NULL, &info, &err);
	FUZZ_EQUAL(rc, m->good ? 0 : PSNAP_E_CORRUPT);
	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	if (rc)
		return;
	FUZZ_EQUAL(info.records, m->records);
	FUZZ_EQUAL(info.saved_bytes, m->saved_bytes);
	FUZZ_EQUAL(info.torn_bytes, w->file.len_bytes - m->end_bytes);
	FUZZ_EQUAL(info.size_bytes[1], m->size_bytes[1]);
}

static void put_back(struct world *w, const struct undo_model *m)
{
	uint8_t store[STORE_BYTES];
	uint8_t origin[ORIGIN_BYTES];
	uint8_t *const want[] = { store, origin };
	uint64_t file_writes = w->file.writes;
	struct psnap_undo_info info;
	int rc;

	memcpy(store, w->device[0].bytes, STORE_BYTES);
	memcpy(origin, w->device[1].bytes, ORIGIN_BYTES);
	w->device[0].writes = w->device[1].writes = 0;
	rc = psnap_undo_check(&w->file.io, w->ios, NULL, &info, NULL);
	FUZZ_EQUAL(w->device[0].writes + w->device[1].writes, 0);
	FUZZ_EQUAL(psnap_undo_apply(&w->file.io, w->ios, NULL, &info, NULL),
		   rc);
	FUZZ_EQUAL(w->file.writes, file_writes);
	if (rc == 0) {
		FUZZ_REQUIRE(m->good, "put back from a file that is not whole");
		undo_model_apply(m, w->file.bytes, want);
	} else {
		FUZZ_REQUIRE(rc == PSNAP_E_BUSY || !m->good, "%d", rc);
		FUZZ_REQUIRE(w->tampered || w->file.len_bytes == 0, "%d", rc);
	}
	FUZZ_EQUAL(memcmp(store, w->device[0].bytes, STORE_BYTES), 0);
	FUZZ_EQUAL(memcmp(origin, w->device[1].bytes, ORIGIN_BYTES), 0);
	/* Which has changed nothing that speaks against doing it again. */
	FUZZ_EQUAL(psnap_undo_matches(&w->file.io, w->ios, NULL), rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static struct undo_model m;
	struct fuzz_cursor c = { data, len_bytes };
	struct world w;

	world_init(&w);
	make_file(&w, &c);
	look(&w, &m);
	put_back(&w, &m);
	FUZZ_REQUIRE(w.tampered || is_old(&w), "not as before");
	/* Nothing of it may be there for the next input. */
	memset(file_bytes, 0, sizeof(file_bytes));
	world_release(&w);
	return 0;
}
