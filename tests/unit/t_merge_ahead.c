/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a merge asks of the threads that read: the store, for the origin, which
 * need not copy it; and nothing where they are not worth it or not wanted.
 */
#include "../../lib/src/io_ahead.h"

static struct psnap_ahead_options asked;
static unsigned int asked_times;

static int fake_open(const struct psnap_ahead_options *options,
		     struct psnap_ahead **ahead, struct psnap_error *err)
{
	(void)err;
	asked = *options;
	asked_times++;
	*ahead = (struct psnap_ahead *)(void *)&asked;
	return 0;
}

#define psnap_ahead_open fake_open
#include "../../lib/src/merge_ahead.c"
#undef psnap_ahead_open

#include "test.h"

static struct psnap_ahead *open_for(uint64_t total_bytes, bool salvage)
{
	static struct psnap_io store;
	static struct psnap_io origin;
	const struct psnap_merge_options options = { .salvage = salvage };
	struct merger m = {
		.store = &store,
		.origin = &origin,
		.options = &options,
		.total_bytes = total_bytes,
	};

	asked_times = 0;
	psnap_merge_open_ahead(&m);
	T_OK(asked_times == 0 || (asked.io == &store && asked.to == &origin),
	     "from the store to the origin");
	return m.ahead;
}

int main(void)
{
	T_OK(open_for(UINT64_C(4) << 20, false), "worth it");
	T_EQ_U64(asked_times, 1);
	T_EQ_U64(asked.piece_bytes, PSNAP_MERGE_PIECE_BYTES);
	T_OK(!open_for((UINT64_C(4) << 20) - 1, false), "too little");
	T_EQ_U64(asked_times, 0);
	T_OK(!open_for(UINT64_C(4) << 30, true), "not when salvaging");
	T_EQ_U64(asked_times, 0);
	return T_DONE();
}
