/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going on with an undo file: what it has is not saved again, the rest is; and
 * it leads back, because what was saved first counts.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (64u << 10)
#define ORIGIN_BYTES (1u << 20)
/* Samples stand at the start, and then each so far apart, in sectors. */
#define STEP 18944u

/* What is announced, between the samples or over them. */
static const struct psnap_extent ranges[] = {
	{ 5 * STEP + 4096, 8192 },
	{ 10 * STEP - 4096, 16384 }, /* over one */
	{ 30 * STEP + 4096, 4096 },
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static int prepare(struct psnap_undo *undo, const struct psnap_extent *list,
		   size_t count)
{
	return psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), list,
				count, NULL);
}

static void overwrite(struct psnap_undo *undo, const struct psnap_extent *e)
{
	uint64_t at;

	for (at = 0; at < e->len_bytes; at += 4096)
		T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN,
				     e->offset_bytes + at, 4096),
			 0);
}

/* A run that is cut when all is saved, and some of it overwritten. */
static void first_run(struct undo_scene *s, size_t overwritten,
		      uint32_t align_bytes)
{
	struct psnap_undo *undo;

	scene_init(s, STORE_BYTES, ORIGIN_BYTES);
	s->device[PSNAP_UNDO_ORIGIN].io.align_bytes = align_bytes;
	undo = scene_begin(s);
	T_EQ_U64(psnap_undo_had_bytes(undo, PSNAP_UNDO_ORIGIN, 0, ORIGIN_BYTES),
		 0);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	while (overwritten-- > 0)
		overwrite(undo, &ranges[overwritten]);
	psnap_undo_close(undo);
}

static struct psnap_undo_info inspected(struct undo_scene *s)
{
	struct psnap_undo_info info = { 0 };

	T_EQ_I64(scene_inspect(s, &info), 0);
	return info;
}

static void finish(struct undo_scene *s, struct psnap_undo *undo)
{
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(s, NULL), 0);
	T_OK(scene_is_original(s), "it leads back");
	scene_release(s);
}

/* All that is saved again is the sample in the second range. */
static void test_again(size_t overwritten, uint32_t align_bytes)
{
	const uint64_t sample_bytes = align_bytes > 512 ? align_bytes : 512;
	const struct psnap_extent *over = &ranges[1];
	struct psnap_undo_info before;
	struct psnap_undo_info after;
	struct psnap_undo *undo;
	struct undo_scene s;
	size_t i;

	first_run(&s, overwritten, align_bytes);
	before = inspected(&s);
	T_OK(before.saved_bytes >= 8192 + 16384 + 4096, "all is saved");
	undo = scene_begin(&s);
	T_EQ_U64(psnap_undo_end_bytes(undo), s.file.len_bytes);
	T_EQ_U64(psnap_undo_had_bytes(undo, PSNAP_UNDO_ORIGIN, 0, ORIGIN_BYTES),
		 before.saved_bytes - sample_bytes);
	T_EQ_U64(psnap_undo_had_bytes(undo, PSNAP_UNDO_ORIGIN,
				      over->offset_bytes,
				      over->offset_bytes + over->len_bytes),
		 over->len_bytes - sample_bytes);
	T_EQ_U64(psnap_undo_had_bytes(undo, PSNAP_UNDO_STORE, 0, STORE_BYTES),
		 0);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	for (i = 0; i < RANGES; i++)
		overwrite(undo, &ranges[i]);
	after = inspected(&s);
	T_EQ_U64(after.saved_bytes - before.saved_bytes, sample_bytes);
	T_EQ_U64(after.records - before.records, 1);
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

	first_run(&s, 1, 1);
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

	first_run(&s, 0, 1);
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

	first_run(&s, 0, 1);
	s.file.bytes[s.file.len_bytes - 1] ^= 1;
	/* As if no mark had said that it was durable. */
	memset(s.file.bytes + 8192, 0, 8192);
	undo = scene_begin(&s);
	T_EQ_U64(psnap_undo_had_bytes(undo, PSNAP_UNDO_ORIGIN, 0, ORIGIN_BYTES),
		 8192 + 16384 - 512);
	T_EQ_I64(prepare(undo, ranges, RANGES), 0);
	overwrite(undo, &ranges[2]);
	finish(&s, undo);
}

/* An undo that was cut left some of the new: the old is not saved there. */
static void test_undone(void)
{
	struct psnap_undo *undo;
	struct undo_scene s;

	first_run(&s, RANGES, 1);
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
		test_again(i, 1);
		test_again(i, 512);
		test_again(i, 4096);
	}
	test_wider();
	test_unannounced();
	test_torn();
	test_undone();
	return T_DONE();
}
