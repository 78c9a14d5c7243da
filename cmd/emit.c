/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emitters remember until the end: the parts of the table that could not
 * be read. They are few, or the disk would take days.
 */
#include "emit.h"

#include <stdlib.h>

int psnap_emit_unreadable(struct psnap_emit *emit, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	struct psnap_emit_gap *last =
		emit->gap_count > 0 ? &emit->gaps[emit->gap_count - 1] : NULL;

	if (last && last->offset_bytes + last->len_bytes == offset_bytes) {
		last->len_bytes += len_bytes;
		return 0;
	}
	if (!emit->gaps || emit->gap_count == emit->gap_max) {
		size_t max = emit->gap_max > 0 ? emit->gap_max * 2 : 64;
		void *bigger =
			reallocarray(emit->gaps, max, sizeof(*emit->gaps));

		if (!bigger)
			return PSNAP_E_NOMEM;
		emit->gaps = bigger;
		emit->gap_max = max;
	}
	emit->gaps[emit->gap_count++] =
		(struct psnap_emit_gap){ offset_bytes, len_bytes };
	return 0;
}

void psnap_emit_release(struct psnap_emit *emit)
{
	free(emit->gaps);
	emit->gaps = NULL;
	emit->gap_count = 0;
}
