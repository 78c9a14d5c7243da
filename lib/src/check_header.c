/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging the header, in the order of the kernel's own checks (psnap-store(5)
 * "Loading"), and opening the store when header or caller give a chunk size.
 */
#include "check_internal.h"

#include "checked.h"
#include "fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int emit_at(struct checker *c, struct psnap_finding *f,
		   uint64_t offset_bytes, uint64_t len_bytes)
{
	f->offset_bytes = offset_bytes;
	f->len_bytes = len_bytes;
	return psnap_check_emit(c, f);
}

static void say_evidence(const struct checker *c, struct psnap_finding *f,
			 const struct evidence *e, const char *what)
{
	char hint[64] = "";

	uint64_t used = c->options->chunk_bytes;

	if (used == 0 && psnap_header_believable(&c->result->header))
		used = (uint64_t)c->result->header.chunk_sectors *
		       PSNAP_SECTOR_BYTES;
	if (used != e->chunk_bytes)
		(void)snprintf(hint, sizeof(hint),
			       "; look with --chunk-size %" PRIu64,
			       e->chunk_bytes);
	psnap_finding_say(f,
			  "%s, but %" PRIu32 "%s %s where area %" PRIu64
			  " is with chunks of %" PRIu64 " bytes%s",
			  what, e->entries,
			  e->entries == PSNAP_EVIDENCE_MAX ? " or more" : "",
			  e->entries == 1 ? "exception stands"
					  : "exceptions stand",
			  e->area_index, e->chunk_bytes, hint);
}

/*
 * The kernel looks at the magic alone: when it is zero it writes a header and
 * zeroes area 0. So that is fatal unless there is nothing to lose.
 */
static int magic_zero(struct checker *c, const struct evidence *e)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_MAGIC_ZERO);
	c->result->kernel = PSNAP_KERNEL_FORMATS;
	if (e->chunk_bytes) {
		c->result->state = PSNAP_STATE_DAMAGED;
		say_evidence(c, &f, e, "the magic is zero");
	} else if (e->all_zero) {
		c->result->state = PSNAP_STATE_BLANK;
		f.severity = PSNAP_NOTE;
		psnap_finding_say(&f, "the magic is zero and so is everything "
				      "where a store would begin: blank");
	} else if (e->area0_empty &&
		   c->result->header.version == PSNAP_VERSION_KNOWN) {
		c->result->state = PSNAP_STATE_BLANK;
		f.severity = PSNAP_NOTE;
		psnap_finding_say(&f,
				  "the magic is zero; the other fields "
				  "are those of a store without "
				  "exceptions, so there is nothing to lose");
	} else if (psnap_header_believable(&c->result->header)) {
		c->result->state = PSNAP_STATE_DAMAGED;
		psnap_finding_say(&f, "the magic is zero, but the other fields "
				      "are those of a store, and its first "
				      "area is not empty");
	} else {
		c->result->state = PSNAP_STATE_NOT_A_STORE;
		psnap_finding_say(&f, "the magic is zero and no sound table "
				      "was found, but something is here that "
				      "formatting would hit");
	}
	return emit_at(c, &f, 0, 4);
}

static int magic_bad(struct checker *c, const struct evidence *e)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_MAGIC_BAD);
	c->result->kernel = PSNAP_KERNEL_REFUSES;
	c->result->state = PSNAP_STATE_NOT_A_STORE;
	if (c->result->header.problems & PSNAP_HEADER_SHORT) {
		psnap_finding_say(&f,
				  "%" PRIu64 " byte%s too few for a header, "
				  "which has 16",
				  c->io->size_bytes,
				  c->io->size_bytes == 1 ? " is" : "s are");
	} else if (e->chunk_bytes) {
		c->result->state = PSNAP_STATE_DAMAGED;
		say_evidence(c, &f, e, "the magic is wrong");
	} else if (psnap_header_believable(&c->result->header)) {
		c->result->state = PSNAP_STATE_DAMAGED;
		psnap_finding_say(&f,
				  "magic 0x%08" PRIx32 ", expected 0x%08x, but "
				  "the other fields are those of a store",
				  c->result->header.magic, PSNAP_MAGIC);
	} else {
		psnap_finding_say(&f,
				  "magic 0x%08" PRIx32 ", expected 0x%08x: "
				  "this is something else",
				  c->result->header.magic, PSNAP_MAGIC);
	}
	return emit_at(c, &f, 0, 4);
}

static int chunk_size_bad(struct checker *c, const struct evidence *e)
{
	struct psnap_finding f;
	uint32_t sectors = c->result->header.chunk_sectors;

	psnap_finding_init(&f, PSNAP_F_CHUNK_SIZE_BAD);
	c->result->kernel = PSNAP_KERNEL_REFUSES;
	c->result->state = PSNAP_STATE_DAMAGED;
	psnap_finding_say(&f,
			  "chunk size %" PRIu32 " sectors is not a power of "
			  "two from 1 to 2097152",
			  sectors);
	if (e->chunk_bytes) {
		char what[PSNAP_FINDING_TEXT_BYTES];

		memcpy(what, f.text, sizeof(what));
		say_evidence(c, &f, e, what);
	}
	return emit_at(c, &f, 12, 4);
}

static int version_unknown(struct checker *c)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_VERSION_UNKNOWN);
	c->result->kernel = PSNAP_KERNEL_REFUSES;
	c->result->state = PSNAP_STATE_DAMAGED;
	psnap_finding_say(&f, "version %" PRIu32 ", expected 1",
			  c->result->header.version);
	return emit_at(c, &f, 8, 4);
}

