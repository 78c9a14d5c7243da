/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What surrounds the table: the rest of the header's chunk, and whether the
 * device suits the geometry.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of the header's chunk, as much as is looked at. */
#define LOOKED_AT_BYTES ((uint64_t)1 << 20)
#define STEP_BYTES	((size_t)64 << 10)
/* After a failure: the smallest range that is given up. */
#define CAREFUL_BYTES ((size_t)4096)

struct tail {
	uint64_t nonzero;
	uint64_t first_bytes;
};

/* What was read at @at: count what is not zero. */
static void count_nonzero(struct tail *t, uint64_t at, const uint8_t *buf,
			  size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] && t->nonzero++ == 0)
			t->first_bytes = at + i;
}

static int tail_unreadable(struct checker *c, uint64_t at, uint64_t len)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_READ_ERROR);
	f.offset_bytes = at;
	f.len_bytes = len;
	psnap_finding_say(&f,
			  "%" PRIu64 " bytes of the header's chunk cannot be "
			  "read, which the kernel reads whole",
			  len);
	c->unreadable_live = true;
	return psnap_check_emit(c, &f);
}

static int read_tail(struct checker *c, struct tail *t, uint64_t end,
		     uint8_t *buf, struct psnap_error *err)
{
	uint64_t at = PSNAP_HEADER_BYTES;
	size_t step = STEP_BYTES;

	while (at < end) {
		size_t len = (size_t)min_u64(step - at % step, end - at);
		int rc = psnap_io_read(c->io, at, buf, len, err);

		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc && step != CAREFUL_BYTES) {
			step = CAREFUL_BYTES;
			continue;
		}
		if (rc)
			rc = tail_unreadable(c, at, len);
		else
			count_nonzero(t, at, buf, len);
		if (rc)
			return rc;
		at += len;
	}
	return 0;
}

int psnap_check_header_tail(struct checker *c, struct psnap_error *err)
{
	uint64_t end = min_u64(min_u64(c->geo->chunk_bytes, c->io->size_bytes),
			       LOOKED_AT_BYTES);
	uint8_t *buf = malloc(STEP_BYTES);
	struct tail t = { 0 };
	struct psnap_finding f;
	int rc;

	if (!buf)
		return psnap_fail_nomem(err, "reading the header");
	rc = read_tail(c, &t, end, buf, err);
	free(buf);
	if (rc || t.nonzero == 0)
		return rc;
	psnap_finding_init(&f, PSNAP_F_HEADER_TAIL_NONZERO);
	f.offset_bytes = t.first_bytes;
	f.len_bytes = end - t.first_bytes;
	psnap_finding_say(&f,
			  "%" PRIu64 " byte%s not zero behind the header "
			  "fields; the kernel writes zeros there",
			  t.nonzero, t.nonzero == 1 ? " is" : "s are");
	return psnap_check_emit(c, &f);
}

static int emit_at(struct checker *c, struct psnap_finding *f,
		   uint64_t offset_bytes, uint64_t len_bytes)
{
	f->offset_bytes = offset_bytes;
	f->len_bytes = len_bytes;
	return psnap_check_emit(c, f);
}

/* The kernel wants whole sectors of both devices in a chunk. */
static int sectors_fit(struct checker *c, const struct psnap_io *io)
{
	struct psnap_finding f;

	if (io->size_bytes == 0 || io->align_bytes <= c->geo->chunk_bytes)
		return 0;
	psnap_finding_init(&f, PSNAP_F_CHUNK_SIZE_BAD);
	psnap_finding_say(&f,
			  "chunks of %" PRIu64 " bytes, but %s has sectors of "
			  "%" PRIu32 " bytes: copy it to a device with smaller "
			  "sectors",
			  c->geo->chunk_bytes,
			  io == c->origin ? "the origin" : "the store",
			  io->align_bytes);
	c->result->kernel = PSNAP_KERNEL_REFUSES;
	return emit_at(c, &f, 12, 4);
}

int psnap_check_device_end(struct checker *c)
{
	struct psnap_finding f;
	uint64_t tail = c->io->size_bytes % c->geo->chunk_bytes;
	int rc = 0;

	rc = sectors_fit(c, c->io);
	if (rc == 0 && c->origin)
		rc = sectors_fit(c, c->origin);
	if (rc == 0 && c->geo->area_count == 0) {
		psnap_finding_init(&f, PSNAP_F_STORE_TRUNCATED);
		psnap_finding_say(&f,
				  "the device ends before the first area; the "
				  "smallest store with chunks of %" PRIu64
				  " bytes has %" PRIu64 " bytes",
				  c->geo->chunk_bytes, 2 * c->geo->chunk_bytes);
		/* Of an invalid snapshot the kernel reads chunk 0 alone. */
		if (!psnap_header_says_invalid(&c->result->header) ||
		    c->geo->chunk_count == 0)
			c->result->kernel = PSNAP_KERNEL_REFUSES;
		return emit_at(c, &f, c->io->size_bytes, 0);
	}
	if (rc == 0 && tail) {
		psnap_finding_init(&f, PSNAP_F_DEVICE_TAIL_PARTIAL);
		psnap_finding_say(&f,
				  "the last %" PRIu64 " byte%s less than a "
				  "chunk and never used",
				  tail, tail == 1 ? " is" : "s are");
		rc = emit_at(c, &f, c->io->size_bytes - tail, tail);
	}
	return rc;
}
