/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the data of an entry all zero? Data that was never copied mostly is, and
 * so is what discards and wipes leave.
 */
#include "carve_internal.h"

#include "checked.h"

#include <string.h>

int psnap_carve_data_look(struct carver *c, uint64_t new_chunk,
			  struct psnap_error *err)
{
	size_t len = (size_t)min_u64(c->geo->chunk_bytes, CARVE_DATA_BYTES_MAX);
	uint64_t at = new_chunk * c->geo->chunk_bytes;
	int rc;

	if (c->current.entries > CARVE_DATA_CHUNKS)
		return 0;
	rc = psnap_carve_tick(c, at, err);
	if (rc)
		return rc;
	if (psnap_io_next_data(c->store, at) >= at + len) {
		c->current.data_looked_at++;
		c->current.data_zero++;
		return 0;
	}
	rc = psnap_io_read(c->store, at, c->data, len, err);
	if (rc == PSNAP_E_NOMEM)
		return rc;
	if (rc)
		return 0;
	c->current.data_looked_at++;
	if (c->data[0] == 0 && memcmp(c->data, c->data + 1, len - 1) == 0)
		c->current.data_zero++;
	return 0;
}
