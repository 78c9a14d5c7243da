/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undo_io.c, undo_save.c, undo_apply.c: what is saved, with how many flushes,
 * what happens when that fails, and who is told. What is written in whatever
 * order is t_undo_runs.c.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (150u << 10)
#define ORIGIN_BYTES ((100u << 10) + 300u)

static void flushes(void)
{
	const struct psnap_extent extents[] = {
		{ 40000, 512 }, { 0, 512 }, { 512, 100 }, { 90000, 4096 }
	};
	struct psnap_undo *undo = NULL;
	struct psnap_undo_info info;
	struct undo_scene s;
	struct psnap_io *io;
	uint64_t before;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL), 0);
	T_EQ_U64(s.file.syncs, 1);
	io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	T_EQ_I64(psnap_io_prepare(io, extents, 4, NULL), 0);
	T_EQ_U64(s.file.syncs, 2);
	scene_write(undo, PSNAP_UNDO_ORIGIN, 90000, 4096);
	scene_write(undo, PSNAP_UNDO_ORIGIN, 40100, 412);
	/* Across two that were announced, which touch. */
	scene_write(undo, PSNAP_UNDO_ORIGIN, 10, 600);
	T_EQ_U64(s.file.syncs, 2);
	T_EQ_U64(s.device[PSNAP_UNDO_ORIGIN].writes, 3);
	/* One byte more was not. */
	scene_write(undo, PSNAP_UNDO_ORIGIN, 10, 603);
	T_EQ_U64(s.file.syncs, 3);
	/* The others are still ready. */
	scene_write(undo, PSNAP_UNDO_ORIGIN, 90000, 10);
	T_EQ_U64(s.file.syncs, 3);
	before = s.file.len_bytes;
	T_EQ_I64(psnap_io_prepare(io, NULL, 0, NULL), 0);
	T_EQ_U64(s.file.len_bytes, before);
	T_EQ_I64(psnap_io_prepare(io,
				  &(struct psnap_extent){ ORIGIN_BYTES - 1, 2 },
				  1, NULL),
		 PSNAP_E_RANGE);
	psnap_undo_close(undo);
	T_EQ_I64(psnap_undo_inspect(&s.file.io, NULL, &info, NULL), 0);
	T_EQ_U64(info.records, 4);
	T_EQ_U64(info.saved_bytes, 612 + 512 + 4096 + 603);
	T_EQ_U64(before, 16384 + 4 * PSNAP_UNDO_HEAD_BYTES + info.saved_bytes);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

/* A device of sectors is written in whole ones: those are saved at once. */
static void sectors(void)
{
	const struct psnap_extent e = { 1000, 3000 };
	struct psnap_undo *undo = NULL;
	struct undo_scene s;
	uint64_t before;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES + 212);
	s.device[PSNAP_UNDO_ORIGIN].io.align_bytes = 512;
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL), 0);
	T_EQ_I64(psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), &e, 1,
				  NULL),
		 0);
	before = s.file.syncs;
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN, 1000, 3000), 0);
	T_EQ_U64(s.file.syncs, before);
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

/* A range longer than a record, and longer than the buffer. */
static void long_ranges(void)
{
	const uint64_t size_bytes = 5u << 20;
	const struct psnap_extent e = { 100, (4u << 20) + 5000 };
	struct psnap_undo *undo = NULL;
	struct psnap_undo_info info;
	struct undo_scene s;
	uint64_t at;

	scene_init(&s, STORE_BYTES, size_bytes);
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL), 0);
	T_EQ_I64(psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), &e, 1,
				  NULL),
		 0);
	for (at = 100; at + 4096 < size_bytes; at += 4096)
		scene_write(undo, PSNAP_UNDO_ORIGIN, at, 4096);
	psnap_undo_close(undo);
	T_EQ_I64(psnap_undo_inspect(&s.file.io, NULL, &info, NULL), 0);
	T_OK(info.records > 5, "%" PRIu64 " records", info.records);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

