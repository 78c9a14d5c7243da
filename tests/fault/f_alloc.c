/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For n = 1, 2, ... until no fault fires: the nth allocation fails, once or
 * from then on. Every verb has to say that memory ran out, and to leak nothing
 * (the sanitizer build sees to that). What writes leaves behind what one can go
 * on with.
 */
#include "alloc.h"
#include "alloc_verbs.h"
#include "test.h"
#include "write_verbs.h"

#include <malloc.h>

static void run_until_no_fault(const struct verb *verb, bool sticky)
{
	struct io_image store;
	struct io_image origin;
	uint64_t n;

	for (n = 1;; n++) {
		struct outcome o = { 0 };
		uint64_t faults;

		verbs_image(&store);
		image_init(&origin, 512, 100);
		alloc_arm(n, sticky);
		verb->run(&store.io, &origin.io, &o);
		alloc_disarm();
		faults = alloc_fault.faults;
		image_release(&store);
		image_release(&origin);
		if (faults == 0)
			break;
		T_OK(o.rc == PSNAP_E_NOMEM,
		     "%s, allocation %" PRIu64 "%s: returned %d", verb->name, n,
		     sticky ? " and later" : "", o.rc);
		T_OK(strncmp(o.err.message, "out of memory while ", 20) == 0,
		     "%s: says \"%s\"", verb->name, o.err.message);
	}
	T_OK(n > 1, "%s: %" PRIu64 " allocations failed in turn", verb->name,
	     n - 1);
}

static void write_until_no_fault(const struct write_verb *verb, bool sticky)
{
	struct scene s;
	uint64_t n;

	write_verb_init(verb, &s);
	/* The log needs memory too, and nobody asks for it here. */
	s.now.recording = false;
	for (n = 1;; n++) {
		struct write_outcome o;
		const char *wrong;

		write_verb_restart(verb, &s);
		alloc_arm(n, sticky);
		write_verb_run(verb, &s, &o);
		alloc_disarm();
		if (alloc_fault.faults == 0)
			break;
		T_OK(o.rc == PSNAP_E_NOMEM && o.err.code == o.rc &&
			     strncmp(o.err.message, "out of memory while ",
				     20) == 0,
		     "%s, allocation %" PRIu64 "%s: returned %d, \"%s\"",
		     verb->name, n, sticky ? " and later" : "", o.rc,
		     o.err.message);
		wrong = write_verb_safe(verb, &s, &s.now);
		T_OK(!wrong, "%s, allocation %" PRIu64 ": %s", verb->name, n,
		     wrong ? wrong : "nothing is lost");
	}
	T_OK(n > 1, "%s: %" PRIu64 " allocations failed in turn", verb->name,
	     n - 1);
	scene_release(&s);
}

int main(void)
{
	unsigned int i;

	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	for (i = 0; i < verb_count; i++) {
		run_until_no_fault(&verbs[i], false);
		run_until_no_fault(&verbs[i], true);
	}
	for (i = 0; i < alloc_verb_count; i++) {
		run_until_no_fault(&alloc_verbs[i], false);
		run_until_no_fault(&alloc_verbs[i], true);
	}
	for (i = 0; i < write_verb_count; i++) {
		write_until_no_fault(&write_verbs[i], false);
		write_until_no_fault(&write_verbs[i], true);
	}
	return T_DONE();
}
