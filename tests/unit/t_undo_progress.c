/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undo files, told of and stopped: while one is continued, while it is saved to,
 * while it is put back.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES (150u << 10)

struct ticks {
	unsigned int stop_at;
	unsigned int count;
	uint64_t done_bytes;
	uint64_t total_bytes;
};

static int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	struct ticks *t = ctx;

	t->done_bytes = done_bytes;
	t->total_bytes = total_bytes;
	return ++t->count == t->stop_at;
}

/* Before anything is overwritten, and nothing is until it is saved after all. */
static void interrupted(void)
{
	const struct psnap_extent e = { 0, 4u << 20 };
	const struct psnap_extent little = { 0, (4u << 20) - 1 };
	struct ticks t = { .stop_at = 2 };
	const struct psnap_progress p = { tick, &t };
	struct psnap_undo *undo = NULL;
	struct undo_scene s;
	struct psnap_io *io;

	scene_init(&s, STORE_BYTES, 5u << 20);
	T_EQ_I64(psnap_undo_begin(&s.file.io, s.ios, &p, &undo, NULL), 0);
	io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	T_EQ_I64(psnap_io_prepare(io, &e, 1, NULL), PSNAP_E_INTERRUPTED);
	T_EQ_U64(t.done_bytes, 2u << 20);
	T_EQ_U64(t.total_bytes, 4u << 20);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN, 4096, 4096), 0);
	T_OK(scene_leads_back(&s), "saved by itself");
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);

	/* Of little nobody is told. */
	scene_init(&s, STORE_BYTES, 5u << 20);
	t = (struct ticks){ .stop_at = 1 };
	T_EQ_I64(psnap_undo_begin(&s.file.io, s.ios, &p, &undo, NULL), 0);
	T_EQ_I64(psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN),
				  &little, 1, NULL),
		 0);
	T_EQ_U64(t.count, 0);
	psnap_undo_close(undo);
	scene_release(&s);
}

static void progress(void)
{
	const struct psnap_extent e = { 0, 4u << 20 };
	struct ticks t = { 0 };
	const struct psnap_progress p = { tick, &t };
	struct psnap_undo *undo = NULL;
	const struct psnap_undo_options options = { .progress = p };
	struct psnap_undo_info info;
	struct undo_scene s;
	uint64_t writes;

	scene_init(&s, STORE_BYTES, 5u << 20);
	T_EQ_I64(psnap_undo_begin(&s.file.io, s.ios, &p, &undo, NULL), 0);
	T_EQ_U64(t.count, 0);
	T_EQ_I64(psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), &e, 1,
				  NULL),
		 0);
	T_EQ_U64(t.count, 4);
	T_EQ_U64(t.done_bytes, 4u << 20);
	T_EQ_U64(t.total_bytes, 4u << 20);
	t.count = 0;
	for (uint64_t at = 0; at < 4u << 20; at += 4096)
		scene_write(undo, PSNAP_UNDO_ORIGIN, at, 4096);
	psnap_undo_close(undo);
	writes = s.device[PSNAP_UNDO_ORIGIN].writes;

	t.stop_at = 2;
	T_EQ_I64(psnap_undo_begin(&s.file.io, s.ios, &p, &undo, NULL),
		 PSNAP_E_INTERRUPTED);
	T_OK(!undo, "no undo");
	/* A file that grows does not tell how long it is; one that is only
	 * read does. */
	T_EQ_U64(t.total_bytes, 0);
	s.file.io.size_bytes = s.file.len_bytes;
	t.count = 0;
	T_EQ_I64(psnap_undo_apply(&s.file.io, s.ios, &options, &info, NULL),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(t.total_bytes, s.file.len_bytes);
	T_EQ_U64(s.device[PSNAP_UNDO_ORIGIN].writes, writes);
	t.count = 0;
	t.stop_at = 6;
	T_EQ_I64(psnap_undo_apply(&s.file.io, s.ios, &options, &info, NULL),
		 PSNAP_E_INTERRUPTED);
	T_EQ_U64(t.total_bytes, 4u << 20);
	T_EQ_U64(t.done_bytes, 2u << 20);
	T_EQ_U64(s.device[PSNAP_UNDO_ORIGIN].writes, writes + 2);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

int main(void)
{
	progress();
	interrupted();
	return T_DONE();
}