/* The nth write or flush of the file fails: nothing is overwritten after. */
static void failures(void)
{
	unsigned int wrong = 0;
	unsigned int n;

	for (n = 1; n <= 40; n++) {
		struct psnap_undo *undo = NULL;
		struct undo_scene s;
		unsigned int i;

		scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
		if (psnap_undo_open(&s.file.io, s.ios, &undo, NULL))
			abort();
		if (n % 2)
			s.file.fail_write = (n + 1) / 2;
		else
			s.file.fail_sync = n / 2;
		for (i = 0; i < 12; i++)
			if (scene_write(undo, PSNAP_UNDO_ORIGIN, i * 5000,
					2000))
				break;
		s.device[0].writes = s.device[1].writes = 0;
		for (; i < 12; i++)
			wrong += !scene_write(undo, PSNAP_UNDO_STORE, i * 3000,
					      700);
		wrong += s.device[0].writes + s.device[1].writes > 0;
		psnap_undo_close(undo);
		wrong += !scene_leads_back(&s);
		scene_release(&s);
	}
	T_EQ_U64(wrong, 0);
}

static struct psnap_extent told[2];

static void tell_prefetch(struct psnap_io *io, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	(void)io;
	told[0] = (struct psnap_extent){ offset_bytes, len_bytes };
}

static void tell_forget(struct psnap_io *io, uint64_t offset_bytes,
			uint64_t len_bytes)
{
	(void)io;
	told[1] = (struct psnap_extent){ offset_bytes, len_bytes };
}

static uint64_t tell_next_data(struct psnap_io *io, uint64_t offset_bytes)
{
	(void)io;
	return offset_bytes + 1000;
}

static const uint8_t *lent;
static const uint8_t *settled;

static bool tell_lend(struct psnap_io *io, const void *memory, size_t bytes)
{
	(void)io;
	lent = memory;
	return bytes == 100;
}

static bool tell_settle(struct psnap_io *io, const void *memory, size_t bytes)
{
	(void)io;
	settled = memory;
	return bytes == 100;
}

/* What is written is handed on as it came, so what is lent is, too. */
static void lending_passed_on(struct psnap_io *io)
{
	static const uint8_t memory[100];

	T_OK(!psnap_io_lend(io, memory, 99) && lent == memory, "no use");
	T_OK(psnap_io_lend(io, memory, 100), "of use");
	T_OK(!psnap_io_settle(io, memory + 1, 99) && settled == memory + 1,
	     "not settled");
	T_OK(psnap_io_settle(io, memory, 100) && settled == memory, "settled");
}

/* What is no write reaches the device as it is. */
static void passed_on(void)
{
	struct psnap_undo *undo = NULL;
	struct psnap_io_ops ops;
	struct undo_scene s;
	struct psnap_io *io;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	ops = *s.device[PSNAP_UNDO_STORE].io.ops;
	ops.prefetch = tell_prefetch;
	ops.forget = tell_forget;
	ops.next_data = tell_next_data;
	ops.lend = tell_lend;
	ops.settle = tell_settle;
	s.device[PSNAP_UNDO_STORE].io.ops = &ops;
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL), 0);
	io = psnap_undo_io(undo, PSNAP_UNDO_STORE);
	psnap_io_prefetch(io, 512, 3000);
	T_OK(told[0].offset_bytes == 512 && told[0].len_bytes == 3000,
	     "prefetching");
	psnap_io_forget(io, 1024, 2000);
	T_OK(told[1].offset_bytes == 1024 && told[1].len_bytes == 2000,
	     "forgetting");
	T_EQ_U64(psnap_io_next_data(io, 7), 1007);
	lending_passed_on(io);
	T_EQ_U64(io->size_bytes, STORE_BYTES);
	T_EQ_STR(io->name, "the store");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_STORE, 5, 5), 0);
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

int main(void)
{
	flushes();
	sectors();
	long_ranges();
	failures();
	passed_on();
	return T_DONE();
}
