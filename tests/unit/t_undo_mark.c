/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What marks know when an undo file is gone on with: neither too much, so that a
 * pair would be taken for another one, nor too little, so that damage would be
 * taken for the end.
 */
#include "had_scene.h"

/* Of a sample that the mark knows, no more than is asked for. */
static void test_part_of_sample(void)
{
	const uint64_t sample = 10 * (uint64_t)STEP;
	const struct psnap_extent before = { sample - 1024, 1024 + 100 };
	const struct psnap_extent behind = { sample + 200, 1024 };
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, RANGES, 1, true);
	undo = scene_begin(&s);
	T_EQ_U64(need_bytes(undo, &before), 100);
	T_EQ_U64(need_bytes(undo, &behind), 512 - 200);
	finish(&s, undo);
}

/* Nothing to be saved, but a sample that was overwritten and is durable. */
static void test_news(void)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, false);
	undo = scene_begin(&s);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	overwrite(undo, &ranges[1]);
	T_EQ_I64(psnap_io_sync(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), NULL),
		 0);
	/* The next mark will know it. */
	T_EQ_U64(need_bytes(undo, &ranges[1]), 512);
	T_EQ_I64(prepare(undo, &ranges[2], 1), 0);
	T_EQ_U64(need_bytes(undo, &ranges[1]), 512);
	psnap_undo_close(undo);
	undo = scene_begin(&s);
	T_EQ_U64(need_bytes(undo, &ranges[1]), 512);
	finish(&s, undo);
}

/* Of samples that are not in a mark yet, one write needs something else saved:
 * the mark that comes of that is not to know them. */
static void test_news_in_one_write(void)
{
	const struct psnap_extent had = { 512, 1536 };
	const struct psnap_extent wide = { 0, 2560 };
	struct psnap_undo *undo;
	struct undo_scene s;
	struct psnap_io *io;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	undo = scene_begin(&s);
	io = psnap_undo_io(undo, PSNAP_UNDO_STORE);
	T_EQ_I64(psnap_io_prepare(io, &had, 1, NULL), 0);
	psnap_undo_close(undo);
	undo = scene_begin(&s);
	io = psnap_undo_io(undo, PSNAP_UNDO_STORE);
	T_EQ_I64(psnap_io_prepare(io, &had, 1, NULL), 0);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_STORE, 512, 512), 0);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_STORE, 1536, 512), 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_STORE, wide.offset_bytes,
			     wide.len_bytes),
		 0);
	T_OK(scene_leads_back(&s), "in one write");
	finish(&s, undo);
}

/* An announcement that fails has not made the mark in the file forget. */
static void test_still_known(void)
{
	const struct psnap_extent over = { 10 * STEP - 4096, 3 * STEP };
	const struct psnap_extent elsewhere = { 50 * STEP + 8192, 4096 };
	struct psnap_undo *undo;
	struct undo_scene s;
	struct psnap_io *io;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	undo = scene_begin(&s);
	io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	T_EQ_I64(prepare(undo, &over, 1), 0);
	overwrite(undo, &over);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(prepare(undo, &elsewhere, 1), 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	psnap_undo_close(undo);

	undo = scene_begin(&s);
	s.device[PSNAP_UNDO_ORIGIN].len_bytes = 10 * STEP;
	T_EQ_I64(prepare(undo, &over, 1), PSNAP_E_TRUNCATED);
	s.device[PSNAP_UNDO_ORIGIN].len_bytes = ORIGIN_BYTES;
	T_EQ_I64(prepare(undo, &over, 1), 0);
	overwrite(undo, &over);
	T_OK(scene_leads_back(&s), "the second announcement counts");
	finish(&s, undo);
}

/* Of records that no mark spoke of it is said that they are relied on, before
 * they are: what damages them later is noticed. */
static void test_damaged(bool known)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, known);
	memset(s.file.bytes + 8192, 0, 8192);
	undo = scene_begin(&s);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	overwrite(undo, &ranges[0]);
	psnap_undo_close(undo);
	memcpy(s.file.bytes, s.file.durable, s.file.len_bytes);
	s.file.bytes[16384 + 1000] ^= 1;
	T_EQ_I64(scene_inspect(&s, NULL), PSNAP_E_CORRUPT);
	T_EQ_I64(scene_apply(&s, NULL), PSNAP_E_CORRUPT);
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL),
		 PSNAP_E_CORRUPT);
	s.file.bytes[16384 + 1000] ^= 1;
	finish(&s, NULL);
}

/* The mark cannot be written: then nothing is relied on. */
static void test_no_mark(unsigned int write, unsigned int sync)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, false);
	memset(s.file.bytes + 8192, 0, 8192);
	s.file.fail_write = write;
	s.file.fail_sync = sync;
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, NULL), PSNAP_E_IO);
	T_OK(!undo, "no undo");
	finish(&s, NULL);
}

int main(void)
{
	test_part_of_sample();
	test_news();
	test_news_in_one_write();
	test_still_known();
	test_damaged(false);
	test_damaged(true);
	test_no_mark(1, 0);
	test_no_mark(0, 2);
	test_no_mark(0, 3);
	return T_DONE();
}
