/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes behind the caller that fail: what the disk or the system refuses is
 * written all the same, or the flush fails.
 */
#include "behind_scene.h"

/* Of a ring that is broken; for whoever looks for leaks. */
static uint8_t *kept[2];

/* @result: of two of many; written once more, and nobody hears of it. */
static void test_failure(int result)
{
	struct psnap_io *io = new_io(false);

	put_first(io);
	put_some(io, 100);
	faults.result = result;
	faults.result_times = 2;
	T_EQ_I64(put(io, FILE_BYTES - 8192, 8192), 0);
	put_some(io, 300);
	T_EQ_U64(faults.nops, 2);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_OK(is_there(), "result %d: written once more", result);
	T_EQ_U64(behind_of(io)->refused,
		 result == -EINVAL || result == -EOPNOTSUPP);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

static int64_t no_write(struct psnap_io *io, uint64_t offset_bytes,
			const void *buf, size_t len_bytes)
{
	(void)io, (void)offset_bytes, (void)buf, (void)len_bytes;
	return -EIO;
}

/* What could not be written at all is never there: every flush says so. */
static void test_failure_twice(void)
{
	struct psnap_io *io = new_io(false);
	struct io_behind *b = behind_of(io);
	const struct psnap_io_ops *good = b->inner->ops;
	struct psnap_io_ops bad = *good;
	struct psnap_error err = { 0 };

	put_first(io);
	faults.result = -EIO;
	faults.result_times = 1;
	T_EQ_I64(put(io, 4096, 4096), 0);
	bad.write_some = no_write;
	b->inner->ops = &bad;
	T_EQ_I64(psnap_io_sync(io, &err), PSNAP_E_IO);
	T_EQ_I64(err.os_errno, EIO);
	b->inner->ops = good;
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_IO);
	T_OK(put(io, 4096, 1) < 0, "nor is anything written");
	T_OK(psnap_io_close(io, NULL) < 0, "and closing fails");
}

/* What a loop device stands on could not be written: the device may not know. */
static void test_failure_below(void)
{
	struct psnap_io *io = new_io(false);
	struct psnap_error err = { 0 };

	put_first(io);
	put_some(io, 10);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	psnap_io_below_done(&behind_of(io)->ring->below, -EIO);
	T_EQ_I64(psnap_io_sync(io, &err), PSNAP_E_IO);
	T_EQ_I64(err.os_errno, EIO);
	T_EQ_I64(psnap_io_sync(io, NULL), PSNAP_E_IO);
	T_OK(psnap_io_close(io, NULL) < 0, "and closing fails");
}

static void test_passing(int rc)
{
	struct psnap_io *io = new_io(false);

	put_first(io);
	faults.submit = rc;
	faults.submit_times = 5;
	put_some(io, 100);
	T_EQ_U64(faults.submit_times, 0);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "handed over after %s", strerror(-rc));
}

/* As when the process was stopped and goes on: nothing is left to wait for. */
static void test_late(void)
{
	struct psnap_io *io = new_io(false);

	put_first(io);
	T_EQ_I64(put(io, 4096, 4096), 0);
	faults.late = 1;
	alarm(30);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	alarm(0);
	T_EQ_U64(faults.late, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_OK(is_there(), "done before it was waited for");
}

/* The system takes nothing any more: it ends, and not well. */
static void test_broken(int rc, unsigned int which)
{
	struct psnap_io *io = new_io(false);
	struct psnap_error err = { 0 };

	put_first(io);
	faults.submit = rc;
	faults.submit_times = UINT32_MAX;
	T_EQ_I64(put(io, 4096, 4096), 0);
	kept[which] = behind_of(io)->ring->slots->room;
	T_EQ_I64(psnap_io_sync(io, &err), PSNAP_E_IO);
	T_EQ_I64(err.os_errno, -rc);
	T_OK(put(io, 8192, 4096) < 0, "no more after %s", strerror(-rc));
	T_OK(psnap_io_read(io, 0, found, 1, NULL) < 0, "not read either");
	T_OK(psnap_io_close(io, NULL) < 0, "and closing fails");
	/* The system may still read it: it was not given back. */
	kept[which][0] = 1;
}

static void test(void)
{
	static const int results[] = { -EIO, -EINVAL, -EOPNOTSUPP, 512 };
	size_t i;

	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		test_failure(results[i]);
	test_failure_twice();
	test_failure_below();
	test_passing(-EINTR);
	test_passing(-EAGAIN);
	test_passing(-EBUSY);
	test_late();
	test_broken(-EBADF, 0);
	test_broken(-EAGAIN, 1);
}

int main(void)
{
	return behind_main(test);
}
