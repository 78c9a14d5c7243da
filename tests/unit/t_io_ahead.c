/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces read ahead by threads: each comes in its turn with the bytes of the
 * file, past the page cache or not, or without when it cannot be read; and
 * what is asked of the system, by a pread() that fails on demand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Reads past the page cache, and others, fail with these; short ones give the
 * first half, the first interrupted ones come again.
 */
static struct {
	int direct_errno;
	int cached_errno;
	bool no_direct;
	bool short_reads;
	unsigned int direct_reads;
	unsigned int cached_reads;
	unsigned int interruptions;
	int direct_fd;
} faults;

static int fake_open(const char *path, int flags)
{
	if (faults.no_direct) {
		errno = EINVAL;
		return -1;
	}
	/* Not every file system knows O_DIRECT; the test does not need it. */
	faults.direct_fd = open(path, flags & ~O_DIRECT);
	return faults.direct_fd;
}

static ssize_t fake_pread(int fd, void *to, size_t len, off_t at)
{
	bool direct = fd == faults.direct_fd;
	unsigned int *reads =
		direct ? &faults.direct_reads : &faults.cached_reads;

	__atomic_fetch_add(reads, 1, __ATOMIC_RELAXED);
	errno = direct ? faults.direct_errno : faults.cached_errno;
	if (errno)
		return -1;
	if (__atomic_load_n(&faults.interruptions, __ATOMIC_RELAXED)) {
		__atomic_fetch_sub(&faults.interruptions, 1, __ATOMIC_RELAXED);
		errno = EINTR;
		return -1;
	}
	if (faults.short_reads && len > 1)
		len /= 2;
	return pread(fd, to, len, at);
}

#define open  fake_open
#define pread fake_pread
#include "../../lib/src/io_ahead.c"
#undef open
#undef pread

#include "random.h"
#include "test.h"

#define FILE_BYTES  (1000000u)
#define PIECE_BYTES ((size_t)65536)

/*
 * @holds:      what is in the file
 * @taken, @wrong, @unread:  pieces: all, with other bytes or out of turn,
 *              without bytes
 * @fail_at:    the piece at which take() fails
 */
struct scene {
	uint8_t holds[FILE_BYTES];
	struct psnap_io *io;
	int fd;
	uint64_t taken;
	uint64_t wrong;
	uint64_t unread;
	uint64_t fail_at;
};

static struct scene scene;

static int take(void *ctx, const struct psnap_ahead_piece *piece,
		struct psnap_error *err)
{
	struct scene *s = ctx;

	if (piece->tag == s->fail_at)
		return psnap_fail(err, PSNAP_E_NOSPACE, "full");
	s->wrong += piece->tag != s->taken;
	if (!piece->data)
		s->unread++;
	else if (memcmp(piece->data, s->holds + piece->offset_bytes,
			piece->len_bytes) != 0)
		s->wrong++;
	s->taken++;
	return 0;
}

static void set_up(void)
{
	char path[] = "/tmp/t_io_ahead.XXXXXX";
	size_t i;

	memset(&faults, 0, sizeof(faults));
	faults.direct_fd = -1;
	scene.taken = scene.wrong = scene.unread = 0;
	scene.fail_at = UINT64_MAX;
	for (i = 0; i < FILE_BYTES; i++)
		scene.holds[i] = (uint8_t)next_random();
	scene.fd = mkstemp(path);
	if (scene.fd < 0 ||
	    write(scene.fd, scene.holds, FILE_BYTES) != FILE_BYTES ||
	    psnap_io_open(path, &scene.io, NULL))
		abort();
	unlink(path);
}

static void tear_down(void)
{
	(void)psnap_io_close(scene.io, NULL);
	close(scene.fd);
}

static struct psnap_ahead *ahead_of(struct psnap_io *io)
{
	const struct psnap_ahead_options options = {
		.io = io,
		.piece_bytes = PIECE_BYTES,
		.take = take,
		.ctx = &scene,
	};
	struct psnap_ahead *ahead;

	T_EQ_I64(psnap_ahead_open(&options, &ahead, NULL), 0);
	return ahead;
}

/* The whole file, in pieces of all sizes, or of @step_bytes. */
static int read_all(struct psnap_ahead *ahead, size_t step_bytes,
		    uint64_t *pieces)
{
	uint64_t at = 0;
	int rc = 0;

	*pieces = 0;
	while (at < FILE_BYTES && rc == 0) {
		size_t n = step_bytes ? step_bytes
				      : 1 + next_random() % PIECE_BYTES;

		if (n > FILE_BYTES - at)
			n = FILE_BYTES - at;
		rc = psnap_ahead_read(ahead, at, n, (*pieces)++, NULL);
		at += n;
	}
	return rc ? rc : psnap_ahead_finish(ahead, NULL);
}

static void test_read(size_t step_bytes)
{
	struct psnap_ahead *ahead = ahead_of(scene.io);
	uint64_t pieces;

	scene.taken = 0;
	T_EQ_I64(read_all(ahead, step_bytes, &pieces), 0);
	T_EQ_U64(scene.taken, pieces);
	T_EQ_U64(scene.wrong, 0);
	psnap_ahead_close(ahead);
}

