/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the header of a repaired store. It comes last, in one sector: until
 * then the kernel takes a store that it refused for what it was.
 */
#include "repair_internal.h"

#include "checked.h"
#include "fail.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((size_t)128 << 10)
bool psnap_repair_is_header(enum psnap_finding_id id)
{
	return id == PSNAP_F_MAGIC_ZERO || id == PSNAP_F_MAGIC_BAD ||
	       id == PSNAP_F_VERSION_UNKNOWN || id == PSNAP_F_CHUNK_SIZE_BAD;
}

/* Zero [start, end) where it is not. */
static int zero(struct psnap_io *io, uint64_t start, uint64_t end,
		struct psnap_error *err)
{
	static const uint8_t zeros[STEP_BYTES];
	uint8_t *buf = malloc(STEP_BYTES);
	int rc = 0;

	if (!buf)
		return psnap_fail_nomem(err, "clearing the header");
	while (start < end && rc == 0) {
		size_t n = (size_t)min_u64(STEP_BYTES, end - start);
		const struct psnap_extent e = { start, n };

		rc = psnap_io_read(io, start, buf, n, err);
		if (rc == 0 && memcmp(buf, zeros, n) != 0) {
			rc = psnap_io_prepare(io, &e, 1, err);
			if (rc == 0)
				rc = psnap_io_write(io, start, zeros, n, err);
		}
		start += n;
	}
	free(buf);
	return rc;
}

static bool takes(const struct psnap_repair_plan *plan, const bool *chosen,
		  enum psnap_finding_id id)
{
	return plan->steps[id].needed && chosen[id] &&
	       plan->steps[id].cost != PSNAP_REPAIR_IMPOSSIBLE;
}

/* Is the header to be written, because it is wrong? */
static bool takes_header(const struct psnap_repair_plan *plan,
			 const bool *chosen)
{
	int i;

	for (i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (psnap_repair_is_header((enum psnap_finding_id)i) &&
		    takes(plan, chosen, (enum psnap_finding_id)i))
			return true;
	return false;
}

/* The fields that follow from what is there and what was chosen. */
static struct disk_header fields(const struct psnap_repair_plan *plan,
				 const bool *chosen)
{
	const struct psnap_header *h = &plan->before.header;
	bool believable = psnap_header_believable(h);
	uint32_t valid = believable ? h->valid : 1;

	if (chosen[PSNAP_F_SNAPSHOT_INVALID] && valid == 0)
		valid = 1;
	return (struct disk_header){
		.magic = le32_put(PSNAP_MAGIC),
		.valid = le32_put(valid),
		.version = le32_put(PSNAP_VERSION_KNOWN),
		.chunk_sectors = le32_put(plan->before.geometry.chunk_sectors),
	};
}

int psnap_repair_keep_size(struct psnap_io *io,
			   const struct psnap_repair_plan *plan,
			   const bool *chosen, struct psnap_error *err)
{
	const struct psnap_extent e = {
		offsetof(struct disk_header, chunk_sectors), sizeof(uint32_t)
	};
	uint32_t sectors = plan->before.geometry.chunk_sectors;
	struct le32 value = le32_put(sectors);
	int rc;

	/* A header without any other fault would load at once. */
	if (!plan->inferred || !takes_header(plan, chosen) ||
	    !(plan->before.header.problems & REPAIR_HEADER_LOST) ||
	    plan->before.header.chunk_sectors == sectors)
		return 0;
	rc = psnap_io_prepare(io, &e, 1, err);
	if (rc == 0)
		rc = psnap_io_write(io, e.offset_bytes, &value, sizeof(value),
				    err);
	return rc ? rc : psnap_io_sync(io, err);
}

int psnap_repair_header(struct psnap_io *io,
			const struct psnap_repair_plan *plan,
			const bool *chosen, struct psnap_error *err)
{
	const struct psnap_extent e = { 0, PSNAP_HEADER_BYTES };
	uint64_t end =
		min_u64(plan->before.geometry.chunk_bytes, io->size_bytes);
	bool rewrite = takes_header(plan, chosen);
	struct disk_header header;
	int rc = 0;

	/* What is behind a header that was lost nobody has looked at. */
	if (takes(plan, chosen, PSNAP_F_HEADER_TAIL_NONZERO) ||
	    (rewrite && chosen[PSNAP_F_HEADER_TAIL_NONZERO])) {
		rc = zero(io, PSNAP_HEADER_BYTES, end, err);
		if (rc == 0)
			rc = psnap_io_sync(io, err);
	}
	if (rc || (!rewrite && !takes(plan, chosen, PSNAP_F_SNAPSHOT_INVALID)))
		return rc;
	header = fields(plan, chosen);
	rc = psnap_io_prepare(io, &e, 1, err);
	if (rc == 0)
		rc = psnap_io_write(io, 0, &header, sizeof(header), err);
	return rc ? rc : psnap_io_sync(io, err);
}
