/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies below a loop device is written early: part by part, one call at a time,
 * never again where the system cannot, and what the disk could not take is told;
 * and what will be read of the device is read of that. A ring has it done.
 */
#include "../../lib/src/use.h"

#include <liburing.h>
#include <unistd.h>

#define MIB	   ((size_t)1 << 20)
#define BELOW_SIZE (UINT64_C(100) * MIB)

/*
 * @is_loop:      what is written to is a loop device
 * @size_bytes, @start_bytes:  of what that stands on, and where in it
 * @looks:        for that file
 * @lasts:        what the system is asked is done when something is in @pipe
 * @count:        so often it was
 * @fetches:      so often to read of that file, at last from @fetch_bytes on
 * @wrong:        so often for something else
 */
static struct {
	bool is_loop;
	bool lasts;
	uint64_t size_bytes;
	uint64_t start_bytes;
	unsigned int looks;
	unsigned int count;
	unsigned int fetches;
	unsigned int wrong;
	off_t fetch_bytes;
	int pipe[2];
	char piped;
} scene;

static bool fake_below(const struct psnap_use_roots *roots, int device,
		       struct psnap_use_below *below);
static int fake_fadvise(int fd, off_t offset_bytes, off_t len_bytes,
			int advice);
static void fake_push(struct io_uring_sqe *sqe, int fd, unsigned int len_bytes,
		      uint64_t offset_bytes, int flags);

#define psnap_use_below_open	      fake_below
#define posix_fadvise		      fake_fadvise
#define io_uring_prep_sync_file_range fake_push
#define ABOVE_RING		      "../../lib/src/io_below.c"
#include "ring_faults.h"
#undef io_uring_prep_sync_file_range

#include "files.h"
#include "test.h"

#define FILE_BYTES (24 * MIB)

static struct psnap_io_ring *tested;
static struct psnap_extent part;
static unsigned int written;
/* Of a ring that is broken; for whoever looks for leaks. */
static uint8_t *kept;

static bool fake_below(const struct psnap_use_roots *roots, int device,
		       struct psnap_use_below *below)
{
	(void)roots;
	(void)device;
	scene.looks++;
	below->fd = scene.is_loop ? dup(scene.pipe[0]) : -1;
	below->size_bytes = scene.size_bytes;
	below->start_bytes = scene.start_bytes;
	return scene.is_loop;
}

static int fake_fadvise(int fd, off_t offset_bytes, off_t len_bytes, int advice)
{
	(void)fd;
	scene.fetches++;
	scene.fetch_bytes = offset_bytes;
	scene.wrong += len_bytes != 8192 || advice != POSIX_FADV_WILLNEED;
	return 0;
}

static void fake_push(struct io_uring_sqe *sqe, int fd, unsigned int len_bytes,
		      uint64_t offset_bytes, int flags)
{
	scene.wrong += fd != tested->below.fd ||
		       len_bytes != BELOW_SIZE / PARTS ||
		       offset_bytes != scene.count * BELOW_SIZE / PARTS ||
		       flags != SYNC_FILE_RANGE_WRITE;
	scene.count++;
	if (scene.lasts)
		io_uring_prep_read(sqe, fd, &scene.piped, 1, (uint64_t)-1);
	else
		io_uring_prep_nop(sqe);
}

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1;
}

static struct psnap_io_below new_scene(bool is_loop)
{
	const int ends[2] = { scene.pipe[0], scene.pipe[1] };

	memset(&scene, 0, sizeof(scene));
	memset(&faults, 0, sizeof(faults));
	memcpy(scene.pipe, ends, sizeof(ends));
	scene.is_loop = is_loop;
	scene.size_bytes = BELOW_SIZE;
	return psnap_io_below_new();
}

static bool due(struct psnap_io_below *below, size_t len_bytes)
{
	return psnap_io_below_due(below, 0, len_bytes, &part);
}

static void test_when(void)
{
	struct psnap_io_below below = new_scene(true);

	T_OK(!due(&below, 16 * MIB - 1), "not before");
	T_EQ_U64(scene.looks, 0);
	T_OK(due(&below, 1), "and then");
	T_OK(!due(&below, 2 * MIB), "one at a time");
	psnap_io_below_done(&below, 0);
	T_OK(due(&below, 1), "what was written meanwhile");
	psnap_io_below_done(&below, 0);
	T_OK(!due(&below, MIB - 1), "from the start");
	T_OK(due(&below, 1), "again");
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
}

/* Every byte of the file, once, before the first comes again. */
static void test_parts(uint64_t size_bytes, uint64_t part_bytes)
{
	struct psnap_io_below below = new_scene(true);
	uint64_t at_bytes = 0;

	scene.size_bytes = size_bytes;
	(void)due(&below, 15 * MIB);
	do {
		if (!T_OK(due(&below, MIB), "at %llu",
			  (unsigned long long)at_bytes))
			break;
		T_EQ_U64(part.offset_bytes, at_bytes);
		T_EQ_U64(part.len_bytes, part_bytes);
		at_bytes += part_bytes;
		psnap_io_below_done(&below, 0);
	} while (at_bytes < size_bytes);
	T_OK(due(&below, MIB) && part.offset_bytes == 0, "from its start");
	psnap_io_below_release(&below);
}

static void test_nothing_to_push(void)
{
	struct psnap_io_below below = new_scene(false);

	T_OK(!due(&below, 16 * MIB), "no loop device");
	T_OK(!due(&below, 16 * MIB), "nor later");
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
}