static void test_bytes(void)
{
	set_up();
	test_read(0);
	test_read(PIECE_BYTES);
	T_OK(faults.direct_reads > 0, "whole pages are read past the cache");
	T_OK(faults.cached_reads > 0, "and what is not, through it");
	faults.short_reads = true;
	faults.interruptions = 20;
	test_read(0);
	test_read(4096);
	T_EQ_U64(faults.interruptions, 0);
	T_EQ_U64(scene.unread, 0);
	tear_down();
}

/* Some have no such thing as reading past the cache, some only say so late. */
static void test_no_direct(void)
{
	set_up();
	faults.no_direct = true;
	test_read(PIECE_BYTES);
	T_EQ_U64(faults.direct_reads, 0);
	faults.no_direct = false;
	faults.direct_errno = EINVAL;
	test_read(PIECE_BYTES);
	T_OK(faults.direct_reads > 0, "it was tried");
	T_EQ_U64(scene.unread, 0);
	tear_down();
}

static void test_unreadable(void)
{
	set_up();
	faults.direct_errno = EIO;
	test_read(4096);
	T_EQ_U64(scene.unread, FILE_BYTES / 4096);
	/* Only the last one is no whole page. */
	T_EQ_U64(faults.cached_reads, 1);
	faults.cached_errno = EIO;
	scene.unread = 0;
	test_read(1000);
	T_EQ_U64(scene.unread, FILE_BYTES / 1000);
	/* The file has become shorter. */
	faults.direct_errno = faults.cached_errno = 0;
	scene.unread = 0;
	T_EQ_I64(ftruncate(scene.fd, FILE_BYTES / 2), 0);
	test_read(4096);
	T_EQ_U64(scene.unread, FILE_BYTES / 4096 + 1 - FILE_BYTES / 2 / 4096);
	tear_down();
}

static void test_ends(void)
{
	struct psnap_ahead *ahead;
	uint64_t pieces;

	set_up();
	scene.fail_at = 20;
	ahead = ahead_of(scene.io);
	T_EQ_I64(read_all(ahead, 4096, &pieces), PSNAP_E_NOSPACE);
	T_EQ_U64(scene.taken, 20);
	T_OK(pieces < FILE_BYTES / 4096, "%" PRIu64 " asked for", pieces);
	T_EQ_I64(psnap_ahead_finish(ahead, NULL), PSNAP_E_NOSPACE);
	psnap_ahead_close(ahead);
	/* Closed in the middle. */
	scene.fail_at = UINT64_MAX;
	ahead = ahead_of(scene.io);
	T_EQ_I64(psnap_ahead_read(ahead, 0, 4096, 0, NULL), 0);
	psnap_ahead_close(ahead);
	psnap_ahead_close(NULL);
	tear_down();
}

static bool one_half(struct psnap_io *io, uint64_t offset_bytes,
		     struct psnap_io_source *source)
{
	source->fd = io->fd;
	source->offset_bytes = offset_bytes;
	source->len_bytes = FILE_BYTES / 2 - offset_bytes;
	return offset_bytes < FILE_BYTES / 2;
}

/* Bytes that stand in no file, or only some of them. */
static void test_elsewhere(void)
{
	const struct psnap_ahead_options options = { .piece_bytes = 1 };
	struct psnap_ahead_options other = options;
	struct psnap_ahead *ahead;
	struct psnap_io_ops ops;
	struct psnap_io half;
	uint64_t pieces;

	set_up();
	T_EQ_I64(psnap_io_open_memory(scene.holds, 10, 1, &other.io, NULL), 0);
	T_EQ_I64(psnap_ahead_open(&other, &ahead, NULL), PSNAP_E_UNSUPPORTED);
	T_OK(ahead == NULL, "nothing to read ahead");
	(void)psnap_io_close(other.io, NULL);
	ops = *scene.io->ops;
	ops.source = one_half;
	half = *scene.io;
	half.ops = &ops;
	ahead = ahead_of(&half);
	T_EQ_I64(read_all(ahead, 1000, &pieces), 0);
	T_EQ_U64(scene.unread, pieces / 2);
	T_EQ_U64(scene.wrong, 0);
	psnap_ahead_close(ahead);
	tear_down();
}

/*
 * Who borrows pieces, and what became of them.
 * @pieces:   that are not settled yet, and @copies of what was in them
 * @refuse:   has no use for them
 * @broken:   never settles
 * @changed:  of those that were settled, changed before
 */
static struct {
	const uint8_t *memory;
	size_t bytes;
	const uint8_t *pieces[64];
	uint8_t copies[64][4096];
	unsigned int count;
	unsigned int ends;
	unsigned int changed;
	bool refuse;
	bool broken;
} borrower;

