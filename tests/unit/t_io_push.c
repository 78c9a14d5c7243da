/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies below a loop device is written early: every so many bytes, one call
 * at a time, and never again where the system cannot; requests that were counted
 * without it are counted with it.
 */
#include "../../lib/src/use.h"

#include <fcntl.h>
#include <liburing.h>
#include <sys/sysmacros.h>

/*
 * @is_loop:  what is written to lies on a loop device
 * @missing:  nothing has the name of what that stands on
 * @broken:   the system cannot do it
 * @looks:    for that file
 * @count:    so often the system was asked
 * @wrong:    so often for something else
 */
static struct {
	bool is_loop;
	bool missing;
	bool broken;
	unsigned int looks;
	unsigned int count;
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

#define psnap_use_loop_of   fake_loop_of
#define psnap_use_loop_open fake_loop_open
#include "../../lib/src/io_push.c"

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
	return tested->push.fd;
}

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1;
}

static struct psnap_io_push new_scene(bool is_loop)
{
	memset(&scene, 0, sizeof(scene));
	scene.is_loop = is_loop;
	return psnap_io_push_new();
}

static void test_every_16_mib(void)
{
	struct psnap_io_push push = new_scene(true);

	T_OK(!psnap_io_push_due(&push, 0, 16 * MIB - 1), "not before");
	T_EQ_U64(scene.looks, 0);
	T_OK(psnap_io_push_due(&push, 0, 1), "and then");
	T_OK(push.fd >= 0, "it is open");
	T_OK(!psnap_io_push_due(&push, 0, 17 * MIB), "one at a time");
	psnap_io_push_done(&push, 0);
	T_OK(psnap_io_push_due(&push, 0, 1), "what was written meanwhile");
	psnap_io_push_done(&push, 0);
	T_OK(!psnap_io_push_due(&push, 0, 16 * MIB - 1), "from the start");
	T_OK(psnap_io_push_due(&push, 0, 1), "again");
	T_EQ_U64(scene.looks, 1);
	psnap_io_push_release(&push);
}

static void test_nothing_to_push(void)
{
	struct psnap_io_push push = new_scene(false);

	T_OK(!psnap_io_push_due(&push, 0, 16 * MIB), "no loop device");
	T_OK(!psnap_io_push_due(&push, 0, 16 * MIB), "nor later");
	T_EQ_U64(scene.looks, 1);
	psnap_io_push_release(&push);
	push = new_scene(true);
	scene.missing = true;
	T_OK(!psnap_io_push_due(&push, 0, 16 * MIB), "nothing has the name");
	T_OK(!psnap_io_push_due(&push, -1, 16 * MIB), "nor later");
	push = new_scene(true);
	T_OK(!psnap_io_push_due(&push, -1, 16 * MIB), "nothing is open");
	psnap_io_push_release(&push);
}

static void test_never_again(void)
{
	struct psnap_io_push push = new_scene(true);
	int fd;

	T_OK(psnap_io_push_due(&push, 0, 16 * MIB), "asked once");
	fd = push.fd;
	psnap_io_push_done(&push, -EINVAL);
	T_OK(is_closed(fd), "closed");
	T_OK(!psnap_io_push_due(&push, 0, 32 * MIB), "and not again");
	psnap_io_push_release(&push);
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
	T_OK(!tested->push.asked, "nothing is waited for any more");
	T_EQ_U64(scene.wrong, 0);
}

/* What the system has not answered yet holds back what would be asked next. */
static void test_ring(const uint8_t *data)
{
	int device = open("device", O_WRONLY | O_DIRECT | O_CLOEXEC);
	int fd;

	(void)new_scene(true);
	written = 0;
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	if (!T_OK(device >= 0 && tested, "a ring"))
		return;
	write_all(data);
	T_OK(scene.count >= 1 && scene.count <= WRITES / 16, "asked %u times",
	     scene.count);
	fd = tested->push.fd;
	psnap_io_ring_free(tested);
	T_OK(is_closed(fd), "closed with the ring");

	(void)new_scene(true);
	scene.broken = true;
	written = 0;
	tested = psnap_io_ring_new(device, 8 * MIB, note_written, NULL);
	write_all(data);
	T_EQ_U64(scene.count, 1);
	psnap_io_ring_free(tested);
	close(device);
}

static bool can_ring(void)
{
	int fd = open("device", O_WRONLY | O_DIRECT | O_CLOEXEC);
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
	char dir[] = "/var/tmp/psnap-push-XXXXXX";
	uint8_t *data = calloc(1, WRITE_BYTES);

	if (!data || !dir_enter(dir))
		return T_DONE();
	file_put("below", "");
	file_put("device", "");
	T_EQ_I64(truncate("device", FILE_BYTES), 0);
	test_every_16_mib();
	test_nothing_to_push();
	test_never_again();
	if (can_ring())
		test_ring(data);
	free(data);
	dir_remove(dir);
	return T_DONE();
}
