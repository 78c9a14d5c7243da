/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scene of a fault, and what the model says of it. Running verbs is for
 * write_verbs.c.
 */
#include "scene.h"
#include "how.h"

#include <stdlib.h>
#include <string.h>

/* Header and records of a merge of a hundred chunks, twice. */
#define FILE_BYTES (256u * 1024u)

void scene_init(struct scene *s, uint64_t exceptions, uint64_t origin_bytes)
{
	const uint64_t sizes_bytes[] = { pair_store_bytes(exceptions),
					 origin_bytes, FILE_BYTES };
	uint64_t i;

	memset(s, 0, sizeof(*s));
	s->origin_bytes = origin_bytes;
	ram_init(&s->original, sizes_bytes, SCENE_DEVICES);
	ram_init_like(&s->before, &s->original);
	ram_init_like(&s->now, &s->original);
	ram_init_like(&s->dropped, &s->original);
	ram_init_like(&s->scratch, &s->original);
	s->want = calloc(1, origin_bytes);
	s->view = calloc(1, origin_bytes);
	if (!s->want || !s->view)
		abort();
	pair_make(&s->original, exceptions, 7);
	/* A new file gets holes where zeros are. */
	for (i = 0; i < exceptions && i < PAIR_PER_AREA; i += 3)
		memset(s->original.devices[SCENE_STORE].bytes +
			       scene_data_offset(s, i),
		       0, PAIR_CHUNK_BYTES);
	pair_view(&s->original, s->want);
	ram_copy_bytes(&s->before, &s->original);
	s->now.recording = true;
}

void scene_release(struct scene *s)
{
	ram_release(&s->original);
	ram_release(&s->before);
	ram_release(&s->now);
	ram_release(&s->dropped);
	ram_release(&s->scratch);
	free(s->want);
	free(s->view);
}

void scene_restart(struct scene *s, uint32_t align_bytes)
{
	int i;

	ram_copy_bytes(&s->now, &s->before);
	ram_forget(&s->now);
	s->watch = (struct io_fault_watch){ 0 };
	for (i = 0; i < SCENE_DEVICES; i++) {
		io_fault_init(&s->io[i], &s->now.devices[i].io,
			      i == SCENE_FILE ? 1 : align_bytes);
		s->io[i].watch = &s->watch;
	}
}

void scene_drop(struct scene *s, enum scene_device device)
{
	how_drop(&s->dropped, &s->before, &s->now, device);
}

void scene_plain_ios(struct ram *ram, struct psnap_io *ios[SCENE_DEVICES])
{
	int i;

	for (i = 0; i < SCENE_DEVICES; i++)
		ios[i] = &ram->devices[i].io;
}

bool scene_view_kept(struct scene *s, const struct ram *ram)
{
	pair_view(ram, s->view);
	return memcmp(s->view, s->want, s->origin_bytes) == 0;
}

bool scene_same_pair(const struct ram *a, const struct ram *b)
{
	int i;

	for (i = 0; i <= SCENE_ORIGIN; i++)
		if (memcmp(a->devices[i].bytes, b->devices[i].bytes,
			   a->devices[i].io.size_bytes) != 0)
			return false;
	return true;
}

/* Chunks of the store that hold the table; the others hold data. */
static bool is_table(uint64_t chunk)
{
	return chunk % (PAIR_PER_AREA + 1) == 1;
}

uint64_t scene_outside(const struct scene *s, uint64_t start_bytes,
		       uint64_t end_bytes)
{
	return pair_count_outside(&s->original, start_bytes, end_bytes);
}

uint64_t scene_data_offset(const struct scene *s, uint64_t number)
{
	const uint8_t *entry = s->original.devices[SCENE_STORE].bytes +
			       PAIR_CHUNK_BYTES + number * 16;
	uint64_t chunk = 0;
	int i;

	for (i = 15; i >= 8; i--)
		chunk = chunk << 8 | entry[i];
	return chunk * PAIR_CHUNK_BYTES;
}

static bool same_data(const struct scene *s, const struct ram *ram)
{
	const uint8_t *was = s->original.devices[SCENE_STORE].bytes;
	const uint8_t *is = ram->devices[SCENE_STORE].bytes;
	uint64_t chunks =
		ram->devices[SCENE_STORE].io.size_bytes / PAIR_CHUNK_BYTES;
	uint64_t i;

	for (i = 0; i < chunks; i++)
		if (!is_table(i) &&
		    memcmp(is + i * PAIR_CHUNK_BYTES,
			   was + i * PAIR_CHUNK_BYTES, PAIR_CHUNK_BYTES) != 0)
			return false;
	return true;
}

/* Nothing left and the view kept is the origin as it has to be. */
bool scene_merged(struct scene *s, const struct ram *ram, uint64_t left)
{
	return scene_view_kept(s, ram) && same_data(s, ram) &&
	       pair_count(ram) == left && pair_count_again(ram) == 0 &&
	       pair_tail_clean(ram);
}

bool scene_all_flushed(const struct scene *s)
{
	bool pending[SCENE_DEVICES] = { false };
	size_t i;

	for (i = 0; i < s->now.event_count; i++)
		pending[s->now.events[i].device] =
			s->now.events[i].len_bytes > 0;
	return !pending[SCENE_STORE] && !pending[SCENE_ORIGIN] &&
	       !pending[SCENE_FILE];
}
