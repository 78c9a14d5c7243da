/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes behind the caller from lent memory: nothing is copied that stays as it
 * is, and it may be changed as soon as it is settled, not before.
 */
#include "behind_scene.h"

#define LENT_BYTES ((size_t)8 << 20)
#define PAGE	   65536

/* With a page before and behind that is not. */
static uint8_t *lent;
/* Of a ring that is broken; for whoever looks for leaks. */
static uint8_t *kept;

static struct psnap_io *new_lent(void)
{
	struct psnap_io *io = new_io(false);

	T_OK(psnap_io_lend(io, lent, LENT_BYTES), "it has a use for it");
	fill_random(lent - PAGE, LENT_BYTES + 2 * PAGE);
	return io;
}

static int put_lent(struct psnap_io *io, size_t at, size_t from, size_t len)
{
	memcpy(wanted + at, lent + from, len);
	return psnap_io_write(io, at, lent + from, len, NULL);
}

static bool is_copied(struct psnap_io *io, size_t from, size_t len)
{
	return !psnap_io_slots_use(behind_of(io)->ring->slots, lent + from,
				   len);
}

static void end(struct psnap_io *io)
{
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_OK(is_there(), "what was lent is there");
	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "and nobody needs it");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

static void test_not_copied(void)
{
	struct psnap_io *io = new_lent();

	put_first(io);
	faults.hold = true;
	T_EQ_I64(put_lent(io, 0, 0, 4096), 0);
	T_OK(!is_copied(io, 0, 4096), "written from where it is");
	T_EQ_I64(put_lent(io, 8192, LENT_BYTES - 4096, 4096), 0);
	T_OK(!is_copied(io, LENT_BYTES - 1, 1), "to the end of it");
	/* What the disk would not take. */
	T_EQ_I64(put_lent(io, 16384, 65536 + 512, 4096), 0);
	T_OK(is_copied(io, 65536, 8192), "not from within a page");
	T_EQ_I64(put_lent(io, 32768, LENT_BYTES - 4096, 8192), 0);
	T_OK(is_copied(io, LENT_BYTES, 1), "nor what is not all lent");
	T_EQ_I64(psnap_io_write(io, 49152, lent - 4096, 4096, NULL), 0);
	memcpy(wanted + 49152, lent - 4096, 4096);
	T_OK(!psnap_io_slots_use(behind_of(io)->ring->slots, lent - 4096, 4096),
	     "or lies in front");
	T_EQ_I64(put(io, 65536, 4096), 0);
	T_EQ_U64(behind_of(io)->ring->under_way, 6);
	end(io);
}

/* Only what is asked for is waited for. */
static void test_settle(void)
{
	struct psnap_io *io = new_lent();

	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "not begun");
	put_first(io);
	faults.hold = true;
	T_EQ_I64(put_lent(io, 65536, 65536, 4096), 0);
	T_OK(psnap_io_settle(io, lent, 65536), "what is in front");
	T_OK(psnap_io_settle(io, lent + 65536 + 4096, 65536), "and behind");
	T_EQ_U64(behind_of(io)->ring->under_way, 1);
	T_OK(psnap_io_settle(io, lent + 65536 + 4095, 1), "a byte of it");
	T_EQ_U64(behind_of(io)->ring->under_way, 0);
	memset(lent + 65536, 0, 4096);
	end(io);
}

/* Memory is another's after it was settled, and what was lent once is not for
 * ever. */
static void test_no_longer(void)
{
	struct psnap_io *io = new_lent();

	put_first(io);
	faults.hold = true;
	T_EQ_I64(put_lent(io, 0, 0, 8192), 0);
	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "settled");
	(void)psnap_io_lend(io, NULL, 0);
	T_EQ_I64(put_lent(io, 8192, 8192, 8192), 0);
	T_OK(is_copied(io, 8192, 8192), "copied again");
	memset(lent, 0, LENT_BYTES);
	end(io);
}

