/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going on with an undo file: what it has is not saved again, the rest is; and
 * it leads back, because what was saved first counts.
 */
#include "had_scene.h"

/* If the mark knows what the sample is that was overwritten, that is saved once
 * more, or the mark would be wrong after a cut. */
static void test_again(size_t overwritten, uint32_t align_bytes, bool known)
{
	uint64_t sample_bytes = align_bytes > 512 ? align_bytes : 512;
	struct psnap_undo_info before;
	struct psnap_undo_info after;
	struct psnap_undo *undo;
	struct undo_scene s;
	size_t i;

	if (!known || overwritten < 2)
		sample_bytes = 0;
	first_run(&s, overwritten, align_bytes, known);
	before = inspected(&s);
	T_OK(before.saved_bytes >= 8192 + 16384 + 4096, "all is saved");
	undo = scene_begin(&s);
	T_EQ_U64(psnap_undo_end_bytes(undo), s.file.len_bytes);
	for (i = 0; i < RANGES; i++)
		T_EQ_U64(need_bytes(undo, &ranges[i]),
			 i == 1 ? sample_bytes : 0);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	for (i = 0; i < RANGES; i++) {
		overwrite(undo, &ranges[i]);
		T_OK(scene_leads_back(&s), "at each moment");
	}
	after = inspected(&s);
	T_EQ_U64(after.saved_bytes - before.saved_bytes, sample_bytes);
	T_EQ_U64(after.records - before.records, sample_bytes != 0);
	finish(&s, undo);
}

/* Where nothing ends and begins: all in one. */
static void test_need(void)
{
	struct psnap_undo_need need = { 0 };
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, false);
	undo = scene_begin(&s);
	psnap_undo_need(undo, PSNAP_UNDO_ORIGIN, 0, ORIGIN_BYTES, &need);
	T_EQ_U64(need.bytes, ORIGIN_BYTES - 8192 - 16384 - 4096);
	T_EQ_U64(need.ranges, RANGES + 1);
	T_EQ_U64(need.end_bytes, ORIGIN_BYTES);
	psnap_undo_need(undo, PSNAP_UNDO_ORIGIN, ranges[0].offset_bytes - 512,
			ranges[0].offset_bytes, &need);
	T_EQ_U64(need.ranges, RANGES + 2);
	psnap_undo_need(undo, PSNAP_UNDO_ORIGIN, ranges[0].offset_bytes,
			ranges[0].offset_bytes + 8192, &need);
	T_EQ_U64(need.ranges, RANGES + 2);
	need = (struct psnap_undo_need){ 0 };
	psnap_undo_need(undo, PSNAP_UNDO_STORE, 0, 4096, &need);
	psnap_undo_need(undo, PSNAP_UNDO_STORE, 4096, 8192, &need);
	T_EQ_U64(need.bytes, 8192);
	T_EQ_U64(need.ranges, 1);
	finish(&s, undo);
}

/* What cannot be saved is not overwritten, nor what needs no saving. */
static void test_failed(void)
{
	const struct psnap_extent more = { 40 * STEP, 4096 };
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, false);
	undo = scene_begin(&s);
	s.file.fail_write = 1;
	T_EQ_I64(prepare(undo, &more, 1), PSNAP_E_IO);
	T_OK(scene_write(undo, PSNAP_UNDO_ORIGIN, ranges[0].offset_bytes,
			 4096) != 0,
	     "not overwritten");
	T_OK(prepare(undo, ranges, RANGES) != 0, "nor announced");
	finish(&s, undo);
}

/* More on both sides than it has. A write may need some of that and some of
 * this, and is not waited for once more. */
static void test_wider(void)
{
	const struct psnap_extent wide = { ranges[0].offset_bytes - 512,
					   ranges[0].len_bytes + 4096 };
	struct psnap_undo *undo;
	struct undo_scene s;
	uint64_t syncs;

	first_run(&s, 1, 1, false);
	undo = scene_begin(&s);
	T_EQ_I64(prepare(undo, &wide, 1), 0);
	syncs = s.file.syncs;
	overwrite(undo, &wide);
	T_EQ_U64(s.file.syncs, syncs);
	T_EQ_U64(inspected(&s).saved_bytes,
		 8192 + 16384 + 4096 + 512 + 4096 - 512);
	finish(&s, undo);
}

/* Not announced: what it has need not be saved at all, the rest is at once. */
static void test_unannounced(void)
{
	struct psnap_undo *undo;
	struct undo_scene s;
	uint64_t syncs;

	first_run(&s, 0, 1, false);
	undo = scene_begin(&s);
	syncs = s.file.syncs;
	overwrite(undo, &ranges[0]);
	T_EQ_U64(s.file.syncs, syncs);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN,
			     ranges[0].offset_bytes - 512, 1024),
		 0);
	T_OK(s.file.syncs > syncs, "saved");
	T_EQ_U64(inspected(&s).saved_bytes, 8192 + 16384 + 4096 + 512);
	finish(&s, undo);
}

/* What a record that is torn had is not had. */
static void test_torn(void)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, 0, 1, false);
	s.file.bytes[s.file.len_bytes - 1] ^= 1;
	/* As if no mark had said that it was durable. */
	memset(s.file.bytes + 8192, 0, 8192);
	undo = scene_begin(&s);
	T_EQ_U64(need_bytes(undo, &ranges[1]), 0);
	T_EQ_U64(need_bytes(undo, &ranges[2]), 4096);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	overwrite(undo, &ranges[2]);
	finish(&s, undo);
}

/* An undo that was cut left some of the new: the old is not saved there. */
static void test_undone(void)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, RANGES, 1, false);
	s.device[PSNAP_UNDO_ORIGIN].fail_write = 2;
	T_EQ_I64(scene_apply(&s, NULL), PSNAP_E_IO);
	undo = scene_begin(&s);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	overwrite(undo, &ranges[0]);
	finish(&s, undo);
}

int main(void)
{
	size_t i;

	for (i = 0; i <= RANGES; i++) {
		test_again(i, 1, i % 2 == 0);
		test_again(i, 512, i % 2);
		test_again(i, 4096, i % 2 == 0);
	}
	test_again(2, 1, true);
	test_again(2, 512, true);
	test_need();
	test_failed();
	test_wider();
	test_unannounced();
	test_torn();
	test_undone();
	return T_DONE();
}
