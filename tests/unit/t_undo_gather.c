/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How what is to be saved is read: many reads at a time past the page cache, or
 * one by one. In either way, and when the first one fails, it leads back; and
 * records are cut the same, for the room they take is told beforehand.
 */
#define ABOVE_RING "../../lib/src/undo_gather.c"
#include "ring_faults.h"

#include "files.h"
#include "test.h"
#include "undo_ram.h"

/* The end is not that of a block. */
#define ORIGIN_BYTES ((size_t)(20u << 20) + 512)
#define BLOCK	     4096u
#define EXTENTS_MAX  600u

static uint8_t original[ORIGIN_BYTES];
static uint8_t found[ORIGIN_BYTES];

/*
 * @reads:        that were not for the ring
 * @prefetches:   ranges that were announced
 * @fail_bytes:   reads of that byte fail; UINT64_MAX: none
 */
static struct {
	const struct psnap_io_ops *good;
	struct psnap_io_ops ops;
	unsigned int reads;
	unsigned int prefetches;
	uint64_t fail_bytes;
} origin;

static struct {
	struct psnap_extent list[EXTENTS_MAX];
	size_t count;
	uint64_t records;
	uint64_t bytes;
} wanted;

static struct undo_scene scene;

/* Of a ring that is broken; for whoever looks for leaks. */
static void *kept[2];

static int64_t read_some(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			 size_t len_bytes)
{
	origin.reads++;
	if (origin.fail_bytes >= offset_bytes &&
	    origin.fail_bytes < offset_bytes + len_bytes)
		return -EIO;
	return origin.good->read_some(io, offset_bytes, buf, len_bytes);
}

static void prefetch(struct psnap_io *io, uint64_t offset_bytes,
		     uint64_t len_bytes)
{
	(void)io, (void)offset_bytes, (void)len_bytes;
	origin.prefetches++;
}

static void want(uint64_t offset_bytes, uint64_t len_bytes)
{
	if (wanted.count == EXTENTS_MAX)
		abort();
	wanted.list[wanted.count++] =
		(struct psnap_extent){ offset_bytes, len_bytes };
	wanted.bytes += len_bytes;
	wanted.records += (len_bytes + PSNAP_UNDO_RECORD_BYTES - 1) /
			  PSNAP_UNDO_RECORD_BYTES;
}

static struct psnap_io *open_origin(void)
{
	struct psnap_io *io;
	int fd = open("origin", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fill_random(original, sizeof(original));
	if (fd < 0 ||
	    write(fd, original, sizeof(original)) != (ssize_t)sizeof(original))
		abort();
	close(fd);
	if (psnap_io_open_exclusive("origin", &io, NULL))
		abort();
	origin.good = io->ops;
	origin.ops = *io->ops;
	origin.ops.read_some = read_some;
	origin.ops.prefetch = prefetch;
	io->ops = &origin.ops;
	return io;
}

/* Asks to stop for the first time at this tick; 0: never. */
static struct {
	unsigned int count;
	unsigned int stop_at;
} ticks;

static int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	(void)ctx, (void)done_bytes, (void)total_bytes;
	return ++ticks.count >= ticks.stop_at && ticks.stop_at;
}

/* What is announced from now on is saved in this way. */
static struct psnap_undo *begin(void)
{
	static const struct psnap_progress progress = { tick, NULL };
	struct psnap_undo *undo;

	memset(&faults, 0, sizeof(faults));
	memset(&wanted, 0, sizeof(wanted));
	memset(&origin, 0, sizeof(origin));
	origin.fail_bytes = UINT64_MAX;
	scene_init(&scene, 65536, 65536);
	scene.ios[PSNAP_UNDO_ORIGIN] = open_origin();
	if (psnap_undo_begin(&scene.file.io, scene.ios, &progress, &undo, NULL))
		abort();
	memset(&ticks, 0, sizeof(ticks));
	origin.reads = 0;
	return undo;
}

static int prepare(struct psnap_undo *undo)
{
	return psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN),
				wanted.list, wanted.count, NULL);
}

