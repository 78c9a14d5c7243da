/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a part of a qcow2 image for the first and only time: what is zero
 * becomes a hole of the file. A large cluster with little in it takes little.
 */
#include "qcow2_internal.h"

#include "checked.h"

/* As file systems have them. */
#define BLOCK_BYTES ((size_t)4096)

int psnap_qcow2_put(struct psnap_io *to, uint64_t at_bytes, const uint8_t *data,
		    size_t len_bytes, struct psnap_error *err)
{
	size_t start = 0;
	size_t end;
	size_t n;
	int rc = 0;

	for (end = 0; rc == 0 && end < len_bytes; end += n) {
		n = (size_t)min_u64(BLOCK_BYTES, len_bytes - end);
		if (!is_zero(data + end, n))
			continue;
		if (end > start)
			rc = psnap_io_write(to, at_bytes + start, data + start,
					    end - start, err);
		start = end + n;
	}
	if (rc == 0 && len_bytes > start)
		rc = psnap_io_write(to, at_bytes + start, data + start,
				    len_bytes - start, err);
	return rc;
}
