/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For n = 1, 2, ... until no fault fires: the nth read, write, flush or
 * announcement of store, origin and undo file fails during a repair, once or
 * from then on, torn or by half; and the nth allocation. The repair is done, or
 * it is said why not with the code that repair.h promises; nothing is written
 * after a failed flush; no header that loads comes before its table; the same
 * again comes to the end, and undoing leads back. (Leaks are for the sanitizer
 * build.)
 */
#include "alloc.h"
#include "how.h"
#include "repair_scene.h"
#include "test.h"

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
	{ .name = "EINTR", .os_errno = EINTR },
	{ .name = "by half", .os_errno = 0, .rare = true },
};

static const char *const device_names[REPAIR_DEVICES] = { "store", "origin",
							  "undo file" };

static bool applies(enum io_fault_op op, const struct how *how)
{
	if (how_is_slow && how->rare)
		return false;
	if (how->torn)
		return op == IO_FAULT_WRITE;
	if (how->os_errno == ENOSPC)
		return op != IO_FAULT_READ;
	if (how->os_errno == EINTR || how->os_errno == 0)
		return op == IO_FAULT_READ || op == IO_FAULT_WRITE;
	return true;
}

/* What is tried again or gone on with, and nobody has to notice. */
static bool is_transparent(const struct how *how)
{
	return how->os_errno == EINTR || how->os_errno == 0;
}

static bool is_sentence(const char *text)
{
	size_t len = strlen(text);

	return len > 10 && text[len - 1] != '.' && text[len - 1] != '\n' &&
	       !(text[0] >= 'A' && text[0] <= 'Z');
}

static const char *judge_error(const struct repair_outcome *o,
			       const struct how *how)
{
	int want = how->os_errno == ENOSPC ? PSNAP_E_NOSPACE : PSNAP_E_IO;

	if (is_transparent(how))
		return "gives up for nothing";
	if (o->rc != want || o->fix.err.code != want)
		return "returns another error";
	if (o->fix.err.os_errno != how->os_errno)
		return "the system's reason is another one";
	return is_sentence(o->fix.err.message) ? NULL : "does not say what";
}

/*
 * A read that failed may not have been needed, or it is a finding, and one
 * stops. What must not be is that more is lost and nobody is told why.
 */
static const char *judge_return(const struct repair_scene *s,
				const struct repair_outcome *o,
				enum io_fault_op op, const struct how *how)
{
	if (o->rc)
		return judge_error(o, how);
	if (o->stopped) {
		if (op != IO_FAULT_READ || is_transparent(how))
			return "says that something cannot be read";
		return s->io[REPAIR_STORE].calls[IO_FAULT_WRITE] == 0
			       ? NULL
			       : "was planned only, but written to";
	}
	if (op != IO_FAULT_READ && !is_transparent(how))
		return "the failure is not noticed";
	if (o->fix.plan.lost > s->sound.fix.plan.lost)
		return "gives up more, and does not say why";
	return repair_scene_ended(s) ? NULL : "says it is done but is not";
}

static const char *judge(struct repair_scene *s, const struct repair_outcome *o,
			 enum repair_device device, enum io_fault_op op,
			 const struct how *how)
{
	const char *wrong = judge_return(s, o, op, how);

	if (!wrong && s->watch.later > 0)
		wrong = "writes after a failed flush";
	if (!wrong)
		wrong = repair_scene_safe(s);
	if (!wrong && s->watch.flush_failed) {
		repair_scene_drop(s, device);
		wrong = repair_scene_safe(s);
	}
	return wrong;
}

/* True while faults fire. */
static bool run_once(struct repair_scene *s, enum repair_device device,
		     enum io_fault_op op, const struct how *how, uint64_t n)
{
	struct io_fault *fault = &s->io[device];
	struct repair_outcome o;
	const char *wrong;

	repair_scene_restart(s);
	how_arm(fault, how, op, n);
	repair_scene_run(s, &o);
	if (fault->calls[op] < n)
		return false;
	wrong = judge(s, &o, device, op, how);
	if (wrong)
		T_OK(false, "%s, %s %" PRIu64 " of the %s, %s: %s (%d, \"%s\")",
		     s->verb->name, how_op_names[op], n, device_names[device],
		     how->name, wrong, o.rc, o.fix.err.message);
	return true;
}

static void run_device(struct repair_scene *s, enum repair_device device)
{
	unsigned int op;
	size_t how;

	for (op = 0; op < IO_FAULT_CLOSE; op++) {
		uint64_t calls = s->calls[device][op];
		uint64_t faults = 0;
		uint64_t ways = 0;
		uint64_t n;

		if (calls == 0)
			continue;
		for (how = 0; how < sizeof(hows) / sizeof(hows[0]); how++) {
			if (!applies((enum io_fault_op)op, &hows[how]))
				continue;
			for (n = 1; run_once(s, device, (enum io_fault_op)op,
					     &hows[how], n);
			     n++)
				faults++;
			ways++;
		}
		T_OK(faults >= calls * ways,
		     "%s, each %s of the %s: %" PRIu64 " in %" PRIu64
		     " ways, %" PRIu64 " faults",
		     s->verb->name, how_op_names[op], device_names[device],
		     calls, ways, faults);
	}
}

static void fail_allocations(struct repair_scene *s, bool sticky)
{
	uint64_t n;

	/* The log needs memory too, and nobody asks for it here. */
	s->now.recording = false;
	for (n = 1;; n++) {
		struct repair_outcome o;
		const char *wrong;

		repair_scene_restart(s);
		alloc_arm(n, sticky);
		repair_scene_run(s, &o);
		alloc_disarm();
		if (alloc_fault.faults == 0)
			break;
		wrong = repair_scene_safe(s);
		if (o.rc != PSNAP_E_NOMEM || o.fix.err.code != o.rc ||
		    strncmp(o.fix.err.message, "out of memory while ", 20) !=
			    0 ||
		    wrong)
			T_OK(false,
			     "%s, allocation %" PRIu64 "%s: %s (%d, \"%s\")",
			     s->verb->name, n, sticky ? " and later" : "",
			     wrong ? wrong : "says something else", o.rc,
			     o.fix.err.message);
	}
	T_OK(n > 1, "%s: %" PRIu64 " allocations failed in turn", s->verb->name,
	     n - 1);
	s->now.recording = true;
}

int main(void)
{
	unsigned int i;
	unsigned int device;

	/* Clearing the check's bitmaps of 32 MiB would be most of the time: those
	 * from mmap, the rest not. */
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	for (i = 0; i < repair_verb_count; i++) {
		struct repair_scene s;
		const char *wrong = repair_scene_init(&s, &repair_verbs[i]);

		T_OK(!wrong, "%s without a fault%s%s", repair_verbs[i].name,
		     wrong ? ": " : "", wrong ? wrong : "");
		for (device = 0; device < REPAIR_DEVICES; device++)
			run_device(&s, (enum repair_device)device);
		fail_allocations(&s, false);
		fail_allocations(&s, true);
		repair_scene_release(&s);
	}
	return T_DONE();
}