static void overwrite(struct psnap_undo *undo)
{
	struct psnap_io *io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	unsigned int failed = 0;
	size_t i;

	memset(found, 0xee, sizeof(found));
	for (i = 0; i < wanted.count; i++)
		failed += psnap_io_write(io, wanted.list[i].offset_bytes, found,
					 (size_t)wanted.list[i].len_bytes,
					 NULL) != 0;
	T_EQ_U64(failed, 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
}

static void end(struct psnap_undo *undo)
{
	psnap_undo_close(undo);
	scene.ios[PSNAP_UNDO_ORIGIN]->ops = origin.good;
	T_EQ_I64(psnap_io_close(scene.ios[PSNAP_UNDO_ORIGIN], NULL), 0);
	scene_release(&scene);
}

/* Save, overwrite, put back. */
static void finish(struct psnap_undo *undo, const char *text)
{
	struct psnap_io *io = scene.ios[PSNAP_UNDO_ORIGIN];
	struct psnap_undo_info info;

	overwrite(undo);
	T_EQ_I64(scene_inspect(&scene, &info), 0);
	T_EQ_U64(info.records, wanted.records);
	T_EQ_U64(info.saved_bytes, wanted.bytes);
	T_EQ_I64(scene_apply(&scene, NULL), 0);
	T_EQ_I64(psnap_io_read(io, 0, found, sizeof(found), NULL), 0);
	T_OK(memcmp(found, original, sizeof(found)) == 0, "%s", text);
	end(undo);
}

/* Single blocks with wide gaps: 2.4 MiB of them. */
static void want_single(void)
{
	size_t i;

	for (i = 0; i < EXTENTS_MAX; i++)
		want(i * 8 * BLOCK, BLOCK);
}

static void test_single(void)
{
	struct psnap_undo *undo = begin();

	want_single();
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.reads, EXTENTS_MAX);
	T_OK(faults.submits < EXTENTS_MAX / 8, "%u calls", faults.submits);
	T_EQ_U64(origin.reads, 0);
	T_EQ_U64(origin.prefetches, 0);
	finish(undo, "many at a time");
}

/* Two requests cost more than reading what is between. */
static void test_close(void)
{
	struct psnap_undo *undo = begin();
	size_t i;

	for (i = 0; i < EXTENTS_MAX; i++)
		want(i * 3 * BLOCK, BLOCK);
	T_EQ_I64(prepare(undo), 0);
	T_OK(faults.reads > 0 && faults.reads < EXTENTS_MAX / 8, "%u requests",
	     faults.reads);
	finish(undo, "several in one");
}

/* They begin and end anywhere, two in a block, and over blocks. */
static void test_crooked(void)
{
	struct psnap_undo *undo = begin();
	uint64_t at = 512;
	size_t i;

	for (i = 0; i < EXTENTS_MAX - 3; i++) {
		uint64_t len = 512 * (next_random() % 15 + 1);

		want(at, len);
		at += len + 512 * (next_random() % 21 + 1);
	}
	want((8u << 20) + 512, 1u << 20);
	want((10u << 20) + 512, (3u << 19) - 1024);
	want(ORIGIN_BYTES - 1024, 1024);
	T_EQ_I64(prepare(undo), 0);
	T_OK(faults.reads > 0, "together");
	T_EQ_U64(origin.reads, 1);
	finish(undo, "and the end by itself");
}

/* The more than one record has, behind single ones. */
static void test_long(void)
{
	struct psnap_undo *undo = begin();

	want(BLOCK, BLOCK);
	want(3 * BLOCK, 3u << 20);
	want((6u << 20) + 512, (1u << 20) + 512);
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.reads, 6);
	T_EQ_U64(origin.reads, 0);
	finish(undo, "long ones");
}

/* What is under way is waited for, and then it is over. */
static void test_stopped(bool no_uring)
{
	struct psnap_undo *undo = begin();
	struct psnap_undo_info info;

	want(0, 3u << 20);
	want(4u << 20, 1u << 20);
	faults.no_uring = no_uring;
	ticks.stop_at = 2;
	T_EQ_I64(prepare(undo), PSNAP_E_INTERRUPTED);
	T_EQ_U64(ticks.count, 2);
	T_EQ_U64(origin.reads, no_uring ? 2 : 0);
	wanted.list[0].len_bytes = BLOCK;
	wanted.count = 1;
	overwrite(undo);
	T_EQ_I64(scene_inspect(&scene, &info), 0);
	T_EQ_U64(info.records, 3);
	end(undo);
}

static void test_little(void)
{
	struct psnap_undo *undo = begin();

	want(0, TOGETHER_BYTES_MIN - 2 * BLOCK);
	want(2u << 20, BLOCK);
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.reads, 0);
	T_EQ_U64(origin.reads, 2);
	T_OK(origin.prefetches > 1, "announced");
	finish(undo, "too little for it");
}

