/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of the table that cannot be read.
 */
#include "check_internal.h"

#include <inttypes.h>

/* False when it is known already; past the room for it, all are. */
static bool remember(struct checker *c, uint64_t offset_bytes)
{
	unsigned int i;

	for (i = 0; i < c->fault_count; i++)
		if (c->faults[i] == offset_bytes)
			return false;
	if (c->fault_count == PSNAP_CHECK_FAULTS_MAX)
		return !c->result->table_read;
	c->faults[c->fault_count++] = offset_bytes;
	return true;
}

int psnap_check_walk_fault(struct checker *c, const struct psnap_walk *walk,
			   const struct psnap_error *why)
{
	struct psnap_finding f;
	uint64_t offset;
	uint64_t len;

	psnap_finding_init(&f, PSNAP_F_READ_ERROR);
	/* Behind the last area nothing is lost, but the device is failing. */
	if (psnap_walk_fault(walk, &offset, &len) == PSNAP_ENTRY_STALE)
		f.severity = PSNAP_NOTE;
	else
		c->unreadable_live = true;
	if (!remember(c, offset))
		return 0;
	f.offset_bytes = offset;
	f.len_bytes = len;
	f.area_index =
		(offset / c->geo->chunk_bytes - 1) / c->geo->stride_chunks;
	psnap_finding_say(&f, "%" PRIu64 " bytes of %s cannot be read%s", len,
			  f.severity == PSNAP_NOTE
				  ? "an area that the kernel does not read"
				  : "exceptions",
			  why->code == PSNAP_E_TRUNCATED
				  ? " because the file became shorter"
				  : "");
	return psnap_check_emit(c, &f);
}
