/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing data with the checksums that a list came with.
 */
#include "rebuild_internal.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>

#define STEP_BYTES  ((size_t)1 << 20)
#define AHEAD_BYTES ((uint64_t)16 << 20)

/* New chunks mostly follow each other. */
static void ask_ahead(struct rebuilder *r, uint64_t at)
{
	if (at < r->data_ahead_bytes &&
	    r->data_ahead_bytes - at <= AHEAD_BYTES &&
	    r->data_ahead_bytes - at > AHEAD_BYTES / 2)
		return;
	if (at > r->data_ahead_bytes || r->data_ahead_bytes - at > AHEAD_BYTES)
		r->data_ahead_bytes = at;
	psnap_io_prefetch(r->store, r->data_ahead_bytes,
			  at + AHEAD_BYTES - r->data_ahead_bytes);
	r->data_ahead_bytes = at + AHEAD_BYTES;
}

int psnap_rebuild_data_compare(struct rebuilder *r,
			       const struct psnap_rebuild_entry *entry,
			       struct psnap_error *err)
{
	uint64_t chunk_bytes = r->geo.chunk_bytes;
	uint64_t start = entry->run.new_chunk * chunk_bytes;
	uint32_t crc32 = 0;
	uint64_t done = 0;

	if (!r->data)
		r->data = malloc((size_t)min_u64(chunk_bytes, STEP_BYTES));
	if (!r->data)
		return psnap_fail_nomem(err, "comparing data");
	while (done < chunk_bytes) {
		size_t len = (size_t)min_u64(STEP_BYTES, chunk_bytes - done);
		int rc = psnap_rebuild_tick(r, err);

		if (rc)
			return rc;
		ask_ahead(r, start + done);
		rc = psnap_io_read(r->store, start + done, r->data, len, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc) {
			r->result->unreadable++;
			return 0;
		}
		crc32 = psnap_crc32(crc32, r->data, len);
		done += len;
	}
	r->result->compared++;
	if (crc32 != entry->crc32 && r->result->differing++ == 0)
		r->result->first_differing = entry->run;
	return 0;
}
