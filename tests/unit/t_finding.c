/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of findings is complete: every id has a name that scripts can
 * rely on and every text, in the form the printers expect.
 */
#include "test.h"

#include <psnap/finding.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

/* The order of the ids, severities as psnap-check(8) documents them. */
static const struct {
	const char *name;
	enum psnap_severity severity;
} documented[] = {
	{ "magic-zero", PSNAP_FATAL },
	{ "magic-bad", PSNAP_FATAL },
	{ "version-unknown", PSNAP_FATAL },
	{ "chunk-size-bad", PSNAP_FATAL },
	{ "snapshot-invalid", PSNAP_ERROR },
	{ "valid-odd", PSNAP_NOTE },
	{ "header-tail-nonzero", PSNAP_NOTE },
	{ "device-tail-partial", PSNAP_NOTE },
	{ "store-truncated", PSNAP_FATAL },
	{ "area-missing-successor", PSNAP_FATAL },
	{ "area-implausible", PSNAP_ERROR },
	{ "new-chunk-out-of-range", PSNAP_FATAL },
	{ "new-chunk-huge", PSNAP_FATAL },
	{ "new-chunk-in-metadata", PSNAP_ERROR },
	{ "cve-2013-4299-imminent", PSNAP_NOTE },
	{ "old-chunk-out-of-range", PSNAP_ERROR },
	{ "duplicate-old", PSNAP_ERROR },
	{ "duplicate-new", PSNAP_ERROR },
	{ "duplicate-same", PSNAP_WARNING },
	{ "entries-after-terminator", PSNAP_WARNING },
	{ "read-error", PSNAP_ERROR },
	{ "holes", PSNAP_NOTE },
	{ "out-of-order", PSNAP_NOTE },
	{ "stale-areas", PSNAP_NOTE },
	{ "store-full", PSNAP_NOTE },
};

#define DOCUMENTED (sizeof(documented) / sizeof(documented[0]))

static void check_name(int id, const char *name)
{
	T_OK(name[0] != '\0' && strspn(name, NAME_CHARS) == strlen(name),
	     "\"%s\" has only a-z, 0-9 and -", name);
	T_EQ_STR(name, documented[id].name);
	T_EQ_I64(psnap_finding_by_name(name), id);
	for (int other = 0; other < id; other++) {
		if (!strcmp(name,
			    psnap_finding_info((enum psnap_finding_id)other)
				    ->name))
			T_OK(false, "id %d and id %d are both \"%s\"", other,
			     id, name);
	}
}

/* One clause: it is put behind a name and a colon. */
static void check_clause(const char *name, const char *what, const char *text)
{
	if (!T_OK(text && text[0] != '\0', "%s has %s", name, what))
		return;
	T_OK(strcspn(text, "\n\t") == strlen(text), "%s: %s is one line", name,
	     what);
	T_OK(!strstr(text, "  "), "%s: %s has single spaces", name, what);
	T_OK(text[strlen(text) - 1] != '.', "%s: %s ends without a full stop",
	     name, what);
}

/* Sentences: the printer wraps them, and breaks only at spaces. */
static void check_paragraph(const char *name, const char *what,
			    const char *text)
{
	if (!T_OK(text && text[0] != '\0', "%s has %s", name, what))
		return;
	T_OK(strcspn(text, "\n\t") == strlen(text), "%s: %s is one paragraph",
	     name, what);
	T_OK(!strstr(text, "  "), "%s: %s has single spaces", name, what);
	T_OK(text[0] >= 'A' && text[0] <= 'Z', "%s: %s begins a sentence", name,
	     what);
	T_OK(text[strlen(text) - 1] == '.', "%s: %s ends a sentence", name,
	     what);
}

static void check_row(int id)
{
	const struct psnap_finding_info *info =
		psnap_finding_info((enum psnap_finding_id)id);

	if (!T_OK(info && info->name, "id %d has a row and a name", id))
		return;
	check_name(id, info->name);
	T_EQ_I64(info->severity, documented[id].severity);
	check_clause(info->name, "title", info->title);
	check_clause(info->name, "kernel", info->kernel);
	check_clause(info->name, "repair", info->repair);
	check_paragraph(info->name, "means", info->means);
	check_paragraph(info->name, "arises", info->arises);
	check_paragraph(info->name, "advice", info->advice);
}

static void check_unknown(void)
{
	static const char *const names[] = {
		"", "magic", "magic-zero ", "Magic-Zero", "magic_zero", "all",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		T_OK(psnap_finding_by_name(names[i]) == -1,
		     "\"%s\" is no finding", names[i]);
	T_OK(!psnap_finding_info(PSNAP_FINDING_COUNT), "no row at the end");
	T_OK(!psnap_finding_info((enum psnap_finding_id)UINT32_MAX),
	     "no row far out");
}

int main(void)
{
	if (!T_OK(DOCUMENTED == PSNAP_FINDING_COUNT,
		  "%zu documented ids, %d in the enum", DOCUMENTED,
		  PSNAP_FINDING_COUNT))
		return T_DONE();
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++)
		check_row(id);
	check_unknown();
	T_EQ_STR(psnap_severity_name(PSNAP_NOTE), "note");
	T_EQ_STR(psnap_severity_name(PSNAP_WARNING), "warning");
	T_EQ_STR(psnap_severity_name(PSNAP_ERROR), "error");
	T_EQ_STR(psnap_severity_name(PSNAP_FATAL), "fatal");
	T_EQ_STR(psnap_severity_name((enum psnap_severity)4), "unknown");
	return T_DONE();
}
