/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ios in memory for the tests of undo files: two devices, and a file that
 * grows and knows what of it is durable. Any of them can be made to fail.
 */
#ifndef PSNAP_TEST_UNDO_RAM_H
#define PSNAP_TEST_UNDO_RAM_H

#include "random.h"

#include <errno.h>
#include <psnap/undo.h>
#include <stdlib.h>
#include <string.h>

#define RAM_FILE_BYTES	 (6u << 20)
#define RAM_SECTOR_BYTES 512u

/*
 * @bytes, @len_bytes:      as whoever reads sees it; room for @room_bytes
 * @durable, @durable_len:  as of the last flush; files only
 * @fail_write, @fail_sync: the nth from now fails; 0: none
 * @writes, @syncs:         how many there were
 */
struct ram {
	struct psnap_io io;
	uint8_t *bytes;
	uint64_t room_bytes;
	uint64_t len_bytes;
	uint8_t *durable;
	uint64_t durable_len;
	unsigned int fail_write;
	unsigned int fail_sync;
	uint64_t writes;
	uint64_t syncs;
};

static inline int64_t ram_read_some(struct psnap_io *io, uint64_t offset_bytes,
				    void *buf, size_t len_bytes)
{
	const struct ram *r = (const struct ram *)(const void *)io;

	if (offset_bytes >= r->len_bytes)
		return 0;
	if (len_bytes > r->len_bytes - offset_bytes)
		len_bytes = (size_t)(r->len_bytes - offset_bytes);
	memcpy(buf, r->bytes + offset_bytes, len_bytes);
	return (int64_t)len_bytes;
}

static inline int64_t ram_write_some(struct psnap_io *io, uint64_t offset_bytes,
				     const void *buf, size_t len_bytes)
{
	struct ram *r = (struct ram *)(void *)io;

	r->writes++;
	if (r->fail_write && --r->fail_write == 0)
		return -EIO;
	if (offset_bytes + len_bytes > r->room_bytes)
		abort();
	memcpy(r->bytes + offset_bytes, buf, len_bytes);
	if (offset_bytes + len_bytes > r->len_bytes)
		r->len_bytes = offset_bytes + len_bytes;
	return (int64_t)len_bytes;
}

static inline int ram_sync(struct psnap_io *io)
{
	struct ram *r = (struct ram *)(void *)io;

	r->syncs++;
	if (r->fail_sync && --r->fail_sync == 0)
		return -EIO;
	if (r->durable) {
		memcpy(r->durable, r->bytes, r->len_bytes);
		r->durable_len = r->len_bytes;
	}
	return 0;
}

static inline int ram_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static inline uint8_t *ram_alloc(uint64_t size_bytes)
{
	uint8_t *bytes = calloc(1, size_bytes);

	if (!bytes)
		abort();
	return bytes;
}

static inline void ram_init(struct ram *r, const char *name,
			    uint64_t size_bytes, bool grows)
{
	static const struct psnap_io_ops ops = {
		.read_some = ram_read_some,
		.write_some = ram_write_some,
		.sync = ram_sync,
		.close = ram_close,
	};

	memset(r, 0, sizeof(*r));
	r->io.ops = &ops;
	r->io.name = name;
	r->io.size_bytes = grows ? (uint64_t)INT64_MAX : size_bytes;
	r->io.align_bytes = 1;
	r->io.fd = -1;
	r->room_bytes = grows ? RAM_FILE_BYTES : size_bytes;
	r->bytes = ram_alloc(r->room_bytes);
	r->len_bytes = grows ? 0 : size_bytes;
	if (grows)
		r->durable = ram_alloc(r->room_bytes);
}

static inline void ram_release(struct ram *r)
{
	free(r->bytes);
	free(r->durable);
}

/* Store, origin, the undo file, and what the first two were in the beginning. */
struct undo_scene {
	struct ram device[PSNAP_UNDO_DEVICES];
	struct ram file;
	struct psnap_io *ios[PSNAP_UNDO_DEVICES];
	uint8_t *original[PSNAP_UNDO_DEVICES];
};

static inline void scene_init(struct undo_scene *s, uint64_t store_bytes,
			      uint64_t origin_bytes)
{
	const uint64_t sizes[] = { store_bytes, origin_bytes };
	static const char *const names[] = { "the store", "the origin" };

	ram_init(&s->file, "the undo file", 0, true);
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct ram *r = &s->device[i];

		ram_init(r, names[i], sizes[i], false);
		for (uint64_t at = 0; at < sizes[i]; at++)
			r->bytes[at] = (uint8_t)next_random();
		s->ios[i] = &r->io;
		s->original[i] = ram_alloc(sizes[i]);
		memcpy(s->original[i], r->bytes, sizes[i]);
	}
}