static bool borrow(struct psnap_io *io, const void *memory, size_t bytes)
{
	(void)io;
	borrower.ends += !memory;
	borrower.memory = memory;
	borrower.bytes = bytes;
	return !borrower.refuse;
}

static bool settle(struct psnap_io *io, const void *memory, size_t bytes)
{
	const uint8_t *start = memory;
	unsigned int left = 0;
	unsigned int i;

	(void)io;
	for (i = 0; i < borrower.count; i++) {
		const uint8_t *piece = borrower.pieces[i];

		if (piece < start || piece >= start + bytes) {
			memmove(borrower.copies[left], borrower.copies[i],
				sizeof(borrower.copies[0]));
			borrower.pieces[left++] = piece;
			continue;
		}
		borrower.changed += memcmp(piece, borrower.copies[i],
					   sizeof(borrower.copies[0])) != 0;
	}
	borrower.count = left;
	return !borrower.broken;
}

static int take_lent(void *ctx, const struct psnap_ahead_piece *piece,
		     struct psnap_error *err)
{
	unsigned int i = borrower.count;

	if (piece->data) {
		borrower.changed += piece->data < borrower.memory ||
				    piece->data + piece->len_bytes >
					    borrower.memory + borrower.bytes;
		borrower.pieces[i] = piece->data;
		memcpy(borrower.copies[i], piece->data, 4096);
		borrower.count++;
	}
	return take(ctx, piece, err);
}

/* Nobody has borrowed anything yet, and pieces are lent to @to. */
static struct psnap_ahead *lending(struct psnap_io *to, bool refuse,
				   bool broken)
{
	static struct psnap_io_ops ops;
	const struct psnap_ahead_options options = {
		.io = scene.io,
		.to = to,
		.piece_bytes = 4096,
		.take = take_lent,
		.ctx = &scene,
	};
	struct psnap_ahead *ahead;

	memset(&borrower, 0, sizeof(borrower));
	borrower.refuse = refuse;
	borrower.broken = broken;
	*to = *scene.io;
	ops = *to->ops;
	ops.lend = borrow;
	ops.settle = settle;
	to->ops = &ops;
	T_EQ_I64(psnap_ahead_open(&options, &ahead, NULL), 0);
	return ahead;
}

/* Nothing is read to where something is still written from. */
static void test_lent(void)
{
	struct psnap_ahead *ahead;
	struct psnap_io to;
	uint64_t pieces;

	set_up();
	ahead = lending(&to, false, false);
	T_EQ_I64(read_all(ahead, 4096, &pieces), 0);
	T_EQ_U64(scene.taken, pieces);
	T_EQ_U64(scene.wrong, 0);
	T_EQ_U64(scene.unread, 0);
	T_EQ_U64(borrower.changed, 0);
	/* And not waited for right after it was begun. */
	T_EQ_U64(borrower.count, PIECES + LENT_PIECES);
	T_EQ_U64(borrower.ends, 0);
	psnap_ahead_close(ahead);
	T_EQ_U64(borrower.count, 0);
	T_EQ_U64(borrower.changed, 0);
	T_EQ_U64(borrower.ends, 1);
	T_OK(!borrower.memory, "no longer lent");
	tear_down();
}

/* Whoever takes them gives up while pieces are being written. */
static void test_lent_ends(void)
{
	struct psnap_ahead *ahead;
	struct psnap_io to;
	uint64_t pieces;

	set_up();
	scene.fail_at = 30;
	ahead = lending(&to, false, false);
	T_EQ_I64(read_all(ahead, 4096, &pieces), PSNAP_E_NOSPACE);
	T_OK(borrower.count > 0, "some are not settled");
	psnap_ahead_close(ahead);
	T_EQ_U64(borrower.count, 0);
	T_EQ_U64(borrower.changed, 0);
	T_EQ_U64(borrower.ends, 1);
	tear_down();
}

static void test_no_use(void)
{
	struct psnap_ahead *ahead;
	struct psnap_io to;

	set_up();
	ahead = lending(&to, true, false);
	T_EQ_U64(ahead->room_count, PIECES);
	psnap_ahead_close(ahead);
	T_EQ_U64(borrower.ends, 0);
	tear_down();
}

/* Then it is for whoever takes it to find out why nothing can be written. */
static void test_never_settled(void)
{
	static uint8_t *rooms;
	struct psnap_ahead *ahead;
	struct psnap_io to;
	uint64_t pieces;

	set_up();
	ahead = lending(&to, false, true);
	rooms = ahead->rooms;
	T_EQ_I64(read_all(ahead, 4096, &pieces), 0);
	T_EQ_U64(scene.unread, pieces);
	T_EQ_U64(faults.direct_reads + faults.cached_reads, 0);
	psnap_ahead_close(ahead);
	/* The system may still read it: it is not given back. */
	rooms[0] = 1;
	tear_down();
}

int main(void)
{
	test_bytes();
	test_no_direct();
	test_unreadable();
	test_ends();
	test_elsewhere();
	test_lent();
	test_lent_ends();
	test_no_use();
	test_never_settled();
	return T_DONE();
}
