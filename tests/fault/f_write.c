/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For n = 1, 2, ... until no fault fires: the nth read, write, flush or
 * announcement of store, origin and file fails, once or from then on, or
 * is done by half. What was asked for is done, or it is said why not; nothing
 * is written after a failed flush; and whatever came of it, the snapshot shows
 * the same, the same again comes to the end, and undoing leads back.
 */
#include "test.h"
#include "trial.h"

#include <errno.h>
#include <malloc.h>

static const struct how hows[] = {
	{ .name = "EIO", .os_errno = EIO },
	{ .name = "EIO, torn", .os_errno = EIO, .torn = true },
	{ .name = "EIO and later",
	  .os_errno = EIO,
	  .rare = true,
	  .sticky = true },
	{ .name = "EIO, device gone",
	  .os_errno = EIO,
	  .rare = true,
	  .gone = true },
	{ .name = "ENOSPC", .os_errno = ENOSPC },
	{ .name = "ENOSPC and later",
	  .os_errno = ENOSPC,
	  .rare = true,
	  .sticky = true },
	{ .name = "EINTR", .os_errno = EINTR },
	{ .name = "EINTR and later",
	  .os_errno = EINTR,
	  .rare = true,
	  .sticky = true },
	{ .name = "by half", .rare = true },
	{ .name = "by half and later", .sticky = true },
};

static const char *const device_names[SCENE_DEVICES] = { "store", "origin",
							 "file" };

static bool applies(enum io_fault_op op, const struct how *how)
{
	if (how_is_slow && how->rare)
		return false;
	if (how->torn)
		return op == IO_FAULT_WRITE;
	if (how->os_errno == EIO)
		return true;
	if (how->os_errno == ENOSPC)
		return op != IO_FAULT_READ;
	if (how->os_errno == EINTR)
		return op != IO_FAULT_PREPARE;
	return op == IO_FAULT_READ || op == IO_FAULT_WRITE;
}

/* True while faults fire. */
static bool run_once(struct trial *t, struct scene *s)
{
	struct io_fault *fault;
	const char *wrong;

	write_verb_restart(t->verb, s);
	fault = &s->io[t->device];
	how_arm(fault, t->how, t->op, t->n);
	write_verb_run(t->verb, s, &t->o);
	if (fault->calls[t->op] < t->n)
		return false;
	wrong = trial_judge(t, s);
	if (wrong)
		T_OK(false, "%s, %s %" PRIu64 " of the %s, %s: %s (%d, \"%s\")",
		     t->verb->name, how_op_names[t->op], t->n,
		     device_names[t->device], t->how->name, wrong, t->o.rc,
		     t->o.err.message);
	return true;
}

static void run_device(const struct write_verb *verb, struct scene *s,
		       enum scene_device device, const uint64_t *calls)
{
	unsigned int op;
	size_t how;

	for (op = 0; op < IO_FAULT_CLOSE; op++) {
		uint64_t faults = 0;
		uint64_t ways = 0;

		if (calls[op] == 0)
			continue;
		for (how = 0; how < sizeof(hows) / sizeof(hows[0]); how++) {
			struct trial t = { .verb = verb,
					   .device = device,
					   .op = (enum io_fault_op)op,
					   .how = &hows[how] };

			if (!applies(t.op, t.how))
				continue;
			for (t.n = 1; run_once(&t, s); t.n++)
				faults++;
			ways++;
		}
		T_OK(faults == ways * calls[op],
		     "%s, each %s of the %s: %" PRIu64 " in %" PRIu64
		     " ways, %" PRIu64 " faults",
		     verb->name, how_op_names[op], device_names[device],
		     calls[op], ways, faults);
	}
}

/* What it comes to without a fault; else nothing could be concluded. */
static void run_sound(const struct write_verb *verb, struct scene *s)
{
	struct write_outcome o;

	write_verb_restart(verb, s);
	write_verb_run(verb, s, &o);
	T_OK(o.rc == 0 && write_verb_ended(verb, s),
	     "%s without a fault: %d %s", verb->name, o.rc, o.err.message);
	T_OK(scene_all_flushed(s), "%s: all is flushed", verb->name);
	T_OK(s->io[SCENE_STORE].misaligned + s->io[SCENE_ORIGIN].misaligned ==
		     0,
	     "%s: whole sectors", verb->name);
	if (verb->verify)
		T_OK(s->io[SCENE_ORIGIN].forgets + s->io[SCENE_FILE].forgets >
			     0,
		     "%s: reads back from the device", verb->name);
	if (verb->salvage && verb->kind != WRITE_MERGE_TO)
		T_EQ_U64(pair_count(&s->now), 1);
	if (verb->cut_at && verb->kind == WRITE_MERGE)
		T_OK(pair_count_again(&s->before) > 0,
		     "%s: some stand in the table twice", verb->name);
}

static void run_verb(const struct write_verb *verb)
{
	uint64_t calls[SCENE_DEVICES][IO_FAULT_OPS];
	struct scene s;
	unsigned int i;

	write_verb_init(verb, &s);
	run_sound(verb, &s);
	for (i = 0; i < SCENE_DEVICES; i++)
		memcpy(calls[i], s.io[i].calls, sizeof(calls[i]));
	for (i = 0; i < SCENE_DEVICES; i++)
		run_device(verb, &s, (enum scene_device)i, calls[i]);
	scene_release(&s);
}

/* A close that fails is told: the system may have lost what was written. */
static void close_fails(void)
{
	struct psnap_error err = { 0 };
	struct scene s;
	int i;

	write_verb_init(&write_verbs[0], &s);
	write_verb_restart(&write_verbs[0], &s);
	for (i = 0; i < SCENE_DEVICES; i++) {
		s.io[i].fail_op = IO_FAULT_CLOSE;
		s.io[i].fail_at = 1;
		T_EQ_I64(psnap_io_close(&s.io[i].io, &err), PSNAP_E_IO);
		T_OK(err.code == PSNAP_E_IO && err.os_errno == EIO,
		     "close of the %s: %s", device_names[i], err.message);
		T_EQ_I64(psnap_io_close(&s.io[i].io, &err), 0);
	}
	scene_release(&s);
}

int main(void)
{
	unsigned int i;

	/* Megabytes from mmap for each merge would be most of the time. */
	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	for (i = 0; i < write_verb_count; i++)
		run_verb(&write_verbs[i]);
	close_fails();
	return T_DONE();
}