static void test_never_again(int result, int failed_errno)
{
	struct psnap_io_below below = new_scene(true);
	int fd;

	T_OK(due(&below, 16 * MIB), "asked once");
	fd = below.fd;
	psnap_io_below_done(&below, result);
	T_OK(is_closed(fd), "closed");
	T_EQ_I64(below.failed_errno, failed_errno);
	T_OK(!due(&below, 32 * MIB), "and not again");
	psnap_io_below_release(&below);
}

static void test_fetch(void)
{
	struct psnap_io_below below = new_scene(true);

	scene.start_bytes = MIB;
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 1);
	T_EQ_I64(scene.fetch_bytes, MIB + 4096);
	psnap_io_below_fetch(&below, 0, INT64_MAX - MIB, 8192);
	T_EQ_I64(scene.fetch_bytes, INT64_MAX);
	psnap_io_below_fetch(&below, 0, INT64_MAX - MIB + 1, 8192);
	psnap_io_below_fetch(&below, 0, UINT64_MAX, 8192);
	T_EQ_U64(scene.fetches, 2);
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 2);
	T_EQ_U64(scene.wrong, 0);
	below = new_scene(false);
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 0);
}

static void note_written(void *ctx, const struct psnap_io_ring_done *done)
{
	(void)ctx;
	written += done->result == (int)MIB;
}

/* Distinct places, as many as the file has. */
static void write_some(const uint8_t *data, unsigned int count)
{
	unsigned int failed = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		failed += psnap_io_ring_write(tested, i * MIB, data, MIB) != 0;
	T_EQ_U64(failed, 0);
}

static void new_ring(int device)
{
	written = 0;
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	T_OK(tested, "a ring");
}

static void test_ring_pushes(int device, const uint8_t *data)
{
	int fd;

	(void)new_scene(true);
	new_ring(device);
	write_some(data, 24);
	T_EQ_I64(psnap_io_ring_finish(tested), 0);
	T_EQ_U64(written, 24);
	T_OK(scene.count > 1 && scene.count <= 9, "asked %u times",
	     scene.count);
	T_EQ_U64(scene.wrong, 0);
	T_OK(!tested->below.asked, "and answered");
	fd = tested->below.fd;
	psnap_io_ring_free(tested);
	T_OK(is_closed(fd), "closed with the ring");
}

/* Who waits for what was written does not wait for it; who is going to flush does,
 * and hears of it. */
static void test_ring_waits(int device, const uint8_t *data, int result)
{
	(void)new_scene(true);
	scene.lasts = true;
	new_ring(device);
	write_some(data, 24);
	T_EQ_I64(psnap_io_ring_drain(tested), 0);
	T_EQ_U64(written, 24);
	T_EQ_U64(scene.count, 1);
	T_OK(tested->below.asked, "it is still at it");
	/* A byte is what a read comes to; the end of the file is a failure. */
	faults.result = result;
	if (result == 0)
		T_EQ_I64(write(scene.pipe[1], "x", 1), 1);
	else
		close(scene.pipe[1]);
	T_EQ_I64(psnap_io_ring_finish(tested), result);
	T_OK(!tested->below.asked, "done");
	T_EQ_I64(psnap_io_ring_finish(tested), result);
	psnap_io_ring_free(tested);
}

/* It never comes back: that is the end of waiting, not for ever. */
static void test_ring_breaks(int device, const uint8_t *data)
{
	(void)new_scene(true);
	scene.lasts = true;
	new_ring(device);
	write_some(data, 24);
	T_EQ_I64(psnap_io_ring_drain(tested), 0);
	faults.submit = -EBUSY;
	faults.submit_times = 2000;
	T_EQ_I64(psnap_io_ring_finish(tested), -EBUSY);
	kept = tested->slots->room;
	psnap_io_ring_free(tested);
	kept[0] = 1;
}

static void test_ring_reads(int device)
{
	unsigned int i;

	(void)new_scene(true);
	new_ring(device);
	for (i = 0; i < 3; i++)
		T_EQ_I64(psnap_io_ring_read(tested, i * 8192, 8192), 0);
	T_EQ_U64(scene.fetches, 3);
	T_EQ_I64(scene.fetch_bytes, 16384);
	T_EQ_I64(psnap_io_ring_drain(tested), 0);
	T_EQ_U64(scene.wrong, 0);
	psnap_io_ring_free(tested);
}

static void test_rings(void)
{
	int device =
		open("device", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0666);
	uint8_t *data = calloc(1, MIB);

	if (!T_OK(device >= 0 && data && ftruncate(device, FILE_BYTES) == 0,
		  "a device"))
		return;
	test_ring_pushes(device, data);
	test_ring_waits(device, data, 0);
	test_ring_breaks(device, data);
	test_ring_reads(device);
	test_ring_waits(device, data, -EIO);
	free(data);
	close(device);
}

/* Not in /tmp, which may be in memory. */
int main(void)
{
	char dir[] = "/var/tmp/psnap-below-XXXXXX";

	if (!dir_enter(dir) || !T_EQ_I64(pipe(scene.pipe), 0))
		return T_DONE();
	test_when();
	test_parts(BELOW_SIZE, BELOW_SIZE / 64);
	test_parts(10 * MIB + 1, MIB);
	test_parts(UINT64_C(90) << 30, UINT64_C(1) << 30);
	test_nothing_to_push();
	test_never_again(-EINVAL, 0);
	test_never_again(-EIO, EIO);
	test_never_again(-ENOSPC, ENOSPC);
	test_fetch();
	if (system_goes_past())
		test_rings();
	dir_remove(dir);
	return T_DONE();
}
