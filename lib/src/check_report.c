/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building findings and handing them out: how many of one kind are shown, and
 * what is merely counted, is decided here and nowhere else.
 */
#include "check_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void psnap_finding_init(struct psnap_finding *f, enum psnap_finding_id id)
{
	memset(f, 0, sizeof(*f));
	f->id = id;
	f->severity = psnap_finding_info(id)->severity;
	f->offset_bytes = PSNAP_NOWHERE;
	f->area_index = PSNAP_NOWHERE;
	f->entry_index = PSNAP_NOWHERE;
	f->old_chunk = PSNAP_NOWHERE;
	f->new_chunk = PSNAP_NOWHERE;
	f->count = 1;
}

void psnap_finding_at_entry(struct psnap_finding *f,
			    const struct psnap_geometry *geo,
			    uint64_t area_index, uint32_t entry_index)
{
	f->area_index = area_index;
	f->entry_index = entry_index;
	f->offset_bytes =
		psnap_geometry_entry_offset(geo, area_index, entry_index);
	f->len_bytes = PSNAP_EXCEPTION_BYTES;
}

void psnap_finding_chunks(struct psnap_finding *f, uint64_t old_chunk,
			  uint64_t new_chunk)
{
	f->has_chunks = true;
	f->old_chunk = old_chunk;
	f->new_chunk = new_chunk;
}

void psnap_finding_say(struct psnap_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

bool psnap_check_shows(const struct checker *c, enum psnap_finding_id id)
{
	return c->shown[id] < c->options->instances_max;
}

void psnap_check_count(struct checker *c, enum psnap_finding_id id,
		       uint64_t facts)
{
	struct psnap_check_result *r = c->result;
	enum psnap_severity severity = psnap_finding_info(id)->severity;

	if (facts == 0)
		return;
	r->counts[id] += facts;
	if (severity > r->severities[id])
		r->severities[id] = severity;
	if (severity > r->worst)
		r->worst = severity;
}

int psnap_check_emit(struct checker *c, const struct psnap_finding *f)
{
	struct psnap_check_result *r = c->result;

	r->counts[f->id] += f->count;
	if (f->severity > r->severities[f->id])
		r->severities[f->id] = f->severity;
	if (f->severity > r->worst)
		r->worst = f->severity;
	if (!psnap_check_shows(c, f->id))
		return 0;
	c->shown[f->id]++;
	return c->report ? c->report(c->ctx, f) : 0;
}
