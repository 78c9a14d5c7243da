/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap check --explain. The texts are the library's; only the layout is made
 * here.
 */
#include "explain.h"

#include "output.h"

#include <psnap/finding.h>
#include <stdbool.h>
#include <string.h>

#define COLUMNS 78
#define INDENT	"    "

static void put_word(struct psnap_outbuf *out, const char *word, size_t len,
		     size_t *column)
{
	if (*column > 0 && *column + 1 + len > COLUMNS) {
		psnap_outbuf_text(out, "\n");
		*column = 0;
	}
	psnap_outbuf_text(out, *column == 0 ? INDENT : " ");
	*column += *column == 0 ? sizeof(INDENT) - 1 : 1;
	psnap_outbuf_bytes(out, word, len);
	*column += len;
}

static void put_paragraph(struct psnap_outbuf *out, const char *heading,
			  const char *text)
{
	size_t column = 0;
	size_t len;

	if (!text || text[0] == '\0')
		return;
	psnap_outbuf_printf(out, "\n  %s\n", heading);
	while (*text != '\0') {
		text += strspn(text, " \n\t");
		len = strcspn(text, " \n\t");
		if (len > 0)
			put_word(out, text, len, &column);
		text += len;
	}
	psnap_outbuf_text(out, "\n");
}

static void put_finding(struct psnap_outbuf *out,
			const struct psnap_finding_info *info)
{
	psnap_outbuf_printf(out, "%s (%s): %s\n", info->name,
			    psnap_severity_name(info->severity), info->title);
	put_paragraph(out, "What it means", info->means);
	put_paragraph(out, "How it arises", info->arises);
	put_paragraph(out, "What the kernel does", info->kernel);
	put_paragraph(out, "What a repair can do", info->repair);
	put_paragraph(out, "What to do", info->advice);
}

int psnap_explain_knows(const char *name)
{
	return strcmp(name, "all") == 0 || psnap_finding_by_name(name) >= 0;
}

int psnap_explain(const char *name)
{
	bool all = strcmp(name, "all") == 0;
	struct psnap_io *const none[] = { NULL };
	int only = psnap_finding_by_name(name);
	struct psnap_output output = { 0 };
	int status;

	status = psnap_output_open(&output, NULL, false, none);
	if (status != 0)
		return status;
	for (int id = 0; id < PSNAP_FINDING_COUNT; id++) {
		if (!all && id != only)
			continue;
		if (all && id > 0)
			psnap_outbuf_text(&output.buf, "\n\n");
		put_finding(&output.buf,
			    psnap_finding_info((enum psnap_finding_id)id));
	}
	return psnap_output_close(&output, true);
}
