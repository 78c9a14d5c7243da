/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies below a loop device is written early: every so many bytes, one call
 * at a time, and never again where the system cannot; and what will be read of the
 * device is read of that. A ring has it done.
 */
#include "../../lib/src/use.h"

#include <fcntl.h>
#include <liburing.h>
#include <sys/sysmacros.h>

/*
 * @is_loop:  what is written to lies on a loop device
 * @missing:  nothing has the name of what that stands on
 * @broken:   the system cannot do it
 * @is_block:     it is that device or a partition of it
 * @start_bytes:  where it begins
 * @looks:    for that file
 * @count:    so often the system was asked
 * @fetches:  so often to read of that file, at last from @fetch_bytes on
 * @wrong:    so often for something else
 */
static struct {
	bool is_loop;
	bool missing;
	bool broken;
	bool is_block;
	uint64_t start_bytes;
	unsigned int looks;
	unsigned int count;
	unsigned int fetches;
	off_t fetch_bytes;
	unsigned int wrong;
} scene;

static dev_t fake_loop_of(const struct psnap_use_roots *roots, dev_t dev)
{
	(void)roots;
	(void)dev;
	scene.looks++;
	return scene.is_loop ? makedev(7, 3) : 0;
}

static int fake_loop_open(const struct psnap_use_roots *roots, dev_t loop)
{
	(void)roots;
	if (scene.missing || loop != makedev(7, 3))
		return -1;
	return open("below", O_RDONLY | O_CLOEXEC);
}

static uint64_t fake_loop_start(const struct psnap_use_roots *roots, dev_t loop,
				dev_t dev)
{
	(void)roots;
	(void)loop;
	(void)dev;
	return scene.start_bytes;
}

/* As if @fd were a block device, if it is to be. */
static int fake_fstat(int fd, struct stat *st)
{
	int rc = fstat(fd, st);

	if (scene.is_block)
		st->st_mode = S_IFBLK;
	return rc;
}

static int fake_fadvise(int fd, off_t offset_bytes, off_t len_bytes, int advice)
{
	(void)fd;
	scene.fetches++;
	scene.fetch_bytes = offset_bytes;
	scene.wrong += len_bytes != 8192 || advice != POSIX_FADV_WILLNEED;
	return 0;
}

#define fstat		     fake_fstat
#define posix_fadvise	     fake_fadvise
#define psnap_use_loop_start fake_loop_start
#define psnap_use_loop_of    fake_loop_of
#define psnap_use_loop_open  fake_loop_open
#include "../../lib/src/io_below.c"
#undef fstat

static struct psnap_io_ring *tested;
static int push_fd(void);

static void fake_push(struct io_uring_sqe *sqe, int fd, unsigned int len_bytes,
		      uint64_t offset_bytes, int flags)
{
	scene.count++;
	scene.wrong += fd != push_fd() || len_bytes || offset_bytes ||
		       flags != SYNC_FILE_RANGE_WRITE;
	io_uring_prep_sync_file_range(sqe, scene.broken ? -1 : fd, len_bytes,
				      offset_bytes, flags);
}

#define io_uring_prep_sync_file_range fake_push
#include "../../lib/src/io_ring.c"

#include "files.h"
#include "test.h"

#define MIB	    ((size_t)1 << 20)
#define FILE_BYTES  (24 * MIB)
#define WRITES	    80u
#define WRITE_BYTES MIB

static unsigned int written;

static int push_fd(void)
{
	return tested->below.fd;
}

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1;
}

static struct psnap_io_below new_scene(bool is_loop)
{
	memset(&scene, 0, sizeof(scene));
	scene.is_loop = is_loop;
	return psnap_io_below_new();
}

static void test_every_16_mib(void)
{
	struct psnap_io_below below = new_scene(true);

	T_OK(!psnap_io_below_due(&below, 0, 16 * MIB - 1), "not before");
	T_EQ_U64(scene.looks, 0);
	T_OK(psnap_io_below_due(&below, 0, 1), "and then");
	T_OK(below.fd >= 0, "it is open");
	T_OK(!psnap_io_below_due(&below, 0, 17 * MIB), "one at a time");
	psnap_io_below_done(&below, 0);
	T_OK(psnap_io_below_due(&below, 0, 1), "what was written meanwhile");
	psnap_io_below_done(&below, 0);
	T_OK(!psnap_io_below_due(&below, 0, 16 * MIB - 1), "from the start");
	T_OK(psnap_io_below_due(&below, 0, 1), "again");
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
}

static void test_nothing_to_push(void)
{
	struct psnap_io_below below = new_scene(false);

	T_OK(!psnap_io_below_due(&below, 0, 16 * MIB), "no loop device");
	T_OK(!psnap_io_below_due(&below, 0, 16 * MIB), "nor later");
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
	below = new_scene(true);
	scene.missing = true;
	T_OK(!psnap_io_below_due(&below, 0, 16 * MIB), "nothing has the name");
	T_OK(!psnap_io_below_due(&below, -1, 16 * MIB), "nor later");
	below = new_scene(true);
	T_OK(!psnap_io_below_due(&below, -1, 16 * MIB), "nothing is open");
	psnap_io_below_release(&below);
}

