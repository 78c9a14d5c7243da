/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of exceptions, the store that is rebuilt from it in memory, and
 * what that store is to be: bytes from arithmetic of its own.
 */
#ifndef PSNAP_TEST_REBUILD_SCENE_H
#define PSNAP_TEST_REBUILD_SCENE_H

#include "ram.h"
#include "random.h"
#include "store_bytes.h"

#include <psnap/rebuild.h>
#include <psnap/store.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	 512u
#define PER_AREA 32u
#define STRIDE	 33u
#define CHUNKS	 200u
#define BYTES	 ((uint64_t)CHUNK * CHUNKS)
#define LIST_MAX 160u

/* @fail_at: asked for this one, the list fails; -1: never. */
struct list {
	struct psnap_rebuild_entry entries[LIST_MAX];
	size_t count;
	size_t next;
	long fail_at;
};

static inline int next_entry(void *ctx, struct psnap_rebuild_entry *entry,
			     struct psnap_error *err)
{
	struct list *list = ctx;

	if (list->fail_at >= 0 && list->next == (size_t)list->fail_at) {
		err->code = PSNAP_E_NOT_FOUND;
		return PSNAP_E_NOT_FOUND;
	}
	if (list->next == list->count)
		return 0;
	*entry = list->entries[list->next++];
	return 1;
}

static inline void add(struct list *list, uint64_t old_chunk,
		       uint64_t new_chunk, uint64_t chunks)
{
	struct psnap_rebuild_entry *e = &list->entries[list->count++];

	memset(e, 0, sizeof(*e));
	e->run.old_chunk = old_chunk;
	e->run.new_chunk = new_chunk;
	e->run.chunks = chunks;
}

/* The nth data chunk of a store. */
static inline uint64_t data_chunk(uint64_t n)
{
	return 2 + n + n / PER_AREA;
}

/* @count exceptions, one entry each. */
static inline void fill(struct list *list, size_t count)
{
	memset(list, 0, sizeof(*list));
	list->fail_at = -1;
	for (size_t i = 0; i < count; i++)
		add(list, 1000 + 7 * i, data_chunk(i), 1);
}

static inline struct psnap_rebuild_options options_of(struct list *list)
{
	list->next = 0;
	return (struct psnap_rebuild_options){
		.chunk_bytes = CHUNK,
		.valid = 1,
		.next = next_entry,
		.ctx = list,
	};
}

static inline int check(struct psnap_io *io, struct list *list,
			struct psnap_rebuild_result *result,
			struct psnap_error *err)
{
	const struct psnap_rebuild_options options = options_of(list);

	memset(err, 0, sizeof(*err));
	return psnap_rebuild_check(io, &options, result, err);
}

static inline int rebuild(struct psnap_io *io, struct list *list,
			  struct psnap_rebuild_result *result)
{
	const struct psnap_rebuild_options options = options_of(list);
	struct psnap_error err = { 0 };

	return psnap_rebuild_write(io, &options, result, &err);
}

static inline uint8_t *slot_of(uint8_t *store, uint64_t slot)
{
	return store + (1 + slot / PER_AREA * STRIDE) * CHUNK +
	       slot % PER_AREA * 16;
}

/* What a store is to be, from what it is. */
static inline void model(uint8_t *store, const struct list *list,
			 uint32_t valid)
{
	uint64_t slot = 0;

	memset(store, 0, CHUNK);
	put_header(store, valid, CHUNK);
	for (size_t i = 0; i < list->count; i++) {
		const struct psnap_run *run = &list->entries[i].run;

		for (uint64_t k = 0; k < run->chunks; k++, slot++) {
			put_le(slot_of(store, slot), run->old_chunk + k, 8);
			put_le(slot_of(store, slot) + 8, run->new_chunk + k, 8);
		}
	}
	memset(slot_of(store, slot), 0, 16 * (PER_AREA - slot % PER_AREA));
}

static inline void ram_new(struct ram *ram)
{
	const uint64_t size_bytes = BYTES;

	ram_init(ram, &size_bytes, 1);
}

#endif
