/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applying a delta: to the right bytes, and when the power is cut at any moment
 * a second attempt takes what is there for what it is, and finishes.
 */
#include "delta_scene.h"
#include "io_fault.h"
#include "ram.h"
#include "test.h"

#include <errno.h>

struct trial {
	struct delta_scene s;
	struct ram ram;
	struct psnap_io *file;
	struct psnap_delta *delta;
};

static struct psnap_io *device(struct trial *t)
{
	return &t->ram.devices[0].io;
}

static void open_trial(struct trial *t, size_t size)
{
	const uint64_t sizes[] = { size };
	size_t at;

	scene_open(&t->s, size);
	for (at = 512; at + 8192 < size; at += 20000)
		scene_change(&t->s, at, at + 512 * (1 + at % 7), at % 3 == 0);
	scene_change(&t->s, size - 700, size, false);
	scene_write(&t->s);
	ram_init(&t->ram, sizes, 1);
	memcpy(t->ram.devices[0].bytes, t->s.base, size);
	t->file = memory_io(t->s.delta.data, t->s.delta.len);
	if (psnap_delta_open(t->file, &t->delta, NULL))
		abort();
}

static void close_trial(struct trial *t)
{
	psnap_delta_close(t->delta);
	psnap_io_close(t->file, NULL);
	ram_release(&t->ram);
	scene_close(&t->s);
}

static bool fits(struct trial *t, struct psnap_io *base)
{
	struct psnap_delta_match match;

	return psnap_delta_verify(t->delta, base, NULL, NULL, &match, NULL) ==
		       0 &&
	       psnap_delta_fits(t->delta, base, &match);
}

static bool is_shown(struct trial *t, struct ram *ram)
{
	return memcmp(ram->devices[0].bytes, t->s.shown, t->s.size) == 0;
}

static void applies(void)
{
	struct psnap_delta_applied applied;
	struct trial t;
	uint64_t data_bytes;

	open_trial(&t, 4u << 20);
	data_bytes = psnap_delta_info(t.delta)->data_bytes;
	t.ram.recording = true;
	T_EQ_I64(psnap_delta_apply(t.delta, device(&t), NULL, &applied, NULL),
		 0);
	T_OK(is_shown(&t, &t.ram), "it is what was shown");
	T_EQ_U64(applied.written_bytes, data_bytes);
	T_OK(t.ram.events[t.ram.event_count - 1].len_bytes == 0, "and flushed");
	T_OK(fits(&t, device(&t)), "it fits what it has made");
	T_EQ_I64(psnap_delta_apply(t.delta, device(&t), NULL, &applied, NULL),
		 0);
	T_EQ_U64(applied.written_bytes, 0);
	close_trial(&t);
}

/* The writes before @cut, of the last one some sectors, and of those that were
 * not flushed any. */
static void cut_at(struct trial *t, struct ram *after, size_t cut)
{
	size_t i;

	memcpy(after->devices[0].bytes, t->s.base, t->s.size);
	for (i = 0; i < cut; i++)
		if (t->ram.events[i].len_bytes)
			ram_apply(after, &t->ram, i, next_random());
}

static void power_cuts(void)
{
	struct psnap_delta_applied applied;
	struct ram after;
	struct trial t;
	size_t refused = 0;
	size_t wrong = 0;
	size_t trials;

	open_trial(&t, 3u << 18);
	ram_init_like(&after, &t.ram);
	t.ram.recording = true;
	T_EQ_I64(psnap_delta_apply(t.delta, device(&t), NULL, &applied, NULL),
		 0);
	for (trials = 0; trials < 2000; trials++) {
		cut_at(&t, &after, trials % (t.ram.event_count + 1));
		if (!fits(&t, &after.devices[0].io))
			refused++;
		if (psnap_delta_apply(t.delta, &after.devices[0].io, NULL,
				      &applied, NULL) ||
		    !is_shown(&t, &after))
			wrong++;
	}
	T_OK(t.ram.event_count > 20, "there is something to cut");
	T_OK(refused == 0, "what a power cut left is recognised, not %zu times",
	     refused);
	T_OK(wrong == 0, "and finished, not %zu times", wrong);
	/* A block that is neither is not taken for one. */
	cut_at(&t, &after, t.ram.event_count / 2);
	after.devices[0].bytes[520] = (uint8_t)(t.s.base[520] ^ 1);
	if (after.devices[0].bytes[520] == t.s.shown[520])
		after.devices[0].bytes[520] ^= 2;
	T_OK(!fits(&t, &after.devices[0].io), "but not what somebody else did");
	ram_release(&after);
	close_trial(&t);
}

static void failures(void)
{
	struct psnap_delta_applied applied;
	struct psnap_error err = { 0 };
	int left = 0;
	const struct psnap_progress progress = { stop_later, &left };
	struct io_fault fault;
	struct psnap_io *small;
	struct trial t;

	open_trial(&t, 3u << 18);
	T_EQ_I64(psnap_delta_apply(t.delta, device(&t), &progress, &applied,
				   &err),
		 PSNAP_E_INTERRUPTED);
	io_fault_init(&fault, device(&t), 1);
	fault.fail_op = IO_FAULT_WRITE;
	fault.fail_at = 3;
	fault.os_errno = EIO;
	T_EQ_I64(psnap_delta_apply(t.delta, &fault.io, NULL, &applied, &err),
		 PSNAP_E_IO);
	T_OK(applied.failed == &fault.io, "the base failed");
	io_fault_init(&fault, device(&t), 1);
	fault.fail_op = IO_FAULT_SYNC;
	fault.fail_at = 1;
	fault.os_errno = EIO;
	T_EQ_I64(psnap_delta_apply(t.delta, &fault.io, NULL, &applied, &err),
		 PSNAP_E_IO);
	io_fault_init(&fault, device(&t), 1);
	fault.fail_op = IO_FAULT_PREPARE;
	fault.fail_at = 1;
	fault.os_errno = EIO;
	/* All is there: nothing to announce, nothing to fail. */
	T_EQ_I64(psnap_delta_apply(t.delta, &fault.io, NULL, &applied, &err),
		 0);
	T_EQ_U64(fault.calls[IO_FAULT_WRITE], 0);
	memcpy(t.ram.devices[0].bytes, t.s.base, t.s.size);
	T_OK(psnap_delta_apply(t.delta, &fault.io, NULL, &applied, &err) < 0,
	     "what cannot be saved");
	T_EQ_U64(fault.calls[IO_FAULT_WRITE], 0);
	small = memory_io(t.s.base, t.s.size - 1);
	T_EQ_I64(psnap_delta_apply(t.delta, small, NULL, &applied, &err),
		 PSNAP_E_RANGE);
	psnap_io_close(small, NULL);
	close_trial(&t);
}

int main(void)
{
	applies();
	power_cuts();
	failures();
	return T_DONE();
}