static int validity(struct checker *c)
{
	const struct psnap_header *h = &c->result->header;
	struct psnap_finding f;

	if (h->problems & PSNAP_HEADER_INVALID) {
		psnap_finding_init(&f, PSNAP_F_SNAPSHOT_INVALID);
		psnap_finding_say(&f, "valid is 0: the kernel gave this "
				      "snapshot up; what the table holds is "
				      "exact, other chunks are unknown");
		return emit_at(c, &f, 4, 4);
	}
	if (h->problems & PSNAP_HEADER_VALID_ODD) {
		psnap_finding_init(&f, PSNAP_F_VALID_ODD);
		psnap_finding_say(&f,
				  "valid is %" PRIu32 ", expected 0 or 1; "
				  "everything but 0 counts as valid",
				  h->valid);
		return emit_at(c, &f, 4, 4);
	}
	return 0;
}

static int judge_fields(struct checker *c, const struct evidence *e)
{
	uint32_t problems = c->result->header.problems;
	int rc = 0;

	if (problems & PSNAP_HEADER_MAGIC_ZERO)
		rc = magic_zero(c, e);
	else if (problems & (PSNAP_HEADER_MAGIC_BAD | PSNAP_HEADER_SHORT))
		rc = magic_bad(c, e);
	if (rc || c->result->state == PSNAP_STATE_BLANK ||
	    c->result->state == PSNAP_STATE_NOT_A_STORE)
		return rc;
	/* Of a header that was overwritten, the other fields say nothing. */
	if (!psnap_header_believable(&c->result->header))
		return 0;
	if (problems & PSNAP_HEADER_CHUNK_SIZE)
		rc = chunk_size_bad(c, e);
	if (rc == 0 && problems & PSNAP_HEADER_VERSION)
		rc = version_unknown(c);
	return rc ? rc : validity(c);
}

/* The caller's chunk size is not the one the kernel would go by. */
static int contradicted(struct checker *c, uint64_t from_header)
{
	struct psnap_finding f;

	psnap_finding_init(&f, PSNAP_F_CHUNK_SIZE_BAD);
	f.severity = PSNAP_ERROR;
	psnap_finding_say(&f,
			  "the header says chunks of %" PRIu64 " bytes and the "
			  "kernel goes by it; what follows is read with chunks "
			  "of %" PRIu64 " bytes as asked",
			  from_header, c->options->chunk_bytes);
	return emit_at(c, &f, 12, 4);
}

static int open_store(struct checker *c, struct psnap_error *err)
{
	const struct psnap_header *h = &c->result->header;
	uint64_t chunk_bytes = c->options->chunk_bytes;
	uint64_t from_header = 0;
	int rc;

	if (psnap_header_believable(h) &&
	    !(h->problems & PSNAP_HEADER_CHUNK_SIZE))
		from_header = (uint64_t)h->chunk_sectors * PSNAP_SECTOR_BYTES;
	if (chunk_bytes == 0)
		chunk_bytes = from_header;
	if (chunk_bytes == 0)
		return 0;
	if (from_header && chunk_bytes != from_header) {
		rc = contradicted(c, from_header);
		if (rc)
			return rc;
	}
	rc = psnap_geometry_init(&c->result->geometry, c->io->size_bytes,
				 chunk_bytes, err);
	if (rc)
		return rc;
	c->result->has_geometry = true;
	c->geo = &c->result->geometry;
	if (c->geo->area_count == 0)
		return 0;
	return psnap_store_open(c->io, chunk_bytes, &c->store, err);
}

static int read_header(struct checker *c, struct psnap_error *err)
{
	struct psnap_finding f;
	struct psnap_error why;
	int rc = psnap_header_read(c->io, &c->result->header, &why);

	if (rc == 0)
		return 0;
	if (rc == PSNAP_E_NOMEM) {
		if (err)
			*err = why;
		return rc;
	}
	psnap_finding_init(&f, PSNAP_F_READ_ERROR);
	psnap_finding_say(&f, "the header cannot be read");
	c->result->header.problems = PSNAP_HEADER_SHORT;
	c->result->kernel = PSNAP_KERNEL_REFUSES;
	c->result->state = PSNAP_STATE_DAMAGED;
	c->unreadable_live = true;
	rc = emit_at(c, &f, 0, PSNAP_HEADER_BYTES);
	return rc ? rc : 1;
}

/* Leave what was found of the chunk size when the table itself proves it. */
static int find_evidence(struct checker *c, struct evidence *e,
			 struct psnap_error *err)
{
	const struct psnap_header *h = &c->result->header;
	const uint32_t looked_for = PSNAP_HEADER_MAGIC_ZERO |
				    PSNAP_HEADER_MAGIC_BAD |
				    PSNAP_HEADER_CHUNK_SIZE;

	memset(e, 0, sizeof(*e));
	if (h->problems & PSNAP_HEADER_SHORT || !(h->problems & looked_for))
		return 0;
	return psnap_check_evidence(c, e, err);
}

int psnap_check_header(struct checker *c, struct psnap_error *err)
{
	struct evidence evidence;
	int rc = read_header(c, err);

	if (rc < 0)
		return rc;
	if (rc > 0 && c->options->chunk_bytes == 0)
		return 0;
	if (rc == 0) {
		rc = find_evidence(c, &evidence, err);
		if (rc == 0)
			rc = judge_fields(c, &evidence);
		if (rc)
			return rc;
	}
	if (c->options->chunk_bytes == 0 &&
	    (c->result->state == PSNAP_STATE_BLANK ||
	     c->result->state == PSNAP_STATE_NOT_A_STORE))
		return 0;
	rc = open_store(c, err);
	if (rc || !c->geo)
		return rc;
	rc = psnap_check_device_end(c);
	if (rc == 0 && !(c->result->header.problems & PSNAP_HEADER_MAGIC_ZERO))
		rc = psnap_check_header_tail(c, err);
	return rc;
}