static void test_never_again(void)
{
	struct psnap_io_below below = new_scene(true);
	int fd;

	T_OK(psnap_io_below_due(&below, 0, 16 * MIB), "asked once");
	fd = below.fd;
	psnap_io_below_done(&below, -EINVAL);
	T_OK(is_closed(fd), "closed");
	T_OK(!psnap_io_below_due(&below, 0, 32 * MIB), "and not again");
	psnap_io_below_release(&below);
}

static struct psnap_io_below new_device(uint64_t start_bytes)
{
	struct psnap_io_below below = new_scene(true);

	scene.is_block = true;
	scene.start_bytes = start_bytes;
	return below;
}

static void test_fetch(void)
{
	struct psnap_io_below below = new_device(1048576);

	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 1);
	T_EQ_I64(scene.fetch_bytes, 1048576 + 4096);
	psnap_io_below_fetch(&below, 0, INT64_MAX - 1048576, 8192);
	T_EQ_I64(scene.fetch_bytes, INT64_MAX);
	psnap_io_below_fetch(&below, 0, INT64_MAX - 1048575, 8192);
	psnap_io_below_fetch(&below, 0, UINT64_MAX, 8192);
	T_EQ_U64(scene.fetches, 2);
	T_EQ_U64(scene.looks, 1);
	psnap_io_below_release(&below);
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 2);
	T_EQ_U64(scene.wrong, 0);
}

static void test_nothing_to_fetch(void)
{
	struct psnap_io_below below = new_device(UINT64_MAX);

	psnap_io_below_fetch(&below, 0, 4096, 8192);
	psnap_io_below_release(&below);
	below = new_device(0);
	scene.missing = true;
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	/* Where in it a file lies that is on the device, nobody knows. */
	below = new_scene(true);
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	psnap_io_below_release(&below);
	below = new_scene(false);
	scene.is_block = true;
	psnap_io_below_fetch(&below, 0, 4096, 8192);
	T_EQ_U64(scene.fetches, 0);
}

static void note_written(void *ctx, const struct psnap_io_ring_done *done)
{
	(void)ctx;
	written += done->result == (int)WRITE_BYTES;
}

static void write_all(const uint8_t *data)
{
	unsigned int failed = 0;
	unsigned int i;

	for (i = 0; i < WRITES; i++)
		failed += psnap_io_ring_write(tested, i * MIB % FILE_BYTES,
					      data, WRITE_BYTES) != 0;
	T_EQ_U64(failed, 0);
	T_EQ_I64(psnap_io_ring_drain(tested), 0);
	T_EQ_U64(written, WRITES);
	T_EQ_U64(tested->under_way, 0);
	T_OK(!tested->below.asked, "nothing is waited for any more");
	T_EQ_U64(scene.wrong, 0);
}

static void test_ring_reads(int device)
{
	unsigned int i;

	(void)new_device(0);
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	for (i = 0; i < 3; i++)
		T_EQ_I64(psnap_io_ring_read(tested, i * 8192, 8192), 0);
	T_EQ_U64(scene.fetches, 3);
	T_EQ_I64(scene.fetch_bytes, 16384);
	T_EQ_I64(psnap_io_ring_drain(tested), 0);
	T_EQ_U64(scene.wrong, 0);
	psnap_io_ring_free(tested);
}

/* What the system has not answered yet holds back what would be asked next. */
static void test_ring(const uint8_t *data)
{
	int device = open("device", O_RDWR | O_DIRECT | O_CLOEXEC);
	int fd;

	(void)new_scene(true);
	written = 0;
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	if (!T_OK(device >= 0 && tested, "a ring"))
		return;
	write_all(data);
	T_OK(scene.count >= 1 && scene.count <= WRITES / 16, "asked %u times",
	     scene.count);
	fd = tested->below.fd;
	psnap_io_ring_free(tested);
	T_OK(is_closed(fd), "closed with the ring");

	(void)new_scene(true);
	scene.broken = true;
	written = 0;
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	write_all(data);
	T_EQ_U64(scene.count, 1);
	psnap_io_ring_free(tested);
	test_ring_reads(device);
	close(device);
}

static bool can_ring(void)
{
	int fd = open("device", O_RDWR | O_DIRECT | O_CLOEXEC);
	struct io_uring uring;
	bool can = fd >= 0 && io_uring_queue_init(8, &uring, 0) == 0;

	if (can)
		io_uring_queue_exit(&uring);
	close(fd);
	return can;
}

/* Not in /tmp, which may be in memory. */
int main(void)
{
	char dir[] = "/var/tmp/psnap-below-XXXXXX";
	uint8_t *data = calloc(1, WRITE_BYTES);

	if (!data || !dir_enter(dir))
		return T_DONE();
	file_put("below", "");
	file_put("device", "");
	T_EQ_I64(truncate("device", FILE_BYTES), 0);
	test_every_16_mib();
	test_nothing_to_push();
	test_never_again();
	test_fetch();
	test_nothing_to_fetch();
	if (can_ring())
		test_ring(data);
	free(data);
	dir_remove(dir);
	return T_DONE();
}