static inline void scene_release(struct undo_scene *s)
{
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		ram_release(&s->device[i]);
		free(s->original[i]);
	}
	ram_release(&s->file);
}

static inline bool scene_is_original(const struct undo_scene *s)
{
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++)
		if (memcmp(s->device[i].bytes, s->original[i],
			   s->device[i].io.size_bytes) != 0)
			return false;
	return true;
}

/* The power goes: of what was not durable, sectors may be in the file. */
static inline void scene_cut_file(struct undo_scene *s)
{
	struct ram *f = &s->file;
	uint64_t at;

	for (at = 0; at < f->len_bytes; at += RAM_SECTOR_BYTES)
		if (next_random() % 2)
			memcpy(f->bytes + at, f->durable + at,
			       RAM_SECTOR_BYTES);
	if (next_random() % 2) {
		memset(f->bytes + f->durable_len, 0,
		       f->len_bytes - f->durable_len);
		f->len_bytes = f->durable_len;
	}
	memcpy(f->durable, f->bytes, f->room_bytes);
	f->durable_len = f->len_bytes;
}

/* Overwrite [at, at + len) through the undo, unannounced. */
static inline int scene_write(struct psnap_undo *undo,
			      enum psnap_undo_device device, uint64_t at,
			      size_t len)
{
	uint8_t data[4096];

	fill_random(data, len);
	return psnap_io_write(psnap_undo_io(undo, device), at, data, len, NULL);
}

static inline int scene_apply(struct undo_scene *s, struct psnap_error *err)
{
	struct psnap_undo_info info;

	return psnap_undo_apply(&s->file.io, s->ios, NULL, &info, err);
}

static inline int scene_inspect(struct undo_scene *s,
				struct psnap_undo_info *info)
{
	struct psnap_undo_info ignored;
	int rc;

	/* As opened for reading: it has a size. */
	s->file.io.size_bytes = s->file.len_bytes;
	rc = psnap_undo_inspect(&s->file.io, NULL, info ? info : &ignored,
				NULL);
	s->file.io.size_bytes = (uint64_t)INT64_MAX;
	return rc;
}

static inline struct psnap_undo *scene_begin(struct undo_scene *s)
{
	struct psnap_undo *undo;

	if (psnap_undo_open(&s->file.io, s->ios, &undo, NULL))
		abort();
	return undo;
}

/* Like a merge: batches of the origin, then the table, with their flushes. */
static inline void scene_overwrite(struct undo_scene *s, uint64_t origin_bytes)
{
	struct psnap_undo *undo = scene_begin(s);

	for (uint64_t at = 0; at < origin_bytes; at += 16384) {
		const struct psnap_extent data = { at, 16384 };
		const struct psnap_extent table = { 4096 + at / 8, 2048 };
		struct psnap_io *origin =
			psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
		struct psnap_io *store = psnap_undo_io(undo, PSNAP_UNDO_STORE);

		if (psnap_io_prepare(origin, &data, 1, NULL))
			abort();
		for (uint64_t i = 0; i < 16384; i += 4096)
			scene_write(undo, PSNAP_UNDO_ORIGIN, at + i, 4096);
		if (psnap_io_sync(origin, NULL) ||
		    psnap_io_prepare(store, &table, 1, NULL))
			abort();
		scene_write(undo, PSNAP_UNDO_STORE, 4096 + at / 8, 2048);
		if (psnap_io_sync(store, NULL))
			abort();
	}
	psnap_undo_close(undo);
}

/* Would the undo file lead back if the power went now? Leaves all as it is. */
static inline bool scene_leads_back(struct undo_scene *s)
{
	struct undo_scene trial = *s;
	bool good;

	ram_init(&trial.file, "the undo file", 0, true);
	memcpy(trial.file.bytes, s->file.durable, s->file.durable_len);
	trial.file.len_bytes = s->file.durable_len;
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		struct ram *r = &trial.device[i];

		r->bytes = ram_alloc(r->room_bytes);
		memcpy(r->bytes, s->device[i].bytes, r->len_bytes);
		trial.ios[i] = &r->io;
	}
	good = scene_apply(&trial, NULL) == 0 && scene_is_original(&trial);
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++)
		free(trial.device[i].bytes);
	ram_release(&trial.file);
	return good;
}

#endif
