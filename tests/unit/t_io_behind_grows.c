/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes behind the caller to a file that grows: what was announced goes past the
 * page cache, what was not goes the ordinary way, and the file is as long as
 * what was announced or written.
 */
#include "behind_scene.h"

#define STEP ((size_t)64 << 10)

static struct psnap_io *new_growing(void)
{
	struct psnap_io *io = NULL;

	memset(&faults, 0, sizeof(faults));
	memset(wanted, 0, sizeof(wanted));
	(void)unlink("grows");
	T_EQ_I64(psnap_io_open_growing("grows", &io, NULL), 0);
	T_EQ_I64(psnap_io_write_behind(&io, NULL), 0);
	put_first(io);
	return io;
}

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	T_EQ_I64(stat(path, &st), 0);
	return st;
}

static int announce(struct psnap_io *io, uint64_t offset_bytes,
		    uint64_t len_bytes)
{
	const struct psnap_extent extents[] = { { offset_bytes, len_bytes },
						{ 0, 4096 } };

	return psnap_io_prepare(io, extents, 2, NULL);
}

/* How many writes are under way after this one. */
static unsigned int under_way(struct psnap_io *io, size_t at, size_t len)
{
	T_EQ_I64(put(io, at, len), 0);
	return behind_of(io)->ring ? behind_of(io)->ring->under_way : 0;
}

static void end(struct psnap_io *io, size_t len_bytes)
{
	int fd;

	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_I64(stat_of("grows").st_size, (int64_t)len_bytes);
	fd = open("grows", O_RDONLY | O_CLOEXEC);
	T_OK(fd >= 0 && pread(fd, found, FILE_BYTES, 0) == (ssize_t)len_bytes &&
		     memcmp(found, wanted, len_bytes) == 0,
	     "what was written is there");
	close(fd);
}

/* It would wait for the one before, for the end is moved by one at a time. */
static void test_not_announced(void)
{
	struct psnap_io *io = new_growing();

	T_EQ_U64(under_way(io, BEGIN_BYTES, STEP), 0);
	T_EQ_U64(under_way(io, BEGIN_BYTES + STEP, STEP), 0);
	/* One that is over the end is not cut either. */
	T_EQ_U64(under_way(io, BEGIN_BYTES + STEP, 2 * STEP), 0);
	T_EQ_U64(under_way(io, 0, STEP), 1);
	end(io, BEGIN_BYTES + 3 * STEP);
}

static void test_announced(void)
{
	struct psnap_io *io = new_growing();
	const size_t end_bytes = BEGIN_BYTES + 40 * STEP + 512;
	size_t at;

	T_EQ_I64(announce(io, BEGIN_BYTES, end_bytes - BEGIN_BYTES), 0);
	T_EQ_I64(stat_of("grows").st_size, (int64_t)end_bytes);
	T_EQ_U64(under_way(io, BEGIN_BYTES, STEP), 1);
	faults.hold = true;
	for (at = BEGIN_BYTES + STEP; at + STEP <= end_bytes; at += STEP)
		T_EQ_I64(put(io, at, STEP), 0);
	T_EQ_U64(behind_of(io)->ring->under_way,
		 (end_bytes - BEGIN_BYTES) / STEP);
	faults.hold = false;
	T_EQ_U64(under_way(io, at, end_bytes - at), 0);
	/* What is announced later, when it has begun. */
	T_EQ_I64(announce(io, end_bytes, BEGIN_BYTES), 0);
	at = end_bytes - 512 + STEP;
	T_EQ_U64(under_way(io, at, STEP), 1);
	end(io, end_bytes + BEGIN_BYTES);
}

/* Nothing is made longer by what lies inside, and no hole is filled. */
static void test_inside(void)
{
	struct psnap_io *io = new_growing();

	T_EQ_I64(announce(io, 0, BEGIN_BYTES), 0);
	end(io, BEGIN_BYTES);

	io = new_io(true);
	T_OK(!io->ops->prepare, "nobody need announce anything");
	T_EQ_I64(announce(io, STEP, FILE_BYTES - STEP), 0);
	T_EQ_I64(stat_of("file").st_size, FILE_BYTES);
	T_EQ_I64(stat_of("file").st_blocks, 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

/* A call for each little would cost more than it saves. */
static void test_little(void)
{
	struct psnap_io *io = new_growing();

	T_EQ_I64(announce(io, BEGIN_BYTES, BEGIN_BYTES - 1), 0);
	T_EQ_I64(stat_of("grows").st_size, BEGIN_BYTES);
	T_EQ_I64(announce(io, BEGIN_BYTES, BEGIN_BYTES), 0);
	T_EQ_I64(stat_of("grows").st_size, 2 * BEGIN_BYTES);
	end(io, 2 * BEGIN_BYTES);
}

/* A file system that cannot, or is full, of which whoever writes will hear; or
 * that would write zeros first. */
static void test_no_room(bool no_room, long fs_type)
{
	struct psnap_io *io = new_growing();

	faults.no_room = no_room;
	faults.fs_type = fs_type;
	T_EQ_I64(announce(io, BEGIN_BYTES, BEGIN_BYTES), 0);
	T_EQ_I64(stat_of("grows").st_size, (int64_t)BEGIN_BYTES);
	T_EQ_U64(under_way(io, BEGIN_BYTES, STEP), 0);
	T_EQ_U64(under_way(io, BEGIN_BYTES + STEP, 2 * STEP), 0);
	end(io, BEGIN_BYTES + 3 * STEP);
}

/* For nothing: all goes the ordinary way. */
static void test_not_begun(void)
{
	struct psnap_io *io = new_growing();

	faults.no_uring = true;
	T_EQ_U64(under_way(io, BEGIN_BYTES, STEP), 0);
	T_EQ_I64(announce(io, BEGIN_BYTES, 2 * BEGIN_BYTES), 0);
	T_EQ_U64(under_way(io, BEGIN_BYTES + STEP, STEP), 0);
	end(io, BEGIN_BYTES + 2 * STEP);
}

static int fail_prepare(struct psnap_io *io, const struct psnap_extent *extents,
			size_t count, struct psnap_error *err)
{
	(void)io, (void)extents, (void)count, (void)err;
	return PSNAP_E_NOSPACE;
}

static void test_passed_on(void)
{
	struct psnap_io *io = new_growing();
	struct io_behind *b = behind_of(io);
	const struct psnap_io_ops *good = b->inner->ops;
	struct psnap_io_ops bad = *good;

	bad.prepare = fail_prepare;
	b->inner->ops = &bad;
	T_EQ_I64(announce(io, 0, STEP), PSNAP_E_NOSPACE);
	b->inner->ops = good;
	end(io, BEGIN_BYTES);
}

/* Not asked of what is tested. */
static bool has_room(void)
{
	int fd = open("room", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	bool has = fd >= 0 && fallocate(fd, 0, 0, BEGIN_BYTES) == 0;

	close(fd);
	return has;
}

static void test(void)
{
	test_not_announced();
	test_inside();
	if (has_room()) {
		test_announced();
		test_little();
	}
	test_no_room(true, 0);
	test_no_room(false, MSDOS_SUPER_MAGIC);
	test_not_begun();
	test_passed_on();
}

int main(void)
{
	return behind_main(test);
}
