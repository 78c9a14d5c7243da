/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How records get to the undo file: in whole blocks, none of them twice, so that
 * they can go past the page cache; and the room they take is announced to the
 * byte, for what is announced and not written would be left behind the end.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  65536u
#define ORIGIN_BYTES (9u << 19)
#define BLOCK	     65536u
#define MARKS_BYTES  16384u
#define EXTENTS_MAX  300u

/*
 * @announced:  of the file, last
 * @end:        of what was written to it
 * @unaligned:  writes that began within a block, and did not begin a batch or
 *              went on to the next block
 * @gaps:       writes that did not go on where the one before ended
 */
static struct {
	const struct psnap_io_ops *good;
	struct psnap_io_ops ops;
	struct psnap_extent announced;
	unsigned int announcements;
	uint64_t end;
	unsigned int writes;
	unsigned int unaligned;
	unsigned int gaps;
	bool first;
	bool refuse;
} file;

static int64_t write_some(struct psnap_io *io, uint64_t offset_bytes,
			  const void *buf, size_t len_bytes)
{
	/* Marks stand before the records. */
	if (offset_bytes >= MARKS_BYTES) {
		file.gaps += offset_bytes != file.end;
		file.unaligned += !file.first && offset_bytes % BLOCK != 0;
		file.unaligned += offset_bytes % BLOCK != 0 &&
				  offset_bytes % BLOCK + len_bytes > BLOCK;
		file.writes++;
		file.first = false;
		file.end = offset_bytes + len_bytes;
	}
	return file.good->write_some(io, offset_bytes, buf, len_bytes);
}

static int prepare(struct psnap_io *io, const struct psnap_extent *extents,
		   size_t count, struct psnap_error *err)
{
	(void)io;
	T_EQ_U64(count, 1);
	file.announced = extents[0];
	file.announcements++;
	if (!file.refuse)
		return 0;
	err->code = PSNAP_E_NOSPACE;
	return PSNAP_E_NOSPACE;
}

static struct psnap_undo *begin(struct undo_scene *s)
{
	struct psnap_undo *undo;

	memset(&file, 0, sizeof(file));
	scene_init(s, STORE_BYTES, ORIGIN_BYTES);
	file.good = s->file.io.ops;
	file.ops = *file.good;
	file.ops.write_some = write_some;
	file.ops.prepare = prepare;
	s->file.io.ops = &file.ops;
	undo = scene_begin(s);
	file.end = MARKS_BYTES;
	return undo;
}

/* From @at on, with gaps; the last ends before @end. */
static size_t choose(struct psnap_extent *extents, uint64_t at, uint64_t end,
		     uint64_t len_max)
{
	size_t count = 0;

	while (count < EXTENTS_MAX && at + len_max < end) {
		extents[count].offset_bytes = at;
		extents[count].len_bytes = next_random() % len_max + 1;
		at += extents[count++].len_bytes + 512;
	}
	return count;
}

/* Announce, overwrite and flush as much of the origin. */
static void save(struct psnap_undo *undo, uint64_t at, uint64_t end,
		 uint64_t len_max)
{
	static uint8_t zeros[ORIGIN_BYTES];
	struct psnap_io *io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	struct psnap_extent extents[EXTENTS_MAX];
	size_t count = choose(extents, at, end, len_max);
	uint64_t before = file.end;
	size_t i;

	file.first = true;
	T_EQ_I64(psnap_io_prepare(io, extents, count, NULL), 0);
	T_EQ_U64(file.announced.offset_bytes, before);
	T_EQ_U64(file.announced.len_bytes, file.end - before);
	for (i = 0; i < count; i++)
		T_EQ_I64(psnap_io_write(io, extents[i].offset_bytes, zeros,
					(size_t)extents[i].len_bytes, NULL),
			 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
}

static void test_blocks(void)
{
	struct psnap_undo_info info;
	struct psnap_undo *undo;
	struct undo_scene s;

	undo = begin(&s);
	save(undo, 0, 600000, 9000);
	save(undo, 600000, 600000 + 60000, 2000);
	/* Longer than a record may be. */
	save(undo, 660000, ORIGIN_BYTES, 3u << 20);
	T_EQ_U64(file.announcements, 3);
	T_EQ_U64(file.gaps, 0);
	T_EQ_U64(file.unaligned, 0);
	/* A begun block, whole ones and the rest, a buffer of them at a time. */
	T_OK(file.writes > 3 && file.writes < 20, "%u writes", file.writes);
	T_EQ_U64(s.file.len_bytes, file.end);
	psnap_undo_close(undo);
	T_EQ_I64(scene_inspect(&s, &info), 0);
	T_EQ_U64(info.torn_bytes, 0);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all comes back");
	scene_release(&s);
}

/* Exactly as much as fits, and a byte less and more. */
static void test_ends(void)
{
	const uint64_t head = PSNAP_UNDO_HEAD_BYTES;
	const uint64_t first = BLOCK - MARKS_BYTES - head;
	const uint64_t lens[] = { first, first - 1, first + 1,	   first - head,
				  1,	 1u << 20,  (1u << 20) + 1 };
	struct psnap_undo *undo;
	struct undo_scene s;
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		const struct psnap_extent e = { 0, lens[i] };
		const struct psnap_extent next = { 2u << 20, 200000 };
		struct psnap_io *io;

		undo = begin(&s);
		io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
		file.first = true;
		T_EQ_I64(psnap_io_prepare(io, &e, 1, NULL), 0);
		T_EQ_U64(file.announced.len_bytes, file.end - MARKS_BYTES);
		file.first = true;
		T_EQ_I64(psnap_io_prepare(io, &next, 1, NULL), 0);
		T_EQ_U64(file.end, file.announced.offset_bytes +
					   file.announced.len_bytes);
		T_EQ_U64(file.gaps, 0);
		T_EQ_U64(file.unaligned, 0);
		psnap_undo_close(undo);
		scene_release(&s);
	}
}

/* Then nothing would count that is written behind it. */
static void test_refused(void)
{
	const struct psnap_extent e = { 0, 4096 };
	struct psnap_error err = { 0 };
	struct psnap_undo *undo;
	struct undo_scene s;

	undo = begin(&s);
	file.refuse = true;
	T_EQ_I64(psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), &e, 1,
				  &err),
		 PSNAP_E_NOSPACE);
	T_EQ_I64(err.code, PSNAP_E_NOSPACE);
	file.refuse = false;
	T_OK(scene_write(undo, PSNAP_UNDO_ORIGIN, 0, 512) < 0,
	     "nothing is overwritten from now on");
	T_OK(scene_is_original(&s), "nor was it");
	T_EQ_U64(file.writes, 0);
	psnap_undo_close(undo);
	scene_release(&s);
}

int main(void)
{
	test_blocks();
	test_ends();
	test_refused();
	return T_DONE();
}