/* In the next batch, although it could be had then. */
static void not_tried_again(struct psnap_undo *undo)
{
	overwrite(undo);
	faults.no_uring = false;
	faults.no_direct = false;
	faults.result_times = 0;
	faults.reads = 0;
	wanted.list[0].offset_bytes = 3 * BLOCK;
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.reads, 0);
	end(undo);
}

static void test_not_there(bool no_uring, bool no_direct)
{
	struct psnap_undo *undo = begin();

	want_single();
	faults.no_uring = no_uring;
	faults.no_direct = no_direct;
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.reads, 0);
	T_EQ_U64(origin.reads, EXTENTS_MAX);
	T_EQ_U64(origin.prefetches, EXTENTS_MAX);
	finish(undo, "one by one");

	undo = begin();
	want_single();
	faults.no_uring = no_uring;
	faults.no_direct = no_direct;
	T_EQ_I64(prepare(undo), 0);
	not_tried_again(undo);
}

/* Something may be wrong with what nobody asked for: read again, by itself. */
static void test_failed(int result)
{
	struct psnap_undo *undo = begin();

	want_single();
	faults.result = result;
	faults.result_times = 3;
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(faults.nops, 3);
	T_EQ_U64(origin.reads, 3);
	finish(undo, "read again");
}

/* Not a disk's failure: it would not read any of them. */
static void test_refused(int result)
{
	struct psnap_undo *undo = begin();

	want_single();
	faults.result = result;
	faults.result_times = UINT32_MAX;
	T_EQ_I64(prepare(undo), 0);
	T_EQ_U64(origin.reads, EXTENTS_MAX);
	T_EQ_U64(origin.prefetches, EXTENTS_MAX);
	not_tried_again(undo);
}

/* The system takes nothing any more after so many calls. */
static void test_broken(unsigned int calls, unsigned int which)
{
	struct psnap_undo *undo = begin();

	want_single();
	faults.submit = -EBADF;
	faults.submit_first = calls;
	faults.submit_times = UINT32_MAX;
	T_EQ_I64(prepare(undo), 0);
	kept[which] = faults.memory;
	T_OK(calls || origin.reads == EXTENTS_MAX, "%u reads", origin.reads);
	T_OK(origin.reads > 0, "one by one after all");
	finish(undo, "broken");
}

/* What cannot be read is not overwritten. */
static void test_unreadable(bool no_uring)
{
	struct psnap_undo *undo = begin();
	struct psnap_error err = { 0 };
	struct psnap_io *io = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);

	want_single();
	faults.no_uring = no_uring;
	faults.result = -EIO;
	faults.result_times = UINT32_MAX;
	origin.fail_bytes = wanted.list[200].offset_bytes;
	T_EQ_I64(psnap_io_prepare(io, wanted.list, wanted.count, &err),
		 PSNAP_E_IO);
	T_EQ_U64(err.offset_bytes, origin.fail_bytes);
	T_OK(psnap_io_write(io, origin.fail_bytes, found, BLOCK, NULL) != 0,
	     "nor is it overwritten");
	end(undo);
}

/* False where the file system knows nothing but the page cache. */
static bool can_go_past(void)
{
	struct psnap_undo *undo = begin();

	want(0, 2u << 20);
	T_EQ_I64(prepare(undo), 0);
	T_OK(faults.reads || origin.reads, "read in one way or the other");
	T_OK(faults.reads || !system_goes_past(),
	     "the fast, where there is one");
	end(undo);
	return faults.reads;
}

static void test(void)
{
	static const int results[] = { -EIO, 512 };
	size_t i;

	test_single();
	test_close();
	test_crooked();
	test_long();
	test_stopped(false);
	test_stopped(true);
	test_little();
	test_not_there(true, false);
	test_not_there(false, true);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		test_failed(results[i]);
	test_refused(-EINVAL);
	test_refused(-EOPNOTSUPP);
	test_broken(0, 0);
	test_broken(11, 1);
	test_unreadable(false);
	test_unreadable(true);
}

/* Not in /tmp, which may be in memory. */
int main(void)
{
	char dir[] = "/var/tmp/psnap-gather-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	if (can_go_past())
		test();
	dir_remove(dir);
	return T_DONE();
}
