/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a run under a fault: is the failure told as it should be, was nothing
 * written after a failed flush, is nothing lost. Making faults is the program's
 * business.
 */
#include "trial.h"

#include <errno.h>
#include <string.h>

/* What nobody has to notice. */
static bool is_transparent(const struct trial *t)
{
	return t->how->os_errno == 0 ||
	       (t->how->os_errno == EINTR && !t->how->sticky &&
		t->op != IO_FAULT_SYNC);
}

static bool is_lower_case_sentence(const char *text)
{
	size_t len = strlen(text);

	return len > 10 && text[len - 1] != '.' && text[len - 1] != '\n' &&
	       !(text[0] >= 'A' && text[0] <= 'Z');
}

/* What cannot be saved for undo is a failure of the device. */
static bool names_device(const struct trial *t)
{
	if (t->o.left == UINT64_MAX)
		return true;
	if (t->device == SCENE_FILE && t->verb->kind == WRITE_MERGE_SAVING)
		return t->o.failed != SCENE_DEVICES;
	return t->o.failed == t->device;
}

static const char *judge_error(const struct trial *t)
{
	const struct psnap_error *err = &t->o.err;
	int want = t->how->os_errno == ENOSPC ? PSNAP_E_NOSPACE : PSNAP_E_IO;
	/* A device that is gone may be missed by what comes next. */
	bool about_byte = !t->how->gone &&
			  (t->op == IO_FAULT_READ || t->op == IO_FAULT_WRITE);

	if (t->o.rc != want || err->code != want)
		return "returns another error";
	if (err->os_errno != t->how->os_errno)
		return "the system's reason is another one";
	if (about_byte &&
	    !(err->has_offset && strncmp(err->message, "byte ", 5) == 0))
		return "does not say where";
	if (!is_lower_case_sentence(err->message))
		return "does not say what";
	return names_device(t) ? NULL : "names another device";
}

static const char *judge_success(const struct trial *t, struct scene *s)
{
	if (!is_transparent(t) && t->op != IO_FAULT_READ)
		return "the failure is not noticed";
	if (!write_verb_ended(t->verb, s))
		return "says it is done but is not";
	return scene_all_flushed(s) ? NULL : "is done but not flushed";
}

/* Reads may be needed by nobody, or be made good; what was to be written is
 * either written or missed. */
static const char *judge_return(const struct trial *t, struct scene *s)
{
	if (t->o.rc == 0)
		return judge_success(t, s);
	if (is_transparent(t))
		return "gives up for nothing";
	if (t->o.rc != WRITE_REFUSED)
		return judge_error(t);
	if (t->op != IO_FAULT_READ)
		return "is refused";
	return s->now.event_count == 0 ? NULL : "is refused, but written to";
}

const char *trial_judge(const struct trial *t, struct scene *s)
{
	const char *wrong = judge_return(t, s);

	if (!wrong && s->watch.later > 0)
		wrong = "writes after a failed flush";
	if (!wrong && t->o.left < pair_count(&s->now))
		wrong = "says that less is left than there is";
	if (!wrong)
		wrong = write_verb_safe(t->verb, s, &s->now);
	if (!wrong && s->watch.flush_failed) {
		scene_drop(s, t->device);
		wrong = write_verb_safe(t->verb, s, &s->dropped);
	}
	return wrong;
}