/* Of memory that is used over and over, as whoever reads ahead does. */
static void test_against_model(void)
{
	struct psnap_io *io = new_lent();
	unsigned int wrong = 0;
	unsigned int i;

	put_first(io);
	for (i = 0; i < 5000; i++) {
		size_t len = (size_t)(next_random() % 16 + 1) * 4096;
		size_t from = next_random() % (LENT_BYTES - len);
		size_t at = next_random() % (FILE_BYTES - len);

		if (i % 8) {
			from -= from % 4096;
			at -= at % 4096;
		}
		if (i % 3 == 0) {
			wrong += !psnap_io_settle(io, lent + from, len);
			fill_random(lent + from, len);
		}
		if (i % 5 == 0)
			wrong += put(io, at, len) != 0;
		else
			wrong += put_lent(io, at, from, len) != 0;
		if (i % 100 == 0)
			wrong += psnap_io_sync(io, NULL) != 0 || !is_there();
	}
	T_EQ_U64(wrong, 0);
	end(io);
}

/* As many as there can be, which take no room, from a disk that takes nothing
 * before somebody waits. */
static void test_deep(void)
{
	struct psnap_io *io = new_lent();
	unsigned int wrong = 0;
	size_t at;

	faults.depth = 1024;
	put_first(io);
	faults.hold = true;
	for (at = 0; at < LENT_BYTES; at += 4096)
		wrong += put_lent(io, at, at, 4096) != 0;
	T_EQ_U64(wrong, 0);
	T_EQ_U64(faults.wait_max, 1024 / 8);
	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "settled");
	memset(lent, 0, LENT_BYTES);
	end(io);
}

/* The disk refuses it: it is written again from where it is. */
static void test_failure(int result)
{
	struct psnap_io *io = new_lent();

	put_first(io);
	faults.result = result;
	faults.result_times = 1;
	T_EQ_I64(put_lent(io, 4096, 4096, 65536), 0);
	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "settled when written");
	T_EQ_U64(faults.nops, 1);
	memset(lent, 0, LENT_BYTES);
	end(io);
}

/* Nobody knows when the system reads it, so it is nobody's. */
static void test_broken(void)
{
	struct psnap_io *io = new_lent();

	put_first(io);
	T_EQ_I64(put_lent(io, 4096, 0, 4096), 0);
	faults.submit = -EBADF;
	faults.submit_times = UINT32_MAX;
	kept = behind_of(io)->ring->slots->room;
	T_OK(!psnap_io_settle(io, lent, 4096), "not settled");
	T_OK(!psnap_io_settle(io, lent, LENT_BYTES), "nor is any other part");
	T_OK(psnap_io_sync(io, NULL) < 0, "and the flush fails");
	T_OK(psnap_io_close(io, NULL) < 0, "as does closing");
	/* The system may still read it, too: it was not given back. */
	kept[0] = 1;
}

static bool borrow(struct psnap_io *io, const void *memory, size_t bytes)
{
	(void)io, (void)memory, (void)bytes;
	return true;
}

static void test_elsewhere(void)
{
	struct psnap_io *io = NULL;
	struct psnap_io_ops ops;

	T_EQ_I64(psnap_io_open_exclusive("file", &io, NULL), 0);
	T_OK(!psnap_io_lend(io, lent, LENT_BYTES), "has no use for it");
	T_OK(psnap_io_settle(io, lent, LENT_BYTES), "and does not need it");
	/* Then nobody would know when it may be used again. */
	ops = *io->ops;
	ops.lend = borrow;
	io->ops = &ops;
	T_OK(!psnap_io_lend(io, lent, LENT_BYTES), "nor who cannot settle");
	T_EQ_I64(psnap_io_close(io, NULL), 0);
}

static void test(void)
{
	test_not_copied();
	test_settle();
	test_no_longer();
	test_against_model();
	test_deep();
	test_failure(-EIO);
	test_failure(-EINVAL);
	test_failure(512);
	test_elsewhere();
	test_broken();
}

int main(void)
{
	uint8_t *memory = aligned_alloc(PAGE, LENT_BYTES + (size_t)2 * PAGE);
	int rc;

	if (!memory)
		return 1;
	lent = memory + PAGE;
	rc = behind_main(test);
	free(memory);
	return rc;
}
