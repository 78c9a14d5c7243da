/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For n = 1, 2, ... until no fault fires: the nth read of store and of origin
 * fails, once or from then on. Nothing may pass for read that was not: a verb
 * either comes to what it comes to without a fault, or says what is missing.
 */
#include "io_fault.h"
#include "test.h"
#include "verbs.h"

#include <errno.h>

struct setup {
	struct io_image store;
	struct io_image origin;
	struct io_fault store_fault;
	struct io_fault origin_fault;
};

static void set_up(struct setup *s)
{
	verbs_image(&s->store);
	image_init(&s->origin, 512, 100);
	image_put(&s->origin, 0, "origin", 6);
	io_fault_init(&s->store_fault, &s->store.io, 512);
	io_fault_init(&s->origin_fault, &s->origin.io, 512);
}

static void tear_down(struct setup *s)
{
	image_release(&s->store);
	image_release(&s->origin);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->rc == b->rc && a->records == b->records &&
	       a->safe_to_merge == b->safe_to_merge && a->kernel == b->kernel;
}

/* True while faults fire. */
static bool run_once(const struct verb *verb, uint64_t n, bool sticky,
		     bool at_origin, const struct outcome *sound)
{
	struct outcome o = { 0 };
	struct io_fault *fault;
	struct setup s;
	uint64_t faults;

	set_up(&s);
	fault = at_origin ? &s.origin_fault : &s.store_fault;
	fault->fail_at = n;
	fault->sticky = sticky;
	verb->run(&s.store_fault.io, &s.origin_fault.io, &o);
	faults = fault->faults;
	tear_down(&s);
	if (faults == 0)
		return false;
	if (o.rc == PSNAP_E_IO)
		T_OK(o.err.has_offset && o.err.os_errno == EIO &&
			     strncmp(o.err.message, "byte ", 5) == 0,
		     "%s, read %" PRIu64 ": %s", verb->name, n, o.err.message);
	else
		T_OK(o.rc == 0 && (o.read_errors > 0 || same(&o, sound)),
		     "%s, %s read %" PRIu64 "%s: %d, %" PRIu64 " read errors",
		     verb->name, at_origin ? "origin" : "store", n,
		     sticky ? " and later" : "", o.rc, o.read_errors);
	T_OK(o.read_errors == o.harmless_errors || !o.safe_to_merge,
	     "%s: unreadable is not safe to merge", verb->name);
	return true;
}

static void run_until_no_fault(const struct verb *verb, bool sticky,
			       bool at_origin)
{
	struct outcome sound = { 0 };
	struct setup s;
	uint64_t reads;
	uint64_t n;

	set_up(&s);
	verb->run(&s.store_fault.io, &s.origin_fault.io, &sound);
	reads = at_origin ? s.origin_fault.reads : s.store_fault.reads;
	tear_down(&s);
	T_EQ_I64(sound.rc, 0);
	T_EQ_U64(sound.read_errors, 0);
	for (n = 1; run_once(verb, n, sticky, at_origin, &sound); n++)
		;
	T_EQ_U64(n - 1, reads);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < verb_count; i++) {
		run_until_no_fault(&verbs[i], false, false);
		run_until_no_fault(&verbs[i], true, false);
		run_until_no_fault(&verbs[i], false, true);
		run_until_no_fault(&verbs[i], true, true);
	}
	return T_DONE();
}
