/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newstore*.c: what is refused, what fails and what is interrupted; then
 * nothing loads.
 */
#include "io_fault.h"
#include "newstore_scene.h"
#include "ram.h"
#include "test.h"

#include <errno.h>

/* Nothing of @out may have changed. */
static void refused_out(struct scene *s, uint64_t out_bytes, uint32_t align,
			int want)
{
	struct psnap_error err = { 0 };
	struct io_fault out;
	struct ram ram = { 0 };

	ram_init(&ram, &out_bytes, 1);
	io_fault_init(&out, &ram.devices[OUT].io, align);
	T_EQ_I64(psnap_newstore_write(s->store, &out.io, false, &err), want);
	T_EQ_U64(out.calls[IO_FAULT_WRITE], 0);
	T_OK(err.message[0], "it says: %s", err.message);
	ram_release(&ram);
}

static void test_refused(void)
{
	struct psnap_newstore_options options = { .chunk_bytes = 512 };
	const uint64_t bad[] = { 0, 1, 256, 513, 1536, (uint64_t)2 << 30 };
	struct scene s = { 0 };
	struct psnap_newstore *none;
	uint64_t needed;

	make_scene(&s, 512, 100000);
	needed = psnap_newstore_plan(s.store)->needed_bytes;
	refused_out(&s, needed - 1, 1, PSNAP_E_RANGE);
	refused_out(&s, 512, 1, PSNAP_E_RANGE);
	refused_out(&s, needed + 4096 - needed % 4096, 4096,
		    PSNAP_E_UNSUPPORTED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options.chunk_bytes = bad[i];
		T_EQ_I64(psnap_newstore_new(s.shown_io, s.origin_io, s.changes,
					    &options, &none, NULL),
			 PSNAP_E_RANGE);
		T_OK(!none, "nothing comes of it");
	}
	options.chunk_bytes = 2048;
	s.origin_io->align_bytes = 4096;
	T_EQ_I64(psnap_newstore_new(s.shown_io, s.origin_io, s.changes,
				    &options, &none, NULL),
		 PSNAP_E_UNSUPPORTED);
	s.origin_io->align_bytes = 1;
	end_scene(&s);
}

/* The nth call of each kind fails: it is passed on, and nothing loads. */
static void test_failing(enum io_fault_op op, bool on_shown)
{
	struct scene s = { 0 };
	struct io_fault bad;
	unsigned int failed = 0;
	unsigned int unsafe = 0;

	make_scene(&s, 4096, 300000);
	for (uint64_t n = 1; n < 100; n++) {
		struct psnap_newstore *store = s.store;
		uint64_t needed = psnap_newstore_plan(store)->needed_bytes;
		struct ram ram = { 0 };
		int rc;

		ram_init(&ram, &needed, 1);
		io_fault_init(&bad,
			      on_shown ? s.shown_io : &ram.devices[OUT].io, 1);
		bad.fail_op = op;
		bad.fail_at = n;
		bad.os_errno = EIO;
		if (on_shown) {
			const struct psnap_newstore_options options = {
				.chunk_bytes = s.chunk
			};
			if (psnap_newstore_new(&bad.io, s.origin_io, s.changes,
					       &options, &store, NULL))
				abort();
		}
		rc = psnap_newstore_write(
			store, on_shown ? &ram.devices[OUT].io : &bad.io, false,
			NULL);
		failed += rc == PSNAP_E_IO;
		if (bad.faults > 0)
			unsafe += rc != PSNAP_E_IO ||
				  (op != IO_FAULT_SYNC &&
				   loads(ram.devices[OUT].bytes));
		if (on_shown)
			psnap_newstore_free(store);
		ram_release(&ram);
		if (bad.faults == 0)
			break;
	}
	T_OK(failed >= 2, "%u calls failed", failed);
	T_EQ_U64(unsafe, 0);
	end_scene(&s);
}

static int stop(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	unsigned int *ticks = ctx;

	if (done_bytes > total_bytes)
		abort();
	return ++*ticks == 1;
}

static void test_interrupted(bool drop_equal)
{
	unsigned int ticks = 0;
	const struct psnap_newstore_options options = {
		.chunk_bytes = 4096,
		.drop_equal = drop_equal,
		.progress = { .tick = stop, .ctx = &ticks },
	};
	struct scene s = { 0 };
	struct psnap_newstore *store;
	struct ram ram = { 0 };
	int rc;

	make_scene(&s, 4096, 300000);
	ram_init(&ram, (uint64_t[]){ OUT_MAX }, 1);
	rc = psnap_newstore_new(s.shown_io, s.origin_io, s.changes, &options,
				&store, NULL);
	T_EQ_I64(rc, drop_equal ? PSNAP_E_INTERRUPTED : 0);
	if (rc == 0) {
		rc = psnap_newstore_write(store, &ram.devices[OUT].io, false,
					  NULL);
		T_EQ_I64(rc, PSNAP_E_INTERRUPTED);
		T_OK(!loads(ram.devices[OUT].bytes), "no kernel takes it");
	}
	psnap_newstore_free(store);
	ram_release(&ram);
	end_scene(&s);
}

int main(void)
{
	test_refused();
	test_failing(IO_FAULT_WRITE, false);
	test_failing(IO_FAULT_SYNC, false);
	test_failing(IO_FAULT_READ, true);
	test_interrupted(false);
	test_interrupted(true);
	return T_DONE();
}
